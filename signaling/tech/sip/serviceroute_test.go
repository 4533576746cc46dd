package sip

import (
	"fmt"
	"strings"
	"testing"
	"time"

	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
	"github.com/skygenesisenterprise/skybridge/sip/trunk"
)

// carrier is a pjsip.conf of a trunk that registers with a peer.
func carrier(registrar *siptest.Peer, expiration int, lines string) string {
	return fmt.Sprintf(`
[carrier]
type = registration
server_uri = sip:%[1]s
client_uri = sip:us@%[1]s
endpoint = carrier
line = yes
expiration = %[2]d
[carrier]
type = endpoint
context = internal
allow = !all,ulaw
aors = carrier
%[3]s
[carrier]
type = aor
contact = sip:%[1]s
`, registrar.Local(), expiration, lines)
}

// routes waits until the only registration stands, with a way of so many proxies.
func (r *rig) routes(n int) {
	r.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		s := r.tech.trunks.State()[0]
		if s.Status == trunk.Registered && len(s.ServiceRoute) == n {
			return
		}
		select {
		case <-tick.C:
		case <-siptest.Ctx(r.t).Done():
			r.t.Fatalf("want %d proxies in %+v", n, s)
		}
	}
}

// TestServiceRoute: calls to a server that we register with take the way that it has told
// us (RFC 3608), by its own proxies in its order, until it tells another.
func TestServiceRoute(t *testing.T) {
	t.Parallel()
	r := newRig(t, "", func(_ *Config, stack *ua.Config) { stack.T1, stack.T2 = siptest.Patience/2, siptest.Patience }) // nothing comes twice
	us := r.server.Addr("udp")
	registrar, first, second := siptest.UDP(t, us), siptest.UDP(t, us), siptest.UDP(t, us)
	proxy := func(p *siptest.Peer, params string) string { return "<sip:" + p.Local().String() + params + ">" }
	accept := func(route ...string) {
		t.Helper()
		req := registrar.Skip("REGISTER ")
		for strings.Contains(req.Header("Contact"), "expires=0") { // the one before takes its leave
			registrar.Send(registrar.Response(req, 200, "r", nil, ""))
			req = registrar.Skip("REGISTER ")
		}
		lines := []string{"Contact: " + req.Header("Contact")}
		for _, one := range route {
			lines = append(lines, "Service-Route: "+one)
		}
		registrar.Send(registrar.Response(req, 200, "r", lines, ""))
	}
	// configured puts a configuration into effect, whose registration is accepted.
	configured := func(pjsip string, route ...string) {
		t.Helper()
		done := make(chan error, 1)
		go func() { done <- r.tech.Configure(siptest.Ctx(t), endpoints(t, pjsip)) }() // ended by its own context
		accept(route...)
		if err := siptest.Wait(t, done); err != nil {
			t.Fatal(err)
		}
		r.routes(len(route))
	}
	// called has the trunk called, and takes the INVITE where it must arrive, and its ACK.
	called := func(at *siptest.Peer, uri string, route ...string) {
		t.Helper()
		_, told := r.dial("0123@carrier")
		inv := at.Skip("INVITE ")
		at.Send(at.Response(inv, 486, "x", nil, ""))
		told.want(t, "ended 17 true")
		ack := at.Skip("ACK ")
		for _, m := range []*siptest.Message{inv, ack} {
			if got := m.Headers("Route"); strings.Join(got, " ") != strings.Join(route, " ") || !strings.Contains(m.Start, " "+uri+" ") {
				t.Errorf("%s came with Route %q; want %s and %q", m.Start, got, uri, route)
			}
		}
	}
	target := "sip:0123@" + registrar.Local().String()

	loose := []string{proxy(first, ";lr"), proxy(second, ";lr")}
	configured(carrier(registrar, 3600, ""), loose...)
	called(first, target, loose...)

	// A reload that leaves the registration alone leaves its route.
	if err := r.tech.Configure(t.Context(), endpoints(t, carrier(registrar, 3600, "callerid = a <1>"))); err != nil {
		t.Fatal(err)
	}
	called(first, target, loose...)

	// An outbound proxy comes before it.
	if err := r.tech.Configure(t.Context(), endpoints(t, carrier(registrar, 3600, "outbound_proxy = sip:"+second.Local().String()+`\;lr`))); err != nil {
		t.Fatal(err)
	}
	called(second, target, loose...)

	// A strict router wants itself in the Request-URI, and the target last (RFC 3261 §12.2.1.1).
	configured(carrier(registrar, 1800, ""), proxy(first, ""), proxy(second, ";lr"))
	called(first, "sip:"+first.Local().String(), proxy(second, ";lr"), "<"+target+">")

	// A refresh replaces it, one without it takes it away.
	if err := r.tech.trunks.Retry("carrier"); err != nil {
		t.Fatal(err)
	}
	accept(proxy(second, ";lr"))
	r.routes(1)
	called(second, target, proxy(second, ";lr"))
	if err := r.tech.trunks.Retry("carrier"); err != nil {
		t.Fatal(err)
	}
	accept()
	r.routes(0)
	called(registrar, target)

	// Nobody takes the last registration back but the registrar.
	done := make(chan error, 1)
	go func() { done <- r.tech.Configure(siptest.Ctx(t), endpoints(t, "")) }() // ended by its own context
	req := registrar.Skip("REGISTER ")
	registrar.Send(registrar.Response(req, 200, "r", nil, ""))
	if err := siptest.Wait(t, done); err != nil {
		t.Fatal(err)
	}
}
