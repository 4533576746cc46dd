package zz

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

func pjsip(port, far int) string {
	phone := func(n string) string {
		return fmt.Sprintf(`
[%[1]s]
type=endpoint
context=internal
disallow=all
allow=ulaw,alaw
auth=%[1]s
aors=%[1]s
callerid=Phone %[1]s <%[1]s>
direct_media=no
[%[1]s]
type=auth
auth_type=userpass
username=%[1]s
password=secret
[%[1]s]
type=aor
max_contacts=2
qualify_frequency=%[2]s
remove_existing=yes
`, n, map[string]string{"1001": "60"}[n]+map[bool]string{true: "0"}[n != "1001"])
	}
	return fmt.Sprintf(`
[transport-udp]
type=transport
protocol=udp
bind=127.0.0.1:%[1]d
[transport-tcp]
type=transport
protocol=tcp
bind=127.0.0.1:%[1]d
`, port) + phone("1001") + phone("1002") + phone("1003") + fmt.Sprintf(`
[pbx]
type=endpoint
transport=transport-udp
context=from-pbx
disallow=all
allow=ulaw
outbound_auth=pbx-auth
aors=pbx
[pbx-auth]
type=auth
username=me
password=secret
[pbx]
type=aor
contact=sip:127.0.0.1:%[1]d
qualify_frequency=60
[pbx]
type=identify
endpoint=pbx
match=127.0.0.9/32
[pbx-reg]
type=registration
transport=transport-udp
outbound_auth=pbx-auth
server_uri=sip:127.0.0.1:%[1]d
client_uri=sip:me@127.0.0.1:%[1]d
retry_interval=60
[plain]
type=endpoint
context=internal
disallow=all
allow=ulaw
aors=plain
[plain]
type=aor
contact=sip:plain@127.0.0.1:%[1]d
`, far)
}

const extensions = `
[globals]
TRUNK=PJSIP/pbx

[internal]
exten => 1001,hint,PJSIP/1001
exten => 1002,hint,PJSIP/1002
exten => _1XXX,1,NoOp(Call to ${EXTEN})
 same => n(ring),Set(CALLERID(name)=x)
 same => n,Dial(PJSIP/${EXTEN},30)
 same => n,Hangup()
exten => 9000,1,Answer()
 same => n,ConfBridge(9000)
exten => 600,1,Answer()
 same => n,Wait(600)
include => other
ignorepat => 9

[other]
exten => s,1,NoOp()

[from-pbx]
exten => _X.,1,NoOp()
`

var commands = []string{
	"core show channels", "core show channels verbose", "core show channels concise", "core show channels count", "core show calls",
	"core show calls uptime", "core show uptime", "core show uptime seconds", "bridge show all", "pjsip show endpoints", "pjsip show endpoint 1001", "pjsip show registrations", "pjsip show contacts",
	"pjsip show aors", "pjsip show aor 1001", "pjsip show auths", "pjsip show auth 1001", "pjsip show transports", "pjsip show identifies", "pjsip show channels", "pjsip show channel x", "pjsip show channelstats", "pjsip list endpoints", "pjsip list contacts", "pjsip list aors",
	"dialplan show", "dialplan show internal", "dialplan show 1001@internal", "dialplan show 1001", "dialplan show nowhere", "dialplan show 42@internal", "dialplan show globals", "core show hints", "core show hint 1001", "core show hint 77", "core show version", "core show channeltypes", "core show channeltype PJSIP",
	"core show codecs", "core show translation", "confbridge list", "confbridge list 9000", "core show help core show channels", "core show help core show", "rtp show settings", "rtcp set stats on", "rtp set debug on", "rtp set debug off", "rtcp set stats off", "rtp show stats", "core show application Dial", "core show settings", "core show sysinfo", "core set verbose 3", "core set debug 0", "pjsip set logger on", "pjsip set logger off",
	"pjsip show contact 1001", "pjsip show registration pbx-reg", "pjsip show endpoint none", "core show channel none", "bridge show none", "channel request hangup none", "ari show apps", "ari show status", "manager show connected", "module show like pjsip", "dialplan reload", "database show", "core ping", "http show status",
	"core show channels bogus", "core show", "core", "bogus thing", "core show globals", "core reload", "pjsip reload", "module reload res_pjsip.so",
}

func TestCompare(t *testing.T) {
	far := peer.Asterisk(t, peer.AsteriskConfig{})
	_ = far
	dir := "/tmp/compare"
	os.RemoveAll(dir)
	os.MkdirAll(dir, 0o755)

	run := func(name string, port int, ask func(string) string) {
		phones := map[string]*peer.BaresipPeer{}
		for _, n := range []string{"1001", "1002"} {
			p := peer.Baresip(t, peer.BaresipConfig{User: n, Password: "secret", Server: fmt.Sprintf("127.0.0.1:%d", port), Register: true, Answer: n == "1002"})
			p.Registered(t)
			phones[n] = p
		}
		var b strings.Builder
		say := func(list []string) {
			for _, c := range list {
				fmt.Fprintf(&b, "==== %s\n%s", c, ask(c))
			}
		}
		time.Sleep(3 * time.Second)
		fmt.Fprintf(&b, "######## idle\n")
		say(commands)
		phones["1001"].Dial(t, "1002")
		phones["1001"].Established(t)
		time.Sleep(2 * time.Second)
		fmt.Fprintf(&b, "######## in a call\n")
		say(commands)
		for _, line := range strings.Split(ask("core show channels concise"), "\n") {
			if n, _, ok := strings.Cut(line, "!"); ok {
				say([]string{"core show channel " + n, "pjsip show channel " + n})
			}
		}
		for _, line := range strings.Split(ask("bridge show all"), "\n")[1:] {
			if n, _, ok := strings.Cut(line, " "); ok {
				say([]string{"bridge show " + n})
			}
		}
		phones["1001"].Hangup(t)
		phones["1001"].Closed(t)
		phones["1002"].Closed(t)
		phones["1001"].Dial(t, "9000")
		phones["1001"].Established(t)
		time.Sleep(2 * time.Second)
		fmt.Fprintf(&b, "######## in a room\n")
		say([]string{"core show channels", "core show channels verbose", "core show channels concise", "bridge show all", "pjsip show endpoints", "confbridge list", "confbridge list 9000", "core show hints", "pjsip show channels", "pjsip show channelstats"})
		for _, line := range strings.Split(ask("bridge show all"), "\n")[1:] {
			if n, _, ok := strings.Cut(line, " "); ok {
				say([]string{"bridge show " + n})
			}
		}
		say([]string{"channel request hangup all"})
		phones["1001"].Closed(t)
		os.WriteFile(dir+"/"+name, []byte(b.String()), 0o644)
	}
	port := peer.FreePort(t)
	a := peer.Asterisk(t, peer.AsteriskConfig{SIP: port, Files: map[string]string{"pjsip.conf": pjsip(port, far.SIP), "extensions.conf": extensions}})
	run("asterisk", port, func(c string) string {
		out, err := a.CLI(c)
		if err != nil {
			t.Error(err)
		}
		return out
	})
	s := server.Start(t, server.Config{Files: map[string]string{"pjsip.conf": pjsip(port, far.SIP), "extensions.conf": extensions}})
	run("skybridge", s.SIP, func(c string) string { return s.RX(t, c) })
}
