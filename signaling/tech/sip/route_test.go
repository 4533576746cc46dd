package sip

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	"github.com/skygenesisenterprise/skybridge/signaling/trunkgroup"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// trunksTo is a pjsip.conf with a trunk for each address: a, b, c ...
func trunksTo(uris ...string) string {
	var b strings.Builder
	for i, u := range uris {
		name := string(rune('a' + i))
		u = strings.ReplaceAll(u, ";", `\;`) // else a comment
		fmt.Fprintf(&b, "[%s]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\naors = %[1]s\n[%[1]s]\ntype = aor\ncontact = %[2]s\n"+
			"[%[1]s]\ntype = identify\nendpoint = %[1]s\nmatch = 192.0.2.%[3]d\n", name, u, i+1)
	}
	return b.String()
}

// exchange is a rig with trunks and a group of them, in their order. Nobody is left for
// being slow, however slow the machine.
func exchange(t *testing.T, uris []string, change func(*directory.Directory)) *rig {
	t.Helper()
	conf := trunksTo(uris...)
	r := newRig(t, conf)
	d := endpoints(t, conf)
	g := trunkgroup.Group{Name: "out", Retry: trunkgroup.DefaultRetry()}
	g.Retry.Patience = siptest.Patience
	for i := range uris {
		g.Members = append(g.Members, trunkgroup.Member{Trunk: string(rune('a' + i)), Priority: i})
	}
	d.Groups = []trunkgroup.Group{g}
	if change != nil {
		change(d)
	}
	if err := r.tech.Configure(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	return r
}

func sipURI(addr netip.AddrPort) string { return "sip:" + addr.String() }

// attentive is a phone whose 100 comes soon, without which no CANCEL goes out to it.
func attentive(t *testing.T, user string) *siptest.Phone {
	t.Helper()
	return siptest.NewPhoneWith(t, user, siptest.Repeating(200*time.Millisecond, "udp"))
}

// pair is a rig with two trunks, each a phone that answers by hand.
func pair(t *testing.T, change func(*directory.Directory)) (r *rig, a, b *siptest.Phone) {
	t.Helper()
	a, b = attentive(t, "a"), attentive(t, "b")
	return exchange(t, []string{sipURI(a.Addr("udp")), sipURI(b.Addr("udp"))}, change), a, b
}

func reject(t *testing.T, p *siptest.Phone, status int, headers ...message.Header) *ua.IncomingInvite {
	t.Helper()
	in := siptest.Wait(t, p.Invites)
	if err := in.Reject(ua.Reply{Status: status, Headers: headers}); err != nil {
		t.Fatal(err)
	}
	return in
}

// answer has a trunk take the call; the answer is the rig's own media.
func (r *rig) answerAt(p *siptest.Phone) *siptest.Leg {
	c := r.offer(0, "PCMU", "sendrecv")
	return p.Answer(ua.Reply{Status: 200, ContentType: c.Type, Body: c.Body})
}

// quiet wants no call at a trunk: what it is asked next is the test's own question.
func quiet(t *testing.T, p *siptest.Phone) {
	t.Helper()
	select {
	case in := <-p.Invites:
		t.Errorf("a call for %s", in.Request().URI())
	default:
	}
}

// nothingLeft wants no call at any trunk's account.
func (r *rig) nothingLeft() {
	r.t.Helper()
	for _, s := range r.tech.table.State() {
		if s.In != 0 || s.Out != 0 {
			r.t.Errorf("trunk %s keeps %d and %d calls", s.Name, s.In, s.Out)
		}
	}
}

// A trunk that is overloaded is left for the next one, for as long as it asks.
func TestFailoverOn503(t *testing.T) {
	r, a, b := pair(t, nil)
	_, told := r.dial("0123@out")
	in := reject(t, a, 503, message.Header{Name: "Retry-After", Value: "60"})
	if u := in.Request().URI(); u.User != "0123" {
		t.Errorf("a is asked for %s", u)
	}
	leg := r.answerAt(b)
	told.want(t, "answered")
	s := r.tech.table.State()
	if left := time.Until(s[0].RetryAt); left < 50*time.Second || left > 60*time.Second || s[0].LastError == "" || s[0].Failures != 1 || s[1].Out != 1 || s[1].Answered != 1 {
		t.Errorf("state %+v", s)
	}
	if err := leg.Dialog.Bye(siptest.Ctx(t)); err != nil {
		t.Error(err)
	}
	told.want(t, "ended 16 true")
	r.nothingLeft()
	_, told = r.dial("out/0123")
	r.answerAt(b)
	told.want(t, "answered")
	quiet(t, a)
}

// Who says nothing, and where nobody listens, is left as well; the caller hears it ring
// once.
func TestFailoverOnSilence(t *testing.T) {
	silent, closed := siptest.UDP(t, netip.AddrPort{}), siptest.TCP(t, siptest.NewPhone(t, "x", "tcp").Addr("tcp"))
	good := attentive(t, "c")
	r := exchange(t, []string{sipURI(silent.Local()), sipURI(closed.Local()) + ";transport=tcp", sipURI(good.Addr("udp"))}, func(d *directory.Directory) {
		d.Groups[0].Retry.Patience = 500 * time.Millisecond // of which the last one has four
	})
	l, told := r.dial("0123@out")
	silent.Want("INVITE ")
	in := siptest.Wait(t, good.Invites)
	if err := in.Progress(ua.Reply{Status: 180}); err != nil {
		t.Fatal(err)
	}
	told.want(t, "ringing")
	if l.Info().Endpoint != "c" {
		t.Errorf("the call is at %s", l.Info().Endpoint)
	}
	// Who was silent rings now: it is canceled, and nobody hears of it.
	l.Hangup(signaling.CauseNormal)
	siptest.Wait(t, in.Done())
	told.want(t, "ended 16 false")
	r.nothingLeft()
}

// A call that is given up while a trunk is tried goes to no other one.
func TestCancelDuringFailover(t *testing.T) {
	r, a, b := pair(t, nil)
	l, told := r.dial("0123@out")
	in := siptest.Wait(t, a.Invites)
	l.Hangup(signaling.CauseNormal)
	siptest.Wait(t, in.Done())
	told.want(t, "ended 16 false")
	quiet(t, b)

	l, told = r.dial("0123@out")
	reject(t, a, 500)
	in = siptest.Wait(t, b.Invites)
	l.Hangup(signaling.CauseNormal)
	siptest.Wait(t, in.Done())
	told.want(t, "ended 16 false")
	r.nothingLeft()
}

// What ends a call, and what does not.
func TestWhoIsCalledIsAskedOnce(t *testing.T) {
	for _, tc := range []struct {
		name       string
		early      ua.Reply
		status     int
		elsewhere  bool
		want       string
		withAnswer bool
	}{
		{name: "busy", status: 486, want: "ended 17 true"},
		{name: "no such number", status: 404, want: "ended 1 true"},
		{name: "temporarily unavailable", status: 480, want: "ended 19 true"},
		{name: "it rang", early: ua.Reply{Status: 180}, status: 500, want: "ended 38 true"},
		{name: "it rang, and is taken back", early: ua.Reply{Status: 180}, status: 503, elsewhere: true},
		{name: "it was heard", early: ua.Reply{Status: 183}, withAnswer: true, status: 503, want: "ended 34 true"},
		{name: "failed", status: 502, elsewhere: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, a, b := pair(t, nil)
			_, told := r.dial("0123@out")
			in := siptest.Wait(t, a.Invites)
			if tc.early.Status != 0 {
				if tc.withAnswer {
					c := r.offer(0, "PCMU", "sendrecv")
					tc.early.ContentType, tc.early.Body = c.Type, c.Body
				}
				if err := in.Progress(tc.early); err != nil {
					t.Fatal(err)
				}
			}
			if err := in.Reject(ua.Reply{Status: tc.status}); err != nil {
				t.Fatal(err)
			}
			if tc.elsewhere {
				reject(t, b, 486)
				tc.want = "ended 17 true"
			}
			told.want(t, tc.want)
			quiet(t, b)
			r.nothingLeft()
		})
	}
}

// All down: the caller is told at once.
func TestAllDown(t *testing.T) {
	r, a, b := pair(t, nil)
	_, told := r.dial("0123@out")
	after := message.Header{Name: "Retry-After", Value: "60"}
	reject(t, a, 503, after)
	reject(t, b, 503, after)
	told.want(t, "ended 34 true")
	_, err := r.tech.Dial(siptest.Ctx(t), signaling.DialRequest{Resource: "0123@out"})
	if fault.Of(err) != fault.Unavailable || !strings.Contains(err.Error(), "left alone") {
		t.Errorf("dialled: %v", err)
	}
	if _, err := r.tech.Dial(siptest.Ctx(t), signaling.DialRequest{Resource: "0123@nobody"}); fault.Of(err) != fault.NotFound {
		t.Errorf("dialled: %v", err)
	}
	r.nothingLeft()
}

// A trunk at its limit is passed over, and refuses what comes in.
func TestTrunkLimits(t *testing.T) {
	r, a, b := pair(t, func(d *directory.Directory) {
		d.Endpoints[0].Policy.MaxCalls = 1
		d.Endpoints[0].Match = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	_, first := r.dial("1@out")
	r.answerAt(a)
	first.want(t, "answered")
	_, second := r.dial("2@out")
	r.answerAt(b)
	second.want(t, "answered")
	if f := siptest.Wait(t, r.call(a, "600").Failed); f.Response == nil || f.Response.Status() != 503 || f.Response.Header("Retry-After") == "" {
		t.Errorf("a call too many: %+v", f)
	}
	if _, err := r.tech.Dial(siptest.Ctx(t), signaling.DialRequest{Resource: "3@a"}); fault.Of(err) != fault.TooMany {
		t.Errorf("a call too many: %v", err)
	}
}

// A trunk with two addresses goes to the second when the first is out of order, in the
// order of the file.
func TestTwoAddressesOfOneTrunk(t *testing.T) {
	a, b := siptest.NewPhone(t, "a"), siptest.NewPhone(t, "b")
	for _, order := range [][]*siptest.Phone{{a, b}, {b, a}} {
		r := exchange(t, []string{sipURI(order[0].Addr("udp")) + "\ncontact = " + sipURI(order[1].Addr("udp"))}, nil)
		_, told := r.dial("0123@a")
		reject(t, order[0], 503)
		reject(t, order[1], 404)
		told.want(t, "ended 1 true")
	}
}
