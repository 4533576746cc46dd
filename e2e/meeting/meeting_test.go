package meeting_test

import (
	_ "embed"
	"fmt"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
	"github.com/skygenesisenterprise/skybridge/e2e/tone"
)

// files are a server with phones 1001 to 1004 and a trunk to the Asterisk at 127.0.0.1.
func files(asterisk int) map[string]string {
	pjsip := `
[global]
type = global
endpoint_identifier_order = username,ip

[phone](!)
type = endpoint
direct_media = no
context = internal
disallow = all
allow = ulaw,alaw,g722,opus
rtp_symmetric = yes
rewrite_contact = yes

[account](!)
type = auth
auth_type = userpass

[address](!)
type = aor
max_contacts = 2
remove_existing = yes
`
	for n := 1001; n <= 1004; n++ {
		pjsip += fmt.Sprintf("[%[1]d](phone)\nauth = %[1]d\naors = %[1]d\n[%[1]d](account)\nusername = %[1]d\npassword = secret%[1]d\n"+
			"[%[1]d](address)\n\n", n)
	}
	pjsip += fmt.Sprintf(`
[trunk]
type = endpoint
context = from-trunk
disallow = all
allow = alaw,ulaw
aors = trunk

[trunk]
type = aor
contact = sip:127.0.0.1:%d
qualify_frequency = 2

[trunk]
type = identify
endpoint = trunk
match = 127.0.0.1
`, asterisk)
	return map[string]string{
		"pjsip.conf": pjsip,
		"extensions.conf": `
[general]
autofallthrough = yes

[internal]
exten => _100X,1,Dial(PJSIP/${EXTEN},30)
 same => n,Hangup()
exten => _9XXX,1,ConfBridge(${EXTEN})
exten => _61XXXX,1,Dial(PJSIP/${EXTEN}@trunk,30)
exten => 601,1,Echo()
 same => n,Playtones(1000)
 same => n,Wait(60)

[from-trunk]
include => internal
`,
	}
}

// trunkConf is Asterisk's side of the trunk.
func trunkConf(sip int) string {
	return fmt.Sprintf(`
[skybridge](endpoint)
aors = skybridge
allow = !all,alaw
[skybridge]
type = aor
contact = sip:127.0.0.1:%d
`, sip)
}

// says answers with a tone of as many Hz as the four keys say that it is sent.
const says = `
exten => 619999,1,Answer()
 same => n,Read(KEYS,,4,,1,20)
 same => n,Playtones(${KEYS})
 same => n,Wait(3600)
`

// party is one who meets: what it says, and what it hears.
type party struct {
	name string
	hz   float64
	ears peer.Recording
}

const (
	heard   = -40.0 // dBFS; the tones come at -6 to -20
	unheard = -45.0 // dBFS; what codecs and jitter buffers leave beside the tones stays below
)

// hear waits until everybody hears everybody else and not themselves, in one and
// the same second.
func hear(t *testing.T, parties []party) {
	t.Helper()
	for _, p := range parties {
		peer.Eventually(t, p.name+" hears the others and not itself", func() error {
			pcm, rate, err := p.ears()
			if err != nil {
				return err
			}
			if len(pcm) < rate {
				return fmt.Errorf("%d samples at %d Hz so far", len(pcm), rate)
			}
			second := pcm[len(pcm)-rate:]
			for _, other := range parties {
				level := tone.Lasting(second, rate, other.hz)
				if other.name == p.name && level > unheard {
					return fmt.Errorf("its own %v Hz at %.1f dBFS", other.hz, level)
				}
				if other.name != p.name && level < heard {
					return fmt.Errorf("%v Hz of %s at %.1f dBFS", other.hz, other.name, level)
				}
			}
			return nil
		})
	}
}

// TestTheMeeting: a phone, a G.722 phone, a browser by REST, a browser by JsSIP
// over WSS, and a real Asterisk over its trunk meet in one room; each hears all
// others and not itself; and when they have left, in whatever order, nothing is
// left behind.
func TestTheMeeting(t *testing.T) {
	jssip := peer.JsSIP(t)
	asteriskPort := peer.FreePort(t)
	s := server.Start(t, server.Config{Files: files(asteriskPort)})
	asterisk := peer.Asterisk(t, peer.AsteriskConfig{SIP: asteriskPort, PJSIP: trunkConf(s.SIP), Extensions: says})
	before := s.Resources(t)
	t.Run("all", func(t *testing.T) { meet(t, s, asterisk, jssip) })
	s.Idle(t, before) // also their connections have gone with the peers
}

// meet has everybody come, talk, hold, and leave. The peers end with it.
func meet(t *testing.T, s *server.Server, asterisk *peer.AsteriskPeer, jssip peer.Library) {
	t.Helper()
	phone := peer.Baresip(t, peer.BaresipConfig{
		User: "1001", Password: "secret1001", Server: fmt.Sprintf("127.0.0.1:%d", s.SIP), Register: true,
		Codecs: []string{"PCMU"}, Tone: 500,
	})
	wide := peer.Baresip(t, peer.BaresipConfig{
		User: "1003", Password: "secret1003", Server: fmt.Sprintf("127.0.0.1:%d", s.SIP), Register: true, Transport: "tcp",
		Codecs: []string{"G722"}, Tone: 1300,
	})
	phone.Registered(t)
	wide.Registered(t)
	phone.Dial(t, "9000")
	phone.Established(t)
	wide.Dial(t, "9000")
	wide.Established(t)

	page := peer.RESTPage(t, s.URL("/"), s.Token(t, "alice", "--role", "admin"), peer.ChromiumConfig{Tone: 700})
	page.Join(t, "9000")

	web := peer.SIPPage(t, jssip, peer.ChromiumConfig{Tone: 900})
	web.Register(t, fmt.Sprintf("wss://127.0.0.1:%d/ws", s.WSS), "1002", "secret1002")
	web.Call(t, "9000")

	asterisk.Call(t, "skybridge/sip:9000@127.0.0.1:"+fmt.Sprint(s.SIP), "611100")

	parties := []party{
		{"the phone", 500, phone.Recording()},
		{"the G.722 phone", 1300, wide.Recording()},
		{"the REST page", 700, page.Recording()},
		{"the JsSIP page", 900, web.Recording()},
		{"asterisk", 1100, asterisk.Recording("611100")},
	}
	hear(t, parties)

	shown := s.RX(t, "core show channels")
	for _, want := range []string{"PJSIP/1001-", "PJSIP/1002-", "PJSIP/1003-", "PJSIP/trunk-", "WebRTC/alice-", "ConfBridge(9000)", "5 active channels"} {
		if !strings.Contains(shown, want) {
			t.Errorf("core show channels lacks %q:\n%s", want, shown)
		}
	}

	// Digits are events, not sound: nobody hears 770 and 1336 Hz, the tones go on.
	phone.Digits(t, "5")
	peer.Silent(t, "the G.722 phone", wide.Recording(), 770)
	peer.Silent(t, "asterisk", asterisk.Recording("611100"), 1336)
	hear(t, parties)

	phone.Hold(t)
	peer.Silent(t, "the G.722 phone", wide.Recording(), 500)
	phone.Resume(t)
	hear(t, parties)

	phone.Hangup(t)
	hear(t, parties[1:])

	// Beside the meeting, whoever has a party of their own tells it digits: they are
	// events on all of the way, each once.
	phone.Closed(t)
	phone.Dial(t, "619999")
	phone.Established(t)
	phone.Digits(t, "1590")
	peer.Hears(t, "the phone", phone.Recording(), 1590, 500)
	phone.Hangup(t)
	hear(t, parties[1:])
	asterisk.Hangup(t)
	page.Hangup(t)
	hear(t, []party{parties[1], parties[3]})
	web.Hangup(t)
	web.Leave(t)
	wide.Hangup(t)
}
