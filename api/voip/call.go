package voip

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/callfeed"
	"github.com/skygenesisenterprise/skybridge/api/voip/endpoints"
	"github.com/skygenesisenterprise/skybridge/api/voip/mailbox"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/signaling/onward"
)

// Call is one call of the API: its parties, what joins them, its messages. The
// lock guards the fields; nothing waits under it.
type Call struct {
	service   *Service
	id        string
	kind      string
	createdBy string
	direction string
	plan      bool          // a dialplan has called its user
	told      callfeed.Told // the notifier's alone
	limit     int           // of its creator's calls at once; 0 for none
	created   time.Time
	messages  *mailbox.Mailbox
	bridge    *signaling.Bridge // nil for a call into a room
	room      *conference.Room
	log       *slog.Logger
	caller    signaling.CallerID // what called parties see
	ring      time.Duration
	over      chan struct{} // closed at the end

	mu        sync.Mutex
	status    Status
	metadata  map[string]any
	first     signaling.ChannelID // of the first channel made
	parties   []*party
	answered  time.Time
	ended     time.Time
	cause     signaling.Cause
	sipStatus int
	lastSeen  time.Time // when a browser of anybody's last sent or asked for a message
	watched   bool      // by watchDirect
	recorded  bool      // from its first moment on
}

// ID is the call's.
func (c *Call) ID() string { return c.id }

func newCall(s *Service, p auth.Principal, kind string, metadata map[string]any) *Call {
	c := &Call{
		service: s, id: signaling.NewID(), kind: kind, createdBy: p.User, limit: cmp.Or(p.CallLimit, s.cfg.PerUser), created: s.cfg.Now().UTC(), direction: "outbound",
		ring: s.cfg.RingTimeout, over: make(chan struct{}), status: StatusInitiated, metadata: make(map[string]any),
	}
	maps.Copy(c.metadata, metadata)
	c.log = s.log.With("call", c.id)
	c.messages = mailbox.New(c.id, s.cfg.Now, s.feed.Message)
	return c
}

// begin makes the parties of a new call and rings the phones among them. With one
// participant the creator is the other party: they join by their offer, or on their
// phone.
func (c *Call) begin(ctx context.Context, targets []dialstring.Target, p auth.Principal) error {
	for i, t := range targets {
		if _, err := c.invite(ctx, t); err != nil {
			return endpoints.InParticipant(i, err)
		}
	}
	if len(targets) > 1 {
		return nil
	}
	pt := newParty(browserTech+"/"+p.User, roleCaller, StateInvited)
	pt.user = p.User
	if p.Extension != targets[0].Resource {
		pt.phone = p.Extension
	}
	pt.calls = targets[0].Resource
	return c.await(pt)
}

// invite calls an endpoint: a phone rings, a browser finds the call in its list.
func (c *Call) invite(ctx context.Context, t dialstring.Target) (*party, error) {
	pt := newParty(t.String(), roleCallee, StateRinging)
	if !endpoints.IsBrowser(t) {
		return pt, c.dial(ctx, pt, t, c.caller)
	}
	user, err := c.service.browserOf(t)
	if err != nil {
		return nil, err
	}
	pt.user = user
	if err := c.await(pt); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rings()
	return pt, nil
}

// await adds a party that is to join from a browser.
func (c *Call) await(pt *party) error {
	c.mu.Lock()
	if err := c.open(); err != nil {
		c.mu.Unlock()
		return err
	}
	c.parties = append(c.parties, pt)
	c.touch()
	c.mu.Unlock()
	if !c.goDo(func() { c.awaitOffer(pt) }) {
		return errShutdown
	}
	return nil
}

// dial rings a phone as a party of the call, or whom it forwards to.
func (c *Call) dial(ctx context.Context, pt *party, t dialstring.Target, caller signaling.CallerID) error {
	calling, ch, err := onward.Place(ctx, c.service.cfg.Onward, signaling.Outgoing{
		Target: t, Request: signaling.DialRequest{Call: c.id, Caller: caller}, LinkedID: c.linked(),
	})
	if err != nil {
		return err
	}
	pt.calling = calling
	c.mu.Lock()
	if err := c.open(); err != nil { // it ended meanwhile
		c.mu.Unlock()
		ch.Hangup(signaling.CauseNormal)
		return err
	}
	c.parties = append(c.parties, pt)
	c.attach(pt, ch)
	c.mu.Unlock()
	return c.watch(pt, ch)
}

// watch follows a party's channel from now on.
func (c *Call) watch(pt *party, ch *signaling.Channel) error {
	if !c.goDo(func() { c.follow(pt, ch) }) {
		ch.Hangup(signaling.CauseNormal)
		return errShutdown
	}
	return nil
}

// goDo runs f as part of the call. A panic in it ends this call, no other. It reports
// false once the service closes.
func (c *Call) goDo(f func()) bool {
	s := c.service
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.running.Go(func() { // owned by the service, ended by the call's end
		defer guard.Recover(c.log, "a call, call ended", func() { c.end(signaling.CauseTemporary) }, c.abort)
		f()
	})
	return true
}

// attach gives a party its channel. The lock is held.
func (c *Call) attach(pt *party, ch *signaling.Channel) {
	pt.channel = ch
	pt.settle()
	c.touch()
	if c.first == "" {
		c.first = ch.ID()
	}
}

// linked is the channel that the call's further ones belong to, "" before the first.
func (c *Call) linked() signaling.ChannelID {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.first
}

// rings marks that somebody is being called. The lock is held.
func (c *Call) rings() {
	if c.status == StatusInitiated {
		c.status = StatusRinging
	}
	c.touch()
}

// activate marks the first moment at which people talk. The lock is held.
func (c *Call) activate() {
	if c.status == StatusEnded || c.room == nil && c.count(StateConnected) < 2 {
		return
	}
	c.status = StatusActive
	c.touch()
	if c.answered.IsZero() {
		c.answered = c.service.cfg.Now().UTC()
		if c.recorded {
			c.goDo(c.recordNow) // false when all calls are ended
		}
	}
}

// left takes a party out, unless it has another channel by now, and ends the call
// when too few remain: a conversation needs two, a way into a room one.
func (c *Call) left(pt *party, ch *signaling.Channel, cause signaling.Cause) {
	c.mu.Lock()
	if pt.channel != ch || pt.state == StateLeft {
		c.mu.Unlock()
		return
	}
	pt.leave()
	c.touch()
	need := 2
	if c.room != nil {
		need = 1
	}
	over := len(c.parties)-c.count(StateLeft) < need
	place := pt.place
	c.mu.Unlock()
	if place != nil {
		place.Release()
	}
	if over {
		c.end(cause)
	}
}

// end ends the call once: every party is hung up, the record is written. A step that
// panics keeps none of the others from running.
func (c *Call) end(cause signaling.Cause) {
	parties, users, already := c.finish(cause)
	if already {
		return
	}
	c.step("the users are told", func() { c.messages.End(users, cause) })
	c.step("the users' wait", func() { c.messages.End(nil, cause) }) // only if they could not be told
	c.hangUp(parties, cause)
	c.step("the record", c.record)
	c.service.retire(c)
}

// finish makes the call one that ended by a cause.
func (c *Call) finish(cause signaling.Cause) (parties []*party, users []string, already bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.status == StatusEnded {
		return nil, nil, true
	}
	c.ended = c.service.cfg.Now().UTC()
	c.cause = cause
	if c.answered.IsZero() {
		c.sipStatus = endpoints.SIPStatusOf(cause)
	}
	for _, user := range c.users() {
		if pt := c.partyOf(user); pt == nil || !pt.moved {
			users = append(users, user)
		}
	}
	return c.close(), users, false
}

// step is a step of the call's end.
func (c *Call) step(what string, f func()) { guard.Do(c.log, "the end of a call: "+what, f) }

// abort undoes a call that could not be made; it leaves no record.
func (c *Call) abort() {
	c.mu.Lock()
	if c.status == StatusEnded { // it ended by itself meanwhile
		c.mu.Unlock()
		return
	}
	parties := c.close()
	c.mu.Unlock()
	c.step("the users' wait", func() { c.messages.End(nil, signaling.CauseNormal) })
	c.hangUp(parties, signaling.CauseNormal)
	c.service.drop(c)
}

// close makes the call an ended one and gives its parties. The lock is held.
func (c *Call) close() []*party {
	c.status = StatusEnded
	defer c.touch()
	close(c.over)
	for _, pt := range c.parties {
		pt.leave()
	}
	return c.parties
}

// hangUp lets go of everything that the call holds.
func (c *Call) hangUp(parties []*party, cause signaling.Cause) {
	for _, pt := range parties {
		if pt.channel != nil {
			c.step("a party's channel", func() { pt.channel.Hangup(cause) })
		}
		if pt.place != nil {
			c.step("a party's place", pt.place.Release)
		}
	}
	if c.bridge != nil {
		c.step("the bridge", c.bridge.Close)
	}
}

// EndBy ends the call as one of its users wishes. Who was called and has not
// answered refuses it. It fails with fault.Conflict for who has left a call that goes on.
func (c *Call) EndBy(p auth.Principal) error {
	c.mu.Lock()
	if c.status != StatusEnded && !c.rules(p) {
		c.mu.Unlock()
		return errLeft
	}
	cause := signaling.CauseNormal
	if pt := c.partyFor(p); pt != nil && c.answered.IsZero() {
		cause = pt.byeCause()
	}
	c.mu.Unlock()
	c.end(cause)
	return nil
}

// open fails with fault.Conflict once the call has ended. The lock is held.
func (c *Call) open() error {
	if c.status == StatusEnded {
		return fault.WithCode(fault.Conflict, "call_ended", "the call has ended")
	}
	return nil
}

func (c *Call) isOver() bool {
	select {
	case <-c.over:
		return true
	default:
		return false
	}
}

func (c *Call) endedBefore(t time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status == StatusEnded && c.ended.Before(t)
}
