package sip

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/signaling/extension"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/instance"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/qualify"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// Of two phones that are registered for one extension a call to it rings the one that came
// last, and that one alone, as one leg.
func TestTwoPhonesOfOneExtension(t *testing.T) {
	r := newRig(t, desk+"max_contacts = 2\n")
	one, two := r.phone("1001"), r.phone("1001")
	for _, last := range []*siptest.Phone{one, two} {
		r.registers(last)
		_, told := r.dial("1001")
		if err := siptest.Wait(t, last.Invites).Reject(ua.Reply{Status: 486}); err != nil {
			t.Fatal(err)
		}
		told.want(t, "ended 17 true")
	}
	if n := len(one.Invites) + len(two.Invites); n > 0 {
		t.Errorf("%d more calls came", n)
	}
	if n := len(r.tech.registrar.Lookup("1001")); n != 2 {
		t.Errorf("%d contacts", n)
	}
}

// registers has a phone register for 1001 where it is.
func (r *rig) registers(p *siptest.Phone) {
	r.t.Helper()
	if status := r.register(p, p.URI("udp").String(), 60); status != 200 {
		r.t.Fatalf("REGISTER: %d", status)
	}
}

// away is an address where nobody listens.
func away(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// office has 1001 with phones that register and one that is away, 1002 who calls, 1003 with
// nobody, and a trunk.
func office(t *testing.T) (*rig, *extension.Registry, [2]*siptest.Phone) {
	t.Helper()
	trunk := siptest.NewPhone(t, "trunk", "udp")
	r, services := planned(t, "[1001]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\naors = 1001,gone\n[1001]\ntype = aor\nmax_contacts = 3\n"+
		"[gone]\ntype = aor\nqualify_frequency = 60\ncontact = sip:1001@"+away(t)+"\\;transport=tcp\n"+
		"[1002]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\ncallerid = Ben <1002>\n"+
		"[1003]\ntype = endpoint\nallow = !all,ulaw\naors = 1003\n[1003]\ntype = aor\nmax_contacts = 2\n"+
		named("trunk", "context = closed\n[trunk]\ntype = identify\nendpoint = trunk\nmatch = 192.0.2.1", trunk))
	phones := [2]*siptest.Phone{r.phone("1001"), r.phone("1001")}
	for _, p := range phones {
		r.registers(p)
	}
	tick, patience := time.NewTicker(time.Millisecond), siptest.Ctx(t)
	defer tick.Stop()
	for r.tech.registrar.Lookup("gone")[0].Status != qualify.Unavail {
		select {
		case <-tick.C:
		case <-patience.Done():
			t.Fatalf("%+v", r.tech.registrar.Lookup("gone"))
		}
	}
	return r, services, phones
}

// ring waits until so many called phones ring, as far as the server knows.
func (r *rig) ring(want int) {
	r.t.Helper()
	tick, patience := time.NewTicker(time.Millisecond), siptest.Ctx(r.t)
	defer tick.Stop()
	for {
		n := 0
		for _, c := range r.house.Engine.Channels() {
			if c.Outgoing && c.State == signaling.Ringing {
				n++
			}
		}
		if n == want {
			return
		}
		select {
		case <-tick.C:
		case <-patience.Done():
			r.t.Fatalf("%d phones ring, not %d", n, want)
		}
	}
}

// Every phone of an extension rings, the one that is away does not; who loses learns that
// another has answered.
func TestAllPhonesOfOneExtension(t *testing.T) {
	t.Parallel()
	r, services, phones := office(t)
	caller := r.phone("1002")
	t.Run("one answers", func(t *testing.T) {
		leg := r.call(caller, "*91001")
		var ringing [2]*ua.IncomingInvite
		for i, p := range phones {
			ringing[i] = siptest.Wait(t, p.Invites)
			if err := ringing[i].Progress(ua.Reply{}); err != nil {
				t.Fatal(err)
			}
		}
		r.ring(2)
		c := r.offer(0, "PCMU", "sendrecv")
		dialog, err := ringing[1].Accept(ua.Reply{ContentType: c.Type, Body: c.Body}, siptest.NewLeg(t))
		if err != nil {
			t.Fatal(err)
		}
		leg.Answered()
		siptest.Wait(t, ringing[0].Done())
		if m := ringing[0].CancelRequest(); m == nil || m.Header("Reason") != `SIP;cause=200;text="Call completed elsewhere"` {
			t.Errorf("the other phone is told %v", m)
		}
		if err := dialog.Bye(siptest.Ctx(t)); err != nil {
			t.Error(err)
		}
		siptest.Wait(t, leg.Ended)
	})
	t.Run("both are busy", func(t *testing.T) {
		leg := r.call(caller, "*91001")
		for _, p := range phones {
			if err := siptest.Wait(t, p.Invites).Reject(ua.Reply{Status: 486}); err != nil {
				t.Fatal(err)
			}
		}
		if f := siptest.Wait(t, leg.Failed); f.Response.Status() != 486 {
			t.Errorf("refused with %d", f.Response.Status())
		}
	})
	t.Run("nobody is there", func(t *testing.T) {
		if f := siptest.Wait(t, r.call(caller, "*91003").Failed); f.Response.Status() != 480 {
			t.Errorf("refused with %d", f.Response.Status())
		}
	})
	t.Run("what the extension has switched on", func(t *testing.T) {
		if err := services.Set(t.Context(), "1001", extension.Services{DND: true}); err != nil {
			t.Fatal(err)
		}
		if f := siptest.Wait(t, r.call(caller, "*91001").Failed); f.Response.Status() != 486 {
			t.Errorf("refused with %d", f.Response.Status())
		}
	})
	for i, p := range phones {
		if n := len(p.Invites); n > 0 {
			t.Errorf("phone %d has %d more calls", i, n)
		}
	}
}

// What PJSIP_DIAL_CONTACTS names.
func TestDialContacts(t *testing.T) {
	t.Parallel()
	r, _, _ := office(t)
	const contact = "PJSIP/1001/contact-*"
	gone := []dialplan.Variable{{Name: "__" + instance.Variable, Value: "1001 <urn:uuid:gone>"}}
	for _, ca := range []struct {
		endpoint, aor, user string
		vars                []dialplan.Variable
		want                string
		kind                fault.Kind
	}{
		{endpoint: "1001", want: contact + "&" + contact},
		{endpoint: "1001", aor: "1001", want: contact + "&" + contact},
		{endpoint: "1001", aor: "gone"},
		{endpoint: "1001", user: "200", want: contact + "/200&" + contact + "/200"},
		{endpoint: "1001", vars: gone}, // for one phone, which is not there
		{endpoint: "1003"},
		{endpoint: "trunk", want: "PJSIP/trunk"},
		{endpoint: "trunk", user: "0123", want: "PJSIP/0123@trunk"},
		{endpoint: "nobody", kind: fault.NotFound},
		{endpoint: "1001", aor: "1003", kind: fault.NotFound},
		{endpoint: "1001", user: "200@trunk", kind: fault.Invalid},
		{endpoint: "1001", user: "1&SIP/trunk/0", kind: fault.Invalid},
		{endpoint: "trunk", user: "1;lr", kind: fault.Invalid},
	} {
		targets, err := r.tech.Contacts(ca.endpoint, ca.aor, ca.user, ca.vars)
		if (err != nil) != (ca.kind != 0) || err != nil && fault.Of(err) != ca.kind {
			t.Errorf("%+v: %v", ca, err)
		}
		got := make([]string, 0, 2)
		for _, target := range targets {
			s := target.String()
			if c, ok := target.Contact(); ok {
				s = strings.Replace(s, c.Token, "*", 1)
			}
			got = append(got, s)
		}
		if text := strings.Join(got, "&"); text != ca.want {
			t.Errorf("%+v is %s", ca, text)
		}
	}
}

// A token stands for one contact of one endpoint, for as long as there is one. Nobody makes
// up another, nor dials an address.
func TestForgedContacts(t *testing.T) {
	t.Parallel()
	r, _, phones := office(t)
	targets, err := r.tech.Contacts("1001", "", "", nil)
	if err != nil || len(targets) != 2 || targets[0] == targets[1] {
		t.Fatal(targets, err)
	}
	c, _ := targets[0].Contact()
	for _, resource := range []string{
		"1001/contact-0123456789abcdef", "1002/contact-" + c.Token, "1003/contact-" + c.Token, "trunk/contact-" + c.Token, "nobody/contact-" + c.Token,
		"1001/contact-" + c.Token + "@trunk", "1001/contact-" + c.Token + "/200@trunk", "contact-" + c.Token + "@1001/1", "contact-" + c.Token,
	} {
		l, err := r.tech.Dial(siptest.Ctx(t), signaling.DialRequest{Resource: resource})
		if fault.Of(err) != fault.NotFound || err == nil {
			t.Errorf("%s: %v", resource, err)
		}
		if err == nil {
			l.Start(make(report, 256))
			l.Hangup(signaling.CauseNormal)
		}
	}
	for _, s := range []string{"PJSIP/1001/sip:1001@127.0.0.1:5060", "PJSIP/1001/sip:0044@192.0.2.1", targets[0].String() + ";lr"} {
		if target, err := dialstring.Parse(s); err == nil {
			t.Errorf("%q is %+v", s, target)
		}
	}
	// The real one rings its phone, asked for whom the plan wants.
	_, told := r.dial(targets[0].Resource + "/200")
	in := siptest.Wait(t, phones[0].Invites)
	if user := in.Request().URI().User; user != "200" {
		t.Errorf("asked for %s", user)
	}
	if err := in.Reject(ua.Reply{Status: 486}); err != nil {
		t.Fatal(err)
	}
	told.want(t, "ended 17 true")
	// And no more, once that has left.
	if status := r.register(phones[0], phones[0].URI("udp").String(), 0); status != 200 {
		t.Fatalf("REGISTER: %d", status)
	}
	if _, err := r.tech.Dial(siptest.Ctx(t), signaling.DialRequest{Resource: targets[0].Resource}); fault.Of(err) != fault.NotFound {
		t.Errorf("the contact that left: %v", err)
	}
}
