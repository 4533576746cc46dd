package sip

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/actor"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	ua "github.com/skygenesisenterprise/skybridge/sip"
)

const (
	legQueue = 64
	// endTimeout bounds a BYE and the end of the media.
	endTimeout = 40 * time.Second
	// requestTimeout bounds a request inside the dialog (hold).
	requestTimeout = 40 * time.Second
	sdpType        = "application/sdp"
)

// leg is one SIP party. What may wait for the peer or the network runs on the
// leg's own actor, so that neither the channel nor the SIP stack waits for it;
// the lock guards the pointers that the other goroutines read.
type leg struct {
	tech     *Tech
	endpoint string
	log      *slog.Logger
	work     *actor.Actor

	// newSession makes the media; it is asked once, on work or before Start.
	newSession func() (session, error)

	mu       sync.Mutex
	events   signaling.LegEvents
	early    []mixer.Event // told before the leg had its channel
	session  session
	dialog   *ua.Dialog
	incoming *ua.IncomingInvite
	outgoing *ua.OutgoingInvite
	callID   string
	answer   []byte // to an incoming offer, as long as it is not sent
	late     bool   // our 2xx holds the offer
	sentSDP  bool   // an answer went out in a provisional response
	gotSDP   bool   // the party's answer is in effect
	hungUp   bool
	ended    bool

	dial outboundCall // of an outgoing leg
}

var _ signaling.Leg = (*leg)(nil)

func (t *Tech) newLeg(name string) *leg {
	l := &leg{tech: t, endpoint: name, log: t.log.With("endpoint", name)}
	l.work = actor.Start(legQueue, l.crashed)
	return l
}

// crashed ends the leg after a panic in its own work.
func (l *leg) crashed(err error) {
	l.log.Error("panic in a SIP leg, call ended", "call_id", l.callID, "err", err)
	l.finish(signaling.CauseTemporary, false)
}

// post gives the leg's actor something that may wait.
func (l *leg) post(f func()) {
	if err := l.work.Post(f); err != nil {
		l.log.Debug("SIP leg takes no more work", "err", err)
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
		go l.watchCancel(incoming) // owned by l, ended by the INVITE's end
		return
	}
	l.post(l.invite)
}

// watchCancel ends the leg when the caller gives up.
func (l *leg) watchCancel(in *ua.IncomingInvite) {
	<-in.Done()
	if in.Err() == nil {
		return // answered by us
	}
	cause := signaling.CauseNormal
	if req := in.CancelRequest(); req != nil {
		cause = causeOfReason(req.Headers("Reason"), cause)
	}
	l.post(func() { l.finish(cause, true) })
}

// Ring sends 180.
func (l *leg) Ring() {
	l.post(func() { l.provisional(ua.Reply{Status: 180}) })
}

// Progress sends 183 with our answer, so that the caller hears early media.
func (l *leg) Progress() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.incoming == nil || l.answer == nil {
		return nil // nothing to open: a late offer, or an outgoing leg
	}
	answer := l.answer
	l.sentSDP = true
	l.post(func() {
		l.provisional(ua.Reply{Status: 183, ContentType: sdpType, Body: answer})
	})
	return nil
}

func (l *leg) provisional(r ua.Reply) {
	if err := l.incoming.Progress(r); err != nil && fault.Of(err) != fault.Canceled && fault.Of(err) != fault.Conflict {
		l.log.Warn("provisional response not sent", "call_id", l.callID, "status", r.Status, "err", err)
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
	if l.late {
		s, err := l.newSession()
		if err == nil {
			l.setSession(s)
			ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
			defer cancel()
			body, err = s.Offer(ctx, media.SendRecv)
		}
		if err != nil {
			l.refuse(err)
			return
		}
	}
	dialog, err := l.incoming.Accept(ua.Reply{ContentType: sdpType, Body: body}, (*legDialog)(l))
	if err != nil {
		if fault.Of(err) != fault.Canceled { // then watchCancel ends the leg
			l.refuse(err)
		}
		return
	}
	l.setDialog(dialog)
	l.tell(func(e signaling.LegEvents) { e.LegAnswered() })
}

// refuse ends an incoming leg that cannot be answered.
func (l *leg) refuse(err error) {
	l.log.Warn("call not answered", "call_id", l.callID, "err", err)
	l.end(signaling.CauseOf(err))
}

func (l *leg) setDialog(d *ua.Dialog) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dialog = d
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

// Hangup ends the leg in whatever way its state wants.
func (l *leg) Hangup(cause signaling.Cause) {
	l.post(func() { l.end(cause) })
}

// end hangs up: BYE, CANCEL or a refusal, and then the media.
func (l *leg) end(cause signaling.Cause) {
	l.mu.Lock()
	if l.hungUp || l.ended {
		l.mu.Unlock()
		return
	}
	l.hungUp = true
	dialog, incoming, outgoing, s := l.dialog, l.incoming, l.outgoing, l.session
	l.mu.Unlock()
	if s != nil {
		s.Port().Idle()
	}
	switch {
	case dialog != nil:
		ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
		defer cancel()
		if s != nil {
			s.Close() // nothing is sent or heard while the BYE waits
		}
		if err := dialog.Bye(ctx, reasonHeader(cause)); err != nil {
			l.log.Info("BYE without an answer", "call_id", l.callID, "err", err)
		}
	case incoming != nil:
		if err := incoming.Reject(ua.Reply{Status: statusOf(cause), Headers: []ua.Header{reasonHeader(cause)}}); err != nil {
			l.log.Debug("call not refused", "call_id", l.callID, "err", err)
		}
	case outgoing != nil:
		reason := reasonValue(cause)
		if cause == signaling.CauseAnsweredElse {
			reason = `SIP;cause=200;text="Call completed elsewhere"`
		}
		outgoing.Cancel(reason)
		return // OnFail or OnAnswer follows and finishes
	}
	l.finish(cause, false)
}

// finish lets go of the media and tells the channel, once.
func (l *leg) finish(cause signaling.Cause, peer bool) {
	l.mu.Lock()
	already := l.ended
	l.ended = true
	s, events := l.session, l.events
	l.mu.Unlock()
	if already {
		return
	}
	if s != nil {
		s.Close()
		ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
		defer cancel()
		if err := s.Wait(ctx); err != nil {
			l.log.Error("media of a call did not end in time", "call_id", l.callID, "err", err)
		}
	}
	if events != nil {
		events.LegEnded(cause, peer)
	}
	l.work.Stop()
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

// Hold sends a re-INVITE that stops or resumes what the party sends.
func (l *leg) Hold(on bool) error {
	l.mu.Lock()
	dialog, s := l.dialog, l.session
	l.mu.Unlock()
	if dialog == nil || s == nil {
		return fault.New(fault.Conflict, "the call is not answered")
	}
	l.post(func() {
		if l.isOver() {
			return
		}
		direction := media.SendRecv
		if on {
			direction = media.SendOnly
		}
		ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
		defer cancel()
		offer, err := s.Offer(ctx, direction)
		if err == nil {
			var resp *ua.Response
			if resp, err = dialog.ReInvite(ctx, ua.Content{Type: sdpType, Body: offer}); err == nil {
				err = s.SetAnswer(resp.Part(sdpType))
			}
		}
		if err != nil {
			l.log.Warn("hold or resume failed", "call_id", l.callID, "hold", on, "err", err)
			return
		}
		l.tell(func(e signaling.LegEvents) { e.LegMedia() })
	})
	return nil
}

// Info describes the leg.
func (l *leg) Info() signaling.LegInfo {
	l.mu.Lock()
	defer l.mu.Unlock()
	info := signaling.LegInfo{ProtocolID: l.callID, Endpoint: l.endpoint}
	if l.session != nil {
		info.Format = l.session.Format()
		info.Remote = l.session.Remote()
		info.Secure = l.session.Secure()
	}
	return info
}
