package newcomer_test

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// blocks are a page's parts in a language, without what indents them.
func blocks(page, language string) (out []string) {
	for _, m := range regexp.MustCompile("(?ms)^( *)```"+language+"\n(.*?)^ *```").FindAllStringSubmatch(page, -1) {
		out = append(out, regexp.MustCompile(`(?m)^`+m[1]).ReplaceAllString(m[2], ""))
	}
	return out
}

// carrier is what the carrier of the page has at its side, which the page does not show.
const carrier = `
[us](endpoint)
context = carrier
auth = us
aors = us
from_user = us
[us]
type = auth
auth_type = userpass
username = us
password = its-password
[us]
type = aor
max_contacts = 1
remove_existing = yes
`

const numbers = `
[carrier]
exten => _+33X.,1,Answer()
 same => n,Echo()
`

// steps are the page's commands in their order, and what each comes to say.
var steps = []struct{ begins, says string }{
	{"skybridge serve --config", ""}, // it runs
	{`skybridge rx "skybridge show trunks"`, `(?m)^asterisk +Avail `},
	{`asterisk -rx "channel originate PJSIP/600@skybridge`, ``},
	{`skybridge rx "core show channels"`, `PJSIP/asterisk-\S+ +600@from-asterisk:\d+ +Up +Echo`},
	{`asterisk -rx "channel request hangup all"`, ``},
	{"skybridge token", `^\S+\n$`},
	{"curl", `"SIP/asterisk/600"`},
	{`asterisk -rx "core show channels"`, `PJSIP/skybridge-\S+ +600@from-skybridge:\d+ +Up +Echo`},
	{`skybridge rx "channel request hangup all"`, ``},
	{`skybridge rx "pjsip show registrations"`, `carrier/\S+ +carrier +Registered `},
	{"curl", `"SIP/out/0123456789"`},
	{`asterisk -rx "core show channels"`, `PJSIP/us-\S+ +\+33123456789@carrier:\d+ +Up +Echo`},
	{`skybridge rx "channel request hangup all"`, ``},
	{`asterisk -rx "core stop now"`, ``},
	{`skybridge rx "skybridge show trunks"`, `(?m)^asterisk +Unavail +0/inf +inf +- +0/1 +- +sip:127\.0\.0\.1:\d+: .+`},
	{"curl .*/trunks$", `"name":"asterisk","state":"Unavail","rtt_ms":null,"last_error":"sip:`},
	{"curl .*/prometheus$", `(?s)voip_trunk_attempts_total\{trunk="asterisk"\} 1\n.*voip_trunk_last_error_code\{trunk="asterisk"\} 408\n.*` +
		`voip_trunk_qualified\{trunk="asterisk"\} 0\n.*voip_trunk_registered\{trunk="carrier"\} 1\n.*voip_trunk_up\{trunk="asterisk"\} 0\n`},
}

// The guide's page on trunks does what it says, with a real Asterisk: its files load
// without a warning, calls go both ways and by the group, and when Asterisk is gone the
// console, the API and the metrics say so.
func TestTheGuideToTrunks(t *testing.T) {
	text, err := os.ReadFile("../../docs/guide/trunks.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	sip, dead := peer.FreePort(t), peer.FreePort(t)
	one := func(language string) string {
		t.Helper()
		all := blocks(page, language)
		if len(all) != 1 {
			t.Fatalf("%d parts are %s", len(all), language)
		}
		return strings.NewReplacer("127.0.0.1:5080", fmt.Sprintf("127.0.0.1:%d", sip), "sip.carrier.example", fmt.Sprintf("127.0.0.1:%d", sip),
			"192.0.2.5", fmt.Sprintf("127.0.0.1:%d", dead)).Replace(all[0])
	}
	s := server.Start(t, server.Config{
		Files: map[string]string{"pjsip.conf": one("ini pjsip"), "extensions.conf": one("ini extensions")}, Settings: one("yaml"),
	})
	for _, file := range []string{"pjsip.conf:", "extensions.conf:", "skybridge.yaml:"} {
		if strings.Contains(s.Log(), file) {
			t.Errorf("%s has a warning", file)
		}
	}
	ours := strings.ReplaceAll(one("ini asterisk-pjsip"), "127.0.0.1:5060", "127.0.0.1:"+strconv.Itoa(s.SIP))
	asterisk := peer.Asterisk(t, peer.AsteriskConfig{SIP: sip, PJSIP: ours + carrier, Extensions: one("ini asterisk-extensions") + numbers})
	if out := s.RX(t, "pjsip send register carrier"); !strings.Contains(out, "queued") { // it may have come before Asterisk
		t.Errorf("pjsip send register: %s", out)
	}
	w := walk{s: s, asterisk: asterisk}
	lines := commands(t, "docs/guide/trunks.md")
	for i, line := range lines {
		if i == len(steps) || !regexp.MustCompile("^"+regexpHead(steps[i].begins)).MatchString(line) {
			t.Fatalf("nothing says what to expect of the command %q in this place", line)
		}
		w.step(t, line, steps[i].says)
	}
	if len(lines) != len(steps) {
		t.Errorf("%d commands, %d expected", len(lines), len(steps))
	}
}

// regexpHead is the start of a command; one with .* in it is an expression.
func regexpHead(begins string) string {
	if strings.Contains(begins, ".*") {
		return begins
	}
	return regexp.QuoteMeta(begins)
}

// walk is on its way through the page.
type walk struct {
	s        *server.Server
	asterisk *peer.AsteriskPeer
	token    string
}

// step does a command. One that only looks is done again until it says what it should.
func (w *walk) step(t *testing.T, line, says string) {
	t.Helper()
	if strings.HasPrefix(line, "skybridge serve") {
		return
	}
	look := strings.Contains(line, " show ") || strings.Contains(line, "/trunks") || strings.Contains(line, "/metrics")
	peer.Eventually(t, line, func() error {
		out, err := w.run(t, line)
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, out)
		} else if !regexp.MustCompile(says).MatchString(out) {
			err = fmt.Errorf("it says\n%s\nwant %s", out, says)
		}
		if err != nil && !look {
			t.Fatalf("%s: %v", line, err)
		}
		if strings.HasPrefix(line, "skybridge token") {
			w.token = strings.TrimSpace(out)
		}
		return err
	})
}

func (w *walk) run(t *testing.T, line string) (string, error) {
	if m := regexp.MustCompile(`^asterisk -rx "(.*)"$`).FindStringSubmatch(line); m != nil {
		return w.asterisk.CLI(m[1])
	}
	return w.s.Shell(t.Context(), t.TempDir(), strings.NewReplacer("$TOKEN", w.token, "http://localhost:8080", w.s.URL("")).Replace(line))
}
