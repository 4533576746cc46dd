package sip

import (
	"fmt"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
	"github.com/skygenesisenterprise/skybridge/sip/siptest/dnstest"
)

// A carrier that serves TCP alone, by SRV, has no address of its own, and one behind a proxy
// need have no name at all.
func TestNamesWithoutAddresses(t *testing.T) {
	good := siptest.NewPhone(t, "b", "tcp", "udp")
	zone := fmt.Sprintf("test. 60 IN SOA ns.test. root.test. 1 60 60 60 60\n"+
		"_sip._tcp.carrier.test. 60 IN SRV 0 0 %d here.test.\nhere.test. 60 IN A 127.0.0.1\n", good.Addr("tcp").Port())
	for name, more := range map[string]string{"carrier.test": "", "nowhere.test": "outbound_proxy = " + sipURI(good.Addr("udp")) + "\\;lr\n"} {
		t.Run(name, func(t *testing.T) {
			conf := "[a]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\naors = a\n" + more +
				"[a]\ntype = aor\ncontact = sip:" + name + "\n[a]\ntype = identify\nendpoint = a\nmatch = 192.0.2.9\n"
			r := newRig(t, conf, asking(t, dnstest.New(t, zone).Addr))
			_, told := r.dial("0123@a")
			if err := siptest.Wait(t, good.Invites).Reject(ua.Reply{Status: 486}); err != nil {
				t.Fatal(err)
			}
			told.want(t, "ended 17 true")
		})
	}
}

// A trunk's transport goes before what its domain would rather have, in calls, OPTIONS and
// registrations; a URI that names one goes before both.
func TestTransportOfATrunk(t *testing.T) {
	const listeners = "[u]\ntype = transport\nprotocol = udp\nbind = 127.0.0.1\n[t]\ntype = transport\nprotocol = tcp\nbind = 127.0.0.1\n"
	for _, tc := range []struct{ transport, uri, want string }{
		{"", "sip:both.test", "tcp"},
		{"transport = u\n", "sip:both.test", "udp"},
		{"transport = t\n", "sip:both.test", "tcp"},
		{"transport = u\n", "sip:both.test\\;transport=tcp", "tcp"},
		{"transport = gone\n", "sip:both.test", "tcp"},
	} {
		t.Run(tc.transport+tc.uri, func(t *testing.T) {
			good := siptest.NewPhone(t, "b", "tcp", "udp")
			zone := fmt.Sprintf("test. 60 IN SOA ns.test. root.test. 1 60 60 60 60\n"+
				"both.test. 60 IN NAPTR 10 0 \"s\" \"SIP+D2T\" \"\" _sip._tcp.both.test.\nboth.test. 60 IN NAPTR 20 0 \"s\" \"SIP+D2U\" \"\" _sip._udp.both.test.\n"+
				"_sip._tcp.both.test. 60 IN SRV 0 0 %d here.test.\n_sip._udp.both.test. 60 IN SRV 0 0 %d here.test.\nhere.test. 60 IN A 127.0.0.1\n",
				good.Addr("tcp").Port(), good.Addr("udp").Port())
			r := newRig(t, listeners+"[a]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\naors = a\n"+tc.transport+
				"[a]\ntype = aor\nqualify_frequency = 60\ncontact = "+tc.uri+"\n[a]\ntype = identify\nendpoint = a\nmatch = 192.0.2.9\n"+
				"[a]\ntype = registration\nserver_uri = "+tc.uri+"\nclient_uri = sip:us@both.test\n"+tc.transport, asking(t, dnstest.New(t, zone).Addr))
			for range 2 { // OPTIONS and REGISTER, in any order
				in := siptest.Wait(t, good.Requests)
				if got := in.Request().Source().Network; got != tc.want {
					t.Errorf("%s over %s", in.Request().Method(), got)
				}
				status := map[string]int{"OPTIONS": 200, "REGISTER": 403}[in.Request().Method()]
				if err := in.Respond(ua.Reply{Status: status}); err != nil {
					t.Fatal(err)
				}
			}
			_, told := r.dial("0123@a")
			invite := siptest.Wait(t, good.Invites)
			if got := invite.Request().Source().Network; got != tc.want {
				t.Errorf("INVITE over %s", got)
			}
			if err := invite.Reject(ua.Reply{Status: 486}); err != nil {
				t.Fatal(err)
			}
			told.want(t, "ended 17 true")
		})
	}
}

// SIPp at both hosts of a domain's SRV: the first has no room, the second has the call, and the
// next one at once.
func TestSecondHostOfADomain(t *testing.T) {
	t.Parallel()
	first, second := peer.FreePort(t), peer.FreePort(t)
	zone := fmt.Sprintf("test. 60 IN SOA ns.test. root.test. 1 60 60 60 60\n"+
		"_sip._udp.carrier.test. 60 IN SRV 10 0 %d one.test.\n_sip._udp.carrier.test. 60 IN SRV 20 0 %d two.test.\n"+
		"one.test. 60 IN A 127.0.0.1\ntwo.test. 60 IN A 127.0.0.1\n", first, second)
	r := newRig(t, "", asking(t, dnstest.New(t, zone).Addr))
	if err := r.tech.Configure(t.Context(), providerAt(t, "carrier-ip", `"carrier.test"`)); err != nil {
		t.Fatal(err)
	}
	full := r.scenario("unavailable", peer.SippConfig{SIP: first})
	r.callsOut("out", second)
	full.Wait(t)
	r.callsOut("out", second) // nobody is at the first any more, who would not be asked within a minute
}
