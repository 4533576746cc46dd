package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/logtest"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// An endpoint and a registration with a transport are spoken to by it: from its address, which
// they are told.
func TestTransportOfEndpoints(t *testing.T) {
	carrier := siptest.NewPhone(t, "carrier", "udp", "tcp")
	conf := fmt.Sprintf(`
[lan](!)
type = transport
bind = 127.0.0.2:0
[wan](!)
type = transport
bind = 127.0.0.3:0
[lan-udp](lan)
protocol = udp
[wan-udp](wan)
protocol = udp
[lan-tcp](lan)
protocol = tcp
[wan-tcp](wan)
protocol = tcp
[one](!)
type = endpoint
context = internal
allow = ulaw
[1001](one)
[by-udp](one)
transport = wan-udp
aors = by-udp
[by-tcp](one)
transport = wan-tcp
aors = by-tcp
[by-udp]
type = aor
contact = sip:udp@%[1]s
qualify_frequency = 3600
[by-tcp]
type = aor
contact = sip:tcp@%[2]s
[account]
type = registration
transport = wan-udp
server_uri = sip:%[1]s
client_uri = sip:account@%[1]s
`, carrier.Addr("udp"), carrier.Addr("tcp"))
	s := settings{dataDir: t.TempDir(), set: slices.DeleteFunc(loopback("asterisk_dir="+folder(t, map[string]string{
		"pjsip.conf":      conf,
		"extensions.conf": "[internal]\nexten => 1,1,Dial(PJSIP/by-udp)\nexten => 2,1,Dial(PJSIP/by-tcp)\n",
	})), func(set string) bool { return strings.HasPrefix(set, "sip.listen=") })}
	cfg, err := s.load()
	must(t, err)
	srv, err := start(t.Context(), cfg, manner{}, newLogger(cfg.Log, &logtest.Log{}))
	must(t, err)
	wan := func(network string) netip.AddrPort { return srv.sip.Addrs(network)[1] }
	check := func(req *message.Request, network string) {
		t.Helper()
		want, from := wan(network), req.Source().Remote
		if want.Addr() != netip.MustParseAddr("127.0.0.3") || from.Addr() != want.Addr() || network == "udp" && from != want {
			t.Errorf("%s from %s, want %s", req.Method(), from, want)
		}
		contacts, err := req.Contacts()
		must(t, err)
		told := []message.URI{{Host: req.Via().Host, Port: req.Via().Port}}
		for _, c := range contacts {
			told = append(told, c.URI)
		}
		for _, u := range told {
			if u.Host != want.Addr().String() || u.Port != int(want.Port()) {
				t.Errorf("%s tells of %s, want %s", req.Method(), &u, want)
			}
		}
	}
	for seen := make(map[string]bool); !seen["REGISTER"] || !seen["OPTIONS"]; {
		in := siptest.Wait(t, carrier.Requests)
		seen[in.Request().Method()] = true
		check(in.Request(), "udp")
		must(t, in.Respond(sip.Reply{}))
	}
	phone := siptest.UDP(t, srv.sip.Addr("udp"))
	for exten, network := range map[string]string{"1": "udp", "2": "tcp"} {
		call := phone.NewCall("sip:" + exten + "@127.0.0.2")
		call.From = "<sip:1001@127.0.0.2>"
		call.Send("INVITE", "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n")
		in := siptest.Wait(t, carrier.Invites)
		check(in.Request(), network)
		must(t, in.Reject(sip.Reply{Status: 486}))
		phone.Skip("SIP/2.0 486")
		call.Ack("")
	}
	stopped := make(chan error, 1)
	go func() { stopped <- srv.stop(true) }() // ends with the answer to the last REGISTER
	in := siptest.Wait(t, carrier.Requests)
	check(in.Request(), "udp")
	must(t, in.Respond(sip.Reply{}))
	must(t, siptest.Wait(t, stopped))
}
