// Package reports_test holds the started server's RTCP against a real Asterisk and a real
// phone: each understands the other's reports.
package reports_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const pjsip = `
[global]
type = global
endpoint_identifier_order = username,ip

[1001]
type = endpoint
direct_media = no
context = internal
allow = !all,ulaw
auth = 1001
aors = 1001
rtp_symmetric = yes
[1001]
type = auth
auth_type = userpass
username = 1001
password = secret1001
[1001]
type = aor
max_contacts = 1

[asterisk]
type = endpoint
direct_media = no
context = internal
allow = !all,ulaw
aors = asterisk
rtcp_mux = %s
[asterisk]
type = aor
contact = sip:127.0.0.1:%d
[asterisk]
type = identify
endpoint = asterisk
match = 127.0.0.1
`

const extensions = `
[internal]
exten => 600,1,Answer()
 same => n,Echo()
exten => _61XXXX,1,Dial(PJSIP/${EXTEN}@asterisk,30)
`

// start gives a server that reports often, and says once a second what it knows.
func start(t *testing.T, mux string, asterisk int) *server.Server {
	t.Helper()
	s := server.Start(t, server.Config{
		Files: map[string]string{
			"pjsip.conf": fmt.Sprintf(pjsip, mux, asterisk), "extensions.conf": extensions,
			"rtp.conf": "[general]\nrtcpinterval = 1000\n",
		},
	})
	s.RX(t, "rtp set debug on")
	return s
}

// knows waits until the server's log has a round trip.
func knows(t *testing.T, s *server.Server) {
	t.Helper()
	trip := regexp.MustCompile(`round_trip"?[=:]"?([1-9][0-9.]*(µs|ms)|[1-9][0-9]+)`)
	peer.Eventually(t, "the server knows the round trip", func() error {
		if !trip.MatchString(s.Log()) {
			return fmt.Errorf("it has logged:\n%s", tail(s.Log()))
		}
		return nil
	})
}

func tail(log string) string { return log[max(0, len(log)-3000):] }

// Asterisk, whom we call, on ports of RTCP's own and on those of RTP: it takes our reports,
// and answers them.
func TestAsteriskReports(t *testing.T) {
	for _, mux := range []string{"no", "yes"} {
		t.Run("rtcp_mux="+mux, func(t *testing.T) {
			port := peer.FreePort(t)
			s := start(t, mux, port)
			asterisk := peer.Asterisk(t, peer.AsteriskConfig{SIP: port, PJSIP: fmt.Sprintf(`
[skybridge](endpoint)
aors = skybridge
allow = !all,ulaw
rtcp_mux = %s
[skybridge]
type = aor
contact = sip:127.0.0.1:%d
[skybridge]
type = identify
endpoint = skybridge
match = 127.0.0.1
`, mux, s.SIP)})
			if _, err := asterisk.CLI("rtcp set debug on"); err != nil {
				t.Fatal(err)
			}
			asterisk.Call(t, fmt.Sprintf("skybridge/sip:600@127.0.0.1:%d", s.SIP), "611100")
			knows(t, s)
			peer.Eventually(t, "asterisk shows what we report", func() error {
				out, err := asterisk.CLI("pjsip show channelstats")
				if err != nil {
					return err
				}
				if !strings.Contains(out, "ulaw") {
					return fmt.Errorf("no call:\n%s", out)
				}
				log := asterisk.Log()
				for _, want := range []string{"RTCP SR", "RTT"} {
					if !strings.Contains(log, want) {
						return fmt.Errorf("no %s in what it has logged:\n%s\n%s", want, out, tail(log))
					}
				}
				return nil
			})
			out, err := asterisk.CLI("pjsip show channelstats")
			t.Logf("%s%v\n%s", out, err, s.RX(t, "rtp show stats"))
			asterisk.Hangup(t)
		})
	}
}

// A phone reports too, also what it loses: nothing, here.
func TestBaresipReports(t *testing.T) {
	s := start(t, "no", peer.FreePort(t))
	phone := peer.Baresip(t, peer.BaresipConfig{
		User: "1001", Password: "secret1001", Server: fmt.Sprintf("127.0.0.1:%d", s.SIP), Register: true, Tone: 500,
	})
	phone.Registered(t)
	phone.Dial(t, "600")
	phone.Established(t)
	knows(t, s)
	if out := s.RX(t, "rtp show quality"); !strings.Contains(out, "1001-") {
		t.Errorf("rtp show quality:\n%s", out)
	}
	phone.Hangup(t)
}
