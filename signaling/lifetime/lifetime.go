// Package lifetime ends calls that have lasted for longer than any is meant to, by whatever way
// they came: nobody has to remember to hang up.
//
// It starts no goroutine: a timer's runs what it does.
package lifetime

import (
	"log/slog"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// Config is what a Keeper is made of.
type Config struct {
	Engine *signaling.Engine
	// Max is how long a party may be in a call, from its answer on, or from the beginning for
	// one that never answers.
	Max time.Duration
	// Not are the technologies of what is no call: it may stay.
	Not []string
	Log *slog.Logger
	// AfterFunc is time.AfterFunc, which it is when nil.
	AfterFunc func(d time.Duration, f func()) (stop func() bool)
}

// CauseTooLong is the cause of what is ended: recovery on timer expiry (Q.850, 102).
const CauseTooLong signaling.Cause = 102

// A look is taken a hundred times within the time that calls have, at most once in a second and
// at least once in a minute.
const (
	looks  = 100
	seldom = time.Minute
	often  = time.Second
)

// Keeper looks after the calls of an engine until Close.
type Keeper struct {
	cfg Config

	mu     sync.Mutex
	stop   func() bool
	closed bool
}

// New makes a Keeper, which begins at once.
func New(cfg Config) *Keeper {
	if cfg.AfterFunc == nil {
		cfg.AfterFunc = func(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }
	}
	k := &Keeper{cfg: cfg}
	k.again()
	return k
}

func (k *Keeper) again() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.closed {
		k.stop = k.cfg.AfterFunc(min(max(k.cfg.Max/looks, often), seldom), k.look)
	}
}

// look ends what has lasted for too long.
func (k *Keeper) look() {
	defer k.again()
	defer guard.Recover(k.cfg.Log, "the look after calls' time, which comes again")
	now := k.cfg.Engine.Now()
	for _, s := range k.cfg.Engine.Channels() {
		since := s.Answered
		if since.IsZero() {
			since = s.Created
		}
		if now.Sub(since) < k.cfg.Max || k.isNone(s.Tech) {
			continue
		}
		c, err := k.cfg.Engine.Channel(string(s.ID))
		if err != nil { // it has ended meanwhile
			continue
		}
		k.cfg.Log.Warn("call ended after the longest time there is", "channel", s.Name, "after", now.Sub(since).Round(time.Second))
		c.Hangup(CauseTooLong)
	}
}

func (k *Keeper) isNone(tech string) bool {
	for _, not := range k.cfg.Not {
		if tech == not {
			return true
		}
	}
	return false
}

// Close ends it.
func (k *Keeper) Close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
	k.stop()
}
