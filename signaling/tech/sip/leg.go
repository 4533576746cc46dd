package sip

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/actor"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/bypass"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/causes"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/identity"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/referral"
	ua "github.com/skygenesisenterprise/skybridge/sip"
)

const (
	legQueue = 64
	// endTimeout bounds the end of the media.
	endTimeout = 40 * time.Second
	// requestTimeout bounds a request inside the dialog (hold).
	requestTimeout = 40 * time.Second
	sdpType        = "application/sdp"
)

// leg is one SIP party. What may wait for the peer or the network runs on the
// leg's own actor, so that neither the channel nor the SIP stack waits for it;
// the lock guards the pointers that the other goroutines read.
type leg struct {
	*bypass.Bypass
	tech     *Tech
	endpoint string
	rules    *identity.Rules
	byUpdate bool
	// directUpdate has an UPDATE send it to another party, where it takes that.
	directUpdate bool
	dtmf         directory.DTMFMode // mode gives it
	log          *slog.Logger
	work         *actor.Actor
	doomed       atomic.Bool // the mailbox overflowed

	// live ends with Hangup: from then on nothing but the end waits for the party.
	live   context.Context //nolint:containedctx // the leg's own life
	hangup context.CancelFunc

	// newSession makes the media; it is asked once, on work or before Start.
	newSession func() (session, error)

	mu       sync.Mutex
	events   signaling.LegEvents
	early    []mixer.Event // told before the leg had its channel
	session  session
	dialog   *ua.Dialog
	incoming *ua.IncomingInvite // until it is answered
	outgoing *ua.OutgoingInvite
	callID   string
	answer   []byte // to an incoming offer, as long as it is not sent
	offer    []byte
	// maxForwards is an incoming call's.
	maxForwards int
	release     func()             // of its place at its trunk or phone
	redirect    signaling.Redirect // whom the party named in its place
	faxAsked    func()             // for T.38, in vain; nil for a call of ours
	hungUp      bool
	ended       bool

	// The rest is touched by the actor alone, once the leg has started.
	late bool // our 2xx holds the offer
	told bool // the answer was sent early
	// agreed says that our description was sent reliably, so that the 2xx has none.
	agreed bool
	acked  bool // the party has it
	looks  int  // how often video, of taken, may be offered still
	taken  signaling.Video
	gotSDP bool // the party's answer is in effect
	// wish is our direction as it was agreed on, SendOnly has the party on hold; want is
	// what it is to be.
	wish, want media.Direction
	offers     offers
	line       line // who the party is shown it talks to
	expiry     expiry
	dial       *outboundCall   // of an outgoing leg
	referral   referral.Thread // the party's transfers
	away       referral.Away   // where we have sent it
	// because says why we end the call, where its cause says too little.
	because string
	ask     holdPing
}

var _ signaling.Leg = (*leg)(nil)

func (t *Tech) newLeg(e *directory.Endpoint) *leg {
	l := &leg{tech: t, endpoint: e.Name, rules: &e.Identity, byUpdate: e.ByUpdate, dtmf: e.DTMF, log: t.log.With("endpoint", e.Name)}
	l.Bypass, l.directUpdate = bypass.New((*legBypass)(l)), e.Direct.ByUpdate
	l.SetFirst(e.Direct.CallerFirst)
	l.live, l.hangup = context.WithCancel(context.Background())
	l.work = actor.StartOn(t.engine.Crew(), legQueue, l.crashed)
	l.expiry = l.newExpiry(e.Timer)
	return l
}

// post gives the leg's actor something that may wait. A full mailbox means that
// this call is beyond help: it is ended, alone. It reports whether f will run; after the
// leg's end nothing does.
func (l *leg) post(f func()) bool {
	err := l.work.Post(func() { f(); l.takeUp() })
	if !errors.Is(err, actor.ErrFull) {
		return err == nil
	}
	if !l.doomed.Swap(true) {
		l.log.Error("SIP leg takes no more work, call ended", "call_id", l.dialogID())
	}
	l.hangup() // whatever the actor waits for
	// What still fills the mailbox will see the flag when it has run. Should all of
	// it have run meanwhile, there is room for this.
	_ = l.work.Post(l.takeUp)
	return false
}

// takeUp ends a leg whose mailbox overflowed. Actor only.
func (l *leg) takeUp() {
	if l.doomed.Load() {
		l.end(signaling.CauseTemporary)
	}
}

// tell reports to the channel.
func (l *leg) tell(f func(signaling.LegEvents)) {
	l.mu.Lock()
	events := l.events
	l.mu.Unlock()
	if events != nil {
		f(events)
	}
}

// portEvent passes on what the mixer says.
func (l *leg) portEvent(ev mixer.Event) {
	l.mu.Lock()
	events := l.events
	if events == nil && len(l.early) < legQueue {
		l.early = append(l.early, ev)
	}
	l.mu.Unlock()
	if events != nil {
		events.LegPort(ev)
	}
}

// Start binds the leg to its channel; an outgoing leg sends its INVITE.
func (l *leg) Start(events signaling.LegEvents) {
	l.mu.Lock()
	l.events = events
	early := l.early
	l.early = nil
	incoming := l.incoming
	l.mu.Unlock()
	for _, ev := range early {
		events.LegPort(ev)
	}
	if incoming != nil {
		l.spawn(func() { l.watchCancel(incoming) }) // ended by the INVITE's end
		return
	}
	l.post(l.invite)
}

// watchCancel ends the leg when the caller gives up.
func (l *leg) watchCancel(in *ua.IncomingInvite) {
	<-in.Done()
	err := in.Err()
	if err == nil {
		return // answered by us
	}
	cause := signaling.CauseNormal
	if fault.Of(err) != fault.Canceled {
		cause = signaling.CauseOf(err)
	}
	if req := in.CancelRequest(); req != nil {
		cause = causes.OfReason(req.Headers("Reason"), cause)
	}
	l.post(func() { l.finish(cause, true) })
}

// Ring sends 180.
func (l *leg) Ring() {
	l.post(func() { l.provisional(ua.Reply{Status: 180}) })
}

// Progress sends 183 with our answer, so that the caller hears early media. Who left the
// offer to us gets it early where responses are reliable, and elsewhere nothing.
func (l *leg) Progress() error {
	l.mu.Lock()
	incoming, answer := l.incoming, l.answer
	l.mu.Unlock()
	if incoming != nil && (answer != nil || incoming.Reliable()) {
		l.post(func() { l.provisional(ua.Reply{Status: 183, ContentType: sdpType, Body: answer}) })
	}
	return nil
}

func (l *leg) provisional(r ua.Reply) {
	if l.isOver() || l.incoming == nil {
		return
	}
	if len(r.Body) > 0 && !l.late {
		r.Body = l.answer // which may hold more by now
	}
	if l.agreed {
		r.Body = nil // it has been said
	} else if l.late && l.incoming.Reliable() && !l.offerEarly(&r) {
		return
	}
	if _, err := l.incoming.Early((*legDialog)(l)); err != nil {
		return // the caller has gone, as watchCancel tells
	}
	r.Headers = append(r.Headers, l.line.headers...)
	if err := l.incoming.Progress(r); err != nil && fault.Of(err) != fault.Canceled && fault.Of(err) != fault.Conflict {
		l.log.Warn("provisional response not sent", "call_id", l.callID, "status", r.Status, "err", err)
	}
	if len(r.Body) > 0 {
		l.told, l.agreed = !l.late, l.incoming.Reliable()
		if !l.late {
			l.session.Sent()
		}
	}
}

// Answer sends 200.
func (l *leg) Answer() error {
	l.post(l.accept)
	return nil
}

func (l *leg) accept() {
	if l.isOver() || l.incoming == nil || l.dialog != nil {
		return
	}
	body := l.answer
	switch {
	case l.agreed: // in a reliable response before
		body = nil
	case l.late:
		var err error
		if body, err = l.lateOffer(); err != nil {
			l.notAnswered(err)
			return
		}
	}
	timer := l.expiry.terms.Arrived(l.incoming.Request())
	headers := slices.Concat(l.line.headers, timer.Headers)
	dialog, err := l.incoming.Accept(ua.Reply{Headers: headers, ContentType: sdpType, Body: body}, (*legDialog)(l))
	if err != nil {
		if fault.Of(err) != fault.Canceled { // then watchCancel ends the leg
			l.notAnswered(err)
		}
		return
	}
	l.mu.Lock()
	l.dialog, l.incoming, l.answer, l.offer, l.newSession = dialog, nil, nil, nil, nil
	l.mu.Unlock()
	if !l.late {
		l.session.Sent()
	}
	l.settled(timer)
	l.watchHold()
	l.tell(func(e signaling.LegEvents) { e.LegAnswered() })
}

// lateOffer makes the media and the offer for a caller that made none.
func (l *leg) lateOffer() ([]byte, error) {
	s, err := l.newSession()
	if err != nil {
		return nil, err
	}
	l.setSession(s)
	ctx, cancel := context.WithTimeout(l.live, requestTimeout)
	defer cancel()
	return s.Offer(ctx, l.wish)
}

// notAnswered ends an incoming leg that cannot be answered.
func (l *leg) notAnswered(err error) {
	l.log.Warn("call not answered", "call_id", l.callID, "err", err)
	l.end(signaling.CauseOf(err))
}

func (l *leg) setSession(s session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.session = s
}

func (l *leg) isOver() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.hungUp || l.ended
}

// mode is how the party takes digits.
func (l *leg) mode() directory.DTMFMode {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dtmf
}

// dialogID is the Call-ID, for goroutines other than the actor.
func (l *leg) dialogID() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.callID
}

// Port is the leg's media.
func (l *leg) Port() *mixer.Port {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.session == nil {
		return nil
	}
	return l.session.Port()
}

// Info describes the leg.
func (l *leg) Info() signaling.LegInfo {
	l.mu.Lock()
	defer l.mu.Unlock()
	info := signaling.LegInfo{ProtocolID: l.callID, Endpoint: l.endpoint, Party: l.rules.Self, Music: l.rules.Music}
	info.MaxForwards = l.maxForwards
	if l.session != nil {
		info.Format = l.session.Format()
		info.Remote = l.session.Remote()
		info.Secure = l.session.Secure()
	}
	return info
}
