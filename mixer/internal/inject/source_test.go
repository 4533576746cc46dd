package inject

import (
	"context"
	"errors"
	"io"
	"math"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/mediatest"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
)

func sine(hz float64, rate, at, n int) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(math.Round(8000 * math.Sin(2*math.Pi*hz*float64(at+i)/float64(rate))))
	}
	return pcm
}

// frame is a frame of 20 ms at 8 kHz, and whether there was one.
func frame(s *Source) ([]int16, bool) {
	pcm := make([]int16, rates.Frame(0))
	return pcm, s.Frame(pcm, 0)
}

// It begins when its delay has collected, ends softly when it runs dry, and begins again.
func TestSourceBeginsAndRunsDry(t *testing.T) {
	s := NewSource(Config{Rate: 8000, Buffer: time.Second, Delay: 40 * time.Millisecond})
	const level = 1000
	say := func(n int) {
		pcm := make([]int16, n*160)
		for i := range pcm {
			pcm[i] = level
		}
		if got := s.Offer(pcm); got != len(pcm) {
			t.Fatalf("%d samples of %d taken", got, len(pcm))
		}
	}
	for range 2 {
		say(2)
		if _, ok := frame(s); ok {
			t.Fatal("began before its delay")
		}
		say(2)
		for i, tt := range []struct{ first, last int16 }{{0, level}, {level, level}, {level, level}, {level, 25}} {
			pcm, ok := frame(s)
			if !ok || pcm[0] != tt.first || pcm[159] != tt.last {
				t.Errorf("frame %d (%v) goes from %d to %d", i, ok, pcm[0], pcm[159])
			}
		}
		if _, ok := frame(s); ok {
			t.Error("goes on when it is dry")
		}
	}
	if st := s.Stats(); st.Played != 8 || st.Dry != 2 || st.Refused != 0 || st.Skipped != 0 {
		t.Errorf("%+v", st)
	}
	// What nobody hears goes by.
	say(3)
	for range 5 {
		s.Skip()
	}
	if s.Waits() != 0 {
		t.Errorf("%v are left", s.Waits())
	}
}

// Less than a frame, or the delay, is played when nothing follows.
func TestSourceDrains(t *testing.T) {
	for _, heard := range []bool{true, false} {
		s := NewSource(Config{Rate: 8000, Buffer: time.Second, Delay: 200 * time.Millisecond})
		s.Offer(sine(440, 8000, 0, 170))
		done := make(chan error, 1)
		go func() { done <- s.Drain(context.Background()) }() // ends when all is played, awaited below
		for n := 0; n < 2; {
			before := s.Stats().Played
			if heard {
				frame(s)
			} else {
				s.Skip()
			}
			n += int(s.Stats().Played - before)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		if s.Waits() != 0 {
			t.Errorf("%v are left", s.Waits())
		}
		s.Offer(make([]int16, 170))
		s.End()
		if err := s.Drain(t.Context()); !errors.Is(err, io.ErrClosedPipe) {
			t.Error(err)
		}
	}
}

// A flood is refused and counted, and costs what was taken nothing.
func TestSourceRefusesAFlood(t *testing.T) {
	s := NewSource(Config{Rate: 8000, Buffer: 160 * time.Millisecond, Delay: 20 * time.Millisecond})
	if n := s.Offer(make([]int16, 100000)); n != 8*160 {
		t.Errorf("took %d", n)
	}
	if st := s.Stats(); st.Refused != 100000-8*160 {
		t.Errorf("%+v", st)
	}
}

// Tones come through at every rate that there is a filter for.
func TestSourceChangesRates(t *testing.T) {
	for _, from := range rates.Hz {
		for at, to := range rates.Hz {
			s := NewSource(Config{Rate: from, Buffer: time.Second, Delay: 20 * time.Millisecond})
			var heard []int16
			pcm := make([]int16, rates.Frame(at))
			for i := range 50 {
				s.Offer(sine(440, from, i*from/50, from/50))
				if s.Frame(pcm, at) {
					heard = append(heard, pcm...)
				}
			}
			level := mediatest.ToneLevel(heard[len(heard)/4:], to, 440)
			none := from == 16000 && to == 24000 || from == 24000 && to == 16000
			if !none && math.Abs(level+12.2) > 1 || none && level > -90 {
				t.Errorf("from %d to %d Hz: %.1f dB", from, to, level)
			}
		}
	}
}

// A writer whose clock is fast is not heard later and later, and catching up is no click.
func TestSourceCatchesUp(t *testing.T) {
	s := NewSource(Config{Rate: 8000, Buffer: time.Second, Delay: 40 * time.Millisecond, Most: 80 * time.Millisecond})
	var heard []int16
	at := 0
	say := func() {
		s.Offer(sine(400, 8000, at, 160))
		at += 160
	}
	for i := range 1000 {
		say()
		if i%60 == 0 { // 1.7 % too fast
			say()
		}
		if pcm, ok := frame(s); ok {
			heard = append(heard, pcm...)
		}
		if s.Waits() > 250*time.Millisecond {
			t.Fatalf("%v wait after %d frames", s.Waits(), i)
		}
	}
	if st := s.Stats(); st.Skipped == 0 || st.Dry != 0 || st.Refused != 0 {
		t.Errorf("%+v", st)
	}
	if clicks := mediatest.Clicks(heard, 8000); len(clicks) > 0 {
		t.Errorf("clicks at %v", clicks)
	}
}

// Write goes at the pace of the reader. The race detector watches.
func TestSourceHoldsItsWriterBack(t *testing.T) {
	s := NewSource(Config{Rate: 8000, Buffer: 80 * time.Millisecond, Delay: 20 * time.Millisecond})
	const frames = 500
	done := make(chan error, 1)
	go func() { // ends after its frames, awaited below
		pcm := make([]int16, 160)
		for i := range frames {
			for k := range pcm {
				pcm[k] = int16(i)
			}
			if err := errors.Join(s.Write(context.Background(), pcm[:100]), s.Write(context.Background(), pcm[100:])); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for want := int16(0); want < frames; {
		waits := s.Waits()
		if waits == 0 || want == frames-1 && waits < 2*FrameLength { // the last waits for more to collect
			if want == frames-1 {
				break
			}
			continue
		}
		pcm, ok := frame(s)
		if !ok {
			continue
		}
		if pcm[60] != want {
			t.Fatalf("frame %d is of %d", want, pcm[60])
		}
		want++
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestSourceEnds(t *testing.T) {
	s := NewSource(Config{Rate: 16000, Buffer: time.Second, Delay: 20 * time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Write(ctx, make([]int16, 320000)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	done := make(chan error)
	go func() { done <- s.Write(context.Background(), make([]int16, 320)) }() // ends with the source, awaited below
	s.End()
	s.End()
	if err := <-done; !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
}

func TestSourceAllocatesNothing(t *testing.T) {
	s := NewSource(Config{Rate: 16000, Buffer: time.Second, Delay: 20 * time.Millisecond, Most: 40 * time.Millisecond})
	say, pcm := make([]int16, 320), make([]int16, 960)
	if n := testing.AllocsPerRun(200, func() {
		s.Offer(say)
		s.Offer(say)
		s.Frame(pcm[:160], 0)
		s.Frame(pcm, 3)
		s.Skip()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
