package phones_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/tone"
)

// A phone that is held hears the music of musiconhold.conf, and the call again after that.
func TestMusicOnHold(t *testing.T) {
	tunes := t.TempDir()
	if err := tone.WriteWAV(filepath.Join(tunes, "tune.wav"), tone.Sine(1301, 16000, 3, 12000), 16000); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(tunes, "readme.txt"), []byte("no sound"), 0o600); err != nil {
		t.Fatal(err)
	}
	files := conf(peer.FreePort(t), "exten => _100X,1,Dial(PJSIP/${EXTEN})\n")
	files["musiconhold.conf"] = "[default]\nmode=files\ndirectory=" + tunes + "\nsort=alpha\n"
	l := start(t, files)
	l.run(t, "music on hold", func(t *testing.T) {
		a := l.phone(t, "1001", peer.BaresipConfig{Tone: 503})
		b := l.phone(t, "1002", peer.BaresipConfig{Codecs: []string{"G722"}, Tone: 877, Answer: true})
		a.Dial(t, "1002")
		a.Established(t)
		peer.Hears(t, "the called", b.Recording(), 503, 877, 1301)
		a.Hold(t)
		peer.Hears(t, "the held", b.Recording(), 1301, 503)
		a.Resume(t)
		peer.Hears(t, "the called, again", b.Recording(), 503)
		peer.Silent(t, "the called, again", b.Recording(), 1301)
		peer.Hears(t, "the caller", a.Recording(), 877, 1301)
		a.Hangup(t)
		b.Closed(t)
	})
}
