package phones_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
	"github.com/skygenesisenterprise/skybridge/e2e/tone"
)

// Trunks that look for facsimiles in different ways, a phone and a facsimile machine, which
// are where SIPp is; a call of the machine says to what it was sent. Trunk and phone would
// send their audio past the server, were it not listened to there.
const (
	faxPJSIP = `
[global]
type = global
endpoint_identifier_order = username,ip

[party](!)
type = endpoint
allow = !all,ulaw
context = inbound

[trunk](party)
fax_detect = yes
[plain](party)
fax_detect = yes
context = plain
[brief](party)
fax_detect = yes
fax_detect_timeout = 1
[deaf](party)

[phone](party)
aors = phone
[phone]
type = aor
contact = sip:phone@127.0.0.1:%d

[machine](party)
direct_media = no
aors = machine
[machine]
type = aor
contact = sip:machine@127.0.0.1:%d
`
	faxSIP = `
[general]
bindaddr = 127.0.0.1
context = nowhere
[hears](!)
type = friend
host = dynamic
insecure = invite
context = inbound
disallow = all
allow = ulaw
[tone](hears)
faxdetect = cng
[asks](hears)
faxdetect = t38
`
	faxPlan = `
exten => 700,1,Answer()
 same => n,Wait(5)
 same => n,Dial(PJSIP/undisturbed@machine,30)
exten => 702,1,Answer()
 same => n,Wait(1)
 same => n,Dial(PJSIP/undisturbed@machine,30)
exten => 701,1,Answer()
 same => n,Dial(PJSIP/phone,30)
`
)

// faxLab is a server whose guest is the phone.
func faxLab(t *testing.T) (l *lab, machine int) {
	t.Helper()
	phone, machine := peer.FreePort(t), peer.FreePort(t)
	s := server.Start(t, server.Config{Files: map[string]string{
		"pjsip.conf": fmt.Sprintf(faxPJSIP, phone, machine), "sip.conf": faxSIP,
		"extensions.conf": "[inbound]" + faxPlan + "exten => fax,1,Dial(PJSIP/fax-${FAXEXTEN}@machine,30)\n[plain]" + faxPlan,
	}})
	return &lab{Server: s, guest: phone, idle: s.Resources(t)}, machine
}

// sent is a facsimile machine that is called for that reason.
func sent(t *testing.T, port int, reason string, e *ear) *peer.SippPeer {
	t.Helper()
	return peer.Sipp(t, sipp(peer.SippConfig{SIP: port}, "answer", e, []string{
		"PAYLOADS", "0", "RTPMAP", "PCMU/8000", `<recv request="INVITE" rrs="true"/>`,
		`<recv request="INVITE" rrs="true"><action>` +
			`<ereg regexp="INVITE sip:` + reason + `@" search_in="msg" check_it="true" assign_to="1"/></action></recv><Reference variables="1"/>`,
	}))
}

// calling is how a facsimile machine calls, after a silence (ITU-T T.30 §4.1).
func calling(t *testing.T, after time.Duration) string {
	t.Helper()
	const silence = 3 * 8000 // samples
	pcm := slices.Concat(make([]int16, 8*after.Milliseconds()), tone.Sine(1100, 8000, 0.5, 12000), make([]int16, silence))
	file := filepath.Join(t.TempDir(), "calling.ulaw")
	if err := os.WriteFile(file, tone.MuLaw(pcm), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func from(trunk string) []string { return []string{"From: <sip:sipp@", "From: <sip:" + trunk + "@"} }

// A facsimile that calls by a trunk goes on at the extension fax of the plan, where it is
// connected to the machine and heard no more; whom it was connected to before is let go.
func TestFacsimileGoesToFax(t *testing.T) {
	t.Parallel()
	l, machine := faxLab(t)
	for _, c := range []struct{ name, trunk, number, phone string }{
		{"in Wait", "trunk", "700", ""},
		{"while a phone rings", "trunk", "701", "ring"},
		{"in conversation with a phone", "trunk", "701", "answer"},
		{"a trunk of sip.conf", "tone", "700", ""},
	} {
		l.run(t, c.name, func(t *testing.T) {
			hears := listen(t)
			m := sent(t, machine, "fax-"+c.number, hears)
			var phone *peer.SippPeer
			if c.phone != "" {
				phone = l.callee(t, c.phone, listen(t), "PAYLOADS", "0", "RTPMAP", "PCMU/8000")
			}
			caller := l.caller(t, "call-playing", c.number, nil, append(from(c.trunk), "FILE", calling(t, 0))...)
			if phone != nil {
				phone.Wait(t) // CANCEL, or BYE
			}
			hears.await(t, "one more calling tone, and nothing comes of it", func() bool { return len(hears.packets()) > 200 })
			l.RX(t, "channel request hangup all")
			caller.Wait(t)
			m.Wait(t)
		})
	}
}

// So does one that asks for T.38 and has nobody who takes it.
func TestFacsimileThatAsksGoesToFax(t *testing.T) {
	t.Parallel()
	l, machine := faxLab(t)
	for _, c := range []struct{ name, trunk, number, phone string }{
		{"in Wait", "trunk", "700", ""},
		{"while a phone rings", "trunk", "701", "ring"},
		{"in conversation with a phone", "trunk", "701", "answer"},
		{"a trunk of sip.conf", "asks", "700", ""},
	} {
		l.run(t, c.name, func(t *testing.T) {
			m := sent(t, machine, "fax-"+c.number, nil)
			var phone *peer.SippPeer
			if c.phone != "" {
				phone = l.callee(t, c.phone, nil, "PAYLOADS", "0", "RTPMAP", "PCMU/8000")
			}
			caller := l.caller(t, "fax-asks", c.number, nil, append(from(c.trunk), "PAUSE", "500")...)
			if phone != nil {
				phone.Wait(t)
			}
			l.channelIs(t, "machine", "Up")
			l.RX(t, "channel request hangup all")
			caller.Wait(t)
			m.Wait(t)
		})
	}
}

// channelIs waits until an endpoint's channel is in a state.
func (l *lab) channelIs(t *testing.T, endpoint, state string) {
	t.Helper()
	peer.Eventually(t, endpoint+" is "+state, func() error {
		out := l.RX(t, "core show channels concise")
		for line := range strings.Lines(out) {
			if strings.HasPrefix(line, "PJSIP/"+endpoint+"-") && strings.Contains(line, "!"+state+"!") {
				return nil
			}
		}
		return errors.New(out)
	})
}

// A call goes on as it was when nobody looks for facsimiles, not in this way or no more, or
// the plan has no place for them.
func TestFacsimileThatDisturbsNothing(t *testing.T) {
	t.Parallel()
	l, machine := faxLab(t)
	for _, c := range []struct {
		name, trunk string
		tone        bool
		after       time.Duration
	}{
		{"no extension", "plain", true, 0},
		{"no extension for who asks", "plain", false, 0},
		{"after the time", "brief", true, 2500 * time.Millisecond},
		{"asks after the time", "brief", false, 2500 * time.Millisecond},
		{"nobody looks for it", "deaf", true, 0},
		{"nobody looks for who asks", "deaf", false, 0},
		{"only who asks is looked for", "asks", true, 0},
		{"only tones are looked for", "tone", false, 0},
	} {
		l.run(t, c.name, func(t *testing.T) {
			m := sent(t, machine, "undisturbed", nil)
			scenario, number, with := "fax-asks", "702", []string{"PAUSE", fmt.Sprint(c.after.Milliseconds())}
			if c.tone {
				scenario, with = "call-playing", []string{"FILE", calling(t, c.after)}
			}
			if c.tone || c.after > 0 {
				number = "700"
			}
			caller := l.caller(t, scenario, number, nil, append(from(c.trunk), with...)...)
			l.channelIs(t, "machine", "Up")
			l.RX(t, "channel request hangup all")
			caller.Wait(t)
			m.Wait(t)
		})
	}
}
