package trunk

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// registeredWith is a registrar's 200 with Service-Route headers.
func registeredWith(t *testing.T, routes ...string) *message.Response {
	t.Helper()
	text := "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\n"
	for _, r := range routes {
		text += "Service-Route: " + r + "\r\n"
	}
	p, err := message.Parse([]byte(text + "\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	return message.NewResponse(p, message.Source{})
}

// shown is a route as text.
func shown(route []message.Address) string {
	var out []string
	for _, a := range route {
		out = append(out, a.String())
	}
	return strings.Join(out, " ")
}

func TestServiceRouteOfAnAnswer(t *testing.T) {
	for _, tt := range []struct {
		name   string
		routes []string
		secure bool
		want   string
		kind   fault.Kind // of the error; Internal for none
	}{
		{"none", nil, false, "", fault.Internal},
		{"one", []string{"<sip:p1.example;lr>"}, false, "<sip:p1.example;lr>", fault.Internal},
		{"in order, of several headers", []string{"<sip:p2.example;lr>, <sip:p1.example:5070;lr>", "\"Third\" <sips:p3.example;lr>;x=y"}, false,
			"<sip:p2.example;lr> <sip:p1.example:5070;lr> \"Third\" <sips:p3.example;lr>;x=y", fault.Internal},
		{"a user and parameters are kept", []string{"<sip:orig@scscf.example:5082;transport=tcp;lr;oo=1>"}, false,
			"<sip:orig@scscf.example:5082;transport=tcp;lr;oo=1>", fault.Internal},
		{"a strict router", []string{"<sip:p1.example>"}, false, "<sip:p1.example>", fault.Internal},
		{"as many as may be", []string{strings.Repeat("<sip:p.example;lr>,", 7) + "<sip:p.example;lr>"}, false,
			strings.TrimSpace(strings.Repeat("<sip:p.example;lr> ", 8)), fault.Internal},
		{"too many", []string{strings.Repeat("<sip:p.example;lr>,", 8) + "<sip:p.example;lr>"}, false, "", fault.TooMany},
		{"too long", []string{"<sip:" + strings.Repeat("p", 1024) + ".example;lr>"}, false, "", fault.TooLarge},
		{"too long together", []string{"<sip:" + strings.Repeat("p", 600) + ";lr>", "<sip:" + strings.Repeat("q", 600) + ";lr>"}, false, "", fault.TooLarge},
		{"one of two is broken", []string{"<sip:p1.example;lr>", "<sip:"}, false, "", fault.Invalid},
		{"no SIP", []string{"<tel:+331>"}, false, "", fault.Invalid},
		{"it smuggles headers", []string{"<sip:p1.example;lr?Replaces=a>"}, false, "", fault.Invalid},
		{"out of TLS", []string{"<sip:p1.example;lr>"}, true, "", fault.Invalid},
		{"within TLS", []string{"<sip:p1.example;transport=TLS;lr>, <sip:p2.example;lr>"}, true,
			"<sip:p1.example;transport=TLS;lr> <sip:p2.example;lr>", fault.Internal},
		{"within TLS, by its scheme", []string{"<sips:p1.example;lr>"}, true, "<sips:p1.example;lr>", fault.Internal},
	} {
		route, err := serviceRoute(registeredWith(t, tt.routes...), tt.secure)
		if got := shown(route); got != tt.want || (err != nil) != (tt.kind != fault.Internal) || err != nil && fault.Of(err) != tt.kind {
			t.Errorf("%s: got %q, %v; want %q, %v", tt.name, got, err, tt.want, tt.kind)
		}
	}
}

// What the last 200 says counts, for as long as the registration does, and for the server
// that has it.
func TestServiceRouteLasts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, s := inTown(t, map[string]int{"one.example": 200, "two.example": 503, "three.example": 503})
		way := func(want string) {
			t.Helper()
			synctest.Wait()
			if got := shown(r.ServiceRoute("Carrier", uri(t, "sip:123@one.example"))); got != want {
				t.Errorf("calls go by %q, want %q", got, want)
			}
			if got := shown(r.State()[0].ServiceRoute); got != want {
				t.Errorf("shown is %q, want %q", got, want)
			}
		}
		refreshed := func(route string) {
			t.Helper()
			s.mu.Lock()
			s.route["one.example"] = route
			s.mu.Unlock()
			if err := r.Retry("provider"); err != nil {
				t.Fatal(err)
			}
			state(t, r, Registered)
		}
		way("")
		refreshed("<sip:b.example;lr>, <sip:a.example;lr>")
		way("<sip:b.example;lr> <sip:a.example;lr>")
		refreshed("<sip:c.example;lr>")
		way("<sip:c.example;lr>")
		refreshed("<sip:c.example;lr>, nonsense <")
		way("")
		if n := s.log.Count("service-route ignored"); n != 1 {
			t.Errorf("said %d times: %s", n, s.log.String())
		}
		refreshed("<sip:c.example;lr>")
		refreshed("")
		way("")
		refreshed("<sip:d.example;lr>")

		// The refresh fails: what was granted lasts, and then it is over.
		s.set("one.example", 503)
		time.Sleep(55 * time.Minute)
		if st := state(t, r, Registered); st.Failures == 0 {
			t.Fatalf("state %+v", st)
		}
		way("<sip:d.example;lr>")
		time.Sleep(6 * time.Minute)
		state(t, r, Unregistered)
		way("")

		// Another server has it now, and its proxies.
		s.set("one.example", 200)
		if err := r.Retry("provider"); err != nil {
			t.Fatal(err)
		}
		if state(t, r, Registered).At.Host != "one.example" {
			t.Fatalf("registered with %s", r.State()[0].At)
		}
		way("<sip:d.example;lr>")
		s.set("one.example", 503)
		s.set("two.example", 200)
		s.mu.Lock()
		s.route["two.example"] = "<sip:of-two.example;lr>"
		s.mu.Unlock()
		if err := r.Retry("provider"); err != nil {
			t.Fatal(err)
		}
		if st := state(t, r, Registered); st.At.Host != "two.example" {
			t.Fatalf("registered with %s", st.At)
		}
		for host, want := range map[string]string{"one": "", "two": "<sip:of-two.example;lr>", "three": "", "gateway": "<sip:of-two.example;lr>"} {
			if got := shown(r.ServiceRoute("carrier", uri(t, "sip:"+host+".example"))); got != want {
				t.Errorf("calls to %s go by %q, want %q", host, got, want)
			}
		}

		// A reload that changes nothing leaves it, one that takes the registration ends it.
		kept := (*r.current.Load())["provider"].cfg
		configure(t, r, kept)
		if got := r.ServiceRoute("carrier", uri(t, "sip:two.example")); len(got) != 1 {
			t.Errorf("after a reload calls go by %q", shown(got))
		}
		configure(t, r)
		if got := r.ServiceRoute("carrier", uri(t, "sip:two.example")); got != nil {
			t.Errorf("without a registration calls go by %q", shown(got))
		}
		stop(t, r)
	})
}

// TestServiceRouteOfWhom: which registration's way the calls to a contact take.
func TestServiceRouteOfWhom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &town{answer: map[string]int{"one.example": 200, "two.example": 200, "tls.example": 200, "down.example": 503},
			route: map[string]string{"one.example": "<sip:p1.example;lr>", "two.example": "<sip:p2.example;lr>", "tls.example": "<sips:p3.example;lr>"}}
		r := NewRegistrations(s, slog.New(slog.DiscardHandler), nil)
		var all []Config
		for _, c := range []struct{ name, server, endpoint string }{
			{"a", "sip:one.example", "alpha"}, {"b", "sip:two.example", "alpha"}, {"c", "sip:two.example", ""},
			{"d", "sip:one.example", ""}, {"e", "sip:one.example", ""}, {"f", "sip:tls.example", "secure"},
			{"g", "sip:down.example", "down"},
		} {
			cfg := provider(t)
			cfg.Name, cfg.Server, cfg.Endpoint = c.name, uri(t, c.server), c.endpoint
			all = append(all, cfg)
		}
		configure(t, r, all...)
		synctest.Wait()
		for _, tt := range []struct{ name, endpoint, contact, want string }{
			{"its server", "alpha", "sip:one.example", "<sip:p1.example;lr>"},
			{"its other server", "ALPHA", "sip:5@TWO.example;x=y", "<sip:p2.example;lr>"},
			{"a gateway of its", "alpha", "sip:gw.example", "<sip:p1.example;lr>"},
			{"nobody's endpoint at a server with one account", "beta", "sip:two.example", "<sip:p2.example;lr>"},
			{"nobody's endpoint at a server with two", "beta", "sip:one.example", ""},
			{"nobody's endpoint elsewhere", "beta", "sip:gw.example", ""},
			{"another port", "beta", "sip:two.example:5070", ""},
			{"TLS stays TLS", "secure", "sips:tls.example", "<sips:p3.example;lr>"},
			{"TLS is not left", "alpha", "sip:one.example;transport=tls", ""},
			{"not registered", "down", "sip:down.example", ""},
		} {
			if got := shown(r.ServiceRoute(tt.endpoint, uri(t, tt.contact))); got != tt.want {
				t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
			}
		}
		stop(t, r)
	})
}
