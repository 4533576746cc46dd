package app_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/tone"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/settings"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// tunes lets class tunes play 1100 Hz and class other 900 Hz.
func (r *rig) tunes() {
	r.t.Helper()
	classes := map[string]settings.MusicClass{}
	for name, hz := range map[string]float64{"tunes": 1100, "other": 900} {
		dir := filepath.Join(r.folder, "moh", name)
		ok(r.t, os.MkdirAll(dir, 0o700))
		ok(r.t, tone.WriteWAV(filepath.Join(dir, "a.wav"), tone.Sine(hz, 8000, 2, 8000), 8000))
		classes[name] = settings.MusicClass{Mode: "files", Directory: dir}
	}
	r.music.Configure(&settings.Music{Classes: classes})
}

func TestMusicOnHoldApplications(t *testing.T) {
	r := withMedia(t)
	r.tunes()
	p := r.Phone(g711.MuLaw(), 500)
	c := r.run(r.Leg("1001", p, signaltest.Script{}), "music")
	r.note("over", "tunes")
	hears(t, p, 1100)
	p.Press("1")
	r.note("stopped")
	hears(t, p, 900)
	c.Hangup(signaling.CauseNormal)
	r.Gone(c)
	r.noMore()
}

// Who is alone in a conference hears the profile's music, until somebody comes and after
// that again.
func TestMusicWhenAlone(t *testing.T) {
	r := withMedia(t)
	r.tunes()
	one, two := r.Phone(g711.MuLaw(), 500), r.Phone(g722.Codec(), 700)
	a := r.run(r.Leg("1001", one, signaltest.Script{}), "lonely")
	hears(t, one, 1100)
	b := r.run(r.Leg("1002", two, signaltest.Script{}), "lonely")
	hears(t, one, 700)
	hears(t, two, 500)
	b.Hangup(signaling.CauseNormal)
	r.Gone(b)
	hears(t, one, 1100)
	a.Hangup(signaling.CauseNormal)
	r.Gone(a)
}
