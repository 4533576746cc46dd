package sip

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dial"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/gruu"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// natted registers a phone from behind a NAT, as one that says a private address.
func natted(r *rig, p *siptest.Peer, callID string, seq int, lines ...string) *siptest.Message {
	r.t.Helper()
	c := p.NewCall("sip:" + r.server.Addr("udp").String())
	c.From, c.To, c.ID, c.Seq = "<sip:1001@127.0.0.1>", "<sip:1001@127.0.0.1>", callID, seq
	c.Send("REGISTER", "", append([]string{"Contact: <sip:1001@10.0.0.1>;+sip.instance=\"<urn:uuid:1>\"", "Expires: 600"}, lines...)...)
	return p.Skip("SIP/2.0 200")
}

const behindNAT = `
[1001]
type = endpoint
context = internal
allow = !all,ulaw
aors = 1001
rewrite_contact = yes
[1001]
type = aor
max_contacts = 3
`

// A call follows its phone to the address that its NAT gives it next, without a word in
// the call itself.
func TestCallFollowsItsPhone(t *testing.T) {
	r := newRig(t, behindNAT)
	phone := siptest.UDP(t, r.server.Addr("udp"))
	natted(r, phone, "reg", 0)
	call := phone.NewCall("sip:600@" + r.server.Addr("udp").String())
	call.From = "<sip:1001@127.0.0.1>"
	offer := r.offer(0, "PCMU", "sendrecv")
	call.Send("INVITE", string(offer.Body), "Contact: <sip:1001@10.0.0.1>")
	c := siptest.Wait(t, r.calls)
	if err := c.Answer(siptest.Ctx(t)); err != nil {
		t.Fatal(err)
	}
	call.Take(phone.Skip("SIP/2.0 200"))
	call.Ack("")
	moved := siptest.UDP(t, r.server.Addr("udp"))
	natted(r, moved, "reg", 1)
	c.Hangup(signaling.CauseNormal)
	bye := moved.Skip("BYE ")
	moved.Send(moved.Response(bye, 200, "", nil, ""))
	if bye.Header("Call-ID") != call.ID || !strings.HasPrefix(bye.Start, "BYE sip:1001@10.0.0.1 ") {
		t.Errorf("%s", bye.Text)
	}
}

// A call to a GRUU goes to that phone of the extension, and to no other.
func TestCallToGRUU(t *testing.T) {
	maker, err := gruu.New([]byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, behindNAT+anybody2, func(c *Config, _ *ua.Config) { c.GRUU = maker })
	r.house.Engine.AddTech(r.tech)
	one, two := siptest.UDP(t, r.server.Addr("udp")), siptest.UDP(t, r.server.Addr("udp"))
	natted(r, one, "one", 0)
	natted(r, two, "two", 0, "Contact: <sip:1001@10.0.0.1>;+sip.instance=\"<urn:uuid:2>\"")
	aor := message.URI{Scheme: "sip", User: "1001", Host: "127.0.0.1"}
	temporary := maker.Temporary(aor, "<urn:uuid:1>", "one")
	for name, u := range map[string]message.URI{"public": gruu.Public(aor, "<urn:uuid:1>"), "temporary": temporary} {
		r.call(r.phone("1002"), "x", func(o *ua.Outbound) {
			u.Host, u.Port = o.Target.Host, o.Target.Port
			o.Target = u
		})
		from := siptest.Wait(t, r.calls)
		if got := from.Snapshot().Dialplan.Exten; got != "1001" {
			t.Errorf("%s: extension %q", name, got)
		}
		done := make(chan dial.Result, 1)
		go func() { // ended by the answer below
			done <- dial.Do(siptest.Ctx(t), r.house.Engine, dial.Plan{
				From: from, Targets: []dialstring.Target{{Tech: "PJSIP", Resource: "1001"}},
			})
		}()
		inv := one.Skip("INVITE ")
		one.Send(one.Response(inv, 486, "b", nil, ""))
		siptest.Wait(t, done)
		from.Hangup(signaling.CauseNormal)
		if n := len(two.Arrived()); n != 0 {
			t.Errorf("%s: the other phone got %d messages", name, n)
		}
	}
	gone := gruu.Public(aor, "<urn:uuid:9>")
	leg := r.call(r.phone("1002"), "x", func(o *ua.Outbound) {
		gone.Host, gone.Port = o.Target.Host, o.Target.Port
		o.Target = gone
	})
	if f := siptest.Wait(t, leg.Failed); f.Response == nil || f.Response.Status() != 480 {
		t.Errorf("a phone that is not registered: %+v", f)
	}
}

const anybody2 = `
[1002]
type = endpoint
context = internal
allow = !all,ulaw
`
