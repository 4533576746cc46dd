package trunk

import (
	"fmt"
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
