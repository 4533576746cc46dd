package phones_test

import (
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

// Two phones that are sent to each other hear each other, also after a hold.
func TestDirectMedia(t *testing.T) {
	files := conf(peer.FreePort(t), "exten => _100X,1,Dial(PJSIP/${EXTEN})\n")
	files["pjsip.conf"] = strings.ReplaceAll(files["pjsip.conf"], "direct_media = no\n", "direct_media = yes\n")
	l := start(t, files)
	l.run(t, "direct media", func(t *testing.T) {
		a := l.phone(t, "1001", peer.BaresipConfig{Tone: 503})
		b := l.phone(t, "1002", peer.BaresipConfig{Tone: 877, Answer: true})
		a.Dial(t, "1002")
		a.Established(t)
		past := func(legs int) {
			t.Helper()
			deadline := time.NewTimer(time.Minute)
			defer deadline.Stop()
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for strings.Count(l.Log(), "audio goes past us") < legs {
				select {
				case <-tick.C:
				case <-deadline.C:
					t.Fatalf("audio does not go past the server:\n%s", l.Log())
				}
			}
		}
		past(2)
		peer.Hears(t, "the called", b.Recording(), 503, 877)
		peer.Hears(t, "the caller", a.Recording(), 877, 503)
		a.Hold(t)
		peer.Silent(t, "the held", b.Recording(), 503)
		a.Resume(t)
		past(4)
		peer.Hears(t, "the called, again", b.Recording(), 503, 877)
		a.Hangup(t)
		b.Closed(t)
	})
}
