package newcomer_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// seed reads a folder of configuration as an operator wrote it.
func seed(t *testing.T, name string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	list, err := filepath.Glob("../../testdata/asterisk/" + name + "/*.conf")
	if err != nil || len(list) == 0 {
		t.Fatalf("%s: %v, %d files", name, err, len(list))
	}
	for _, file := range list {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(file)] = string(text)
	}
	return files
}

// An installation with slips loads as written, says each slip with file and line,
// and still does what was meant: a phone of sip.conf registers, its calls run the
// routes, the second line of _9XXX,1 runs after the first.
func TestAnInstallationWithSlipsLoadsAsWritten(t *testing.T) {
	for _, name := range []string{"seed-en", "seed-fr"} {
		t.Run(name, func(t *testing.T) {
			s := server.Start(t, server.Config{Files: seed(t, name)})
			for _, slip := range []string{
				"ari.conf:3: bindaddr", "ari.conf:6: tlscertfile", "extensions.conf:15: priority 1 of extension _9XXX",
				"sip.conf:7: ", "dtmfmode=rfc4733",
			} {
				if !strings.Contains(s.Log(), slip) {
					t.Errorf("no warning about %q", slip)
				}
			}
			phone := peer.Baresip(t, peer.BaresipConfig{
				User: "1001", Password: "user_password", Server: fmt.Sprintf("127.0.0.1:%d", s.SIP), Register: true, Tone: 500,
			})
			phone.Registered(t)
			if out := s.RX(t, "sip show peers"); !strings.Contains(out, "1001/1001") {
				t.Errorf("sip show peers:\n%s", out)
			}
			phone.Dial(t, "9123")
			phone.Closed(t) // Stasis: nothing listens, so the plan hangs up
			for _, step := range []string{"position=9123@sky-genesis-voip:1 app=NoOp", "position=9123@sky-genesis-voip:1 app=Set",
				"app=sky-genesis-conference"} {
				peer.Eventually(t, "the call to 9123 runs "+step, func() error {
					if !strings.Contains(s.Log(), step) {
						return errors.New("not logged")
					}
					return nil
				})
			}
		})
	}
}

// The commands that operators know from Asterisk, in a call: each is known and says
// what it should.
func TestTheCommandsThatOperatorsKnow(t *testing.T) {
	s := server.Start(t, server.Config{})
	phone := peer.Baresip(t, peer.BaresipConfig{
		User: "1001", Password: s.Password(t, "1001"), Server: fmt.Sprintf("127.0.0.1:%d", s.SIP), Register: true, Tone: 500,
	})
	phone.Registered(t)
	phone.Dial(t, "600")
	phone.Established(t)
	peer.Hears(t, "the phone", phone.Recording(), 500)
	const channel = "PJSIP/1001-00000000"
	for _, c := range []struct{ command, says string }{
		{"core show channels", channel + ` +600@internal:\d+ +Up +Echo\(\)`},
		{"ari show channels", channel},
		{"core show channel " + channel, `(?s)Name: ` + channel + `.*Application: Echo`},
		{"bridge show all", `^Bridge-ID`},
		{"bridge show 12345678-1234-1234-1234-123456789012", `^Bridge '12345678-1234-1234-1234-123456789012' not found`},
		{"sip show peers", `1001/1001 +127\.0\.0\.1`},
		{"ari show apps", `^Application Name`},
		{"rtp set stats on", `^RTCP Stats Enabled`},
		{"rtp show stats", `1001-00000000 +\S+ +\S+ +\d\d+ +0 +0 +0\.\d+ +\d\d+`},
		{"rtp set debug on", `^RTP Packet Debugging Enabled`},
		{"module reload res_ari.so", `^Module 'res_ari.so' reloaded successfully\.`},
		{"sip reload", `reloaded`},
		{"dialplan reload", `^Dialplan reloaded\.`},
	} {
		if out := s.RX(t, c.command); !regexp.MustCompile(c.says).MatchString(out) {
			t.Errorf("%s says\n%s\nwant %s", c.command, out, c.says)
		}
	}
	peer.Eventually(t, "the log has the counters", func() error {
		if !regexp.MustCompile(`msg=audio channel=` + channel + ` codec=\S+ in=\d\d+ lost=0`).MatchString(s.Log()) {
			return errors.New("not logged")
		}
		return nil
	})
	if out := s.RX(t, "channel request hangup "+channel); out != "Requested Hangup on channel '"+channel+"'\n" {
		t.Errorf("channel request hangup: %s", out)
	}
	phone.Closed(t)
	if strings.Contains(s.Log(), `call_id=""`) {
		t.Error("the log has a call_id that says nothing")
	}
}
