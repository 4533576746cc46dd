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
