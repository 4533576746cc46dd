package rooms

import (
	"crypto/subtle"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
)

const (
	pinTries   = 5                // wrong ones in a row, then a pause
	pinPause   = time.Minute      // after the last of them
	maxGuesses = 10000            // users at rooms that are remembered
	wrongPIN   = "wrong_pin"      // a code of fault.Forbidden
	pinWanted  = "pin_required"   // the same, when none was given
	pinSlow    = "too_many_tries" // a code of fault.TooMany
)

// pinGuard holds rooms' PINs against what users say, and slows who guesses.
type pinGuard struct {
	now func() time.Time

	mu      sync.Mutex
	guesses map[guess]guessed
}

type guess struct{ user, room string }

type guessed struct {
	wrong int
	last  time.Time
}

func newPINGuard(now func() time.Time) *pinGuard {
	return &pinGuard{now: now, guesses: make(map[guess]guessed)}
}

// CheckPIN fails with fault.Forbidden for a PIN that is not the room's, and with
// fault.TooMany after too many of those from the same user.
func (s *Service) CheckPIN(user string, room *conference.Room, pin string) error {
	return s.pins.check(user, room, pin)
}

// check fails with fault.Forbidden for a PIN that is not the room's, and with
// fault.TooMany, without a look at it, after too many of those.
func (g *pinGuard) check(user string, room *conference.Room, pin string) error {
	rs := room.Settings()
	if rs.PIN == "" {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	k := guess{user, rs.ID}
	was := g.guesses[k]
	now := g.now()
	if now.Sub(was.last) >= pinPause {
		was = guessed{}
	}
	switch {
	case was.wrong >= pinTries:
		return rest.InField("body.pin", fault.WithCode(fault.TooMany, pinSlow, "too many wrong PINs, wait a minute"))
	case pin == "":
		return rest.InField("body.pin", fault.WithCode(fault.Forbidden, pinWanted, "the room asks for a PIN"))
	case subtle.ConstantTimeCompare([]byte(pin), []byte(rs.PIN)) == 1:
		delete(g.guesses, k)
		return nil
	}
	if len(g.guesses) >= maxGuesses {
		g.forget(now)
	}
	g.guesses[k] = guessed{was.wrong + 1, now}
	return rest.InField("body.pin", fault.WithCode(fault.Forbidden, wrongPIN, "that is not the room's PIN"))
}

// forget makes room: what is over, and if that is nothing, whatever comes first.
func (g *pinGuard) forget(now time.Time) {
	for k, was := range g.guesses {
		if now.Sub(was.last) >= pinPause || len(g.guesses) >= maxGuesses {
			delete(g.guesses, k)
		}
	}
}
