package tap

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"time"
)

// Frames keep to the time of the ticks: what comes late leaves silence, what comes
// early is taken while it is within a frame.
func TestLineKeepsTime(t *testing.T) {
	for _, tt := range []struct {
		name  string
		ticks []int64
		want  []int64 // the ticks whose frames are read, in order; 0 for silence
	}{
		{"in step", []int64{100, 104, 108}, []int64{100, 104, 108}},
		{"a phase later", []int64{100, 107, 111}, []int64{100, 107, 111}},
		{"a phase earlier", []int64{103, 104, 108}, []int64{103, 104, 108}},
		{"much later", []int64{100, 120, 124}, []int64{100, 0, 0, 0, 0, 120, 124}},
		{"twice at a time", []int64{100, 100, 100, 100, 104}, []int64{100, 100, 104}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := NewLine(Config{Said: true, Rate: 8000, Buffer: time.Second})
			pcm := make([]int16, 160)
			for _, at := range tt.ticks {
				for i := range pcm {
					pcm[i] = int16(at)
				}
				l.Put(Said, pcm, 8000)
				l.Commit(at)
			}
			l.End(nil)
			var got []int64
			var b Block
			for l.Read(t.Context(), &b) == nil {
				if int(b.Start) != len(got)*160 || b.Missing != (b.Said[0] == 0) || b.Heard != nil {
					t.Errorf("block %d begins at %d; missing: %v", len(got), b.Start, b.Missing)
				}
				got = append(got, int64(b.Said[0]))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("read %v, want %v", got, tt.want)
			}
		})
	}
}

// What finds the queue full is silence of the same length, in the middle and at the end, and
// counted; so is what was never made.
func TestLineLosesNoTime(t *testing.T) {
	l := NewLine(Config{Said: true, Rate: 8000, Buffer: 8 * FrameLength})
	pcm := make([]int16, 160)
	tick := int64(100)
	write := func(frames int) {
		for range frames {
			for i := range pcm {
				pcm[i] = int16(tick)
			}
			l.Put(Said, pcm, 8000)
			l.Commit(tick)
			tick += 4
		}
	}
	var got []bool // that there is audio
	var b Block
	read := func(frames int) {
		t.Helper()
		for range frames {
			if err := l.Read(t.Context(), &b); err != nil {
				t.Fatal(err)
			}
			if n := int64(len(got)); b.Start != n*160 || !b.Missing && int64(b.Said[0]) != 100+4*n {
				t.Fatalf("frame %d begins at %d, with %d", n, b.Start, b.Said[0])
			}
			got = append(got, !b.Missing)
		}
	}
	write(15) // the reader stands still: 8 of 15 fit
	read(5)
	write(2)
	tick += 4 * 4 // the writer does
	write(1)
	read(13)
	write(11) // 3 of which are lost to who has not read them
	l.End(nil)
	for l.Read(t.Context(), &b) == nil {
		got = append(got, !b.Missing)
	}
	want := slices.Concat(slices.Repeat([]bool{true}, 8), slices.Repeat([]bool{false}, 7), []bool{true, true},
		slices.Repeat([]bool{false}, 4), slices.Repeat([]bool{true}, 1+7), slices.Repeat([]bool{false}, 4))
	if !slices.Equal(got, want) {
		t.Errorf("read %v, want %v", got, want)
	}
	if s := l.Stats(); s != (Stats{Written: 18, Lost: 11, Unmade: 4}) {
		t.Errorf("%+v", s)
	}
}

// A reader gets what was written before the end, then why it ended.
func TestLineEnds(t *testing.T) {
	why := errors.New("why")
	for _, err := range []error{nil, why} {
		l := NewLine(Config{Said: true, Heard: true, Rate: 16000, Buffer: time.Second, Wake: time.Minute})
		done := make(chan error)
		go func() { // ends with the line, awaited below
			var b Block
			if err := l.Read(context.Background(), &b); err != nil || len(b.Said) != 320 || len(b.Heard) != 320 {
				t.Errorf("%d and %d samples: %v", len(b.Said), len(b.Heard), err)
			}
			done <- l.Read(context.Background(), &b)
		}()
		l.Commit(1)
		l.End(err)
		l.End(errors.New("another"))
		want := err
		if want == nil {
			want = io.EOF
		}
		if got := <-done; !errors.Is(got, want) {
			t.Errorf("read: %v, want %v", got, want)
		}
	}
}
