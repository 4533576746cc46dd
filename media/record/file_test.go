package record_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/record"
	"github.com/skygenesisenterprise/skybridge/media/wav"
)

func codecs() media.Codecs { return media.Codecs{g711.MuLaw(), g711.ALaw(), g722.Codec()} }

func format(t *testing.T, name string) record.Format {
	t.Helper()
	f, err := record.FormatOf(name)
	ok(t, err)
	return f
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ramp is frames of 20 ms whose samples count up, at no great level.
func ramp(frames, rate int) []int16 {
	pcm := make([]int16, frames*rate/50)
	for i := range pcm {
		pcm[i] = int16(i%2000 - 1000)
	}
	return pcm
}

func readWAV(t *testing.T, path string) (wav.Format, []int16) {
	t.Helper()
	f, err := os.Open(path)
	ok(t, err)
	defer func() { ok(t, f.Close()) }()
	r, err := wav.NewReader(f)
	ok(t, err)
	if r.Samples() < 0 {
		t.Error("the header does not say how long it is")
	}
	pcm := make([]int16, 1<<20)
	n, err := r.Read(pcm)
	ok(t, err)
	return r.Format(), pcm[:n]
}

// Every format has the length of its audio; a file has its name only in the end.
func TestFormats(t *testing.T) {
	for _, tt := range []struct {
		name   string
		stereo bool
		bytes  int64 // of a second
	}{
		{"wav", false, 44 + 16000},
		{"wav", true, 44 + 32000},
		{"wav16", false, 44 + 32000},
		{"wav48", true, 44 + 192000},
		{"sln", false, 16000},
		{"raw", true, 32000},
		{"sln16", false, 32000},
		{"sln48", false, 96000},
		{"ulaw", false, 8000},
		{"pcm", false, 8000},
		{"alaw", false, 8000},
		{"g722", false, 8000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "of", "today", "call."+tt.name)
			f, err := record.Create(record.FileConfig{Path: path, Format: format(t, tt.name), Stereo: tt.stereo, Codecs: codecs()})
			ok(t, err)
			pcm := ramp(50, f.Format().SampleRate)
			if tt.stereo {
				pcm = append(pcm, pcm...)
			}
			for block := range slices.Chunk(pcm, len(pcm)/50) {
				ok(t, f.Write(block))
			}
			if f.Length() != time.Second {
				t.Errorf("%v long", f.Length())
			}
			if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the file is there before its end: %v", err)
			}
			ok(t, f.Finish())
			ok(t, f.Finish())
			info, err := os.Stat(path)
			ok(t, err)
			if info.Size() != tt.bytes {
				t.Errorf("%d bytes, want %d", info.Size(), tt.bytes)
			}
			if _, err := os.Stat(path + record.Part); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the part is left: %v", err)
			}
		})
	}
}

func TestUnknownFormat(t *testing.T) {
	for _, name := range []string{"", "gsm", "WAV", "mp3"} {
		if _, err := record.FormatOfFile("x." + name); fault.Of(err) != fault.Unsupported {
			t.Errorf("%s: %v", name, err)
		}
	}
	f := format(t, "ulaw")
	if _, err := record.Create(record.FileConfig{Path: filepath.Join(t.TempDir(), "x.ulaw"), Format: f, Stereo: true, Codecs: codecs()}); fault.Of(err) != fault.Unsupported {
		t.Errorf("stereo µ-law: %v", err)
	}
	if _, err := record.Create(record.FileConfig{Path: filepath.Join(t.TempDir(), "x.ulaw"), Format: f}); fault.Of(err) != fault.Unsupported {
		t.Errorf("µ-law without a codec: %v", err)
	}
}

// What is appended to stays as it was until the end, and is there then.
func TestAppend(t *testing.T) {
	for _, name := range []string{"wav", "sln16", "ulaw"} {
		t.Run(name, func(t *testing.T) {
			cfg := record.FileConfig{Path: filepath.Join(t.TempDir(), "x."+name), Format: format(t, name), Append: true, Codecs: codecs()}
			for i := range 3 {
				f, err := record.Create(cfg)
				ok(t, err)
				if want := time.Duration(i) * 100 * time.Millisecond; f.Length() != want {
					t.Errorf("holds %v, want %v", f.Length(), want)
				}
				ok(t, f.Write(ramp(5, cfg.Format.SampleRate)))
				ok(t, f.Finish())
			}
			if name == "wav" {
				if _, pcm := readWAV(t, cfg.Path); !slices.Equal(pcm, slices.Repeat(ramp(5, 8000), 3)) {
					t.Errorf("%d samples", len(pcm))
				}
				cfg.Stereo = true
				if _, err := record.Create(cfg); fault.Of(err) != fault.Invalid {
					t.Errorf("stereo to mono: %v", err)
				}
			}
		})
	}
}

func TestRewind(t *testing.T) {
	for name, want := range map[string]int64{"wav": 44 + 12000, "sln": 12000, "ulaw": 6080} { // µ-law by frames
		path := filepath.Join(t.TempDir(), "x."+name)
		f, err := record.Create(record.FileConfig{Path: path, Format: format(t, name), Codecs: codecs()})
		ok(t, err)
		ok(t, f.Write(ramp(50, 8000)))
		ok(t, f.Rewind(250*time.Millisecond))
		ok(t, f.Rewind(0))
		ok(t, f.Finish())
		info, err := os.Stat(path)
		ok(t, err)
		if info.Size() != want {
			t.Errorf("%s: %d bytes, want %d", name, info.Size(), want)
		}
	}
}

// One file is recorded by one; what nobody wants leaves nothing.
func TestOneWriter(t *testing.T) {
	cfg := record.FileConfig{Path: filepath.Join(t.TempDir(), "x.wav"), Format: format(t, "wav")}
	f, err := record.Create(cfg)
	ok(t, err)
	if _, err := record.Create(cfg); fault.Of(err) != fault.Conflict {
		t.Errorf("a second writer: %v", err)
	}
	ok(t, f.Discard())
	left, err := os.ReadDir(filepath.Dir(cfg.Path))
	ok(t, err)
	if len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	f, err = record.Create(cfg)
	ok(t, err)
	ok(t, f.Finish())
}

// After a crash the header is seconds behind at most, and Repair makes it true.
func TestCrash(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a/one.wav", "two.sln", "kept.wav"} {
		f, err := record.Create(record.FileConfig{Path: filepath.Join(dir, name), Format: format(t, filepath.Ext(name)[1:])})
		ok(t, err)
		for range 700 {
			ok(t, f.Write(ramp(1, 8000)))
		}
		t.Cleanup(func() {
			if err := f.Discard(); err == nil {
				t.Error("the part was left")
			}
		})
		// What the process had written when it died.
		data, err := os.ReadFile(filepath.Join(dir, name+record.Part))
		ok(t, err)
		ok(t, os.Remove(filepath.Join(dir, name+record.Part)))
		ok(t, os.WriteFile(filepath.Join(dir, name+record.Part), data, 0o600))
	}
	_, pcm := readWAV(t, filepath.Join(dir, "a/one.wav"+record.Part))
	if len(pcm) != 10*8000 {
		t.Errorf("the header says %d samples before the repair", len(pcm))
	}
	ok(t, os.WriteFile(filepath.Join(dir, "kept.wav"), nil, 0o600))
	ok(t, os.WriteFile(filepath.Join(dir, "other"+record.Part), nil, 0o600))

	repaired, err := record.Repair(dir)
	ok(t, err)
	want := []string{filepath.Join(dir, "a/one.wav"), filepath.Join(dir, "kept-1.wav"), filepath.Join(dir, "two.sln")}
	if !slices.Equal(repaired, want) {
		t.Errorf("repaired %v, want %v", repaired, want)
	}
	_, pcm = readWAV(t, filepath.Join(dir, "a/one.wav"))
	if len(pcm) < 13*8000 {
		t.Errorf("%d samples after the repair", len(pcm))
	}
	if repaired, err = record.Repair(filepath.Join(dir, "none")); err != nil || repaired != nil {
		t.Errorf("no folder: %v, %v", repaired, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "kept.wav")); err != nil || info.Size() != 0 {
		t.Errorf("another file of the name: %v, %v", info, err)
	}
}

// What cannot be repaired is told, and keeps nothing else from it.
func TestRepairGoesOn(t *testing.T) {
	dir := t.TempDir()
	pcm := make([]byte, 320)
	ok(t, os.WriteFile(filepath.Join(dir, "b.sln"+record.Part), pcm, 0o600))
	ok(t, os.WriteFile(filepath.Join(dir, "a.sln"+record.Part), pcm, 0o600))
	for i := range 100 { // all names are taken
		name := "a.sln"
		if i > 0 {
			name = fmt.Sprintf("a-%d.sln", i)
		}
		ok(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	repaired, err := record.Repair(dir)
	if want := []string{filepath.Join(dir, "b.sln")}; !errors.Is(err, fs.ErrExist) || !slices.Equal(repaired, want) {
		t.Errorf("%v, %v; want %v", repaired, err, want)
	}
	if info, err := os.Stat(filepath.Join(dir, "a.sln"+record.Part)); err != nil || info.Size() != 320 {
		t.Errorf("what has no name is kept: %v, %v", info, err)
	}
}

// A disk that is full is that recording's error, and Finish keeps what there is.
func TestFullDisk(t *testing.T) {
	var was unix.Rlimit
	ok(t, unix.Getrlimit(unix.RLIMIT_FSIZE, &was))
	path := filepath.Join(t.TempDir(), "x.wav")
	f, err := record.Create(record.FileConfig{Path: path, Format: format(t, "wav")})
	ok(t, err)
	ok(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 20000, Max: was.Max}))
	for i := 0; i < 100 && err == nil; i++ {
		err = f.Write(ramp(1, 8000))
	}
	ferr := f.Finish()
	ok(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &was))
	if !errors.Is(err, unix.EFBIG) || ferr == nil {
		t.Errorf("write: %v; finish: %v", err, ferr)
	}
	if info, err := os.Stat(path); err != nil || info.Size() != 20000 {
		t.Errorf("%v: %v", info, err)
	}
}
