package voip

import (
	"context"
	"encoding/json"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
)

// call is one call of the API: its parties, what joins them, its messages. The
// lock guards the fields; nothing waits under it.
type call struct {
	service   *Service
	id        string
	kind      string
	createdBy string
	created   time.Time
	messages  *messages
	bridge    *signaling.Bridge // nil for a call into a room
	room      *conference.Room
	ring      time.Duration

	mu        sync.Mutex
	status    Status
	metadata  map[string]any
	parties   []*party
	answered  time.Time
	ended     time.Time
	cause     signaling.Cause
	sipStatus int
	wasActive bool
}

func newCall(s *Service, p auth.Principal, kind string, metadata map[string]any) *call {
	c := &call{
		service: s, id: signaling.NewID(), kind: kind, createdBy: p.User, created: s.cfg.Now().UTC(),
		status: StatusInitiated, metadata: make(map[string]any),
	}
	maps.Copy(c.metadata, metadata)
	c.messages = newMessages(c.id, s.cfg.Now)
	return c
}

// invite makes the parties of a new call and rings the phones among them.
func (c *call) invite(ctx context.Context, targets []signaling.Target, caller signaling.CallerID, p auth.Principal) error {
	for _, t := range targets {
		if strings.EqualFold(t.Tech, "WebRTC") {
			c.add(&party{id: signaling.NewID(), endpoint: t.String(), user: t.Resource, role: "callee", state: StateRinging})
			continue
		}
		if err := c.dial(ctx, t, "callee", caller); err != nil {
			return err
		}
	}
	c.mu.Lock()
	if c.status == StatusInitiated && c.hasState(StateRinging) {
		c.status = StatusRinging
	}
	c.mu.Unlock()
	if len(targets) == 1 {
		// The creator is the other party. They join by their offer, or on their phone.
		c.add(&party{
			id: signaling.NewID(), endpoint: "WebRTC/" + p.User, user: p.User, role: "caller", state: StateInvited,
		})
		if p.Extension != "" {
			c.service.goDo(func() { c.ringCreator(p, caller, targets[0]) })
		}
	}
	c.service.goDo(c.expire)
	return nil
}

// dial rings an endpoint as a party of the call.
func (c *call) dial(ctx context.Context, t signaling.Target, role string, caller signaling.CallerID) error {
	ch, err := c.service.cfg.Engine.Outgoing(ctx, signaling.Outgoing{
		Target: t, Request: signaling.DialRequest{Caller: caller},
	})
	if err != nil {
		return err
	}
	pt := &party{id: signaling.NewID(), endpoint: t.String(), role: role, state: StateInvited, channel: ch}
	c.add(pt)
	if !c.service.goDo(func() { c.follow(pt, ch) }) {
		ch.Hangup(signaling.CauseNormal)
		return fault.New(fault.Unavailable, "the server is shutting down")
	}
	return nil
}

// ringCreator rings the creator's own phone when no browser made an offer.
func (c *call) ringCreator(p auth.Principal, caller signaling.CallerID, other signaling.Target) {
	ctx, cancel := context.WithTimeout(c.service.ctx, c.service.cfg.OfferGrace)
	defer cancel()
	c.waitOver(ctx)
	c.mu.Lock()
	creator := c.partyOf(p.User)
	absent := creator != nil && creator.state == StateInvited && creator.channel == nil && c.status != StatusEnded
	c.mu.Unlock()
	if !absent || other.Resource == p.Extension || c.service.ctx.Err() != nil {
		return
	}
	target := signaling.Target{Tech: "PJSIP", Resource: p.Extension}
	ch, err := c.service.cfg.Engine.Outgoing(c.service.ctx, signaling.Outgoing{
		Target:  target,
		Request: signaling.DialRequest{Caller: signaling.CallerID{Name: caller.Name, Number: other.Resource}},
	})
	if err != nil {
		c.service.log.Debug("creator's phone not rung", "call", c.id, "endpoint", target.String(), "err", err)
		return
	}
	c.mu.Lock()
	creator.channel, creator.endpoint = ch, target.String()
	c.mu.Unlock()
	c.follow(creator, ch)
}

// expire ends a call that nobody took in time.
func (c *call) expire() {
	ctx, cancel := context.WithTimeout(c.service.ctx, c.ring)
	defer cancel()
	c.waitOver(ctx)
	c.mu.Lock()
	late := !c.wasActive && c.status != StatusEnded
	c.mu.Unlock()
	if late && c.service.ctx.Err() == nil {
		c.end(signaling.CauseNoAnswer)
	}
}

// waitOver waits for the end of the call, or for ctx.
func (c *call) waitOver(ctx context.Context) {
	for {
		_, more := c.messages.after("", 0)
		if more == nil {
			return
		}
		select {
		case <-more:
		case <-ctx.Done():
			return
		}
	}
}

// follow keeps a party's state true to its channel, and joins it when it answers.
func (c *call) follow(pt *party, ch *signaling.Channel) {
	var last signaling.ChannelSnapshot
	for {
		s, err := ch.Until(context.Background(), func(s signaling.ChannelSnapshot) bool {
			return s.State != last.State || s.Ended != last.Ended || s.MutedIn != last.MutedIn || s.Codec != last.Codec
		})
		if err != nil {
			return
		}
		joined := last.State == signaling.Up
		last = s
		c.update(pt, s)
		if s.Ended {
			<-ch.Gone()
			c.settle(pt, s)
			return
		}
		if s.State == signaling.Up && !joined {
			if err := c.join(pt, ch); err != nil {
				c.service.log.Warn("party not joined", "call", c.id, "channel", ch.Name(), "err", err)
				ch.Hangup(signaling.CauseOf(err))
			}
		}
	}
}

// join puts a party that is up where the call meets.
func (c *call) join(pt *party, ch *signaling.Channel) error {
	ctx, cancel := context.WithTimeout(c.service.ctx, 10*time.Second)
	defer cancel()
	if c.room == nil {
		if err := c.bridge.Add(ctx, ch); err != nil {
			return err
		}
	} else {
		c.mu.Lock()
		place := pt.place
		c.mu.Unlock()
		if place == nil {
			return fault.New(fault.Conflict, "no place in the room")
		}
		if _, err := place.Enter(ctx, ch, pt.user, pt.roomRole); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	pt.state = StateConnected
	if c.room != nil || c.count(StateConnected) >= 2 {
		c.activate()
	}
	return nil
}

// activate marks the first moment at which people talk. The lock is held.
func (c *call) activate() {
	if c.status == StatusEnded {
		return
	}
	c.wasActive = true
	c.status = StatusActive
	if c.answered.IsZero() {
		c.answered = c.service.cfg.Now().UTC()
	}
}

func (c *call) update(pt *party, s signaling.ChannelSnapshot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	pt.muted, pt.codec = s.MutedIn, s.Codec
	if s.State == signaling.Ringing && pt.state == StateInvited {
		pt.state = StateRinging
		if c.status == StatusInitiated {
			c.status = StatusRinging
		}
	}
	if s.Ended {
		pt.state = StateLeft
	}
}

// settle ends the call when too few remain after a party left.
func (c *call) settle(pt *party, s signaling.ChannelSnapshot) {
	c.mu.Lock()
	alive := c.count(StateInvited) + c.count(StateRinging) + c.count(StateConnected)
	need := 2
	if c.room != nil {
		need = 1
	}
	over := alive < need
	if pt.place != nil {
		pt.place.Release()
	}
	c.mu.Unlock()
	if over {
		c.end(s.Cause)
	}
}

// end ends the call once: every party is hung up, the record is written.
func (c *call) end(cause signaling.Cause) {
	c.mu.Lock()
	if c.status == StatusEnded {
		c.mu.Unlock()
		return
	}
	c.status = StatusEnded
	c.ended = c.service.cfg.Now().UTC()
	c.cause = cause
	if c.answered.IsZero() && cause != signaling.CauseNormal {
		c.sipStatus = sipStatusOf(cause)
	}
	var channels []*signaling.Channel
	for _, pt := range c.parties {
		if pt.channel != nil {
			channels = append(channels, pt.channel)
		} else {
			pt.state = StateLeft
		}
		if pt.place != nil {
			pt.place.Release()
		}
	}
	users := c.users()
	c.mu.Unlock()

	for _, user := range users { // browsers that only poll see the end
		if _, err := c.messages.add(serverUser, user, "hangup", reasonPayload(cause)); err != nil {
			c.service.log.Debug("hangup message not kept", "call", c.id, "err", err)
		}
	}
	c.messages.end()
	for _, ch := range channels {
		ch.Hangup(cause)
	}
	if c.bridge != nil {
		c.bridge.Close()
	}
	c.record()
}

// abort undoes a call that could not be made; it leaves no record.
func (c *call) abort() {
	c.mu.Lock()
	c.status = StatusEnded
	parties := c.parties
	c.mu.Unlock()
	c.messages.end()
	for _, pt := range parties {
		if pt.channel != nil {
			pt.channel.Hangup(signaling.CauseNormal)
		}
		if pt.place != nil {
			pt.place.Release()
		}
	}
	if c.bridge != nil {
		c.bridge.Close()
	}
}

// record writes the call record.
func (c *call) record() {
	body := c.body()
	participants, err1 := json.Marshal(body.Participants)
	metadata, err2 := json.Marshal(body.Metadata)
	if err1 != nil || err2 != nil {
		c.service.log.Error("call record not written", "call", c.id, "err", cmpErr(err1, err2))
		return
	}
	c.mu.Lock()
	rec := store.Call{
		ID: c.id, CreatedBy: c.createdBy, Type: c.kind, Direction: "outbound", Status: string(StatusEnded),
		Participants: participants, Metadata: metadata, Parties: c.users(), BridgeID: body.BridgeID,
		Cause: int(c.cause), CauseText: c.cause.Text(), SIPStatus: c.sipStatus,
		Created: c.created, Answered: c.answered, Ended: c.ended,
	}
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := c.service.cfg.Store.Calls.Put(ctx, rec); err != nil {
		c.service.log.Error("call record not written", "call", c.id, "err", err)
	}
}

func cmpErr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func reasonPayload(cause signaling.Cause) json.RawMessage {
	b, err := json.Marshal(map[string]any{"cause": int(cause), "cause_text": cause.Text()})
	if err != nil {
		return nil // two plain values always marshal
	}
	return b
}

func sipStatusOf(cause signaling.Cause) int {
	switch cause {
	case signaling.CauseBusy:
		return 486
	case signaling.CauseNoAnswer, signaling.CauseAbsent, signaling.CauseNoUserResponse:
		return 480
	case signaling.CauseRejected:
		return 603
	case signaling.CauseUnallocated:
		return 404
	case signaling.CauseNoCodec:
		return 488
	case signaling.CauseCongestion:
		return 503
	default:
		return 500
	}
}
