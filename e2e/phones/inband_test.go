package phones_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/tone"
	"github.com/skygenesisenterprise/skybridge/media/dtmf"
)

// inbandConf is conf with digits as tones for phone 1001 and the guest.
func inbandConf(guest int) map[string]string {
	files := conf(guest, dtmfPlan)
	text := strings.Replace(files["pjsip.conf"], "aors = guest\n", "aors = guest\ndtmf_mode = inband\n", 1)
	files["pjsip.conf"] = strings.Replace(text, "aors = 1001\n", "aors = 1001\ndtmf_mode = inband\n", 1)
	return files
}

// keysAs is a microphone into which keys are pressed after a second and a half. A phone
// hangs up when its file ends, so there is silence behind them.
func keysAs(t *testing.T, keys string, rate int) string {
	t.Helper()
	pcm, err := dtmf.DigitsClip("www"+keys+strings.Repeat("w", 100), rate, 90e6, 90e6)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "keys.wav")
	if err := tone.WriteWAV(file, pcm, rate); err != nil {
		t.Fatal(err)
	}
	return file
}

// A phone's keys are understood in its audio, through each codec.
func TestKeysInTheAudio(t *testing.T) {
	t.Parallel()
	l := start(t, inbandConf(peer.FreePort(t)))
	for codec, rate := range map[string]int{"PCMU": 8000, "PCMA": 8000, "G722": 16000, "opus": 48000} {
		l.run(t, codec, func(t *testing.T) {
			b := l.phone(t, "1001", peer.BaresipConfig{Codecs: []string{codec}, Mic: keysAs(t, "5#", rate)})
			b.Dial(t, "601")
			peer.Hears(t, "the phone", b.Recording(), 1000)
			b.Hangup(t)
		})
	}
}

// An Asterisk's tones are understood, and it understands ours.
func TestKeysInTheAudioOfAsterisk(t *testing.T) {
	t.Parallel()
	guest := peer.FreePort(t)
	l := start(t, inbandConf(guest))
	asterisk := peer.Asterisk(t, peer.AsteriskConfig{
		SIP: guest,
		PJSIP: `
[skybridge](endpoint)
dtmf_mode = inband
[skybridge]
type = identify
endpoint = skybridge
match = 127.0.0.1
`,
		Extensions: `
exten => 652,1,Answer()
 same => n,MixMonitor(,r(/peer/rec/${EXTEN}-${UNIQUEID}.wav))
 same => n,Wait(0.5)
 same => n,SendDTMF(5#)
 same => n,Wait(60)
exten => guest,1,Answer()
 same => n,Read(KEYS,,5,,1,20)
 same => n,Verbose(1,keys are ${KEYS})
 same => n,Playtones(1100)
 same => n,Wait(60)
`,
	})
	l.run(t, "its own", func(t *testing.T) {
		asterisk.Call(t, fmt.Sprintf("skybridge/sip:601@127.0.0.1:%d", l.SIP), "652")
		peer.Hears(t, "asterisk", asterisk.Recording("652"), 1000)
		asterisk.Hangup(t)
	})
	l.run(t, "those of a phone with telephone-event", func(t *testing.T) {
		b := l.phone(t, "1002", peer.BaresipConfig{Codecs: []string{"PCMA"}, Tone: 503})
		b.Dial(t, "700")
		b.Established(t)
		for _, key := range "19*A7" {
			b.Digits(t, string(key))
		}
		peer.Hears(t, "the phone", b.Recording(), 1100)
		if log := asterisk.Log(); !strings.Contains(log, "keys are 19*A7") {
			t.Error("asterisk heard other keys")
		}
		b.Hangup(t)
	})
}
