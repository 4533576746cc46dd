package sip_test

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/overload"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// refusing refuses every INVITE with one status, but for bob's, and answers the rest.
type refusing int

func (r refusing) OnInvite(i *sip.IncomingInvite) {
	if i.Request().Header("Authorization") == bob {
		_ = i.Reject(sip.Reply{Status: 486}) // the test reads it
		return
	}
	_ = i.Reject(sip.Reply{Status: int(r)})
}

func (refusing) OnRequest(r *sip.IncomingRequest) { _ = r.Respond(sip.Reply{}) }

// bob is what bob shows.
const bob = `Digest username="bob"`

// refused waits for the refusal of a call, whatever comes before it.
func refused(call *siptest.Call, status int) *siptest.Message {
	for {
		if m := call.Peer.Skip(fmt.Sprint("SIP/2.0 ", status)); m.Header("Call-ID") == call.ID {
			return m
		}
	}
}

// TestForgedInvitesKeepNobodyOut: INVITEs in others' names, whose refusals nobody
// acknowledges, take no room from those of a phone, whatever credentials they show.
func TestForgedInvitesKeepNobodyOut(t *testing.T) {
	for _, c := range []struct {
		status int
		lines  []siptest.Line
	}{
		{401, nil}, {407, nil}, {403, nil},
		{401, []siptest.Line{`Authorization: Digest username="x"`}},
		{407, []siptest.Line{`Proxy-Authorization: Digest username="x"`}},
	} {
		cfg := siptest.Config("udp")
		cfg.T1, cfg.T2 = time.Second, time.Minute // none is forgotten meanwhile
		cfg.MaxTransactions = 16
		s := siptest.Server(t, cfg, refusing(c.status))
		forger, phone := siptest.UDP(t, s.Addr("udp")), siptest.UDP(t, s.Addr("udp"))
		for range 10 * cfg.MaxTransactions {
			call := forger.NewCall("sip:x")
			call.Send("INVITE", offer, c.lines...)
			refused(call, c.status)
		}
		phone.NewCall("sip:x").Send("REGISTER", "", "Authorization: "+bob)
		phone.Want("SIP/2.0 200")
		call := phone.NewCall("sip:x")
		call.Send("INVITE", offer)
		refused(call, c.status)
		phone.Send(call.Again("ACK", ""))
		call.Send("INVITE", offer, "Authorization: "+bob)
		refused(call, 486)
		if st := s.Stats(); st.Refused != 0 {
			t.Errorf("%d: stats %+v", c.status, st)
		}
	}
}

// asked counts what a handler is asked.
type asked struct {
	refusing
	invites *atomic.Int32
}

func (a asked) OnInvite(i *sip.IncomingInvite) {
	a.invites.Add(1)
	a.refusing.OnInvite(i)
}

// TestCopiesOfWrongCredentialsAreCheckedOnce: each copy of one INVITE gets the same challenge,
// and the handler, which counts wrong passwords, sees one.
func TestCopiesOfWrongCredentialsAreCheckedOnce(t *testing.T) {
	h := asked{401, new(atomic.Int32)}
	cfg := siptest.Config("udp")
	cfg.T1, cfg.T2 = time.Minute, time.Minute // nothing is said but by us
	s := siptest.Server(t, cfg, h)
	p := siptest.UDP(t, s.Addr("udp"))
	call := p.NewCall("sip:x")
	wrong := `Authorization: Digest username="x"`
	call.Send("INVITE", offer, wrong)
	first := p.Want("SIP/2.0 401")
	for range 3 {
		p.Send(call.Again("INVITE", offer, wrong))
		if m := p.Want("SIP/2.0 401"); m.Text != first.Text {
			t.Errorf("got\n%s", m.Text)
		}
	}
	p.Send(call.Again("ACK", ""))
	p.Ping()
	if n := h.invites.Load(); n != 1 {
		t.Errorf("one INVITE and its copies were handled %d times", n)
	}
}

// TestChallengeOfAnInvite: the same request has the same To tag each time; there is nothing
// of it to cancel, and its ACK is of nothing.
func TestChallengeOfAnInvite(t *testing.T) {
	s := siptest.Server(t, siptest.Config("udp"), refusing(401))
	p := siptest.UDP(t, s.Addr("udp"))
	call := p.NewCall("sip:x")
	call.Send("INVITE", offer)
	tag := p.Want("SIP/2.0 401").Tag("To")
	p.Send(call.Again("INVITE", offer))
	if again := p.Want("SIP/2.0 401").Tag("To"); tag == "" || again != tag {
		t.Errorf("tags %q and %q of one request", tag, again)
	}
	p.Send(call.Again("CANCEL", ""))
	p.Want("SIP/2.0 481")
	p.Send(call.Again("ACK", ""))
	p.Ping()
	if st := s.Stats(); st.ServerTransactions != 1 { // that of the ping
		t.Errorf("stats %+v", st)
	}
}

// TestTheGateSeesAFullTable: what fills the table is refused by probability before it is
// full, and the gate says for want of what.
func TestTheGateSeesAFullTable(t *testing.T) {
	cfg := siptest.Config("udp")
	cfg.T1, cfg.T2 = time.Second, time.Minute // none makes room meanwhile
	cfg.MaxTransactions = 16
	cfg.Admission = overload.New(overload.Default(), overload.Measure{}, slog.New(slog.DiscardHandler))
	t.Cleanup(cfg.Admission.Close)
	s := siptest.Server(t, cfg, refusing(401))
	p := siptest.UDP(t, s.Addr("udp"))
	for range 14 { // two are kept for calls
		p.NewCall("sip:x").Send("OPTIONS", "")
		p.Want("SIP/2.0 200")
	}
	late := time.After(2 * time.Minute)
	for cfg.Admission.State().Pressure < 1 { // measured ten times a second, while it fills too
		select {
		case <-late:
			t.Fatalf("state %+v", cfg.Admission.State())
		case <-time.After(10 * time.Millisecond):
		}
	}
	if st := cfg.Admission.State(); st.Short != "transactions" || st.Portless != 1 {
		t.Errorf("state %+v", st)
	}
	p.NewCall("sip:x").Send("REGISTER", "")
	p.Want("SIP/2.0 503")
	if n := cfg.Admission.Refused(); n != 1 {
		t.Errorf("%d refused by the gate", n)
	}
}
