package sound

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/tone"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/mixer"
)

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// encode gives PCM in raw frames of a codec.
func encode(t *testing.T, c *media.Codec, pcm []int16) []byte {
	t.Helper()
	e, err := c.NewEncoder(media.EncoderConfig{})
	ok(t, err)
	defer e.Close()
	var out []byte
	buf := make([]byte, c.MaxFrameBytes)
	for n := c.FrameSamples(); len(pcm) >= n; pcm = pcm[n:] {
		k, err := e.Encode(buf, pcm[:n])
		ok(t, err)
		out = append(out, buf[:k]...)
	}
	return out
}

func littleEndian(pcm []int16) []byte {
	var b bytes.Buffer
	_ = binary.Write(&b, binary.LittleEndian, pcm) // a Buffer takes everything
	return b.Bytes()
}

func wavOf(t *testing.T, pcm []int16, rate int) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x.wav")
	ok(t, tone.WriteWAV(file, pcm, rate))
	data, err := os.ReadFile(file)
	ok(t, err)
	return data
}

// write puts a file into a folder of sounds.
func write(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	file := filepath.Join(dir, name)
	ok(t, os.MkdirAll(filepath.Dir(file), 0o700))
	ok(t, os.WriteFile(file, data, 0o600))
}

// seconds is a WAV of a length, by which files are told apart.
func seconds(t *testing.T, s float64) []byte {
	t.Helper()
	return wavOf(t, tone.Sine(500, 8000, s, 8000), 8000)
}

func TestNamesAndLanguages(t *testing.T) {
	root := t.TempDir()
	first, second := filepath.Join(root, "a"), filepath.Join(root, "b")
	for name, s := range map[string]float64{
		"a/fr_CA/hello.wav": 0.1, "a/fr/hello.wav": 0.2, "a/en/hello.wav": 0.3, "a/hello.wav": 0.4,
		"a/fr/only.wav": 0.5, "a/digits/1.wav": 0.6, "b/en/hello.wav": 0.7, "b/en/late.wav": 0.8, "secret.wav": 0.9,
	} {
		write(t, root, name, seconds(t, s))
	}
	ok(t, os.MkdirAll(filepath.Join(first, "en", "folder.wav"), 0o700))
	write(t, first, "en/broken.wav", []byte("RIFF, or not"))
	l := NewLibrary(media.Codecs{g711.MuLaw()}, first, "", filepath.Join(root, "none"), second)
	for _, ca := range []struct {
		name, language string
		want           time.Duration
		kind           fault.Kind
	}{
		{"hello", "fr_CA", 100 * time.Millisecond, 0},
		{"hello", "fr-FR", 200 * time.Millisecond, 0},
		{"hello", "fr", 200 * time.Millisecond, 0},
		{"hello", "de", 300 * time.Millisecond, 0},
		{"hello", "", 300 * time.Millisecond, 0},
		{"digits/1", "en", 600 * time.Millisecond, 0},
		{"late", "en", 800 * time.Millisecond, 0},
		{"only", "fr", 500 * time.Millisecond, 0},
		{"only", "en", 0, fault.NotFound},
		{"nothing", "en", 0, fault.NotFound},
		{"folder", "en", 0, fault.NotFound},
		{"broken", "en", 0, fault.Invalid},
		{"../secret", "en", 0, fault.Invalid},
		{"../../secret", "en", 0, fault.Invalid},
		{"digits/../../../secret", "en", 0, fault.Invalid},
		{"/etc/passwd", "en", 0, fault.Invalid},
		{"", "en", 0, fault.Invalid},
		{".", "en", 0, fault.Invalid},
		{"a\\b", "en", 0, fault.Invalid},
		{"a\x00b", "en", 0, fault.Invalid},
		{strings.Repeat("a", 257), "en", 0, fault.Invalid},
		{"secret", "..", 0, fault.Invalid},
		{"secret", "en/../..", 0, fault.Invalid},
		{"hello", strings.Repeat("f", 33), 0, fault.Invalid},
	} {
		c, err := l.Sound(t.Context(), ca.name, ca.language)
		switch {
		case ca.want == 0 && (err == nil || fault.Of(err) != ca.kind):
			t.Errorf("%.20q in %.20q: %v, want %s", ca.name, ca.language, err, ca.kind)
		case ca.want > 0 && (err != nil || c.Duration() != ca.want):
			t.Errorf("%q in %q: %v, want %v", ca.name, ca.language, err, ca.want)
		}
	}
}

func TestFormats(t *testing.T) {
	codecs := media.Codecs{g711.MuLaw(), g711.ALaw(), g722.Codec()}
	narrow := tone.Sine(500, 8000, 0.5, 8000)
	for _, ca := range []struct {
		suffix string
		data   []byte
		rate   int
	}{
		{".wav", wavOf(t, narrow, 8000), 8000},
		{".wav16", wavOf(t, tone.Sine(500, 16000, 0.5, 8000), 16000), 16000},
		{".sln", littleEndian(narrow), 8000},
		{".sln16", littleEndian(tone.Sine(500, 16000, 0.5, 8000)), 16000},
		{".sln48", littleEndian(tone.Sine(500, 48000, 0.5, 8000)), 48000},
		{".ulaw", encode(t, g711.MuLaw(), narrow), 8000},
		{".pcm", encode(t, g711.MuLaw(), narrow), 8000},
		{".alaw", encode(t, g711.ALaw(), narrow), 8000},
		{".g722", encode(t, g722.Codec(), tone.Sine(500, 16000, 0.5, 8000)), 16000},
	} {
		t.Run(ca.suffix, func(t *testing.T) {
			for _, f := range formats {
				if f.suffix != ca.suffix {
					continue
				}
				pcm, rate, err := f.decode(codecs, ca.data)
				if err != nil || rate != ca.rate {
					t.Fatalf("%d Hz, %v", rate, err)
				}
				if level := tone.Level(pcm, rate, 500); level < -13 || level > -11 {
					t.Errorf("tone at %.1f dBFS", level)
				}
			}
			dir := t.TempDir()
			write(t, dir, "en/x"+ca.suffix, ca.data)
			c, err := NewLibrary(codecs, dir).Sound(t.Context(), "x", "en")
			if err != nil || c.Duration() != 500*time.Millisecond {
				t.Errorf("clip: %v", err)
			}
		})
	}
	dir := t.TempDir()
	write(t, dir, "en/x.g722", []byte{1, 2, 3})
	if _, err := NewLibrary(media.Codecs{}, dir).Sound(t.Context(), "x", "en"); fault.Of(err) != fault.Unsupported {
		t.Errorf("without the codec: %v", err)
	}
	write(t, dir, "en/long.sln", make([]byte, 2*8000*(maxSeconds+1)))
	write(t, dir, "en/long2.ulaw", make([]byte, 8000*maxSeconds+1))
	ok(t, os.Truncate(filepath.Join(dir, "en", "x.g722"), maxBytes+1))
	for _, name := range []string{"long", "long2", "x"} {
		if _, err := NewLibrary(codecs, dir).Sound(t.Context(), name, "en"); fault.Of(err) != fault.TooLarge {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A file is decoded once, and anew when it has changed.
func TestFilesAreKept(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "en/x.wav", seconds(t, 0.1))
	l := NewLibrary(nil, dir)
	get := func() *mixer.Clip {
		c, err := l.Sound(t.Context(), "x", "en")
		ok(t, err)
		return c
	}
	first := get()
	if get() != first {
		t.Error("decoded twice")
	}
	write(t, dir, "en/x.wav", seconds(t, 0.2))
	if c := get(); c.Duration() != 200*time.Millisecond {
		t.Errorf("still plays %v", c.Duration())
	}
	ok(t, os.Remove(filepath.Join(dir, "en/x.wav")))
	if _, err := l.Sound(t.Context(), "x", "en"); fault.Of(err) != fault.NotFound {
		t.Errorf("removed, but %v", err)
	}
}

func TestCache(t *testing.T) {
	const each = 1000 - slotBytes
	c := newCache(10 * 1000)
	calls := 0
	get := func(key string, bytes int) {
		t.Helper()
		e, err := c.get(key, stamp{}, func() (entry, error) { calls++; return entry{bytes: bytes}, nil })
		if err != nil || e.bytes != bytes {
			t.Errorf("%s: %+v, %v", key, e, err)
		}
	}
	for n := range 12 {
		get(fmt.Sprint(n), each)
		get("0", each) // is used again and again: stays
	}
	if c.bytes != 10*1000 || len(c.kept) != 10 || c.order.Len() != 10 || c.kept["0"] == nil || c.kept["1"] != nil {
		t.Errorf("%d bytes in %d entries: %v", c.bytes, len(c.kept), c.kept)
	}
	if calls != 12 {
		t.Errorf("made %d times", calls)
	}
	get("huge", 5000) // is not worth the others
	if c.bytes != 10*1000 || c.kept["huge"] != nil {
		t.Error("kept what is too large")
	}
	if _, err := c.get("bad", stamp{}, func() (entry, error) { return entry{}, errNotMade }); err == nil {
		t.Error("no error")
	}
	get("bad", each) // an error is not kept
	func() {
		defer func() { _ = recover() }()
		_, _ = c.get("panics", stamp{}, func() (entry, error) { panic("broken") })
	}()
	get("panics", each)
	get("0", each)
	if _, err := c.get("0", stamp{bytes: 1}, func() (entry, error) { calls = 0; return entry{bytes: each}, nil }); err != nil || calls != 0 {
		t.Error("a new version was not made")
	}
}

// What many ask for at once is made once.
func TestCacheMakesOnce(t *testing.T) {
	c := newCache(1 << 20)
	var made atomic.Int32
	var wg sync.WaitGroup
	for n := range 64 {
		wg.Go(func() {
			_, err := c.get(fmt.Sprint(n%4), stamp{}, func() (entry, error) { made.Add(1); return entry{bytes: 10}, nil })
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made.Load() != 4 {
		t.Errorf("made %d times", made.Load())
	}
}
