package reception

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// receive lets packets of one source arrive every 20 ms, at 8 kHz.
func receive(s *Stream, ssrc uint32, late time.Duration, numbers ...uint16) {
	for i, n := range numbers {
		h := rtp.Header{SSRC: ssrc, SequenceNumber: n, Timestamp: uint32(n) * 160, Payload: make([]byte, 160)}
		ext, order := s.Place(&h, false)
		if order == rtp.Suspect {
			continue
		}
		if s.Begins(order) {
			s.Restart(ext)
		}
		if s.Repeated(ext, order) {
			continue
		}
		arrival := 1_700_000_000*int64(time.Second) + int64(n)*int64(20*time.Millisecond)
		if i%2 == 1 {
			arrival += int64(late)
		}
		s.Count(&h, order, true, arrival)
	}
}

func run(from, n uint16) (numbers []uint16) {
	for i := range n {
		numbers = append(numbers, from+i)
	}
	return numbers
}

func TestStream(t *testing.T) {
	for _, tt := range []struct {
		name       string
		numbers    []uint16
		packets    uint64
		lost       int64
		duplicates uint64
	}{
		{"in order", run(65530, 20), 20, 0, 0},
		{"lost", []uint16{1, 2, 5, 6}, 4, 2, 0},
		{"reordered", []uint16{1, 3, 2, 4}, 4, 0, 0},
		{"twice", []uint16{1, 2, 2, 3, 1, 3}, 3, 0, 3},
		{"twice over a wrap", []uint16{65534, 65535, 0, 65535, 1}, 4, 0, 1},
	} {
		var s Stream
		receive(&s, 9, 0, tt.numbers...)
		if s.Packets != tt.packets || s.Bytes != 160*tt.packets || s.Lost() != tt.lost || s.Duplicates != tt.duplicates {
			t.Errorf("%s: %d packets, %d bytes, %d lost, %d twice", tt.name, s.Packets, s.Bytes, s.Lost(), s.Duplicates)
		}
		if s.SSRC() != 9 || uint16(s.Highest()) != tt.numbers[len(tt.numbers)-1] && tt.name == "in order" {
			t.Errorf("%s: SSRC %d, highest %d", tt.name, s.SSRC(), s.Highest())
		}
	}
}

// Loss of a former source is not forgotten, and a jump between two is none.
func TestAnotherSource(t *testing.T) {
	var s Stream
	receive(&s, 1, 0, 1, 2, 4)
	receive(&s, 2, 0, run(30000, 5)...) // the first is only believed with the second
	if s.SSRC() != 2 || s.Lost() != 1 || s.Packets != 7 {
		t.Errorf("SSRC %d, %d lost, %d packets", s.SSRC(), s.Lost(), s.Packets)
	}
}

// Every other packet 8 ms late is a jitter of 8 ms; without a clock there is none.
func TestJitter(t *testing.T) {
	var s Stream
	receive(&s, 1, 8*time.Millisecond, run(0, 10)...)
	if got := s.Jitter(); got != 0 {
		t.Errorf("without a clock: %v", got)
	}
	s.SetClock(8000)
	receive(&s, 1, 8*time.Millisecond, run(10, 500)...)
	if got := s.Jitter(); got < 7500*time.Microsecond || got > 8*time.Millisecond {
		t.Errorf("jitter %v", got)
	}
}

// A digit of a second, all of whose packets share one timestamp, is no jitter.
func TestDigitIsNoJitter(t *testing.T) {
	var s Stream
	s.SetClock(8000)
	receive(&s, 1, 0, run(0, 50)...)
	for n := range uint16(50) {
		h := rtp.Header{SSRC: 1, SequenceNumber: 50 + n, Timestamp: 50 * 160, Payload: make([]byte, 4)}
		ext, order := s.Place(&h, false)
		if s.Repeated(ext, order) {
			t.Fatalf("packet %d came twice", ext)
		}
		s.Count(&h, order, false, 1_700_000_000*int64(time.Second)+int64(50+n)*int64(20*time.Millisecond))
	}
	receive(&s, 1, 0, run(100, 2)...)
	if got := s.Jitter(); got != 0 || s.Packets != 102 || s.Lost() != 0 {
		t.Errorf("jitter %v, %d packets, %d lost", got, s.Packets, s.Lost())
	}
}

// A block counts cycles from the beginning of its source, and the share lost from
// the block before.
func TestBlock(t *testing.T) {
	for _, tt := range []struct {
		name     string
		numbers  []uint16
		lost     int32
		fraction uint8
		highest  uint32
	}{
		{"in order", run(10, 4), 0, 0, 13},
		{"one of four", []uint16{10, 11, 13}, 1, 64, 13},
		{"late", []uint16{10, 12, 11, 13}, 0, 0, 13},
		{"twice", []uint16{10, 11, 11, 12}, 0, 0, 12},
		{"a wrap", []uint16{65534, 65535, 0, 1}, 0, 0, 65537},
		{"begun again", []uint16{10, 11, 30000, 30001, 30003}, 1, 85, 30003},
		{"a stray packet", []uint16{10, 11, 30000, 12, 13}, 0, 0, 13},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s Stream
			var told Interval
			if _, ok := s.Counts(); ok {
				t.Error("a report of nothing")
			}
			receive(&s, 7, 0, tt.numbers...)
			want := rtp.ReportBlock{SSRC: 7, Lost: tt.lost, FractionLost: tt.fraction, Highest: tt.highest}
			c, ok := s.Counts()
			if got := told.Block(c); !ok || got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
			want.FractionLost = 0
			if got := told.Block(c); got != want {
				t.Errorf("nothing new: %+v, want %+v", got, want)
			}
		})
	}
}
