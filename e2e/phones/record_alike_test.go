package phones_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/tone"
)

// What is recorded here and by an Asterisk, of a caller who speaks for a second and a half
// and is silent then. DIR is each one's folder.
const alikePlan = `
exten => 681,1,Record(DIR/timed.wav,0,2,q)
exten => 682,1,Record(DIR/silent.wav,2,0,q)
exten => 683,1,Record(DIR/whole.sln16,2,0,qu)
exten => 684,1,Answer()
 same => n,MixMonitor(DIR/mixed.wav)
 same => n,Wait(2)
 same => n,StopMixMonitor()
 same => n,Hangup()
exten => 685,1,Answer()
 same => n,MixMonitor(DIR/raw.ulaw,r(DIR/received.wav)t(DIR/transmitted.wav))
 same => n,Wait(2)
 same => n,Hangup()
`

// Files have the length that Asterisk's have, and its rate.
func TestRecordedAsAsteriskDoes(t *testing.T) {
	t.Parallel()
	words := append(tone.Sine(500, 8000, 1.5, 8000), make([]int16, 8000*40)...)
	mic := filepath.Join(t.TempDir(), "words.wav")
	if err := tone.WriteWAV(mic, words, 8000); err != nil {
		t.Fatal(err)
	}
	asterisk := peer.Asterisk(t, peer.AsteriskConfig{Extensions: strings.ReplaceAll(alikePlan, "DIR", "/peer/rec")})
	ours := t.TempDir()
	l := open(t, strings.ReplaceAll(alikePlan, "DIR", ours))
	phones := map[string]*peer.BaresipPeer{
		"here":     peer.Baresip(t, peer.BaresipConfig{User: "guest", Server: at(l.SIP), Mic: mic}),
		"asterisk": peer.Baresip(t, peer.BaresipConfig{User: "guest", Server: at(asterisk.SIP), Mic: mic}),
	}
	for extension, files := range map[string][]string{
		"681": {"timed.wav"}, "682": {"silent.wav"}, "683": {"whole.sln16"}, "684": {"mixed.wav"},
		"685": {"raw.ulaw", "received.wav", "transmitted.wav"},
	} {
		for _, b := range phones {
			b.Dial(t, extension)
		}
		for _, b := range phones {
			b.Closed(t)
		}
		for _, name := range files {
			a, b := seconds(t, filepath.Join(asterisk.Dir, "rec", name)), seconds(t, filepath.Join(ours, name))
			t.Logf("%s: %.2f s by Asterisk, %.2f s here", name, a, b)
			// Each has its own machine's frames, and jitter buffers.
			if math.Abs(a-b) > 0.5 {
				t.Errorf("%s: %.2f s by Asterisk, %.2f s here", name, a, b)
			}
		}
	}
}

// seconds is how long a file is, at the rate that its name says; a WAV's header must say the
// same.
func seconds(t *testing.T, file string) float64 {
	t.Helper()
	bytes := map[string]float64{".wav": 16000, ".sln16": 32000, ".ulaw": 8000}[filepath.Ext(file)]
	var size int64
	peer.Eventually(t, "the file "+file, func() error {
		info, err := os.Stat(file)
		if err == nil {
			size = info.Size()
		}
		return err
	})
	if filepath.Ext(file) == ".wav" {
		if _, rate, err := tone.ReadWAV(file); err != nil || rate != 8000 {
			t.Errorf("%s: %d Hz: %v", file, rate, err)
		}
		size -= 44
	}
	return float64(size) / bytes
}
