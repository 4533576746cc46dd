package signaling

import (
	"slices"
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
)

// awaiting is what waits for a channel's state without a goroutine: most of a call is
// spent waiting for its end, and a stack costs more than all that is known of it.
type awaiting struct {
	mu  sync.Mutex
	all []awaited
}

type awaited struct {
	what string
	cond func(ChannelSnapshot) bool
	then func()
}

// When runs then, once and on a goroutine of its own, as soon as the channel's state
// satisfies cond or will not change any more. cond is asked at once, and with each new
// state on the channel's actor: it must not wait. A panic of either is logged with what
// they are for and ends the call; after one of cond's, then runs.
func (c *Channel) When(what string, cond func(ChannelSnapshot) bool, then func()) {
	w := awaited{what, cond, then}
	c.await.mu.Lock()
	defer c.await.mu.Unlock()
	if !c.due(w, c.snap.Load()) {
		c.await.all = append(c.await.all, w)
	}
}

// announce asks what waits about a state that was published.
func (c *Channel) announce(s *publishedSnapshot) {
	c.await.mu.Lock()
	defer c.await.mu.Unlock()
	c.await.all = slices.DeleteFunc(c.await.all, func(w awaited) bool { return c.due(w, s) })
}

// due tells whether a state is the one that is waited for, and begins what is to be done
// then.
func (c *Channel) due(w awaited, s *publishedSnapshot) bool {
	satisfied := s.final
	if !satisfied && !guard.Do(c.log, w.what, func() { satisfied = w.cond(s.ChannelSnapshot) }) {
		satisfied = true
		c.Hangup(CauseTemporary)
	}
	if satisfied {
		go c.carryOut(w) // owned by who asked for it, ends by itself
	}
	return satisfied
}

func (c *Channel) carryOut(w awaited) {
	defer guard.Recover(c.log, w.what, func() { c.Hangup(CauseTemporary) })
	w.then()
}
