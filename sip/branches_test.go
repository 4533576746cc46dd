package sip_test

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// TestPracks: what we acknowledge as a caller (RFC 3262 §4).
func TestPracks(t *testing.T) {
	_, p, leg, inv := calling(t, nil)
	reliable := func(rseq string, body string) {
		lines := []string{p.Contact(), wants100rel, "RSeq: " + rseq}
		if body != "" {
			lines = append(lines, "Content-Type: application/sdp")
		}
		p.Send(p.Response(inv, 183, "a", lines, body))
	}
	acked := func(rseq string) {
		t.Helper()
		m := p.Want("PRACK ")
		if m.Header("RAck") != rseq+" 1 INVITE" || m.Tag("To") != "a" || !strings.Contains(m.Start, p.Local().String()) {
			t.Errorf("want an acknowledgement of %s, got\n%s", rseq, m.Text)
		}
		p.Send(p.Response(m, 200, "", nil, ""))
	}
	reliable("70", "")
	acked("70")
	reliable("70", "")     // repeated
	reliable("72", answer) // one before it is missing
	reliable("71", "")
	acked("71")
	reliable("72", answer)
	acked("72")
	for range 3 {
		siptest.Wait(t, leg.Provisional)
	}
	// Agreed: the peer may offer anew, and is told off for what is none of its business.
	early := inDialog(p, inv, "a")
	early.Send("BYE", "")
	p.Want("SIP/2.0 500")
	early.Send("PRACK", "", "RAck: 1 1 INVITE")
	p.Want("SIP/2.0 481")
	early.Send("INVITE", offer)
	p.Want("SIP/2.0 500")
	p.Send(early.Again("ACK", ""))
	p.Send(p.Response(inv, 200, "a", []string{p.Contact()}, ""))
	leg.Answered()
	if m := p.Want("ACK "); m.Header("CSeq") != "1 ACK" {
		t.Errorf("got\n%s", m.Text)
	}
	if len(leg.Provisional) != 0 {
		t.Error("a repeated response was taken twice")
	}
	done := make(chan error, 1)
	go func() { done <- leg.Dialog.Bye(siptest.Ctx(t)) }() // ended by the answer below
	bye := p.Want("BYE ")
	if bye.Header("CSeq") != "5 BYE" { // INVITE, three PRACKs
		t.Errorf("got\n%s", bye.Text)
	}
	p.Send(p.Response(bye, 200, "", nil, ""))
	if err := siptest.Wait(t, done); err != nil {
		t.Error(err)
	}
}

// earlyLeg takes part in early dialogs.
type earlyLeg struct {
	*siptest.Leg
	dialogs chan *sip.Dialog
}

func (l *earlyLeg) OnEarly(d *sip.Dialog, _ *message.Response) sip.DialogHandler {
	l.dialogs <- d
	return l
}

// TestBranches: each fork has a dialog of its own (RFC 3261 §13.2.2.4).
func TestBranches(t *testing.T) {
	phone := siptest.NewPhone(t, "alice")
	p := siptest.UDP(t, phone.Addr("udp"))
	o := phone.Outbound(peerURI(p))
	o.ContentType, o.Body = "application/sdp", []byte(offer)
	leg := &earlyLeg{siptest.NewLeg(t), make(chan *sip.Dialog, 8)}
	if _, err := phone.Invite(siptest.Ctx(t), o, leg); err != nil {
		t.Fatal(err)
	}
	inv := p.Want("INVITE ")
	at := func(user string) string { return "Contact: <sip:" + user + "@" + p.Local().String() + ">" }
	route := "Record-Route: <sip:" + p.Local().String() + ";lr;fork=%>"
	var early []*sip.Dialog
	for _, tag := range []string{"a", "b", "c"} {
		p.Send(p.Response(inv, 183, tag, []string{
			at(tag), strings.Replace(route, "%", tag, 1), wants100rel, "RSeq: 9", "Content-Type: application/sdp",
		}, "answer of "+tag))
		early = append(early, siptest.Wait(t, leg.dialogs))
		siptest.Wait(t, leg.Provisional)
		m := p.Want("PRACK sip:" + tag + "@")
		if m.Header("RAck") != "9 1 INVITE" || m.Header("CSeq") != "2 PRACK" || !strings.Contains(m.Header("Route"), "fork="+tag) {
			t.Errorf("got\n%s", m.Text)
		}
		p.Send(p.Response(m, 200, "", nil, ""))
	}
	// An UPDATE in one of them, from either side.
	up := inDialog(p, inv, "b")
	up.Send("UPDATE", offer, at("moved"))
	if err := siptest.Wait(t, leg.Requests).Respond(sdp(answer)); err != nil {
		t.Fatal(err)
	}
	p.Want("SIP/2.0 200")
	got := make(chan error, 1)
	go func() { // ended by the answer below
		_, err := early[1].Request(siptest.Ctx(t), "UPDATE", sip.Content{Type: "application/sdp", Body: []byte(offer)})
		got <- err
	}()
	m := p.Want("UPDATE sip:moved@")
	p.Send(p.Response(m, 200, "", []string{at("moved"), "Content-Type: application/sdp"}, answer))
	if err := siptest.Wait(t, got); err != nil {
		t.Error(err)
	}
	// RFC 6228: one of them has ended.
	p.Send(p.Response(inv, 199, "c", []string{at("c")}, ""))
	siptest.Wait(t, leg.Provisional)
	siptest.Wait(t, early[2].Done())
	// Another than the last one answers, from elsewhere.
	p.Send(p.Response(inv, 200, "a", []string{at("answered"), strings.Replace(route, "%", "final", 1)}, answer))
	leg.Answered()
	if leg.Dialog != early[0] {
		t.Error("the early dialog is not the one that was confirmed")
	}
	if m := p.Want("ACK sip:answered@"); !strings.Contains(m.Header("Route"), "fork=final") {
		t.Errorf("got\n%s", m.Text)
	}
	siptest.Wait(t, early[1].Done())
	up.Send("UPDATE", "")
	p.Want("SIP/2.0 481")
	if len(leg.Ended) != 0 {
		t.Error("told of the end of a fork")
	}
	// The loser answers as well: ACK, and a BYE after the PRACK and UPDATE that it had.
	p.Send(p.Response(inv, 200, "b", []string{at("b")}, answer))
	p.Want("ACK sip:b@")
	bye := p.Want("BYE sip:b@")
	if bye.Header("CSeq") != "4 BYE" {
		t.Errorf("got\n%s", bye.Text)
	}
	p.Send(p.Response(bye, 200, "", nil, ""))
}

// Branches that answer once the call is over get their ACK, as often as they answer, and one
// BYE (RFC 3261 §13.2.2.4): a phone that nobody talks to is not to stay off the hook. That has
// a higher CSeq than any request before it. What the branch of the call says again is of the
// past.
func TestBranchesAnswerAfterTheCall(t *testing.T) {
	_, p, leg, inv := calling(t, nil)
	p.Send(p.Response(inv, 183, "b", []string{p.Contact(), wants100rel, "RSeq: 70"}, ""))
	p.Send(p.Response(p.Want("PRACK "), 200, "", nil, ""))
	p.Send(p.Response(inv, 200, "a", []string{p.Contact()}, answer))
	leg.Answered()
	p.Skip("ACK ")
	inDialog(p, inv, "a").Send("BYE", "")
	p.Skip("SIP/2.0 200")
	siptest.Wait(t, leg.Ended)
	for _, tag := range []string{"b", "c"} {
		p.Send(p.Response(inv, 180, tag, []string{p.Contact()}, ""))
		p.Send(p.Response(inv, 200, "a", []string{p.Contact()}, answer))
		p.Send(p.Response(inv, 200, tag, []string{p.Contact()}, answer))
		var bye *siptest.Message
		for acks := 0; acks < 3 || bye == nil; {
			m := p.Next()
			switch method, _, _ := strings.Cut(m.Start, " "); {
			case m.Tag("To") != tag || m.Header("From") != inv.Header("From") || m.Header("Call-ID") != inv.Header("Call-ID"):
				t.Fatalf("got\n%s", m.Text)
			case method == "ACK" && m.Header("CSeq") == "1 ACK":
				if acks++; acks < 3 { // as if it were lost
					p.Send(p.Response(inv, 200, tag, []string{p.Contact()}, answer))
				}
			case method == "BYE" && m.Header("CSeq") == "3 BYE" && (bye == nil || bye.Header("Via") == m.Header("Via")):
				bye = m // sent again as long as it has no answer
			default:
				t.Fatalf("got\n%s", m.Text)
			}
		}
		p.Send(p.Response(bye, 200, "", nil, ""))
	}
}
