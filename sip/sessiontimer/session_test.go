package sessiontimer_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	st "github.com/skygenesisenterprise/skybridge/sip/sessiontimer"
)

// said is the headers of a message, as lines.
type said []string

func (s said) Tokens(name string) []string {
	var hs message.Headers
	for _, l := range s {
		n, v, _ := strings.Cut(l, ": ")
		hs.Add(n, v)
	}
	return hs.Tokens(name)
}

func (s said) Header(name string) string {
	for _, l := range s {
		if n, v, _ := strings.Cut(l, ": "); n == name {
			return v
		}
	}
	return ""
}

func lines(hs []message.Header) said {
	out := said{}
	for _, h := range hs {
		out = append(out, h.Name+": "+h.Value)
	}
	return out
}

func policy(m st.Mode) st.Policy {
	return st.Policy{Mode: m, Interval: 1800 * time.Second, Min: 90 * time.Second}
}

var modes = map[st.Mode]string{st.Off: "no", st.Accept: "accept", st.Offer: "yes", st.Require: "required", st.Always: "always"}

// TestUAS is table 2 of RFC 4028 and what surrounds it: the peer asks, we answer.
func TestUAS(t *testing.T) {
	const timer, both = "Supported: 100rel, timer", "Supported: timer|Require: timer|"
	limited := policy(st.Accept)
	limited.Limit = 600 * time.Second
	named := policy(st.Accept)
	named.Refresher = st.UAS
	for _, c := range []struct {
		name   string
		policy st.Policy
		asks   said
		status int
		says   string
		terms  string
	}{
		{"nothing asked", policy(st.Offer), said{timer}, 0, "", "none"},
		{"nothing known", policy(st.Offer), said{}, 0, "", "none"},
		{"no refresher named", policy(st.Offer), said{timer, "Session-Expires: 1200"}, 0, both + "Session-Expires: 1200;refresher=uac", "20m theirs"},
		{"compact white space", policy(st.Offer), said{timer, "Session-Expires:  1200 ; Refresher = UAS ; x=y"}, 0, both + "Session-Expires: 1200;refresher=uas", "20m ours"},
		{"the caller refreshes", policy(st.Accept), said{timer, "Session-Expires: 1200;refresher=uac"}, 0, both + "Session-Expires: 1200;refresher=uac", "20m theirs"},
		{"the called one refreshes", policy(st.Accept), said{timer, "Session-Expires: 1200;refresher=uas"}, 0, both + "Session-Expires: 1200;refresher=uas", "20m ours"},
		{"we name ourselves", named, said{timer, "Session-Expires: 1200"}, 0, both + "Session-Expires: 1200;refresher=uas", "20m ours"},
		{"they name themselves", named, said{timer, "Session-Expires: 1200;refresher=uac"}, 0, both + "Session-Expires: 1200;refresher=uac", "20m theirs"},
		{"a proxy asks for a caller that knows nothing", policy(st.Offer), said{"Session-Expires: 1200"}, 0, "Supported: timer|Session-Expires: 1200;refresher=uas", "20m ours"},
		{"a proxy asks for too little", policy(st.Offer), said{"Session-Expires: 30"}, 0, "Supported: timer|Session-Expires: 90;refresher=uas", "1m30s ours"},
		{"too little", policy(st.Offer), said{timer, "Session-Expires: 89"}, 422, "Min-SE: 90", "none"},
		{"too little, which a proxy allows", policy(st.Offer), said{timer, "Session-Expires: 60", "Min-SE: 60"}, 422, "Min-SE: 90", "none"},
		{"just enough", policy(st.Offer), said{timer, "Session-Expires: 90"}, 0, both + "Session-Expires: 90;refresher=uac", "1m30s theirs"},
		{"shortened", limited, said{timer, "Session-Expires: 1200"}, 0, both + "Session-Expires: 600;refresher=uac", "10m theirs"},
		{"shortened no further than is allowed", limited, said{timer, "Session-Expires: 1200", "Min-SE: 900"}, 0, both + "Session-Expires: 900;refresher=uac", "15m theirs"},
		{"unreadable", policy(st.Offer), said{timer, "Session-Expires: soon"}, 0, "", "none"},
		{"nought", policy(st.Offer), said{timer, "Session-Expires: 0"}, 0, "", "none"},
		{"required of us", policy(st.Offer), said{"Require: timer", "Session-Expires: 1200"}, 0, both + "Session-Expires: 1200;refresher=uac", "20m theirs"},
		{"off", policy(st.Off), said{timer, "Session-Expires: 1200"}, 0, "", "none"},
		{"off, but required of us", policy(st.Off), said{"Require: timer"}, 420, "Unsupported: timer", "none"},
		{"required of them", policy(st.Require), said{}, 421, "Require: timer", "none"},
		{"required, not asked", policy(st.Require), said{timer}, 0, both + "Session-Expires: 1800;refresher=uac", "30m theirs"},
		{"always, not asked", policy(st.Always), said{timer}, 0, both + "Session-Expires: 1800;refresher=uac", "30m theirs"},
		{"always, not known", policy(st.Always), said{}, 0, "Supported: timer|Session-Expires: 1800;refresher=uas", "30m ours"},
		{"always, no less than", policy(st.Always), said{timer, "Min-SE: 3600"}, 0, both + "Session-Expires: 3600;refresher=uac", "1h theirs"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := st.New(c.policy)
			a := s.Arrived(c.asks)
			if got := strings.Join(lines(a.Headers), "|"); a.Status != c.status || got != c.says {
				t.Errorf("%s answers %d %q, want %d %q", modes[c.policy.Mode], a.Status, got, c.status, c.says)
			}
			if s.Terms().Active() {
				t.Error("in effect before the answer went out")
			}
			if a.Status == 0 {
				s.Accepted(a)
			}
			if got := show(s.Terms()); got != c.terms {
				t.Errorf("terms %s, want %s", got, c.terms)
			}
		})
	}
}

func show(t st.Terms) string {
	switch {
	case !t.Active():
		return "none"
	case t.Ours:
		return short(t.Interval) + " ours"
	}
	return short(t.Interval) + " theirs"
}

func short(d time.Duration) string {
	s := strings.TrimSuffix(d.String(), "0s")
	if s == d.String() || !strings.HasSuffix(s, "m") {
		return d.String()
	}
	return strings.Replace(s, "h0m", "h", 1)
}

// TestUAC: we ask, the peer and the proxies between answer.
func TestUAC(t *testing.T) {
	for _, c := range []struct {
		name  string
		mode  st.Mode
		says  string // ours
		hears said
		terms string
		fails bool
	}{
		{"they refresh", st.Offer, "Session-Expires: 1800", said{"Session-Expires: 1800;refresher=uas"}, "30m theirs", false},
		{"we refresh", st.Offer, "Session-Expires: 1800", said{"Session-Expires: 1200;refresher=uac"}, "20m ours", false},
		{"nobody is named", st.Offer, "Session-Expires: 1800", said{"Session-Expires: 1200"}, "20m ours", false},
		{"a proxy lowers it", st.Offer, "Session-Expires: 1800", said{"Session-Expires: 90;refresher=uac"}, "1m30s ours", false},
		{"below all bounds", st.Offer, "Session-Expires: 1800", said{"Session-Expires: 1;refresher=uac"}, "1m30s ours", false},
		{"they know nothing of it", st.Offer, "Session-Expires: 1800", said{}, "none", false},
		{"they know nothing, we do it alone", st.Always, "Session-Expires: 1800", said{}, "30m ours", false},
		{"they know nothing, and must", st.Require, "Session-Expires: 1800", said{}, "none", true},
		{"not asked for", st.Accept, "", said{}, "none", false},
		{"not asked for, but wanted", st.Accept, "", said{"Session-Expires: 600;refresher=uac"}, "10m ours", false},
		{"off", st.Off, "", said{"Session-Expires: 600;refresher=uac"}, "none", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := st.New(policy(c.mode))
			req := lines(s.Request())
			want := ""
			if c.says != "" {
				want = strings.TrimPrefix(c.says, "Session-Expires: ")
			}
			if got := req.Header("Session-Expires"); got != want {
				t.Errorf("asks for %q, want %q", got, want)
			}
			if supported := len(req.Tokens("Supported")) > 0; supported != (c.mode != st.Off) {
				t.Errorf("says %q", req)
			}
			if required := req.Header("Require") == "timer"; required != (c.mode == st.Require) {
				t.Errorf("says %q", req)
			}
			err := s.Answered(c.hears)
			if (err != nil) != c.fails || c.fails && fault.Of(err) != fault.Unsupported {
				t.Errorf("error %v", err)
			}
			if got := show(s.Terms()); got != c.terms {
				t.Errorf("terms %s, want %s", got, c.terms)
			}
		})
	}
}

// A 422 raises what is asked for, as often as proxies on the way want it, but not for ever.
func TestRefusedForTooLittle(t *testing.T) {
	s := st.New(st.Policy{Mode: st.Offer, Interval: 100 * time.Second, Min: 90 * time.Second})
	if s.Refused(said{}) || s.Refused(said{"Min-SE: 90"}) {
		t.Error("asks again for the same")
	}
	for _, least := range []string{"120", "1800", "3600"} {
		if !s.Refused(said{"Min-SE: " + least}) {
			t.Fatalf("does not ask for %s", least)
		}
		req := lines(s.Request())
		if req.Header("Session-Expires") != least || req.Header("Min-SE") != least {
			t.Errorf("after %s: %q", least, req)
		}
	}
	if s.Refused(said{"Min-SE: 7200"}) {
		t.Error("asks a fifth time")
	}
	// A refresh may meet one too.
	s = st.New(policy(st.Offer))
	if err := s.Answered(said{"Session-Expires: 600;refresher=uac"}); err != nil {
		t.Fatal(err)
	}
	if !s.Refused(said{"Min-SE: 900"}) {
		t.Fatal("refresh given up")
	}
	if got := lines(s.Request()).Header("Session-Expires"); got != "900;refresher=uac" {
		t.Errorf("refresh asks for %q", got)
	}
	if s := st.New(policy(st.Off)); s.Refused(said{"Min-SE: 900"}) {
		t.Error("asks without a timer")
	}
}

// Who refreshes goes on doing so, whoever sends a request (RFC 4028 §7.4), until both agree
// on something else.
func TestEachRequestNegotiatesAnew(t *testing.T) {
	s := st.New(policy(st.Offer))
	agree := func(a st.Answer) string { s.Accepted(a); return strings.Join(lines(a.Headers), "|") }
	if err := s.Answered(said{"Session-Expires: 1800;refresher=uac", "Allow: INVITE, BYE"}); err != nil || s.ByUpdate() {
		t.Fatal(err, s.ByUpdate())
	}
	if got := lines(s.Request()).Header("Session-Expires"); got != "1800;refresher=uac" {
		t.Errorf("our refresh says %q", got)
	}
	// A hold of the peer's, silent about the refresher, leaves it with us.
	got := agree(s.Arrived(said{"Supported: timer", "Session-Expires: 900", "Allow: INVITE, UPDATE"}))
	if got != "Supported: timer|Require: timer|Session-Expires: 900;refresher=uas" || show(s.Terms()) != "15m ours" || !s.ByUpdate() {
		t.Errorf("%s, %s", got, show(s.Terms()))
	}
	// One that is silent about all of it does not end it.
	if agree(s.Arrived(said{"Supported: timer"})); show(s.Terms()) != "15m ours" {
		t.Errorf("terms %s", show(s.Terms()))
	}
	// The peer takes it over.
	if agree(s.Arrived(said{"Supported: timer", "Session-Expires: 900;refresher=uac"})); show(s.Terms()) != "15m theirs" {
		t.Errorf("terms %s", show(s.Terms()))
	}
	if got := lines(s.Request()).Header("Session-Expires"); got != "900;refresher=uas" {
		t.Errorf("our hold says %q", got)
	}
	if err := s.Answered(said{"Session-Expires: 900;refresher=uas"}); err != nil || show(s.Terms()) != "15m theirs" {
		t.Errorf("terms %s, %v", show(s.Terms()), err)
	}
	// A refused one changes nothing; one that answers without ends it (RFC 4028 §7.2).
	if a := s.Arrived(said{"Supported: timer", "Session-Expires: 10"}); a.Status != 422 || show(s.Terms()) != "15m theirs" {
		t.Errorf("%d, terms %s", a.Status, show(s.Terms()))
	}
	if err := s.Answered(said{}); err != nil || show(s.Terms()) != "none" {
		t.Errorf("terms %s, %v", show(s.Terms()), err)
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		p  st.Policy
		ok bool
	}{
		{st.Default(), true},
		{st.Policy{}, true}, // off
		{st.Policy{Mode: st.Offer, Interval: time.Hour, Min: 89 * time.Second}, false},
		{st.Policy{Mode: st.Offer, Interval: 100 * time.Second, Min: 120 * time.Second}, false},
		{st.Policy{Mode: st.Accept, Interval: time.Hour, Min: 90 * time.Second, Limit: 60 * time.Second}, false},
		{st.Policy{Mode: st.Accept, Interval: time.Hour, Min: 90 * time.Second, Limit: time.Hour}, true},
	} {
		if err := c.p.Validate(); (err == nil) != c.ok || err != nil && fault.Of(err) != fault.Invalid {
			t.Errorf("%+v: %v", c.p, err)
		}
	}
}

// FuzzArrived: whatever a peer writes, what we agree to is bearable, and what we say of it is
// what we do.
func FuzzArrived(f *testing.F) {
	for _, v := range []string{"1800", "90;refresher=uac", "4294967295;refresher=uas", "-1", "99999999999", ";;=;refresher", " 1 ; refresher = UAC"} {
		f.Add(v, "timer", "90")
	}
	f.Fuzz(func(t *testing.T, value, supported, least string) {
		s := st.New(policy(st.Offer))
		asks := said{"Session-Expires: " + value, "Supported: " + supported, "Min-SE: " + least}
		a := s.Arrived(asks)
		s.Accepted(a)
		terms := s.Terms()
		if terms.Active() && terms.Interval < st.Least || a.Status != 0 && terms.Active() {
			t.Fatalf("%q: %d, %+v", asks, a.Status, terms)
		}
		peer := st.New(policy(st.Offer))
		if err := peer.Answered(lines(a.Headers)); err != nil && a.Status == 0 {
			t.Fatal(err)
		}
		if a.Status == 0 && (peer.Terms().Interval != terms.Interval || terms.Active() && peer.Terms().Ours == terms.Ours) {
			t.Fatalf("%s: we have %+v, they %+v", fmt.Sprint(asks), terms, peer.Terms())
		}
	})
}
