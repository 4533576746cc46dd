package signaling

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"

	"github.com/skygenesisenterprise/skybridge/internal/actor"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/internal/digits"
	"github.com/skygenesisenterprise/skybridge/signaling/party"
)

// Incoming is a call that a technology received.
type Incoming struct {
	Leg         Leg
	Tech        string // as in the channel's name
	Resource    string
	Caller      CallerID
	Redirecting *party.Redirecting
	Context     string
	Exten       string
	AccountCode string
	Language    string
	Variables   []dialplan.Variable
	LinkedID    ChannelID // the call this one belongs to; empty for a new one
}

// Incoming makes the channel of a received call, in state Ring and bound to its
// leg. The caller then runs the dialplan on it, or whatever it is for. With an
// error, of kind fault.Unavailable, the leg stays the caller's.
func (e *Engine) Incoming(in Incoming) (*Channel, error) {
	return e.newChannel(in.Tech, in.Resource, in.Leg, in.Variables, func(s *ChannelSnapshot) {
		s.State = Ring
		s.LinkedID = in.LinkedID
		s.Caller = in.Caller
		s.Redirecting = in.Redirecting
		s.AccountCode = in.AccountCode
		if in.Language != "" {
			s.Language = in.Language
		}
		if in.Context != "" {
			s.Dialplan = DialplanPosition{Context: in.Context, Exten: in.Exten, Priority: 1}
		}
	})
}

// Outgoing is a call to be made.
type Outgoing struct {
	Target   dialstring.Target
	Request  DialRequest // Resource is the target's
	LinkedID ChannelID   // the call this one belongs to; empty for a new one
	Language string      // of what is played to the party; empty for the default
}

// Outgoing makes the channel of a call to an endpoint and starts its leg. The
// channel's states tell how it goes. The error is of kind fault.NotFound (no such
// technology or endpoint), fault.Unreachable, or fault.Unavailable when the server
// takes no more calls.
func (e *Engine) Outgoing(ctx context.Context, out Outgoing) (*Channel, error) {
	if e.draining.Load() {
		return nil, errDraining
	}
	tech, name, err := e.tech(out.Target.Tech)
	if err != nil {
		return nil, err
	}
	out.Request.Resource = out.Target.Resource
	leg, err := tech.Dial(ctx, out.Request)
	if err != nil {
		return nil, err
	}
	info := leg.Info()
	endpoint := cmp.Or(info.Endpoint, out.Target.Resource)
	c, err := e.newChannel(name, endpoint, leg, out.Request.Variables, func(s *ChannelSnapshot) {
		s.Outgoing = true
		s.LinkedID = out.LinkedID
		s.Caller = CallerID{Name: info.Party.Name, Number: cmp.Or(info.Party.Number, out.Target.Number())}
		s.Connected = out.Request.Caller
		s.Redirecting = out.Request.Redirecting
		s.Endpoint = endpoint
		// As Asterisk shows who was dialled.
		s.Dialplan = DialplanPosition{Context: e.contextOf(out.LinkedID), Priority: 1, App: "AppDial", Data: "(Outgoing Line)"}
		if out.Language != "" {
			s.Language = out.Language
		}
	})
	if err != nil {
		leg.Hangup(CauseOf(err)) // it was never started: it only lets go
		return nil, err
	}
	return c, nil
}

// contextOf is the context that a channel is in, "" when it is gone.
func (e *Engine) contextOf(id ChannelID) string {
	e.mu.Lock()
	c := e.channels[id]
	e.mu.Unlock()
	if c == nil {
		return ""
	}
	return c.Snapshot().Dialplan.Context
}

var errDraining = fault.New(fault.Unavailable, "the server is shutting down")

// newChannel makes a channel and lets its actor start the leg.
func (e *Engine) newChannel(tech, resource string, leg Leg, vars []dialplan.Variable, set func(*ChannelSnapshot)) (*Channel, error) {
	now := e.now()
	c := &Channel{
		id:     ChannelID(e.ids.Channel(now)),
		name:   e.ids.Name(tech, resource),
		engine: e,
		leg:    leg,
		gone:   make(chan struct{}),
		digits: make(digits.Queue, digitQueue),
	}
	c.state = ChannelSnapshot{ID: c.id, LinkedID: c.id, Name: c.name, Tech: tech, Created: now, Language: "en"}
	set(&c.state)
	if c.state.LinkedID == "" {
		c.state.LinkedID = c.id
	}
	for _, v := range vars {
		c.vars.Set(v.Name, v.Value)
	}
	c.describe()
	c.log = e.log.With("channel", c.name, "channel_id", string(c.id))
	if err := e.adopt(c); err != nil {
		return nil, err
	}
	created := c.Snapshot() // the state itself is the actor's by now
	c.log.Info("channel created", slog.String("endpoint", created.Endpoint), callID(&created))
	return c, nil
}

// callID is a channel's call_id in the log: nothing before an outgoing leg has one.
func callID(s *ChannelSnapshot) slog.Attr {
	if s.ProtocolID == "" {
		return slog.Attr{}
	}
	return slog.String("call_id", s.ProtocolID)
}

// adopt makes a channel one of the engine's, if there may be one more. The start
// of its leg is the first thing that its actor does.
func (e *Engine) adopt(c *Channel) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.draining.Load():
		return errDraining
	case e.alive >= e.max:
		return fault.New(fault.Unavailable, "%d channels, the limit", e.max)
	}
	e.alive++
	if c.state.LinkedID == c.id {
		e.processed.Add(1)
	}
	c.live, c.hangup = context.WithCancel(context.Background())
	c.act = actor.StartOn(e.crew, mailboxSize, c.crashed)
	// Under the lock, so that no event of the channel comes before this one.
	c.emit(event.ChannelCreated, nil)
	c.post(c.start)
	e.channels[c.id] = c
	return nil
}

// forget takes a channel out of the lists.
func (e *Engine) forget(c *Channel) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.channels, c.id)
}

// departed counts a channel that is gone, and tells who waits for that: who does finds
// room for another channel, and who waits for all finds every one gone.
func (e *Engine) departed(c *Channel) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.alive--
	close(c.gone)
	if e.alive == 0 && e.empty != nil {
		close(e.empty)
		e.empty = nil
	}
}

// Drain refuses new calls and waits until the last channel has gone, or for ctx.
func (e *Engine) Drain(ctx context.Context) error {
	e.mu.Lock()
	e.draining.Store(true) // under the lock: who was let in before is counted
	if e.alive == 0 {
		e.mu.Unlock()
		return nil
	}
	if e.empty == nil {
		e.empty = make(chan struct{})
	}
	empty := e.empty
	e.mu.Unlock()
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Draining reports whether new calls are refused.
func (e *Engine) Draining() bool { return e.draining.Load() }

// HangupAll ends every channel that there is now.
func (e *Engine) HangupAll(cause Cause) {
	e.mu.RLock()
	all := slices.Collect(maps.Values(e.channels))
	e.mu.RUnlock()
	for _, c := range all {
		c.Hangup(cause)
	}
}
