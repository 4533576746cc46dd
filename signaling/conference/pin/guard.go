package pin

import (
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// What a guard allows.
const (
	Tries      = 5                // wrong ones in a row, then a pause
	Pause      = time.Minute      // after the last of them
	MaxGuesses = 10000            // callers at rooms that are remembered
	wrongPIN   = "wrong_pin"      // a code of fault.Forbidden
	pinWanted  = "pin_required"   // the same, when none was given
	pinSlow    = "too_many_tries" // a code of fault.TooMany
)

// Guard holds rooms' PINs against what callers say, and slows who guesses.
type Guard struct {
	now func() time.Time

	mu      sync.Mutex
	guesses map[guess]guessed
}

type guess struct{ caller, room string }

type guessed struct {
	wrong int
	last  time.Time
}

// NewGuard makes a guard with a clock.
func NewGuard(now func() time.Time) *Guard {
	return &Guard{now: now, guesses: make(map[guess]guessed)}
}

// Check fails with fault.Forbidden for a PIN that is not the room's, and with fault.TooMany,
// without a look at it, after too many of those from the same caller.
func (g *Guard) Check(caller, room string, p PIN, said string) error {
	if !p.Wanted() {
		return nil
	}
	k := guess{caller, room}
	if err := g.count(k, said); err != nil {
		return err
	}
	if !p.Matches(said) {
		return fault.WithCode(fault.Forbidden, wrongPIN, "that is not the room's PIN")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.guesses, k)
	return nil
}

// count takes a try for a wrong one until it has been looked at, so that many at one time are
// no way around the limit.
func (g *Guard) count(k guess, said string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	was := g.guesses[k]
	now := g.now()
	if now.Sub(was.last) >= Pause {
		was = guessed{}
	}
	switch {
	case was.wrong >= Tries:
		return fault.WithCode(fault.TooMany, pinSlow, "too many wrong PINs, wait a minute")
	case said == "":
		return fault.WithCode(fault.Forbidden, pinWanted, "the room asks for a PIN")
	}
	if len(g.guesses) >= MaxGuesses {
		g.forget(now)
	}
	g.guesses[k] = guessed{was.wrong + 1, now}
	return nil
}

// forget makes room: what is over, and if that is nothing, whatever comes first.
func (g *Guard) forget(now time.Time) {
	for k, was := range g.guesses {
		if now.Sub(was.last) >= Pause || len(g.guesses) >= MaxGuesses {
			delete(g.guesses, k)
		}
	}
}

// Remembered is how many callers are remembered for guesses.
func (g *Guard) Remembered() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.guesses)
}
