package sip_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/overload"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// refusing refuses every INVITE with one status, and answers the rest.
type refusing int

func (r refusing) OnInvite(i *sip.IncomingInvite) {
	if i.Request().HasHeader("Authorization") {
		_ = i.Reject(sip.Reply{Status: 486}) // the test reads it
		return
	}
	_ = i.Reject(sip.Reply{Status: int(r)})
}

func (refusing) OnRequest(r *sip.IncomingRequest) { _ = r.Respond(sip.Reply{}) }

// TestForgedInvitesKeepNobodyOut: INVITEs in others' names, whose refusals nobody
// acknowledges, take no room from those of a phone.
func TestForgedInvitesKeepNobodyOut(t *testing.T) {
	for _, status := range []int{401, 407, 403} {
		cfg := siptest.Config("udp")
		cfg.T1, cfg.T2 = time.Second, time.Minute // none is forgotten meanwhile
		cfg.MaxTransactions = 16
		s := siptest.Server(t, cfg, refusing(status))
		forger, phone := siptest.UDP(t, s.Addr("udp")), siptest.UDP(t, s.Addr("udp"))
		for range 10 * cfg.MaxTransactions {
			forger.NewCall("sip:x").Send("INVITE", offer)
			if m := forger.Next(); m.Status() != status {
				t.Fatalf("got\n%s", m.Text)
			}
		}
		phone.NewCall("sip:x").Send("REGISTER", "", "Authorization: Digest username=\"bob\"")
		phone.Want("SIP/2.0 200")
		call := phone.NewCall("sip:x")
		call.Send("INVITE", offer)
		if m := phone.Next(); m.Status() != status {
			t.Errorf("got\n%s", m.Text)
		}
		phone.Send(call.Again("ACK", ""))
		call.Send("INVITE", offer, "Authorization: Digest username=\"bob\"")
		phone.Want("SIP/2.0 486")
		if st := s.Stats(); st.Refused != 0 {
			t.Errorf("%d: stats %+v", status, st)
		}
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
	for cfg.Admission.State().Short != "transactions" { // measured ten times a second
		select {
		case <-late:
			t.Fatalf("state %+v", cfg.Admission.State())
		case <-time.After(10 * time.Millisecond):
		}
	}
	if st := cfg.Admission.State(); st.Pressure != 1 || st.Portless != 1 {
		t.Errorf("state %+v", st)
	}
	p.NewCall("sip:x").Send("REGISTER", "")
	p.Want("SIP/2.0 503")
	if n := cfg.Admission.Refused(); n != 1 {
		t.Errorf("%d refused by the gate", n)
	}
}
