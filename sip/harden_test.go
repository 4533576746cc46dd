package sip_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// TestSmuggling: a length that lies never makes a second message of a body.
func TestSmuggling(t *testing.T) {
	hidden := "REGISTER sip:x SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bKhidden\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: hidden\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n"
	cfg := siptest.Config("tcp")
	cfg.Transport.Limits.MessageTimeout = 200 * time.Millisecond
	phone := siptest.NewPhoneWith(t, "bob", cfg)
	for _, lines := range [][]string{
		{"Content-Length: 4294967296"}, {"Content-Length: -1"}, {"Content-Length: +0"}, {"Content-Length: 0x0"}, {"Content-Length: 0, 0"},
		{"Content-Length: 0\r\nContent-Length: 0"}, {"Content-Length: 0\r\nl: 5"}, {"Content-Length: 0\r\nContent-Length : 5"},
		{"Content-Length:"}, {"-Content-Length"}, {"Content-Length: 99999999999999999999"}, {"Content-Length: 9 9"}, {"Content-Length: 70000"},
	} {
		t.Run(strings.Join(lines, ""), func(t *testing.T) {
			p := siptest.TCP(t, phone.Addr("tcp"))
			call := p.NewCall("sip:x")
			p.Send(call.Request("OPTIONS", "", lines...) + hidden)
			if m := p.Next(); m.Status() != 400 && m.Status() != 513 {
				t.Errorf("got\n%s", m.Text)
			}
			siptest.Wait(t, p.Ended())
			if len(phone.Requests) != 0 {
				t.Errorf("the handler was given %s", (<-phone.Requests).Request().Method())
			}
		})
	}
}

// fragile panics where it is told to.
type fragile struct{ invites chan *sip.IncomingInvite }

func (f fragile) OnInvite(i *sip.IncomingInvite) {
	f.invites <- i
	panic("at the invite")
}
func (fragile) OnRequest(*sip.IncomingRequest) { panic("at the request") }
func (fragile) OnFlowClosed(message.FlowID)    { panic("at the flow") }

type fragileDialog struct{ *siptest.Leg }

func (fragileDialog) OnRequest(*sip.InDialogRequest) { panic("in the dialog") }

func TestPanicsCostOneCall(t *testing.T) {
	invites := make(chan *sip.IncomingInvite, 2)
	s := siptest.Server(t, siptest.Config("udp", "tcp"), fragile{invites})
	for _, p := range []*siptest.Peer{siptest.UDP(t, s.Addr("udp")), siptest.TCP(t, s.Addr("tcp"))} {
		call := p.NewCall("sip:x")
		call.Send("INVITE", offer)
		p.Want("SIP/2.0 500")
		p.Send(call.Again("ACK", ""))
		in := siptest.Wait(t, invites)
		siptest.Wait(t, in.Done())
		if fault.Of(in.Err()) != fault.Internal {
			t.Errorf("the INVITE ended with %v", in.Err())
		}
		p.NewCall("sip:x").Send("OPTIONS", "")
		p.Want("SIP/2.0 500")
		p.Close()
	}
	if n := s.Stats().Dialogs; n != 0 {
		t.Errorf("%d dialogs left", n)
	}
	phone := siptest.NewPhone(t, "bob")
	p := siptest.UDP(t, phone.Addr("udp"))
	call := p.NewCall(phone.URI("udp").String())
	call.Send("INVITE", offer)
	leg := siptest.NewLeg(t)
	if _, err := siptest.Wait(t, phone.Invites).Accept(sdp(answer), fragileDialog{leg}); err != nil {
		t.Fatal(err)
	}
	call.Take(p.Want("SIP/2.0 200"))
	call.Ack("")
	call.Send("INFO", "")
	p.Send(p.Response(p.Skip("BYE "), 200, "", nil, ""))
	if e := siptest.Wait(t, leg.Ended); e.Cause != sip.EndPanic || e.Err == nil {
		t.Errorf("end %+v", e)
	}
	if n := phone.Stats().Panics; n != 1 {
		t.Errorf("%d panics", n)
	}
}

func TestOverload(t *testing.T) {
	cfg := siptest.Config("udp")
	cfg.MaxHandlers = 2
	block := make(chan struct{})
	invites := make(chan *sip.IncomingInvite, 1)
	s := siptest.Server(t, cfg, blocking{block, invites})
	p := siptest.UDP(t, s.Addr("udp"))
	for range 2 {
		p.NewCall("sip:x").Send("OPTIONS", "")
	}
	p.NewCall("sip:x").Send("OPTIONS", "")
	if m := p.Want("SIP/2.0 503"); m.Header("Retry-After") == "" {
		t.Errorf("got\n%s", m.Text)
	}
	call := p.NewCall("sip:x")
	call.Send("INVITE", offer)
	if m := p.Want("SIP/2.0 503"); m.Header("Retry-After") == "" {
		t.Errorf("got\n%s", m.Text)
	}
	p.Send(call.Again("ACK", ""))
	if st := s.Stats(); st.Dialogs != 0 || st.Refused != 2 || len(invites) != 0 {
		t.Errorf("stats %+v, %d invites", st, len(invites))
	}
	close(block)
	p.Want("SIP/2.0 200")
	p.Want("SIP/2.0 200")

}

// TestFullTable: whoever fills the table with requests that cost nothing to send
// keeps nobody from ending a call, nor from being answered.
func TestFullTable(t *testing.T) {
	cfg := siptest.Config("udp")
	cfg.T1, cfg.T2 = time.Second, time.Minute // none is forgotten meanwhile
	cfg.MaxTransactions = 16
	phone := siptest.NewPhoneWith(t, "bob", cfg)
	p := siptest.UDP(t, phone.Addr("udp"))
	up := p.NewCall("sip:x")
	up.Send("INVITE", offer)
	leg := phone.Answer(sdp(answer))
	up.Take(p.Want("SIP/2.0 200"))
	up.Ack("")
	siptest.Wait(t, leg.Acks)
	answered := func(status string, call *siptest.Call, method string, lines ...string) string {
		t.Helper()
		call.Send(method, "", lines...)
		if status == "SIP/2.0 200" {
			if err := siptest.Wait(t, phone.Requests).Respond(sip.Reply{}); err != nil {
				t.Fatal(err)
			}
		}
		return p.Want(status).Tag("To")
	}
	for range 13 { // and the INVITE; two are kept for calls
		answered("SIP/2.0 200", p.NewCall("sip:x"), "OPTIONS")
	}
	call := p.NewCall("sip:x")
	tag := answered("SIP/2.0 200", call, "OPTIONS")
	p.Send(call.Again("OPTIONS", ""))
	if err := siptest.Wait(t, phone.Requests).Respond(sip.Reply{}); err != nil {
		t.Fatal(err)
	}
	if again := p.Want("SIP/2.0 200").Tag("To"); tag == "" || again != tag {
		t.Errorf("tags %s and %s of one request", tag, again)
	}
	answered("SIP/2.0 200", p.NewCall("sip:x"), "REGISTER")
	answered("SIP/2.0 503", p.NewCall("sip:x"), "REGISTER", "Authorization: Digest username=\"bob\"")
	answered("SIP/2.0 503", p.NewCall("sip:x"), "INVITE")
	if st := phone.Stats(); st.Refused != 2 || st.ServerTransactions != 14 {
		t.Errorf("stats %+v", st)
	}
	up.Send("BYE", "")
	p.Want("SIP/2.0 200")
	siptest.Wait(t, leg.Ended)
}

type blocking struct {
	until   chan struct{}
	invites chan *sip.IncomingInvite
}

func (b blocking) OnInvite(i *sip.IncomingInvite) { b.invites <- i }

func (b blocking) OnRequest(r *sip.IncomingRequest) {
	<-b.until
	_ = r.Respond(sip.Reply{}) // the test reads it
}

// TestLogFlood: 10,000 malformed messages make a few lines, without their text.
func TestLogFlood(t *testing.T) {
	var mu sync.Mutex
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(writerFunc(func(b []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return out.Write(b)
	}), nil))
	s, err := sip.NewServer(siptest.Config("udp"), siptest.Polite{}, log)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := siptest.UDP(t, s.Addr("udp"))
	for i := range 10000 {
		p.Send("INVITE sip:secret-number SIP/2.0\r\nsecret-header\r\n\r\n")
		if i%100 == 99 {
			p.Ping() // so that none is lost
		}
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	text := out.String()
	if strings.Contains(text, "secret") || len(text) > 20000 || text == "" {
		t.Errorf("%d bytes of log:\n%.500s", len(text), text)
	}
	if n := s.Stats().Malformed; n != 10000 {
		t.Errorf("%d malformed", n)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// TestAnswersAreNoAmplifier: no answer is twice as long as what it answers.
func TestAnswersAreNoAmplifier(t *testing.T) {
	s := siptest.Server(t, siptest.Config("udp"), siptest.Polite{})
	p := siptest.UDP(t, s.Addr("udp"))
	for _, c := range []struct{ method, line string }{{"OPTIONS", "X: y"}, {"DANCE", "X: y"}, {"OPTIONS", "Require: x"}, {"INVITE", "Content-Length: x"}} {
		call := p.NewCall("sip:127.0.0.1")
		text := call.Request(c.method, "", c.line)
		p.Send(text)
		if m := p.Next(); len(m.Text) > 2*len(text) {
			t.Errorf("%s: %d bytes for %d", c.method, len(m.Text), len(text))
		}
	}
}
