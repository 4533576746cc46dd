package trunk

import (
	"slices"
	"strconv"
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// A registrar beyond a NAT is told where the NAT has us, in Contact as in Via; what else it
// is told later, by a reload, it hears at once.
func TestBehindNAT(t *testing.T) {
	for _, network := range []string{"udp", "tcp"} {
		t.Run(network, func(t *testing.T) {
			told := make(chan *message.Request, 10)
			s := serve(t, func(in *sip.IncomingRequest) {
				told <- in.Request()
				// Another's contact comes first: ours is known by what was sent.
				own, err := in.Request().Contacts()
				if err != nil || len(own) == 0 {
					t.Errorf("contacts %v, %v", own, err)
					return
				}
				other := message.Address{URI: uri(t, "sip:us@127.0.0.1"), Params: message.Params{{Name: "expires", Value: "7"}}}
				_ = in.Respond(sip.Reply{Contacts: []message.Address{other, own[0]}}) // the trunk tells
			}, network)
			cfg := provider(t)
			cfg.Server = uri(t, "sip:127.0.0.1:"+strconv.Itoa(int(s.Addr(network).Port())))
			cfg.Transport, cfg.Line, cfg.Endpoint = network, true, "carrier"
			own := serve(t, func(in *sip.IncomingRequest) { _ = in.Respond(sip.Reply{}) }, network)
			outside := func(host string, port uint16) {
				if err := own.SetExternal(sip.External{Hosts: []string{host}, Ports: map[string]uint16{network: port}}); err != nil {
					t.Fatal(err)
				}
			}
			outside("203.0.113.7", 5070)
			states := make(chan State, 10)
			r := NewRegistrations(own, quiet, func(s State) { states <- s })
			configure(t, r, cfg)
			line := ""
			check := func(host string, port int, expires string, removed ...string) {
				t.Helper()
				req := <-told
				c, err := req.Contacts()
				if err != nil || c[0].URI.Host != host || c[0].URI.Port != port || c[0].URI.User != "us" || line != "" && c[0].URI.Params.Value("line") != line {
					t.Errorf("contact %v, %v; want %s:%d", c, err, host, port)
				}
				if got := c[0].Params.Value("expires"); got != expires {
					t.Errorf("contact for %s s, want %s", got, expires)
				}
				var also []string
				for _, old := range c[1:] {
					also = append(also, old.URI.Host+":"+strconv.Itoa(old.URI.Port)+" "+old.Params.Value("expires"))
				}
				if !slices.Equal(also, removed) {
					t.Errorf("also %q, want %q", also, removed)
				}
				if got := c[0].URI.Params.Value("transport"); (got == "tcp") != (network == "tcp") {
					t.Errorf("contact %s over %s", c[0], network)
				}
				if v := req.Via(); (v.Host != host || v.Port != port) && expires != "0" {
					t.Errorf("via %s, want %s:%d", v, host, port)
				}
				line = c[0].URI.Params.Value("line")
			}
			check("203.0.113.7", 5070, "3600")
			if st := <-states; st.Status != Registered || st.Expires.Sub(st.Since) < cfg.Expiration/2 {
				t.Errorf("state %+v", st) // not the seven seconds of the other contact
			}
			if r.Line(line) != "carrier" {
				t.Errorf("the line %q is not known", line)
			}
			outside("203.0.113.8", 6070)
			r.Renew()
			check("203.0.113.8", 6070, "3600", "203.0.113.7:5070 0")
			r.Renew() // and nothing has changed
			check("203.0.113.8", 6070, "3600")
			outside("203.0.113.9", 7070)
			stop(t, r) // what is registered, not what would be
			check("203.0.113.8", 6070, "0")
		})
	}
}
