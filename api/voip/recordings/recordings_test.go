package recordings

import (
	"errors"
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
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/recording"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const id = "01a20914-bd65-7e30-b258-b2c98212f041"

// descriptions are what is read, and its state or kind of error; FuzzEntry begins with them.
var descriptions = []struct {
	text  string
	state string
	kind  fault.Kind
}{
	{`{"id":"` + id + `","format":"wav","state":"done","users":["a"],"length_ns":5}`, stateDone, 0},
	{`{"id":"` + id + `","format":"wav48","state":"recording"}`, stateInterrupted, 0},
	{`{"id":"` + id + `","format":"wav16","state":"failed"}`, stateFailed, 0},
	{`{"id":"` + id + `","format":"wav","state":"lost"}`, "", fault.Invalid},
	{`{"id":"` + id + `","format":"/../x","state":"done"}`, "", fault.Invalid},
	{`{"id":"01a20914-bd65-7e30-b258-b2c98212f042","format":"wav","state":"done"}`, "", fault.Invalid},
	{`{"id":7}`, "", fault.Malformed},
	{`null`, "", fault.Invalid},
	{``, "", fault.Malformed},
	{`{"id":"` + strings.Repeat("x", maxEntry) + `"}`, "", fault.TooLarge},
}

func TestEntries(t *testing.T) {
	for _, ca := range descriptions {
		e, err := parseEntry([]byte(ca.text), id)
		switch {
		case ca.state == "" && (err == nil || fault.Of(err) != ca.kind):
			t.Errorf("%.60s: %v", ca.text, err)
		case ca.state != "" && (err != nil || e.State != ca.state):
			t.Errorf("%.60s: %+v, %v", ca.text, e, err)
		}
	}
	if _, err := parseEntry([]byte(`{"id":"x","format":"wav","state":"done"}`), "x"); fault.Of(err) != fault.Invalid {
		t.Errorf("an id that is none: %v", err)
	}
}

func FuzzEntry(f *testing.F) {
	for _, ca := range descriptions {
		f.Add([]byte(ca.text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if e, err := parseEntry(text, id); err == nil && (e.ID != id || strings.ContainsAny(e.Format, "/.")) {
			t.Errorf("%q is %+v", text, e)
		}
	})
}

// rig is a bridge in which somebody is.
type rig struct {
	*Service
	bridge *signaling.Bridge
	folder string
}

func newRig(t *testing.T, change ...func(*Config)) *rig {
	t.Helper()
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	log := slog.New(slog.DiscardHandler)
	registry := recording.NewRegistry(recording.Config{Engine: h.Engine, Codecs: media.Codecs{g711.MuLaw()}, Log: log, Monitor: t.TempDir()})
	t.Cleanup(func() { must(t, registry.Close()) })
	r := &rig{folder: filepath.Join(registry.Monitor(), "api"), bridge: h.Engine.NewBridge(signaling.BridgeConfig{Name: "b"})}
	t.Cleanup(r.bridge.Close)
	c, _ := h.CallUp("1001", h.Phone(g711.MuLaw(), 500))
	must(t, r.bridge.Add(t.Context(), c))
	cfg := Config{Registry: registry, Folder: r.folder, Now: time.Now, Log: log}
	for _, f := range change {
		f(&cfg)
	}
	var err error
	r.Service, err = New(cfg)
	must(t, err)
	return r
}

// A disk that is full, or not to be asked, has no new recordings.
func TestTheDisk(t *testing.T) {
	left, trouble := uint64(minFree), error(nil)
	r := newRig(t, func(cfg *Config) { cfg.Free = func(string) (uint64, error) { return left, trouble } })
	must(t, r.Available())
	left--
	if err := r.Available(); fault.Of(err) != fault.Unavailable || fault.CodeOf(err) != "disk_full" {
		t.Errorf("a full disk: %v", err)
	}
	if _, err := r.Start(Subject{Call: "c", Bridge: r.bridge}, StartRecording{}); fault.CodeOf(err) != "disk_full" {
		t.Errorf("a recording on a full disk: %v", err)
	}
	trouble = errors.New("gone")
	if err := r.Available(); fault.Of(err) != fault.Unavailable {
		t.Errorf("a disk that does not say: %v", err)
	}
	if n, err := free(r.folder); err != nil || n == 0 {
		t.Errorf("%d bytes are free, %v", n, err)
	}
}

// What a crash left is there, as interrupted; what is no description stays, and is left aside.
func TestWhatIsTakenUp(t *testing.T) {
	r := newRig(t)
	of := Subject{Call: "c", Bridge: r.bridge, By: "ada", Users: []string{"ada", "bob", ""}}
	rec, err := r.Start(of, StartRecording{})
	must(t, err)
	for name, text := range map[string]string{"x.json": "{}", id + ".json": "{", "notes.txt": "hello"} {
		must(t, os.WriteFile(filepath.Join(r.folder, name), []byte(text), 0o600))
	}
	again, err := New(r.cfg)
	must(t, err)
	if len(again.kept) != 1 || again.kept[rec.ID].State != stateInterrupted || len(again.kept[rec.ID].Users) != 2 || len(again.Of("c")) != 1 {
		t.Errorf("taken up %+v", again.kept)
	}
	r.End("c")
	must(t, func() error { _, err := r.Stop(t.Context(), "c"); return err }())
	if r.IsLive("c") {
		t.Error("it goes on")
	}
	if _, err := r.Stop(t.Context(), "c"); fault.CodeOf(err) != "not_recording" {
		t.Errorf("stopped twice: %v", err)
	}
}
