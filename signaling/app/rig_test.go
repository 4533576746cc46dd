package app_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/tone"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/settings"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/app"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/function"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/lint"
	"github.com/skygenesisenterprise/skybridge/signaling/music"
	"github.com/skygenesisenterprise/skybridge/signaling/recording"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
	"github.com/skygenesisenterprise/skybridge/signaling/sound"
	"github.com/skygenesisenterprise/skybridge/signaling/stasis"
	"github.com/skygenesisenterprise/skybridge/signaling/talk"
)

// rig is a house with a dialplan: testdata/dialplan/applications.conf, and
// Note(), which says what a plan came to.
type rig struct {
	*signaltest.House
	t     *testing.T
	rooms *conference.Registry
	apps  *stasis.Registry
	exec  *dialplan.Executor
	notes chan string
	// folder has the sounds, and what is recorded.
	folder string
	recs   *recording.Registry
	music  *music.Player
}

func testCodecs() []*media.Codec {
	return media.Codecs{g711.MuLaw(), g711.ALaw(), g722.Codec()}
}

// newRig makes a rig; without a mixer nothing can be bridged, but time may be
// virtual.
func newRig(t *testing.T, mix *mixer.Engine) *rig {
	t.Helper()
	r := &rig{t: t, notes: make(chan string, 64)}
	r.House = signaltest.New(t, mix, func(c *signaling.Config) {
		if mix != nil {
			r.music = music.NewPlayer(music.Config{Mixer: mix, Codecs: testCodecs(), Log: c.Log})
			c.Music = r.music
		}
	})
	if r.music != nil {
		t.Cleanup(func() { ok(t, r.music.Close()) })
	}
	r.apps = stasis.New(stasis.Config{Engine: r.Engine, Log: slog.New(slog.DiscardHandler)})
	r.rooms = conference.NewRegistry(r.Engine)
	loader, err := asterisk.OpenDir("../../testdata/dialplan")
	ok(t, err)
	conf, err := settings.Load(loader, false)
	ok(t, err)
	r.folder = sounds(t)
	r.recs = recording.NewRegistry(recording.Config{
		Engine: r.Engine, Codecs: testCodecs(), Log: slog.New(slog.NewTextHandler(r.Log, nil)),
		Monitor: filepath.Join(r.folder, "monitor"), Sounds: r.folder,
	})
	t.Cleanup(func() { ok(t, r.recs.Close()) })
	talking := talk.NewRegistry()
	t.Cleanup(func() { ok(t, talking.Close()) })
	services := &app.Services{
		Talk: talking, Recordings: r.recs, Engine: r.Engine, Rooms: r.rooms, Stasis: r.apps, Sounds: sound.NewLibrary(testCodecs(), r.folder),
		ConfBridge: func() *settings.ConfBridge { return &conf.ConfBridge },
	}
	apps, err := dialplan.NewApps(dialplan.Builtins(), app.Applications(services), []dialplan.Application{{
		Name: "Note", Run: func(_ context.Context, _ *dialplan.Call, args string) error { r.notes <- args; return nil },
	}})
	ok(t, err)
	funcs, err := dialplan.NewFunctions(function.All(), app.Functions(services))
	ok(t, err)
	plan, err := dialplan.LoadFile(loader, "applications.conf", false)
	ok(t, err)
	for _, w := range slices.Concat(plan.Warnings, lint.Targets(plan, false), conf.Warnings) {
		t.Errorf("warning: %s", w)
	}
	r.exec, err = dialplan.NewExecutor(dialplan.Options{
		Config: dialplan.DefaultConfig(), Plan: func() *dialplan.Plan { return plan }, Apps: apps, Functions: funcs,
		Globals: dialplan.NewGlobals(nil), Log: slog.New(slog.NewTextHandler(r.Log, nil)),
	})
	ok(t, err)
	return r
}

// sounds is a folder of sounds: custom/hello is 500 Hz for 400 ms, in French
// 700 Hz, custom/long is 500 Hz for 10 s, conf-getpin 900 Hz for
// 2 s and conf-invalidpin 700 Hz for 400 ms.
func sounds(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, pcm := range map[string][]int16{
		"en/custom/hello":    tone.Sine(500, 8000, 0.4, 8000),
		"fr/custom/hello":    tone.Sine(700, 8000, 0.4, 8000),
		"en/custom/long":     tone.Sine(500, 8000, 10, 8000),
		"en/conf-getpin":     tone.Sine(900, 8000, 2, 8000),
		"en/conf-invalidpin": tone.Sine(700, 8000, 0.4, 8000),
	} {
		file := filepath.Join(dir, name+".wav")
		ok(t, os.MkdirAll(filepath.Dir(file), 0o700))
		ok(t, tone.WriteWAV(file, pcm, 8000))
	}
	return dir
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// run lets a leg call a context.
func (r *rig) run(l *signaltest.Leg, context string, vars ...dialplan.Variable) *signaling.Channel {
	r.t.Helper()
	c := r.Call(l, vars...)
	ok(r.t, app.Run(r.t.Context(), r.exec, c, dialplan.Position{Context: context, Exten: "s", Priority: 1}))
	return c
}

// note checks the next notes.
func (r *rig) note(want ...string) {
	r.t.Helper()
	for _, w := range want {
		if got := signaltest.Receive(r.t, "a note: "+w, r.notes); got != w {
			r.t.Errorf("note %q, want %q", got, w)
		}
	}
}

// noMore checks that no note is left of a channel that is gone.
func (r *rig) noMore() {
	r.t.Helper()
	select {
	case n := <-r.notes:
		r.t.Errorf("note %q", n)
	default:
	}
}

// told checks what a leg was told so far.
func told(t *testing.T, l *signaltest.Leg, want ...string) {
	t.Helper()
	if got := l.Calls(); !slices.Equal(got, want) {
		t.Errorf("leg was told %v, want %v", got, want)
	}
}

// hears waits until a phone hears these tones, and no other of those in use.
func hears(t *testing.T, p *signaltest.Phone, tones ...float64) {
	t.Helper()
	var wrong []string
	for range 20 {
		pcm := p.Hears(400 * time.Millisecond)
		wrong = nil
		for _, hz := range []float64{440, 480, 500, 700, 900} {
			switch level := tone.Lasting(pcm, p.Rate(), hz); {
			case slices.Contains(tones, hz) && level < -25:
				wrong = append(wrong, fmt.Sprintf("%v Hz is missing: %.1f dBFS", hz, level))
			case !slices.Contains(tones, hz) && level > -40:
				wrong = append(wrong, fmt.Sprintf("%v Hz is heard: %.1f dBFS", hz, level))
			}
		}
		if wrong == nil {
			return
		}
	}
	t.Errorf("wants to hear %v Hz: %v", tones, wrong)
}
