// Package console_test holds the console against a real Asterisk 22: the same files,
// the same phones, the same calls, and the same commands give the same text.
package console_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// What both read.
const (
	transports = `
[transport-udp]
type = transport
protocol = udp
bind = 127.0.0.1:%[1]d
[transport-tcp]
type = transport
protocol = tcp
bind = 127.0.0.1:%[1]d
`
	phone = `
[%[1]s]
type = endpoint
context = internal
disallow = all
allow = ulaw,alaw
auth = %[1]s
aors = %[1]s
callerid = Phone %[1]s <%[1]s>
direct_media = no
[%[1]s]
type = auth
auth_type = userpass
username = %[1]s
password = secret
[%[1]s]
type = aor
max_contacts = 2
qualify_frequency = %[2]d
remove_existing = yes
`
	trunk = `
[pbx]
type = endpoint
transport = transport-udp
context = from-pbx
disallow = all
allow = ulaw
outbound_auth = pbx-auth
aors = pbx
[pbx-auth]
type = auth
username = me
password = secret
[pbx]
type = aor
contact = sip:127.0.0.1:%[1]d
[pbx]
type = identify
endpoint = pbx
match = 127.0.0.9/32
[pbx-reg]
type = registration
transport = transport-udp
outbound_auth = pbx-auth
server_uri = sip:127.0.0.1:%[1]d
client_uri = sip:me@127.0.0.1:%[1]d
`
	plan = `
[globals]
TRUNK = PJSIP/pbx

[internal]
exten => 1001,hint,PJSIP/1001
exten => 1002,hint,PJSIP/1002
exten => _1XXX,1,NoOp(Call to ${EXTEN})
 same => n(ring),NoOp()
 same => n,Dial(PJSIP/${EXTEN},30)
 same => n,Hangup()
exten => 9000,1,Answer()
 same => n,ConfBridge(9000)
include => other
ignorepat => 9

[other]
exten => s,1,NoOp()

[from-pbx]
exten => _X.,1,NoOp()
`
	// registrar is what the trunk's other end takes registrations with.
	registrar = `
[me](endpoint)
auth = me
aors = me
[me]
type = auth
username = me
password = secret
[me]
type = aor
max_contacts = 9
`
)

// console is one of the two.
type console struct {
	sip int
	ask func(command string) string
}

// idle, talking and meeting are the commands that are compared, while nobody talks,
// in a call and in a room.
var (
	idle = []string{
		"core show channels", "core show channels verbose", "core show channels concise", "core show channels count",
		"core show calls", "core show calls uptime", "core show uptime", "core show channel none", "channel request hangup none",
		"bridge show all", "bridge show none",
		"pjsip show endpoints", "pjsip show endpoint none", "pjsip list endpoints", "pjsip show contacts", "pjsip list contacts", "pjsip show aors",
		"pjsip show aor none", "pjsip list aors", "pjsip show auths", "pjsip show transports", "pjsip show identifies", "pjsip show registrations",
		"pjsip show channels", "pjsip show channel none", "pjsip show channelstats",
		"dialplan show internal", "dialplan show 1001@internal", "dialplan show s@internal", "dialplan show none", "dialplan show 42@internal",
		"dialplan show globals", "dialplan reload",
		"core show hints", "core show hint 1001", "core show hint 77", "confbridge list", "confbridge list 9000", "ari show apps",
		"rtp set debug off", "rtcp set stats off", "module reload res_pjsip.so", "core waitfullybooted", "no such command",
	}
	talking = []string{
		"core show channels", "core show channels concise", "core show channels count", "core show calls", "bridge show all",
		"pjsip show endpoints", "pjsip show channels", "pjsip show channelstats", "core show hints",
	}
	meeting = []string{"pjsip show endpoints", "pjsip show channels", "confbridge list", "core show hints"}
)

// masks take out of a text what differs between two servers that do the same.
var masks = []struct {
	what *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "BRIDGE"},
	{regexp.MustCompile(`(?m)^ [0-9a-f]{8} `), " BRIDGE "},
	{regexp.MustCompile(`0x[0-9a-f]+`), "POINTER"},       // of baresip's contacts
	{regexp.MustCompile(` [0-9a-f]{10} `), " HASHHASH "}, // it is of the port, too
	{regexp.MustCompile(`(Avail) +[0-9.]+`), "$1 RTT"},
	{regexp.MustCompile(`(127\.0\.0\.1):\d+ *`), "$1:PORT "},
	{regexp.MustCompile(`\(exp\. \d+s\)`), "(exp. SECONDS)"},
	{regexp.MustCompile(`\d+ seconds?`), "SECONDS"},
	{regexp.MustCompile(`\d\d:\d\d:\d\d`), "CLOCK"},
	{regexp.MustCompile(`(?m)( +\d+K? +\d+K? +\d+ +[0-9.]+){2} +[0-9.]+$`), " COUNTERS"},
	{regexp.MustCompile(`native_rtp   |simple_bridge`), "TECHNOLOGY   "},                                          // a relay, by either name
	{regexp.MustCompile(`(?m)^(([^!\n]*!){8})[^!\n]*(!.*![^!\n]*!)\d+(![^!\n]*!)[0-9.]+$`), "$1$3 SECONDS $4 ID"}, // our account code is the endpoint's name
	{regexp.MustCompile(`default_menu    `), "                "},                                                  // rooms have no keys here
	{regexp.MustCompile(`extensions[a-z.]*conf:\d+`), "FILE:LINE"},
	{regexp.MustCompile(`(type 'core show help) [^']*'`), "$1'"},
}

// masked is a text with its lines in order, as Asterisk lists some things in none.
func masked(text string) string {
	for _, m := range masks {
		text = m.what.ReplaceAllString(text, m.with)
	}
	lines := strings.SplitAfter(text, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "")
}

func TestTheConsoleSaysWhatAsteriskSays(t *testing.T) {
	far := peer.Asterisk(t, peer.AsteriskConfig{PJSIP: registrar})
	port := peer.FreePort(t)
	pjsip := func(port int) string {
		return fmt.Sprintf(transports, port) + fmt.Sprintf(phone, "1001", 60) + fmt.Sprintf(phone, "1002", 0) + fmt.Sprintf(phone, "1003", 0) +
			fmt.Sprintf(trunk, far.SIP)
	}
	a := peer.Asterisk(t, peer.AsteriskConfig{SIP: port, Files: map[string]string{"pjsip.conf": pjsip(port), "extensions.conf": plan}})
	s := server.Start(t, server.Config{Files: map[string]string{"pjsip.conf": pjsip(peer.FreePort(t)), "extensions.conf": plan}})
	both := []console{
		{port, func(command string) string {
			out, err := a.CLI(command)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}},
		{s.SIP, func(command string) string { return s.RX(t, command) }},
	}
	same := func(when string, commands []string) {
		t.Helper()
		for _, command := range commands {
			asterisk, ours := both[0].ask(command), both[1].ask(command)
			if masked(asterisk) != masked(ours) {
				t.Errorf("%s %s:\nAsterisk says\n%s\nwe say\n%s", command, when, asterisk, ours)
			}
		}
	}
	until := func(what, command, pattern string) {
		t.Helper()
		for _, c := range both {
			peer.Eventually(t, what, func() error {
				if out := c.ask(command); !regexp.MustCompile(pattern).MatchString(out) {
					return fmt.Errorf("%s:\n%s", command, out)
				}
				return nil
			})
		}
	}

	var callers []*peer.BaresipPeer
	for _, c := range both {
		for _, user := range []string{"1001", "1002"} {
			p := peer.Baresip(t, peer.BaresipConfig{
				User: user, Password: "secret", Server: fmt.Sprintf("127.0.0.1:%d", c.sip), Register: true, Answer: user == "1002",
			})
			p.Registered(t)
			if user == "1001" {
				callers = append(callers, p)
			}
		}
	}
	until("the trunk is registered", "pjsip show registrations", "Registered ")
	until("the phone has answered OPTIONS", "pjsip show contacts", "1001/.* Avail")
	until("two seconds have passed", "core show uptime", `uptime: (\d\d|[2-9]) seconds`)
	same("while nobody talks", idle)

	for _, c := range callers {
		c.Dial(t, "1002")
		c.Established(t)
	}
	until("there is a bridge of two", "bridge show all", ` 2 basic`)
	until("audio flows", "pjsip show channelstats", `(?s)ulaw +[1-9].*ulaw +[1-9]`)
	same("in a call", talking)
	for _, name := range []string{"PJSIP/1001-00000000", "PJSIP/1002-00000001"} {
		part(t, both, name)
	}
	for _, c := range callers {
		c.Hangup(t)
		c.Closed(t)
	}
	until("nobody talks any more", "core show channels count", `^0 active channels\n0 active calls\n1 call processed\n`)

	for _, c := range callers {
		c.Dial(t, "9000")
		c.Established(t)
	}
	until("somebody is in the room", "confbridge list", `9000 +1 `)
	same("in a room", meeting)
	for _, c := range callers {
		c.Hangup(t)
		c.Closed(t)
	}
	if strings.Contains(s.Log(), `call_id=""`) {
		t.Error("the log has a call_id that says nothing")
	}
}

// part holds the rows of `core show channel` that we have against Asterisk's, which
// has more of them.
func part(t *testing.T, both []console, channel string) {
	t.Helper()
	asterisk := strings.Split(masked(both[0].ask("core show channel "+channel)), "\n")
	for _, line := range strings.Split(masked(both[1].ask("core show channel "+channel)), "\n") {
		name, _, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch {
		case strings.Contains(line, "="), slices.Contains([]string{"UniqueID", "LinkedID", "Elapsed Time"}, name):
		case !slices.Contains(asterisk, line):
			t.Errorf("%s: Asterisk has no line %q in\n%s", channel, line, strings.Join(asterisk, "\n"))
		}
	}
}
