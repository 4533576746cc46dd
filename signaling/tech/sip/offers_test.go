package sip

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// scripted is a phone in a call that says what the test has it say. What is repeated to it,
// as a loaded machine does, it takes once.
type scripted struct {
	*siptest.Peer
	*siptest.Call
	r    *rig
	seen map[string]bool
}

// hurried has the stack's timers short enough to wait for glare, and long enough that
// nothing times out.
func hurried(_ *Config, stack *ua.Config) {
	stack.T1, stack.T2 = 200*time.Millisecond, 800*time.Millisecond
}

// scriptedCall is a call of ours to a scripted phone that stands.
func scriptedCall(t *testing.T) (*scripted, *leg, report) {
	t.Helper()
	return scriptedCallWith(t, hurried)
}

func scriptedCallWith(t *testing.T, change func(*Config, *ua.Config)) (*scripted, *leg, report) {
	t.Helper()
	r, peer := rawCallee(t, change)
	l, told := r.dial("callee")
	invite := peer.Want("INVITE")
	peer.Send(r.ok(peer, invite))
	p := &scripted{Peer: peer, Call: peer.NewCall(invite.URI("Contact")), r: r, seen: map[string]bool{"INVITE 1 INVITE": true}}
	p.From, p.FromTag = "<"+invite.URI("To")+">", "a"
	p.To, p.ToTag = "<"+invite.URI("From")+">", invite.Tag("From")
	p.ID = invite.Header("Call-ID")
	p.await("ACK ")
	told.want(t, "answered")
	return p, l, told
}

// await is the next message of that beginning that is no repetition.
func (p *scripted) await(start string) *siptest.Message {
	p.r.t.Helper()
	for {
		m := p.Next()
		key := strings.Fields(m.Start)[0] + " " + m.Header("CSeq")
		if m.Status() > 0 {
			key = fmt.Sprint(m.Status(), " ", m.Header("CSeq"))
		}
		again := p.seen[key]
		p.seen[key] = true
		if !again && strings.HasPrefix(m.Start, start) {
			return m
		}
	}
}

// hangUp ends the call, so that the stack need not wait for the phone.
func (p *scripted) hangUp(l *leg, told report) {
	p.r.t.Helper()
	l.Hangup(signaling.CauseNormal)
	p.refuse(p.await("BYE"), 200)
	told.want(p.r.t, "ended 16 false")
	p.r.portsClosed()
}

// answer is a response with a description.
func (p *scripted) answer(req *siptest.Message, direction string) {
	c := p.r.offer(0, "PCMU", direction)
	p.Peer.Send(p.Response(req, 200, "", []string{p.Contact(), "Content-Type: " + c.Type}, string(c.Body)))
}

func (p *scripted) refuse(req *siptest.Message, status int, lines ...string) {
	p.Peer.Send(p.Response(req, status, "", lines, ""))
}

// offers is an offer of the phone's.
func (p *scripted) offers(method, direction string) {
	p.Call.Send(method, string(p.r.offer(0, "PCMU", direction).Body))
}

// alive fails the test unless the call is.
func (p *scripted) alive() {
	p.Call.Send("OPTIONS", "")
	p.await("SIP/2.0 200")
}

func hold(t *testing.T, l *leg, on bool) {
	t.Helper()
	if err := l.Hold(on); err != nil {
		t.Fatal(err)
	}
}

// settled waits until what was said to the last offer of ours has been taken.
func settled(t *testing.T, l *leg) {
	t.Helper()
	for out := true; out; {
		now := make(chan bool, 1)
		l.post(func() { now <- l.offers.out })
		out = siptest.Wait(t, now)
	}
}

func wantOffer(t *testing.T, m *siptest.Message, direction, seq string) {
	t.Helper()
	if !strings.Contains(m.Body, "a="+direction+"\r\n") || m.Header("CSeq") != seq {
		t.Errorf("want an offer to %s, %s, got\n%s", direction, seq, m.Text)
	}
}

// Both sides offer at once (RFC 3261 §14.1): each refuses the other's, the phone's comes
// again while we wait and is taken, then ours.
func TestGlare(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"INVITE", "UPDATE"} {
		t.Run(method, func(t *testing.T) {
			p, l, told := scriptedCall(t)
			hold(t, l, true)
			ours := p.await("INVITE")
			wantOffer(t, ours, "sendonly", "2 INVITE")
			p.offers(method, "sendonly")
			p.await("SIP/2.0 491")
			if method == "INVITE" {
				p.Peer.Send(p.Again("ACK", ""))
			}
			p.refuse(ours, 491)
			p.offers(method, "sendonly")
			if ok := p.await("SIP/2.0 200"); !strings.Contains(ok.Body, "a=recvonly") {
				t.Errorf("answer\n%s", ok.Body)
			}
			if method == "INVITE" {
				p.Ack("")
			}
			told.want(t, "held true")
			ours = p.await("INVITE")
			wantOffer(t, ours, "sendonly", "3 INVITE")
			p.answer(ours, "inactive")
			told.want(t, "media")
			p.await("ACK")
			p.alive()
			p.hangUp(l, told)
		})
	}
}

// Of hold and resume pressed in turn the last one counts, and no more than that is said.
func TestTheLatestWishWins(t *testing.T) {
	t.Parallel()
	p, l, told := scriptedCall(t)
	hold(t, l, true)
	ours := p.await("INVITE")
	hold(t, l, false) // while it is on its way
	hold(t, l, true)
	hold(t, l, false)
	p.answer(ours, "recvonly")
	told.want(t, "media")
	ours = p.await("INVITE")
	wantOffer(t, ours, "sendrecv", "3 INVITE")
	p.answer(ours, "sendrecv")
	told.want(t, "media")

	hold(t, l, true)
	ours = p.await("INVITE")
	p.refuse(ours, 491)
	p.await("ACK")
	hold(t, l, false) // while it waits: there is nothing to say any more
	hold(t, l, true)
	ours = p.await("INVITE")
	wantOffer(t, ours, "sendonly", "5 INVITE")
	hold(t, l, false)
	p.refuse(ours, 491)
	hold(t, l, true)
	ours = p.await("INVITE")
	wantOffer(t, ours, "sendonly", "6 INVITE")
	p.answer(ours, "recvonly")
	p.await("ACK")
	p.hangUp(l, told)
}

// Whatever is said to a hold, but that the call is unknown or the phone silent, the call goes
// on as it was (RFC 3261 §14.1), and may be put on hold later.
func TestAHoldHangsNobodyUp(t *testing.T) {
	p, l, told := scriptedCall(t)
	for _, status := range []int{300, 400, 403, 415, 420, 480, 486, 487, 488, 500, 501, 503, 600, 603, 606} {
		hold(t, l, true)
		ours := p.await("INVITE")
		p.refuse(ours, status)
		p.await("ACK")
		p.alive()
		settled(t, l)
	}
	for _, body := range []string{"", "v=0\r\nnonsense", strings.Replace(string(p.r.offer(9, "G722", "recvonly").Body), "m=audio", "m=text", 1)} {
		hold(t, l, true)
		p.Peer.Send(p.Response(p.await("INVITE"), 200, "", []string{p.Contact(), "Content-Type: application/sdp"}, body))
		p.await("ACK")
		p.alive()
		settled(t, l)
	}
	hold(t, l, true)
	p.refuse(p.await("INVITE"), 500, "Retry-After: 0") // what it says, it may have again
	p.await("ACK")
	p.answer(p.await("INVITE"), "recvonly")
	told.want(t, "media")
	p.await("ACK")
	p.alive()
	p.hangUp(l, told)
}

// A phone that does not know the call any more, or says nothing to it, has none.
func TestAHoldOfACallThatIsNoMore(t *testing.T) {
	for status, ended := range map[int]string{481: "ended 41 true", 408: "ended 18 true"} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			p, l, told := scriptedCall(t)
			hold(t, l, true)
			p.refuse(p.await("INVITE"), status)
			if status == 408 {
				p.refuse(p.await("BYE"), 200)
			}
			var got string
			for got == "" || !strings.HasPrefix(got, "ended") {
				got = siptest.Wait(t, told)
			}
			if got[:8] != ended[:8] {
				t.Errorf("told %q", got)
			}
			p.r.portsClosed()
		})
	}
}
