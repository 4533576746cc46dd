package phones_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/tone"
)

// What an application came to is told to the caller by the status that refuses it.
const appPlan = `
exten => 600,1,Echo()
exten => 610,1,Playback(own/hello)
exten => 611,1,Playback(own/hello,noanswer)
 same => n,Hangup(17)
exten => 612,1,Playback(own/missing,noanswer)
 same => n,GotoIf($["${PLAYBACKSTATUS}" = "FAILED"]?failed)
 same => n,Hangup(22)
 same => n(failed),Hangup(28)
exten => 613,1,Playback(own/hello&own/missing,noanswer)
 same => n,GotoIf($["${PLAYBACKSTATUS}" = "FAILED"]?failed)
 same => n,Hangup(22)
 same => n(failed),Hangup(28)
exten => 614,1,Set(SIX=6)
 same => n,Set(PRODUCT=$[${SIX} * 7])
 same => n,Goto(615,third)
 same => n,Hangup(22)
exten => 615,1,Hangup(1)
 same => n,Hangup(1)
 same => n(third),GotoIf($[${PRODUCT} = 42]?right:wrong)
 same => n(wrong),Hangup(28)
 same => n(right),Wait(0.2)
 same => n,Hangup(29)
exten => 616,1,Stasis(nobody,one,two)
 same => n,GotoIf($["${STASISSTATUS}" = "FAILED"]?failed)
 same => n,Hangup(22)
 same => n(failed),Hangup(28)
exten => _62XXX,1,Hangup(${EXTEN:2})
exten => 630,1,Busy()
exten => 631,1,Congestion()
exten => 640,1,ConfBridge(640,tiny)
exten => 641,1,Wait(60)
`

// Each application does what extensions.conf says.
func TestApplications(t *testing.T) {
	t.Parallel()
	files := conf(peer.FreePort(t), appPlan)
	files["confbridge.conf"] = "[general]\n\n[tiny]\ntype = bridge\nmax_members = 1\n"
	l := start(t, files)
	sounds := filepath.Join(l.Dir, "sounds", "en", "own")
	if err := os.MkdirAll(sounds, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := tone.WriteWAV(filepath.Join(sounds, "hello.wav"), tone.Sine(660, 16000, 1.5, 12000), 16000); err != nil {
		t.Fatal(err)
	}

	l.run(t, "Echo", func(t *testing.T) {
		b := l.phone(t, "1001", peer.BaresipConfig{Codecs: []string{"G722"}, Tone: 503})
		b.Dial(t, "600")
		peer.Hears(t, "the phone", b.Recording(), 503)
		b.Hangup(t)
	})
	l.run(t, "Playback answers, plays, and the call ends", func(t *testing.T) {
		b := l.phone(t, "1001", peer.BaresipConfig{Codecs: []string{"G722"}, Tone: 503})
		b.Dial(t, "610")
		b.Established(t)
		peer.Hears(t, "the phone", b.Recording(), 660, 503)
		b.Closed(t)
	})
	l.run(t, "Playback before the answer", func(t *testing.T) {
		e := listen(t)
		c := l.caller(t, "early-then-refused", "611", e, "STATUS", "486")
		peer.Hears(t, "the caller", e.recording(), 660)
		c.Wait(t)
	})
	for _, tc := range []struct {
		name, number string
		status       int
	}{
		{"Playback of no sound", "612", 484},
		{"Playback of two, one of them no sound", "613", 484},
		{"Set, Goto, GotoIf, Wait", "614", 501},
		{"Stasis to which nobody listens", "616", 484},
		{"Busy", "630", 486},
		{"Congestion", "631", 503},
	} {
		l.run(t, tc.name, func(t *testing.T) { l.refused(t, tc.number, tc.status) })
	}
	for cause, status := range map[int]int{1: 404, 16: 603, 17: 486, 18: 408, 19: 480, 21: 403, 22: 410, 28: 484, 34: 503, 38: 500, 58: 488} {
		l.run(t, fmt.Sprintf("Hangup(%d)", cause), func(t *testing.T) { l.refused(t, fmt.Sprintf("62%03d", cause), status) })
	}
	l.run(t, "ConfBridge with room for one", func(t *testing.T) {
		b := l.phone(t, "1001", peer.BaresipConfig{})
		b.Dial(t, "640")
		b.Established(t)
		l.refused(t, "640", 486)
		b.Hangup(t)
		peer.Eventually(t, "the room is empty", func() error { return l.holds(t, "channels", 0) })
		c := l.phone(t, "1002", peer.BaresipConfig{})
		c.Dial(t, "640")
		c.Established(t)
		c.Hangup(t)
	})
	l.run(t, "a caller that gives up while the plan waits", func(t *testing.T) {
		b := l.phone(t, "1001", peer.BaresipConfig{})
		b.Dial(t, "641")
		peer.Eventually(t, "it waits", func() error { return l.holds(t, "channels", 1) })
		b.Hangup(t)
	})
}
