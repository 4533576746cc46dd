// Package plancalls follows the calls that the dialplan makes for phones and trunks, so that the REST
// API lists them beside its own and they leave a record. A call begins with the channel of a phone or
// a trunk that calls, and ends with the last channel that belongs to it.
//
// Calls that the API itself makes are its own, and so is what the dialplan makes of a browser: a call
// in which a browser alone is called, or has answered, is left to the API.
//
// Of a call that has had a thousand channels those who have gone without an answer are forgotten, but
// for the latest hundred; more than a thousand at one time are not in it.
//
// Goroutines: one that follows the channels and some that write records; Close ends them.
package plancalls

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/records"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// Config is what a Follower is made of.
type Config struct {
	Engine  *signaling.Engine
	Records records.Putter
	// UserOf is the user of an extension; it fails with fault.NotFound where there is none.
	UserOf func(ctx context.Context, extension string) (string, error)
	Log    *slog.Logger
}

const (
	queue   = 16384 // events, and records to be written
	writers = 32    // records at a time: the database takes them together
	lookup  = 5 * time.Second
	// trunksFor is how long it is remembered which endpoints are trunks.
	trunksFor = 10 * time.Second
	// usersFor is how long it is remembered whose an extension is, usersMost of how many.
	usersFor  = 10 * time.Second
	usersMost = 10_000
	// endedFor is how long a call that has ended is known, until its record is surely there,
	// endedMost of how many.
	endedFor  = 5 * time.Minute
	endedMost = 10_000
)

// Follower knows the dialplan's calls. It is safe for concurrent use; nil knows none.
type Follower struct {
	cfg    Config
	events *event.Subscription
	over   chan *call
	// following ends before writing does.
	following, writing sync.WaitGroup

	mu       sync.Mutex
	calls    map[string]*call              // by their ids, those that ended of late among them
	ended    []*call                       // in the order in which they did
	begun    map[signaling.ChannelID]*call // by their first channels
	channels map[signaling.ChannelID]*call
	lost     uint64
	trunks   map[string]bool
	trunksAt time.Time
	users    map[string]string // of extensions, for a while; "" for none
	usersAt  time.Time
}

// Follow follows an engine's calls until Close.
func Follow(cfg Config) *Follower {
	f := &Follower{
		cfg: cfg, over: make(chan *call, queue), calls: make(map[string]*call),
		begun: make(map[signaling.ChannelID]*call), channels: make(map[signaling.ChannelID]*call),
	}
	f.events = cfg.Engine.Bus().Subscribe(queue, func(e *event.Event) bool {
		_, ok := e.Data.(signaling.ChannelSnapshot)
		return ok
	})
	f.following.Go(func() { // owned by f, ended by Close
		defer guard.Recover(cfg.Log, "the calls of the dialplan")
		for e := range f.events.Events() {
			guard.Do(cfg.Log, "the calls of the dialplan", func() { f.take(e) })
		}
	})
	for range writers {
		f.writing.Go(func() { // owned by f, ended by Close
			defer guard.Recover(cfg.Log, "the records of the dialplan's calls")
			for c := range f.over {
				guard.Do(cfg.Log, "the record of a call of the dialplan", func() { f.write(c) })
			}
		})
	}
	return f
}

// Close ends the following, and waits until all calls are on record: one that is still there ends
// with the server.
func (f *Follower) Close() {
	f.events.Close()
	f.following.Wait()
	f.end(f.without(nil), f.cfg.Engine.Now())
	close(f.over)
	f.writing.Wait()
}

// take takes an event. Where some were lost, the channels that there are count.
func (f *Follower) take(e event.Event) {
	s, _ := e.Data.(signaling.ChannelSnapshot)
	if lost := f.events.Lost(); lost != f.lost {
		f.lost = lost
		f.cfg.Log.Warn("events of channels were lost; the dialplan's calls are read anew", "lost", lost)
		f.recover(e.Time)
	}
	f.see(&s, e.Time)
}

// recover makes the calls true to the channels that there are.
func (f *Follower) recover(now time.Time) {
	there := make(map[signaling.ChannelID]bool)
	for _, s := range f.cfg.Engine.Channels() {
		there[s.ID] = true
		f.see(&s, now)
	}
	f.end(f.without(there), now)
}

// without are the channels that calls wait for, but for those that are there.
func (f *Follower) without(there map[signaling.ChannelID]bool) (gone []signaling.ChannelSnapshot) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.calls {
		for _, m := range c.members {
			if !m.last.Ended && !there[m.last.ID] {
				gone = append(gone, m.last)
			}
		}
	}
	return gone
}

// end has channels be over of which nothing more is heard.
func (f *Follower) end(gone []signaling.ChannelSnapshot, now time.Time) {
	for i := range gone {
		gone[i].Ended, gone[i].Cause = true, signaling.CauseNormal
		f.see(&gone[i], now)
	}
}

// see takes a channel's present state.
func (f *Follower) see(s *signaling.ChannelSnapshot, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.callOf(s)
	if c == nil {
		return
	}
	if c.see(s, now) {
		return
	}
	delete(f.begun, c.first)
	for _, m := range c.members {
		delete(f.channels, m.last.ID)
	}
	f.ended = append(f.ended, c)
	for len(f.ended) > endedMost || now.Sub(f.ended[0].ended) > endedFor {
		delete(f.calls, f.ended[0].id)
		f.ended[0], f.ended = nil, f.ended[1:]
	}
	if c.isOurs() {
		select {
		case f.over <- c:
		default:
			f.cfg.Log.Error("call record lost: too many wait to be written", "call", c.id)
		}
	}
}

// callOf is the call that a channel belongs to, a new one where it begins one; nil for a channel
// of no call of the dialplan's. The lock is held.
func (f *Follower) callOf(s *signaling.ChannelSnapshot) *call {
	if c := f.channels[s.ID]; c != nil {
		return c
	}
	if s.Ended {
		return nil
	}
	c := f.begun[s.LinkedID]
	if c == nil { // a channel of the dialplan begins with somebody who calls
		if s.ID != s.LinkedID || s.Outgoing || isBrowser(s) || isLocal(s) {
			return nil
		}
		c = newCall(s)
		f.calls[c.id], f.begun[s.ID] = c, c
	}
	if len(c.members) >= maxMembers {
		c.outbound = f.direction(c) == "outbound"
		for _, id := range c.forget() {
			delete(f.channels, id)
		}
	}
	if len(c.members) >= maxMembers { // so many at one time: this one is in no call
		return nil
	}
	f.channels[s.ID] = c
	return c
}

// direction is which way a call goes. The lock is held.
func (f *Follower) direction(c *call) string {
	if now := f.cfg.Engine.Now(); f.trunks == nil || now.Sub(f.trunksAt) > trunksFor {
		f.trunks, f.trunksAt = make(map[string]bool), now
		for _, e := range f.cfg.Engine.Endpoints() {
			if e.Trunk {
				f.trunks[e.Name] = true
			}
		}
	}
	for i, m := range c.members {
		switch {
		case !f.trunks[m.last.Endpoint]:
		case i == 0:
			return "inbound"
		default:
			return "outbound"
		}
	}
	if c.outbound {
		return "outbound"
	}
	return "internal"
}

// End ends a call that a principal may see; one that has ended stays so.
func (f *Follower) End(p auth.Principal, id string) (records.CallBody, error) {
	body, err := f.Find(p, id)
	if err != nil {
		return body, err
	}
	for i := range body.Participants {
		if ch, err := f.cfg.Engine.Channel(*body.Participants[i].ChannelID); err == nil { // else it has ended
			ch.Hangup(signaling.CauseNormal)
		}
	}
	return body, nil
}

// Active lists the calls that a principal may see, in no order.
func (f *Follower) Active(p auth.Principal) []records.CallBody {
	if f == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []records.CallBody
	for _, c := range f.calls {
		if c.ended.IsZero() && c.isOurs() && c.seenBy(p) {
			out = append(out, c.body(p, f.direction(c)))
		}
	}
	return out
}

// Find is a call that a principal may see, also one that ended a moment ago, whose record may not be
// there yet; it fails with fault.NotFound.
func (f *Follower) Find(p auth.Principal, id string) (records.CallBody, error) {
	if f != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		if c := f.calls[id]; c != nil && c.isOurs() && c.seenBy(p) {
			return c.body(p, f.direction(c)), nil
		}
	}
	return records.CallBody{}, fault.New(fault.NotFound, "no call %q", id)
}

// write writes the record of a call that has ended, for the users whose phones were in it.
func (f *Follower) write(c *call) {
	f.mu.Lock()
	body := c.body(auth.Principal{}, f.direction(c))
	f.mu.Unlock()
	var users []string
	for i := range body.Participants {
		pt := &body.Participants[i]
		user := f.userOf(c.members[i].extension())
		if user == "" {
			continue
		}
		pt.UserID = &user
		users = append(users, user)
		if i == 0 {
			body.CreatedBy = user
		}
	}
	if err := records.Write(f.cfg.Records, body, users); err != nil {
		f.cfg.Log.Error("call record not written", "call", c.id, "err", err)
	}
}

func (f *Follower) userOf(extension string) string {
	if extension == "" {
		return ""
	}
	f.mu.Lock()
	if now := f.cfg.Engine.Now(); f.users == nil || now.Sub(f.usersAt) > usersFor || len(f.users) >= usersMost {
		f.users, f.usersAt = make(map[string]string), now
	}
	user, known := f.users[extension]
	f.mu.Unlock()
	if known {
		return user
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookup)
	defer cancel()
	user, err := f.cfg.UserOf(ctx, extension)
	if err != nil && fault.Of(err) != fault.NotFound {
		f.cfg.Log.Warn("the user of an extension is not known, and not in a call record", "endpoint", extension, "err", err)
		return ""
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.users[extension] = user
	return user
}

// seenBy reports whether a principal may see the call: who reads all, and whose phone is in it.
func (c *call) seenBy(p auth.Principal) bool {
	if rest.ReadsAll(p) {
		return true
	}
	for _, m := range c.members {
		if e := m.extension(); e != "" && e == p.Extension {
			return true
		}
	}
	return false
}
