package music

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/tone"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/settings"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/logtest"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/mediatest"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// house is an engine with music: class high has a file of 1500 Hz, class default one of 1000.
func house(t *testing.T) (*signaltest.House, *Player, string) {
	t.Helper()
	dir := t.TempDir()
	for name, hz := range map[string]float64{"default": 1000, "high": 1500} {
		folder := filepath.Join(dir, name)
		ok(t, os.MkdirAll(folder, 0o700))
		ok(t, tone.WriteWAV(filepath.Join(folder, "tune.wav"), tone.Sine(hz, 8000, 1, 8000), 8000))
	}
	codecs := media.Codecs{g711.MuLaw(), g711.ALaw(), g722.Codec()}
	mix := signaltest.NewMixer(t, codecs...)
	var p *Player
	h := signaltest.New(t, mix, func(c *signaling.Config) {
		p = NewPlayer(Config{Mixer: mix, Codecs: codecs, Log: c.Log, Data: dir})
		c.Music = p
	})
	t.Cleanup(func() { ok(t, p.Close()) })
	p.Configure(&settings.Music{Classes: map[string]settings.MusicClass{
		"default": {Mode: "files", Directory: "default"}, "high": {Mode: "files", Directory: filepath.Join(dir, "high")},
	}})
	return h, p, dir
}

// hears waits until a phone hears these tones and none of the others.
func hears(t *testing.T, p *signaltest.Phone, tones ...float64) {
	t.Helper()
	var wrong []string
	for range 20 {
		pcm := p.Hears(500 * time.Millisecond)
		wrong = nil
		for _, hz := range []float64{500, 700, 1000, 1500} {
			switch level := tone.Lasting(pcm, p.Rate(), hz); {
			case slices.Contains(tones, hz) && level < -25:
				wrong = append(wrong, fmt.Sprintf("%v Hz is missing: %.1f dBFS", hz, level))
			case !slices.Contains(tones, hz) && level > -45:
				wrong = append(wrong, fmt.Sprintf("%v Hz is heard: %.1f dBFS", hz, level))
			}
		}
		if wrong == nil {
			return
		}
	}
	t.Errorf("wants to hear %v Hz: %v", tones, wrong)
}

// Who is held in a call hears its music, and the call again after that, muted if it was; who
// is alone in a conference hears it until somebody comes, and who asked for it until a bridge.
func TestMusicOnHold(t *testing.T) {
	h, p, _ := house(t)
	one, two := h.Phone(g711.MuLaw(), 500), h.Phone(g722.Codec(), 700)
	a, legA := h.CallUp("1001", one)
	b, _ := h.CallUp("1002", two)
	pair := h.Engine.NewBridge(signaling.BridgeConfig{})
	ok(t, pair.Add(t.Context(), a))
	ok(t, pair.Add(t.Context(), b))
	hears(t, two, 500)
	held := func(on bool) { legA.Tell(func(e signaling.LegEvents) { e.LegHeld(on) }) }
	held(true)
	hears(t, two, 1000)
	held(false)
	hears(t, two, 500)
	hears(t, one, 700)
	b.SetMusicClass("high")
	ok(t, b.Mute(t.Context(), true))
	held(true)
	hears(t, two, 1500)
	held(false)
	hears(t, two, 500)
	hears(t, one) // still muted
	ok(t, b.Mute(t.Context(), false))

	// Alone in a conference.
	meeting := h.Engine.NewBridge(signaling.BridgeConfig{AlwaysMix: true})
	ok(t, meeting.Add(t.Context(), b))
	ok(t, meeting.SetMusicWhenAlone(t.Context(), b, true, ""))
	hears(t, two, 1000)
	ok(t, meeting.Add(t.Context(), a))
	hears(t, two, 500)
	hears(t, one, 700)
	ok(t, meeting.Remove(t.Context(), a))
	hears(t, two, 1000)

	// Outside of bridges.
	ok(t, a.StartMusic(t.Context(), "high"))
	hears(t, one, 1500)
	ok(t, meeting.Add(t.Context(), a))
	hears(t, one, 700)
	meeting.Close()
	hears(t, one, 1500)
	ok(t, a.StopMusic(t.Context()))
	high, err := p.Room("high")
	ok(t, err)
	h.Eventually("the music has stopped", func() bool { return len(high.Snapshot().Members) == 0 })
	pair.Close()
}

// Who is held hears what the one who holds it would have others hear, but for a class of its
// own.
func TestSuggestedMusic(t *testing.T) {
	h, _, _ := house(t)
	two := h.Phone(g711.MuLaw(), 700)
	a, legA := h.CallUp("1001", h.Phone(g711.MuLaw(), 500))
	b, _ := h.CallUp("1002", two)
	pair := h.Engine.NewBridge(signaling.BridgeConfig{})
	ok(t, pair.Add(t.Context(), a))
	ok(t, pair.Add(t.Context(), b))
	held := func(on bool) { legA.Tell(func(e signaling.LegEvents) { e.LegHeld(on) }) }
	legA.Suggest("high")
	held(true)
	hears(t, two, 1500)
	held(false)
	hears(t, two, 500)
	b.SetMusicClass("default")
	held(true)
	hears(t, two, 1000)
	pair.Close()
}

// A class is encoded once for all who hear it in one encoding, and goes on where it was.
func TestMusicIsShared(t *testing.T) {
	h, p, _ := house(t)
	room, err := p.Room("")
	ok(t, err)
	if again, err := p.Room(Default); err != nil || again != room {
		t.Errorf("%v %v", again, err)
	}
	unknown, err := p.Room("nosuch")
	if err != nil || unknown != room || h.Log.Count("class=nosuch") != 0 && h.Log.Count("no such class") != 1 {
		t.Errorf("%v %v", unknown, err)
	}
	for i := range 3 {
		c, _ := h.CallUp(fmt.Sprint(1001+i), h.Phone(g711.MuLaw(), 500))
		ok(t, c.StartMusic(t.Context(), ""))
	}
	h.Eventually("all of them listen", func() bool { return room.Members() == 3 })
	if s := h.Mixer.Stats(); s.Rooms != 1 {
		t.Errorf("%d rooms", s.Rooms)
	}
}

// The order of files: by name, from anywhere, or shuffled; of one name the widest; what
// cannot be read is passed over and said; without any there are tones.
func TestOrder(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"b.wav", "a.wav", "c.wav", "broken.wav", "readme.txt"} {
		if !strings.HasSuffix(name, "c.wav") && name[0] < 'd' && len(name) == 5 {
			ok(t, tone.WriteWAV(filepath.Join(dir, name), tone.Sine(500, 8000, 0.1*float64(i+1), 8000), 8000))
			continue
		}
		ok(t, os.WriteFile(filepath.Join(dir, name), []byte("no sound"), 0o600))
	}
	ok(t, os.WriteFile(filepath.Join(dir, "a.ulaw"), make([]byte, 80), 0o600))
	log := &logtest.Log{}
	play := func(class settings.MusicClass, n int) (lengths []int) {
		p := source{settings: class, data: dir, codecs: media.Codecs{g711.MuLaw()}}.open(slog.New(slog.NewTextHandler(log, nil)))
		for range n {
			lengths = append(lengths, int(p.next().Duration()/(100*time.Millisecond)))
		}
		return lengths
	}
	if got := play(settings.MusicClass{Mode: "files", Directory: dir, Sort: "alpha"}, 5); !slices.Equal(got, []int{2, 1, 2, 1, 2}) {
		t.Errorf("by name: %v", got)
	}
	if log.Count("broken.wav") == 0 {
		t.Errorf("a broken file is not said:\n%s", log)
	}
	for _, sort := range []string{"randstart", "random", ""} {
		got := play(settings.MusicClass{Mode: "files", Directory: ".", Sort: sort}, 20)
		if !slices.Contains(got, 1) || !slices.Contains(got, 2) {
			t.Errorf("%s: %v", sort, got)
		}
	}
	if got := play(settings.MusicClass{Mode: "playlist", Entries: []string{"a", "https://example.org/x", "b.wav"}}, 2); !slices.Equal(got, []int{2, 1}) {
		t.Errorf("playlist: %v", got)
	}
	before := log.Count("soft tones")
	tones := int(builtIn().Duration() / (100 * time.Millisecond))
	for _, class := range []settings.MusicClass{{Mode: "custom"}, {Mode: "files", Directory: "/nowhere"}} {
		if got := play(class, 1); got[0] != tones {
			t.Errorf("%+v: %v", class, got)
		}
	}
	if n := log.Count("soft tones"); n != before+2 {
		t.Errorf("that tones are heard is said %d times", n-before)
	}
}

// What is built in is soft, never silent for long, and loops without a click.
func TestBuiltIn(t *testing.T) {
	h, p, dir := house(t)
	ok(t, os.RemoveAll(dir))
	p.Configure(&settings.Music{})
	phone := h.Phone(g722.Codec(), 500)
	c, _ := h.CallUp("1001", phone)
	ok(t, c.StartMusic(t.Context(), ""))
	h.Eventually("tones", func() bool { return mediatest.Level(phone.Hears(500*time.Millisecond)) > -40 })
	if files, err := p.Files(Default); err != nil || len(files) != 0 {
		t.Errorf("%v %v", files, err)
	}
	if _, err := p.Files("nosuch"); fault.Of(err) != fault.NotFound {
		t.Error(err)
	}
	if got := p.Classes(); !slices.Equal(got, []string{Default}) {
		t.Errorf("%v", got)
	}
}
