package recording_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g729"
	"github.com/skygenesisenterprise/skybridge/media/record"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/recording"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// house is a house with recordings in a folder.
type house struct {
	*signaltest.House
	*recording.Registry
	t      *testing.T
	folder string
}

func newHouse(t *testing.T) *house {
	t.Helper()
	t.Parallel()
	h := &house{House: signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw())), t: t, folder: t.TempDir()}
	h.Registry = recording.NewRegistry(recording.Config{
		Engine: h.Engine, Codecs: media.Codecs{g711.MuLaw()}, Log: slog.New(slog.NewTextHandler(h.Log, nil)), Monitor: h.folder,
	})
	t.Cleanup(func() { ok(t, h.Close()) })
	return h
}

func (h *house) options(name string) recording.Options {
	h.t.Helper()
	f, err := record.FormatOfFile(name)
	ok(h.t, err)
	return recording.Options{Name: name, Path: filepath.Join(h.folder, name), Format: f}
}

func (h *house) start(c *signaling.Channel, opts recording.Options) *recording.Recording {
	h.t.Helper()
	rec, err := h.Start(h.t.Context(), c, opts)
	ok(h.t, err)
	return rec
}

func (h *house) reaches(rec *recording.Recording, d time.Duration) {
	h.t.Helper()
	h.Eventually("a recording of "+d.String(), func() bool { return rec.Length() >= d })
}

// A digit that is one of its terminators ends a recording, another does not.
func TestTerminators(t *testing.T) {
	h := newHouse(t)
	p := h.Phone(g711.MuLaw(), 700)
	c, _ := h.CallUp("1001", p)
	opts := h.options("a.wav")
	opts.Terminators = "5*"
	rec := h.start(c, opts)
	h.reaches(rec, 100*time.Millisecond)
	p.Press("1*")
	<-rec.Done()
	if res := rec.Result(); res.Reason != recording.Digit || res.Digit != '*' || res.Err != nil || res.Lost != 0 {
		t.Errorf("%+v", res)
	}
}

// Paused time is not in the file; a name finds its recording while it lasts.
func TestPause(t *testing.T) {
	h := newHouse(t)
	c, _ := h.CallUp("1001", h.Phone(g711.MuLaw(), 700))
	rec := h.start(c, h.options("a.wav"))
	h.reaches(rec, 100*time.Millisecond)
	rec.Set(record.Paused)
	other := h.start(c, h.options("b.ulaw"))
	h.reaches(other, 600*time.Millisecond)
	if got, err := h.Find("a.wav"); err != nil || got != rec || got.Snapshot().State != "paused" {
		t.Errorf("%v, %v", got, err)
	}
	rec.Stop()
	<-rec.Done()
	if l := rec.Result().Length; l > 400*time.Millisecond {
		t.Errorf("%v with a pause of more than half a second", l)
	}
	if _, err := h.Find("a.wav"); fault.Of(err) != fault.NotFound {
		t.Errorf("found after its end: %v", err)
	}
	if s := rec.Snapshot(); s.State != "done" || s.Result.Reason != recording.Stopped {
		t.Errorf("%+v", s)
	}
}

// The end of a channel, and that of the server, finish the files.
func TestEnds(t *testing.T) {
	h := newHouse(t)
	sub := h.Engine.Bus().Subscribe(16, func(e *event.Event) bool { return e.Type == event.RecordingFinished })
	defer sub.Close()
	one, _ := h.CallUp("1001", h.Phone(g711.MuLaw(), 700))
	two, _ := h.CallUp("1002", h.Phone(g711.MuLaw(), 700))
	a := h.start(one, h.options("a.wav"))
	with := h.options("a-in.wav")
	with.Content, with.With = record.Said, a
	in := h.start(one, with)
	b := h.start(two, h.options("b.wav"))
	h.reaches(b, 100*time.Millisecond)
	one.Hangup(signaling.CauseNormal)
	<-a.Done()
	select {
	case <-in.Done():
	default:
		t.Error("done before what it is with")
	}
	ok(t, h.Close())
	for _, rec := range []*recording.Recording{a, in, b} {
		<-rec.Done()
		signaltest.Receive(t, "an event", sub.Events())
		if res := rec.Result(); res.Reason != recording.Stopped || res.Err != nil {
			t.Errorf("%+v", res)
		}
		if _, err := os.Stat(rec.Snapshot().Path); err != nil {
			t.Error(err)
		}
	}
	if _, err := h.Start(t.Context(), two, h.options("c.wav")); fault.Of(err) != fault.Gone {
		t.Errorf("start after the end: %v", err)
	}
	left, err := filepath.Glob(filepath.Join(h.folder, "*"+record.Part))
	if err != nil || left != nil {
		t.Errorf("left: %v, %v", left, err)
	}
}

// What cannot be recorded is said, and costs the call nothing.
func TestTroubles(t *testing.T) {
	h := newHouse(t)
	c, _ := h.CallUp("1001", h.Phone(g711.MuLaw(), 700))
	h.start(c, h.options("a.wav"))
	if _, err := h.Start(t.Context(), c, h.options("a.wav")); fault.Of(err) != fault.Conflict {
		t.Errorf("twice the same file: %v", err)
	}
	ok(t, os.WriteFile(filepath.Join(h.folder, "file"), nil, 0o600))
	if _, err := h.Start(t.Context(), c, h.options("file/a.wav")); err == nil {
		t.Error("recorded below a file")
	}
	// Its place is taken while it is recorded.
	rec := h.start(c, h.options("b.wav"))
	ok(t, os.MkdirAll(filepath.Join(h.folder, "b.wav", "x"), 0o700))
	rec.Stop()
	<-rec.Done()
	if s := rec.Snapshot(); s.State != "failed" || s.Result.Err == nil {
		t.Errorf("%+v", s)
	}
	silent, _ := h.CallUp("1002", nil)
	if _, err := h.Start(t.Context(), silent, h.options("c.wav")); fault.Of(err) != fault.Conflict {
		t.Errorf("without media: %v", err)
	}
	if c.Snapshot().Ended {
		t.Error("the call ended")
	}
}

// What a crash left is finished at the start.
func TestRepairAtTheStart(t *testing.T) {
	h := newHouse(t)
	ok(t, os.WriteFile(filepath.Join(h.folder, "a.ulaw"+record.Part), []byte("x"), 0o600))
	again := recording.NewRegistry(recording.Config{Engine: h.Engine, Log: slog.New(slog.NewTextHandler(h.Log, nil)), Monitor: h.folder})
	ok(t, again.Close())
	if _, err := os.Stat(filepath.Join(h.folder, "a.ulaw")); err != nil {
		t.Error(err)
	}
	if h.Log.Count("recording repaired") != 1 {
		t.Errorf("log:\n%s", h.Log)
	}
}

// A call whose audio is only passed on is not recorded as silence: that is refused, and leaves
// no file. Nor can a third party join it.
func TestPassedOnIsRefused(t *testing.T) {
	h := newHouse(t)
	b := h.Engine.NewBridge(signaling.BridgeConfig{})
	t.Cleanup(b.Close)
	format := media.Format{Codec: g729.PassThrough(), PayloadType: 18}
	var all []*signaling.Channel
	for _, name := range []string{"1001", "1002", "1003"} {
		c, l := h.CallUp(name, h.Phone(g711.MuLaw(), 500))
		ok(t, l.Port().SetMedia(mixer.Media{Send: format, Receive: []media.Format{format}}))
		all = append(all, c)
	}
	ok(t, b.Add(t.Context(), all[0]))
	ok(t, b.Add(t.Context(), all[1]))
	if err := b.Add(t.Context(), all[2]); fault.Of(err) != fault.Unsupported || !strings.Contains(err.Error(), "G729") {
		t.Errorf("a third party: %v", err)
	}
	if _, err := h.Start(t.Context(), all[0], h.options("x.wav")); fault.Of(err) != fault.Unsupported || !strings.Contains(err.Error(), "G729") {
		t.Errorf("a recording: %v", err)
	}
	left, err := os.ReadDir(h.folder)
	ok(t, err)
	if len(left) != 0 {
		t.Errorf("%v is left", left)
	}
}
