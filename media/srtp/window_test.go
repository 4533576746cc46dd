package srtp

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
)

// Both windows take what a list of all that was there takes.
func TestWindowTakesWhatIsFresh(t *testing.T) {
	for _, size := range []uint64{WindowPackets, WideWindowPackets} {
		var w Window
		w.resize(size == WideWindowPackets)
		random := rand.New(rand.NewPCG(size, 2))
		there := make(map[uint64]bool)
		highest := uint64(70000)
		w.take(highest)
		there[highest] = true
		for range 20000 {
			index := highest - random.Uint64N(size+size/4)
			switch random.IntN(40) {
			case 0, 1, 2, 3, 4:
				index = highest + 1 + random.Uint64N(4)
			case 5:
				index = highest + 1 + random.Uint64N(2*size)
			case 6:
				index = highest + 64*(1+random.Uint64N(3))
			}
			want := index > highest || highest-index < size && !there[index]
			if got := w.fresh(index); got != want {
				t.Fatalf("of %d packets: %d behind %d is fresh: %v", size, highest-index, highest, got)
			}
			if want {
				w.take(index)
				there[index] = true
				highest = max(highest, index)
			}
		}
	}
}

// What is sent again comes through both ends under the number it had, once, and a stream
// that makes room for another leaves nothing behind.
func TestResent(t *testing.T) {
	for suite := AESCM80; suite < suites; suite++ {
		m := NewMaster(suite)
		var s *Sender
		var r *Receiver
		begin := func(of, to State, part Part) {
			t.Helper()
			var err error
			if s, err = NewSender(m, of, part); err != nil {
				t.Fatal(err)
			}
			if r, err = NewReceiver(m, to, part); err != nil {
				t.Fatal(err)
			}
		}
		begin(State{}, State{}, RTPResent)
		hole := map[uint16]bool{65400: true, 65401: true}
		for i := range 1000 {
			seq := uint16(65000 + i)
			if hole[seq] {
				continue
			}
			if _, err := r.Unprotect(seal(t, s, 7, seq)); err != nil {
				t.Fatalf("%v: packet %d: %v", suite, seq, err)
			}
		}
		begin(s.State(), r.State(), RTPResent) // goes on
		for seq := range hole {
			p := seal(t, s, 7, seq)
			if _, err := r.Unprotect(bytes.Clone(p)); err != nil {
				t.Errorf("%v: %d, sent again: %v", suite, seq, err)
			}
			if _, err := r.Unprotect(p); !errors.Is(err, ErrReplay) {
				t.Errorf("%v: %d, twice: %v", suite, seq, err)
			}
			if _, err := s.Protect(make([]byte, 300), packet(7, seq)); !errors.Is(err, ErrReuse) {
				t.Errorf("%v: %d, sent again twice: %v", suite, seq, err)
			}
		}
		old := packet(7, 65300)
		for _, part := range []Part{RTPOnly, RTPResent} { // what was forgotten in between counts as there
			begin(s.State(), r.State(), part)
			if _, err := s.Protect(make([]byte, 300), old); !errors.Is(err, ErrReuse) {
				t.Errorf("%v: used again after %v: %v", suite, part, err)
			}
		}
		if _, err := s.ProtectRTCP(make([]byte, 300), packet(7, 1)); !errors.Is(err, ErrNoKeys) {
			t.Errorf("%v: protects reports: %v", suite, err)
		}
		begin(State{}, State{}, RTPResent)
		for round := range 3 {
			for ssrc := range uint32(maxStreams) {
				for seq := range uint16(5) {
					other, err := NewSender(m, State{}, RTPOnly)
					if err != nil {
						t.Fatal(err)
					}
					if _, err := r.Unprotect(seal(t, other, uint32(10*round)+ssrc, 500-100*seq)); err != nil {
						t.Fatalf("%v: stream %d, packet %d: %v", suite, ssrc, seq, err)
					}
				}
			}
		}
	}
}

// The worker has no memory to spare for wide windows, whichever stream they come to hold.
func TestWideWindowAllocatesNothing(t *testing.T) {
	m := NewMaster(GCM128)
	s, err := NewSender(m, State{}, RTPResent)
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewReceiver(m, State{}, RTPResent)
	if err != nil {
		t.Fatal(err)
	}
	p, room := packet(7, 0), make([]byte, 300)
	seq, ssrc := uint16(0), uint32(0)
	if n := testing.AllocsPerRun(1000, func() {
		seq += 70
		p[2], p[3] = byte(seq>>8), byte(seq)
		sealed, err := s.Protect(room, p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Unprotect(sealed); err != nil {
			t.Fatal(err)
		}
		ssrc++
		r.state.active(1000 + ssrc%8).RTP.take(uint64(ssrc))
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
