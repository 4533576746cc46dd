package recordings

import (
	"errors"
	"io"
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

// A recording that was deleted as soon as it had stopped is not there after a restart.
func TestWhatIsDeletedStaysSo(t *testing.T) {
	r := newRig(t)
	of := Subject{Call: "c", Bridge: r.bridge, By: "ada"}
	rec, err := r.Start(of, StartRecording{})
	must(t, err)
	e := r.kept[rec.ID]
	_, err = r.Stop(t.Context(), "c")
	must(t, err)
	must(t, r.discard(e))
	r.finish(of, e, recording.Result{}) // which comes last
	again, err := New(r.cfg)
	must(t, err)
	if len(again.kept) != 0 || len(r.kept) != 0 {
		t.Errorf("taken up %+v", again.kept)
	}
}

// One that is to end while it begins ends when it has begun.
func TestAnEndThatComesEarly(t *testing.T) {
	r := newRig(t)
	of := Subject{Call: "c", Bridge: r.bridge, By: "ada"}
	e := newEntry(of, "wav", time.Now())
	must(t, r.makeFolder())
	must(t, r.begin(of, e))
	r.End("c")
	if l := r.live["c"]; l == nil || !l.over {
		t.Errorf("it is %+v", l)
	}
	r.giveUp(of, e)
	if r.IsLive("c") || len(r.kept) != 0 || len(r.Of("c")) != 0 {
		t.Error("what was given up is there")
	}
}

// What a Range header asks for.
func TestRanges(t *testing.T) {
	for header, want := range map[string][3]int{
		"": {0, 100, 200}, "bytes=0-9": {0, 10, 206}, "bytes=10-": {10, 90, 206}, "bytes=-30": {70, 30, 206}, "bytes=90-1000": {90, 10, 206},
		"bytes=-1000": {0, 100, 206}, "bytes=99-99": {99, 1, 206}, "bytes=100-": {0, 0, 416}, "bytes=-0": {0, 0, 416}, "bytes=100-200": {0, 0, 416},
		"bytes=5-4": {0, 100, 200}, "bytes=0-1,3-4": {0, 100, 200}, "lines=1-2": {0, 100, 200}, "bytes=-": {0, 100, 200}, "bytes=+1-2": {0, 100, 200},
		"bytes=a-b": {0, 100, 200}, "bytes=0-99999999999999999999": {0, 100, 206}, "bytes=99999999999999999999-": {0, 0, 416}, "bytes=1": {0, 100, 200},
	} {
		if first, n, status := part(header, 100); [3]int{first, n, status} != want {
			t.Errorf("%q: %d bytes from %d, %d", header, n, first, status)
		}
	}
}

func FuzzRange(f *testing.F) {
	for _, header := range []string{"bytes=0-9", "bytes=-30", "bytes=10-", "bytes=0-1,3-4", "bytes=99999999999999999999-", ""} {
		f.Add(header, 100)
	}
	f.Fuzz(func(t *testing.T, header string, size int) {
		if size < 0 {
			return
		}
		first, n, status := part(header, size)
		if first < 0 || n < 0 || first+n > size || status == 206 && n == 0 || status == 200 && (first != 0 || n != size) {
			t.Errorf("%q of %d: %d bytes from %d, %d", header, size, n, first, status)
		}
	})
}

// deadlines is a connection that notes until when it may write.
type deadlines []time.Time

func (d *deadlines) SetWriteDeadline(at time.Time) error { *d = append(*d, at); return nil }

// A client that goes on taking a long file has time for each part of it, not for ever.
func TestALongFileIsNotCut(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	const size = 1 << 20
	must(t, os.WriteFile(name, make([]byte, size), 0o600))
	f, err := os.Open(name)
	must(t, err)
	now := time.Unix(0, 0)
	var until deadlines
	p := newPaced(f, size, &until, func() time.Time { return now })
	buf, read := make([]byte, 4<<10), 0
	for err == nil {
		var n int
		n, err = p.Read(buf)
		read += n
		now = now.Add(10 * time.Second)
	}
	if !errors.Is(err, io.EOF) || read != size || len(until) != size/len(buf) {
		t.Errorf("%d bytes, %d deadlines, %v", read, len(until), err)
	}
	end := time.Unix(0, 0).Add(chunkTime + size/leastRate*time.Second)
	for i, at := range until {
		if want := time.Unix(int64(10*i), 0).Add(chunkTime); at != want && at != end {
			t.Fatalf("part %d until %v", i, at)
		}
	}
	if until[len(until)-1] != end {
		t.Errorf("the last until %v, want %v", until[len(until)-1], end)
	}
	must(t, p.Close())
}
