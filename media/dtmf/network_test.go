package dtmf

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whatever digits go out, at whatever clock, they come in once each and in order,
// though packets are lost (not all of one digit), doubled and swapped.
func TestDigitsSurviveTheNetwork(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.SampledFrom([]int{8000, 16000, 48000}).Draw(t, "rate")
		interval := rapid.SampledFrom([]time.Duration{20, 50}).Draw(t, "interval") * time.Millisecond
		typed := rapid.StringOfN(rapid.RuneFrom([]rune(digits)), 1, 8, -1).Draw(t, "digits")
		lengths := rapid.SliceOfN(rapid.Int64Range(1, 400), len(typed), len(typed)).Draw(t, "lengths")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		cfg := DefaultSender(rate)
		cfg.Interval = interval
		s, err := NewSender(cfg)
		if err != nil {
			t.Fatal(err)
		}
		r := NewReceiver(rate)
		ts := rapid.Uint32().Draw(t, "ts")
		var got strings.Builder
		open := false
		take := func(events []Event) {
			for _, e := range events {
				if (e.Kind == Begin) == open {
					t.Fatalf("%s out of place", show(events))
				}
				if open = e.Kind == Begin; open {
					got.WriteByte(e.Digit)
				}
			}
		}
		for i := range typed {
			if err := s.Begin(typed[i], ts, time.Duration(lengths[i])*time.Millisecond); err != nil {
				t.Fatal(err)
			}
			var sent []Packet
			for ; s.Busy(); ts += uint32(rate / 50) {
				if p, ok := s.Next(ts); ok {
					sent = append(sent, p)
				}
			}
			kept := sent[:0:0]
			for _, p := range sent {
				if random.IntN(2) == 0 {
					kept = append(kept, p)
				}
				if random.IntN(4) == 0 {
					kept = append(kept, p)
				}
			}
			if len(kept) == 0 {
				kept = append(kept, sent[random.IntN(len(sent))])
			}
			random.Shuffle(len(kept), func(i, k int) { kept[i], kept[k] = kept[k], kept[i] })
			for _, p := range kept {
				take(r.Packet(p.Timestamp, p.Marker, p.Payload[:]))
			}
			ts += uint32(rate / 20)
		}
		if e, ok := r.Flush(); ok {
			take([]Event{e})
		}
		if got.String() != typed || open {
			t.Fatalf("typed %q, heard %q", typed, got.String())
		}
	})
}

// A digit longer than one payload can say arrives as one digit of its length.
func TestLongDigit(t *testing.T) {
	for _, rate := range []int{8000, 48000} {
		s, r := newSender(t, rate, 20*time.Millisecond), NewReceiver(rate)
		sent, _ := send(t, s, rate, '9', 12345, 20*time.Second)
		var got []Event
		for i, p := range sent {
			if p.Marker != (i == 0) {
				t.Fatalf("marker in packet %d: %v", i, p.Marker)
			}
			got = append(got, r.Packet(p.Timestamp, p.Marker, p.Payload[:])...)
		}
		if s := show(got); s != "+9 -9(20000)" {
			t.Errorf("%d Hz: %s", rate, s)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	s, r := newSender(t, 8000, 20*time.Millisecond), NewReceiver(8000)
	ts := uint32(0)
	if n := testing.AllocsPerRun(100, func() {
		if !s.Busy() {
			if err := s.Begin('1', ts, 100*time.Millisecond); err != nil {
				t.Fatal(err)
			}
		}
		if p, ok := s.Next(ts); ok {
			r.Packet(p.Timestamp, p.Marker, p.Payload[:])
		}
		ts += 160
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkSenderAndReceiver(b *testing.B) {
	s, r := newSender(b, 8000, 20*time.Millisecond), NewReceiver(8000)
	ts := uint32(0)
	b.ReportAllocs()
	for b.Loop() {
		if !s.Busy() {
			if err := s.Begin('1', ts, 100*time.Millisecond); err != nil {
				b.Fatal(err)
			}
		}
		if p, ok := s.Next(ts); ok {
			r.Packet(p.Timestamp, p.Marker, p.Payload[:])
		}
		ts += 160
	}
}
