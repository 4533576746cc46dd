package sip

import (
	"context"
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// slowSession answers no offer before it may.
type slowSession struct {
	session
	answered, release chan struct{}
}

func (s *slowSession) Answer(ctx context.Context, offer []byte) ([]byte, error) {
	answer, err := s.session.Answer(ctx, offer)
	s.answered <- struct{}{}
	<-s.release
	return answer, err
}

// dialogOf is the dialog of a request of ours, from the side of a phone whose tag is a.
func dialogOf(phone *siptest.Peer, request *siptest.Message) *siptest.Call {
	call := phone.NewCall(request.URI("Contact"))
	call.From, call.FromTag = "<"+request.URI("To")+">", "a"
	call.To, call.ToTag, call.ID = "<"+request.URI("From")+">", request.Tag("From"), request.Header("Call-ID")
	return call
}

// An answer that the party does not get, because it took its offer back meanwhile,
// leaves the media as they were.
func TestAnOfferTakenBackWhileItIsAnswered(t *testing.T) {
	r, phone := rawCallee(t)
	l, told := r.dial("callee")
	invite := phone.Want("INVITE")
	phone.Send(r.ok(phone, invite))
	phone.Want("ACK")
	told.want(t, "answered")
	before, remote := l.Info().Format, l.Info().Remote
	slow := &slowSession{session: l.session, answered: make(chan struct{}, 1), release: make(chan struct{})}
	l.setSession(slow)

	call := dialogOf(phone, invite)
	other := *r
	other.media = r.socket()
	call.Send("INVITE", string(other.offer(0, "PCMU", "inactive").Body))
	siptest.Wait(t, slow.answered)
	phone.Send(call.Again("CANCEL", ""))
	phone.Skip("SIP/2.0 487")
	phone.Send(call.Again("ACK", ""))
	close(slow.release)
	done := make(chan struct{})
	l.post(func() { close(done) })
	siptest.Wait(t, done)
	if now := l.Info(); now.Format != before || now.Remote != remote || l.session.Held() {
		t.Errorf("sends %v to %s, held %v; before it was %v to %s", now.Format, now.Remote, l.session.Held(), before, remote)
	}
	select {
	case what := <-told:
		t.Errorf("told %q", what)
	default:
	}
	call.Send("INVITE", string(r.offer(0, "PCMU", "sendonly").Body)) // the next one is answered
	siptest.Wait(t, slow.answered)
	ok := phone.Skip("SIP/2.0 200")
	if ok.Header("CSeq") != "2 INVITE" {
		t.Errorf("answered %s", ok.Header("CSeq"))
	}
	call.Ack("")
	told.want(t, "held true")
	l.Hangup(signaling.CauseNormal)
	phone.Send(phone.Response(phone.Skip("BYE"), 200, "", nil, ""))
	told.want(t, "ended 16 false")
}
