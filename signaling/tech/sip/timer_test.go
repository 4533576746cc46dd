package sip

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/udptl"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/sip/sessiontimer"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// timedCall is a call of ours to a scripted phone whose endpoint has a session timer, and
// which answers the INVITE with these lines.
func timedCall(t *testing.T, policy sessiontimer.Policy, lines ...string) (*scripted, *leg, report, *siptest.Message) {
	t.Helper()
	r, peer := rawCallee(t, hurried)
	e := r.tech.Directory().Endpoint("callee")
	e.Timer, e.Fax.Allowed = policy, true
	l, told := r.dial("callee")
	p := &scripted{Peer: peer, r: r, seen: map[string]bool{}}
	invite := p.await("INVITE")
	p.Call = peer.NewCall(invite.URI("Contact"))
	p.From, p.FromTag = "<"+invite.URI("To")+">", "a"
	p.To, p.ToTag = "<"+invite.URI("From")+">", invite.Tag("From")
	p.ID = invite.Header("Call-ID")
	if lines != nil {
		p.accept(invite, lines...)
		p.await("ACK ")
	}
	return p, l, told, invite
}

// accept answers with the phone's description.
func (p *scripted) accept(req *siptest.Message, lines ...string) {
	c := p.r.offer(0, "PCMU", "sendrecv")
	lines = append([]string{p.Contact(), "Content-Type: " + c.Type}, lines...)
	p.Peer.Send(p.Response(req, 200, "a", lines, string(c.Body)))
}

func seconds(interval, least int) sessiontimer.Policy {
	return sessiontimer.Policy{Mode: sessiontimer.Offer, Interval: time.Duration(interval) * time.Second, Min: time.Duration(least) * time.Second}
}

// A carrier that wants longer sessions refuses the first INVITE with 422, and gets a second
// one of the same call (RFC 4028 §7.3).
func TestACarrierThatSends422(t *testing.T) {
	p, l, told, invite := timedCall(t, sessiontimer.Default())
	if invite.Header("Session-Expires") != "1800" || invite.Header("Min-SE") != "90" || !strings.Contains(strings.Join(invite.Headers("Supported"), ","), "timer") {
		t.Errorf("INVITE\n%s", invite.Text)
	}
	p.Peer.Send(p.Response(invite, 422, "x", []string{"Min-SE: 3600"}, ""))
	again := p.await("INVITE")
	if again.Header("Session-Expires") != "3600" || again.Header("Min-SE") != "3600" || again.Header("CSeq") != "2 INVITE" ||
		again.Header("Call-ID") != invite.Header("Call-ID") || again.Body != invite.Body || again.Tag("From") != invite.Tag("From") {
		t.Errorf("INVITE\n%s", again.Text)
	}
	p.accept(again, "Session-Expires: 3600;refresher=uas", "Require: timer")
	told.want(t, "answered")
	p.hangUp(l, told)
}

// We refresh by UPDATE without a description, as the phone says that it takes that, and by a
// re-INVITE that changes nothing once it has refused one.
func TestWeRefresh(t *testing.T) {
	t.Parallel()
	p, l, told, invite := timedCall(t, seconds(12, 1), "Allow: INVITE, UPDATE", "Session-Expires: 12;refresher=uac")
	told.want(t, "answered")
	update := p.await("UPDATE")
	if update.Body != "" || update.Header("Content-Type") != "" || update.Header("Session-Expires") != "12;refresher=uac" {
		t.Errorf("UPDATE\n%s", update.Text)
	}
	p.Peer.Send(p.Response(update, 200, "", []string{p.Contact(), "Session-Expires: 1800;refresher=uac"}, ""))
	settled(t, l)
	l.post(l.refresh) // what the clock does, an hour later
	update = p.await("UPDATE")
	p.refuse(update, 405)
	re := p.await("INVITE")
	if re.Body != invite.Body || re.Header("Session-Expires") != "1800;refresher=uac" {
		t.Errorf("refreshed by\n%s\nafter\n%s", re.Text, invite.Text)
	}
	p.accept(re, "Session-Expires: 1800;refresher=uac")
	p.await("ACK")
	settled(t, l)
	l.post(l.refresh)
	p.accept(p.await("INVITE"), "Session-Expires: 1800;refresher=uac")
	p.await("ACK")
	p.hangUp(l, told)
}

// A facsimile is refreshed as one.
func TestWeRefreshAFacsimile(t *testing.T) {
	p, l, told, _ := timedCall(t, seconds(1800, 90), "Session-Expires: 1800;refresher=uac")
	told.want(t, "answered")
	turned := make(chan error, 1)
	l.OfferFax(udptl.Terms{MaxBitRate: 14400, MaxDatagram: 400}, func(_ signaling.FaxAnswer, err error) { turned <- err })
	g := gateway{r: p.r, conn: p.r.socket()}
	image := func() string {
		re := p.await("INVITE")
		if g.turned([]byte(re.Body)) != 14400 {
			t.Errorf("offered\n%s", re.Body)
		}
		c := g.content(9600, true)
		p.Peer.Send(p.Response(re, 200, "", []string{p.Contact(), "Content-Type: " + c.Type, "Session-Expires: 1800;refresher=uac"}, string(c.Body)))
		p.await("ACK")
		return g.to.String()
	}
	first := image()
	if err := siptest.Wait(t, turned); err != nil {
		t.Fatal(err)
	}
	settled(t, l)
	l.post(l.refresh)
	if again := image(); again != first {
		t.Errorf("refreshed at %s, was at %s", again, first)
	}
	settled(t, l)
	if _, on := l.rtp().Faxing(); !on {
		t.Error("the refresh ended it")
	}
	p.hangUp(l, told)
}

// A refresh of ours that crosses an offer of the phone's waits as any offer does, and comes
// after it.
func TestARefreshCrossesAnOffer(t *testing.T) {
	t.Parallel()
	p, l, told, _ := timedCall(t, seconds(1800, 90), "Session-Expires: 1800;refresher=uac")
	told.want(t, "answered")
	l.post(l.refresh)
	ours := p.await("INVITE")
	p.offers("INVITE", "sendonly")
	p.await("SIP/2.0 491")
	p.Peer.Send(p.Again("ACK", ""))
	p.refuse(ours, 491)
	p.offers("INVITE", "sendonly")
	p.await("SIP/2.0 200")
	p.Ack("")
	told.want(t, "held true")
	ours = p.await("INVITE") // as both agreed meanwhile: the phone holds
	wantOffer(t, ours, "recvonly", "3 INVITE")
	p.answer(ours, "sendonly")
	p.await("ACK")
	settled(t, l)
	p.hangUp(l, told)
}

// A phone that says it will refresh, and does not, has lost its power.
func TestTheSessionExpires(t *testing.T) {
	t.Parallel()
	p, _, told, _ := timedCall(t, seconds(2, 1), "Session-Expires: 2;refresher=uas")
	told.want(t, "answered")
	bye := p.await("BYE")
	if reason := bye.Header("Reason"); reason != `Q.850;cause=102;text="session timer expired"` {
		t.Errorf("BYE for %q", reason)
	}
	p.refuse(bye, 200)
	told.want(t, "ended 102 false")
	p.r.portsClosed()
}

// A carrier refreshes by a re-INVITE that changes nothing: it gets the description that it
// has, and the media is not touched. So it is by UPDATE without one.
func TestACarrierRefreshes(t *testing.T) {
	p, l, told, _ := timedCall(t, seconds(1800, 90), "Session-Expires: 1800;refresher=uas")
	told.want(t, "answered")
	media := l.Port().Media()
	version := ""
	for range 3 {
		p.Call.Send("INVITE", string(p.r.offer(0, "PCMU", "sendrecv").Body), "Supported: timer", "Session-Expires: 1800;refresher=uac")
		ok := p.await("SIP/2.0 200")
		p.Ack("")
		told.want(t, "media")
		if ok.Header("Session-Expires") != "1800;refresher=uac" || ok.Header("Require") != "timer" {
			t.Errorf("answer\n%s", ok.Text)
		}
		_, origin, _ := strings.Cut(ok.Body, "o=")
		origin, _, _ = strings.Cut(origin, "\r\n")
		if version != "" && origin != version {
			t.Errorf("o=%s, was %s", origin, version)
		}
		version = origin
	}
	if now := l.Port().Media(); len(now.Receive) != len(media.Receive) {
		t.Errorf("media %+v, was %+v", now, media)
	}
	p.Call.Send("UPDATE", "", "Supported: timer", "Session-Expires: 60;refresher=uac")
	if m := p.await("SIP/2.0 422"); m.Header("Min-SE") != "90" {
		t.Errorf("refused\n%s", m.Text)
	}
	p.Call.Send("UPDATE", "", "Supported: timer", "Session-Expires: 90;refresher=uac")
	if m := p.await("SIP/2.0 200"); m.Header("Session-Expires") != "90;refresher=uac" || m.Body != "" {
		t.Errorf("refreshed\n%s", m.Text)
	}
	p.hangUp(l, told)
}

// What an endpoint may have of session timers, asked of it and by it.
func TestTimersAsConfigured(t *testing.T) {
	const call = "[%d]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\ntimers = %s\ntimers_min_se = 120\ntimers_sess_expires = 600\n"
	r := newRig(t, fmt.Sprintf(call+call+call, 1001, "no", 1002, "yes", 1003, "required"))
	for _, c := range []struct {
		user   string
		lines  []string
		status string
		header string
		value  string
	}{
		{"1001", []string{"Require: timer", "Session-Expires: 1800"}, "420", "Unsupported", "timer"},
		{"1001", []string{"Supported: timer", "Session-Expires: 30"}, "200", "Session-Expires", ""},
		{"1002", []string{"Supported: timer", "Session-Expires: 119"}, "422", "Min-SE", "120"},
		{"1002", []string{"Require: timer", "Session-Expires: 120"}, "200", "Session-Expires", "120;refresher=uac"},
		{"1002", []string{"Supported: timer", "Session-Expires: 1800;refresher=uas"}, "200", "Session-Expires", "1800;refresher=uas"},
		{"1002", nil, "200", "Session-Expires", ""},
		{"1003", nil, "421", "Require", "timer"},
		{"1003", []string{"Supported: timer"}, "200", "Session-Expires", "600;refresher=uac"},
	} {
		p := siptest.UDP(t, r.server.Addr("udp"))
		call := p.NewCall(r.to("600").String())
		call.From = "<sip:" + c.user + "@127.0.0.1>"
		call.Send("INVITE", string(r.offer(0, "PCMU", "sendrecv").Body), c.lines...)
		var answered *signaling.Channel
		if c.status == "200" {
			answered = siptest.Wait(t, r.calls)
			if err := answered.Answer(siptest.Ctx(t)); err != nil {
				t.Fatal(err)
			}
		}
		m := p.Skip("SIP/2.0 " + c.status)
		if got := m.Header(c.header); got != c.value {
			t.Errorf("%s %q: %s: %q, want %q", c.user, c.lines, c.header, got, c.value)
		}
		call.Take(m)
		call.Ack("")
		if answered != nil {
			call.Send("BYE", "")
			p.Skip("SIP/2.0 200")
			siptest.Wait(t, answered.Gone())
		}
	}
}
