package record_test

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/record"
)

func newRecorder(t testing.TB, stereo bool, cfg record.RecorderConfig) (*record.Recorder, string) {
	t.Helper()
	f, err := record.FormatOf("wav")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.wav")
	file, err := record.Create(record.FileConfig{Path: path, Format: f, Stereo: stereo})
	if err != nil {
		t.Fatal(err)
	}
	return record.NewRecorder(file, cfg), path
}

func block(v int16) []int16 { return slices.Repeat([]int16{v}, 160) }

func TestContents(t *testing.T) {
	for _, tt := range []struct {
		name        string
		cfg         record.RecorderConfig
		said, heard int16
		want        []int16 // the first samples
	}{
		{"mix", record.RecorderConfig{}, 1000, -300, []int16{700, 700}},
		{"a loud mix", record.RecorderConfig{}, 30000, 30000, []int16{32767, 32767}},
		{"stereo", record.RecorderConfig{Content: record.Stereo}, 1000, -300, []int16{1000, -300}},
		{"said", record.RecorderConfig{Content: record.Said}, 1000, -300, []int16{1000, 1000}},
		{"heard", record.RecorderConfig{Content: record.Heard}, 1000, -300, []int16{-300, -300}},
		{"louder", record.RecorderConfig{SaidShift: 2, HeardShift: -1}, 1000, -300, []int16{3850, 3850}},
		{"at most", record.RecorderConfig{SaidShift: 9, HeardShift: -9}, 10, -320, []int16{140, 140}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, path := newRecorder(t, tt.cfg.Content == record.Stereo, tt.cfg)
			for range 10 {
				over, err := r.Take(block(tt.said), block(tt.heard))
				if over != record.NotOver || err != nil {
					t.Fatal(over, err)
				}
			}
			ok(t, r.File().Finish())
			if _, pcm := readWAV(t, path); !slices.Equal(pcm[:2], tt.want) || r.Length() != 200*time.Millisecond {
				t.Errorf("%v..., %v long; want %v", pcm[:2], r.Length(), tt.want)
			}
		})
	}
}

// Pauses take no time in the file and towards no limit, mutes do.
func TestStates(t *testing.T) {
	r, path := newRecorder(t, false, record.RecorderConfig{Limits: record.Limits{Duration: time.Second}})
	over := record.NotOver
	take := func(n int, v int16) {
		for range n {
			var err error
			over, err = r.Take(block(v), nil)
			ok(t, err)
		}
	}
	take(10, 1000)
	r.Set(record.Paused)
	take(100, 2000)
	r.Set(record.Muted)
	take(10, 3000)
	r.Set(record.Running)
	take(29, 4000)
	if over != record.NotOver || r.Length() != 980*time.Millisecond {
		t.Errorf("over: %v after %v", over, r.Length())
	}
	take(1, 4000)
	if over != record.OverDuration {
		t.Errorf("over: %v", over)
	}
	ok(t, r.File().Finish())
	_, pcm := readWAV(t, path)
	if want := slices.Concat(slices.Repeat(block(1000), 10), slices.Repeat(block(0), 10), slices.Repeat(block(4000), 30)); !slices.Equal(pcm, want) {
		t.Errorf("%d samples", len(pcm))
	}
}

// Only silence without a break ends a recording.
func TestSilence(t *testing.T) {
	r, _ := newRecorder(t, false, record.RecorderConfig{Limits: record.Limits{Silence: 200 * time.Millisecond}})
	n := 0
	for over := record.NotOver; over == record.NotOver; n++ {
		v := int16(200)
		if n < 30 && n%8 == 0 {
			v = 300
		}
		var err error
		over, err = r.Take(block(v), nil)
		ok(t, err)
		if over == record.OverDuration {
			t.Fatal("over by its length")
		}
	}
	if n != 35 || r.Silence() != 200*time.Millisecond {
		t.Errorf("over after %d blocks, %v of silence", n, r.Silence())
	}
	ok(t, r.File().Discard())
}

func TestTakeAllocatesNothing(t *testing.T) {
	r, _ := newRecorder(t, true, record.RecorderConfig{Content: record.Stereo})
	said, heard := block(1), block(2)
	if n := testing.AllocsPerRun(1000, func() {
		if _, err := r.Take(said, heard); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	ok(t, r.File().Discard())
}

func BenchmarkTake(b *testing.B) {
	r, _ := newRecorder(b, true, record.RecorderConfig{Content: record.Stereo})
	said, heard := block(1), block(2)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Take(said, heard); err != nil {
			b.Fatal(err)
		}
	}
	if err := r.File().Discard(); err != nil {
		b.Fatal(err)
	}
}
