package trunk

import (
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// TestFirstRealm: an account without a realm registers in the one that the registrar asks for
// first. When another is asked for, no digest is sent, and the state tells why.
func TestFirstRealm(t *testing.T) {
	var asked atomic.Value
	asked.Store("carrier.example")
	var shown atomic.Value
	s := serve(t, func(in *sip.IncomingRequest) {
		shown.Store(in.Request().Header("Authorization"))
		reply := sip.Reply{Status: 200, Headers: []message.Header{{Name: "Expires", Value: "600"}}}
		if shown.Load() == "" {
			reply = sip.Reply{Status: 401, Headers: []message.Header{{
				Name: "WWW-Authenticate", Value: fmt.Sprintf(`Digest realm=%q, nonce="n", qop="auth"`, asked.Load()),
			}}}
		}
		_ = in.Respond(reply) // the trunk tells
	}, "udp")
	r, states := trunkTo(t, s, "udp", "secret", func(c *Config) {
		c.Credentials = []sip.Credential{{Name: "provider", Username: "us", Password: "secret"}}
	})
	defer stop(t, r)
	if st := <-states; st.Status != Registered || !strings.Contains(shown.Load().(string), `realm="carrier.example"`) {
		t.Fatalf("%+v, by %s", st, shown.Load())
	}
	asked.Store("evil.example")
	if err := r.Retry("provider"); err != nil {
		t.Fatal(err)
	}
	if st := <-states; st.Status != Rejected || st.LastStatus != 401 || !strings.Contains(st.LastError, "challenge is for another realm") || shown.Load() != "" {
		t.Errorf("%+v, by %s", st, shown.Load())
	}
	asked.Store("carrier.example")
	if err := r.Retry("provider"); err != nil {
		t.Fatal(err)
	}
	if st := <-states; st.Status != Registered {
		t.Errorf("%+v", st)
	}
}

// TestFirstRealmOfEach: a registrar that stands in for another one asks for a realm of its own, and is
// held to that then.
func TestFirstRealmOfEach(t *testing.T) {
	type request struct{ host, realm string }
	asked := make(chan request, 100) // the credentials that registrars were shown
	var down, evil atomic.Bool
	registrar := func(host string) *sip.Server {
		return serveAt(t, host+":0", func(in *sip.IncomingRequest) {
			realm := host
			if evil.Load() {
				realm = "evil.example"
			}
			reply := sip.Reply{Status: 200, Headers: []message.Header{{Name: "Expires", Value: "600"}}}
			switch shown := in.Request().Header("Authorization"); {
			case down.Load() && host == "127.0.0.1":
				reply = sip.Reply{Status: 503}
			case shown == "":
				reply = sip.Reply{Status: 401, Headers: []message.Header{{
					Name: "WWW-Authenticate", Value: fmt.Sprintf(`Digest realm=%q, nonce="n", qop="auth"`, realm),
				}}}
			default:
				_, after, _ := strings.Cut(shown, `realm="`)
				of, _, _ := strings.Cut(after, `"`)
				asked <- request{host, of}
			}
			_ = in.Respond(reply) // the trunk tells
		}, "udp")
	}
	first, second := registrar("127.0.0.1"), registrar("127.0.0.2")
	r, states := trunkTo(t, first, "udp", "secret", func(c *Config) {
		c.Credentials = []sip.Credential{{Name: "provider", Username: "us", Password: "secret"}}
		c.Others = []message.URI{uri(t, "sip:127.0.0.2:"+strconv.Itoa(int(second.Addr("udp").Port())))}
	})
	defer stop(t, r)
	again := func(want Status) {
		t.Helper()
		if err := r.Retry("provider"); err != nil {
			t.Fatal(err)
		}
		if st := <-states; st.Status != want {
			t.Fatalf("%+v, not %s", st, want)
		}
	}
	if st := <-states; st.Status != Registered {
		t.Fatalf("%+v", st)
	}
	if got := <-asked; got != (request{"127.0.0.1", "127.0.0.1"}) {
		t.Errorf("first: %+v", got)
	}
	down.Store(true)
	if err := r.Retry("provider"); err != nil {
		t.Fatal(err)
	}
	if got := <-asked; got != (request{"127.0.0.2", "127.0.0.2"}) {
		t.Errorf("second: %+v", got)
	}
	evil.Store(true)
	again(Rejected)
	if len(asked) != 0 {
		t.Errorf("another realm was answered: %+v", <-asked)
	}
}
