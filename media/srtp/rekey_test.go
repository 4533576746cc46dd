package srtp

import (
	"bytes"
	"errors"
	"testing"
)

// another has a direction go on with another key, in this suite.
func another(t *testing.T, suite Suite, s *Sender, r *Receiver) (*Sender, *Receiver) {
	t.Helper()
	s2, r2 := pair(t, suite)
	if s != nil {
		s2.Follow(s)
	}
	r2.Follow(r)
	return s2, r2
}

// A stream that has come past 65,536 packets goes on with another key where it was, as
// RFC 3711 §3.3.1 has it, whatever is lost or overtaken at the change, and another time.
func TestKeyChangesPastATurn(t *testing.T) {
	for suite := AESCM80; suite < suites; suite++ {
		t.Run(suite.String(), func(t *testing.T) {
			s, r := pair(t, suite)
			open := func(r *Receiver, p []byte, want error) {
				t.Helper()
				if _, err := r.Unprotect(bytes.Clone(p)); !errors.Is(err, want) {
					t.Fatalf("%v, want %v", err, want)
				}
			}
			for i := range 100 { // the turn is among them
				open(r, seal(t, s, 7, uint16(65500+i)), nil)
			}
			if at := r.State().Streams[0].RTP.Highest; at != 65599 {
				t.Fatalf("index %d", at)
			}
			s2, r2 := another(t, suite, s, r)
			first, second := seal(t, s2, 7, 65+3), seal(t, s2, 7, 65+9)
			forged := bytes.Clone(second)
			forged[20] ^= 1
			open(r2, forged, ErrAuth)
			if r2.State() != (State{Streams: [maxStreams]Stream{{SSRC: 7, RTP: Window{Started: true, Former: true, Highest: 65599}}}, N: 1}) {
				t.Fatalf("a forgery has taught %+v", r2.State())
			}
			open(r2, second, nil)
			open(r2, first, nil)
			open(r2, first, ErrReplay)
			if r2.Unsure(forged) {
				t.Error("unsure after it has opened packets")
			}
			for i := range 66000 { // another turn
				open(r2, seal(t, s2, 7, uint16(100+i)), nil)
			}
			s3, r3 := another(t, suite, s2, r2)
			const end = 100 + 66000
			open(r3, seal(t, s3, 7, end&0xffff), nil)
			if at := r3.State().Streams[0].RTP.Highest; at != 65536+end {
				t.Errorf("index %d", at)
			}
		})
	}
}

// A key that comes back goes on where the stream is by then (RFC 3711 §3.3.1), and knows what
// it has protected.
func TestKeyComesBack(t *testing.T) {
	for _, c := range []struct {
		name string
		part Part
		n    int // packets under the other key
	}{
		{"a few", RTPOnly, 20}, {"a few, that are sent again", RTPResent, 200}, {"past half a turn", RTPOnly, 40000},
		{"past a turn", RTPOnly, 70000}, {"past turns", RTPResent, 140000},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s [2]*Sender
			var r [2]*Receiver
			for i := range s {
				m := NewMaster(GCM128)
				var err error
				if s[i], err = NewSender(m, State{}, c.part); err != nil {
					t.Fatal(err)
				}
				if r[i], err = NewReceiver(m, State{}, c.part); err != nil {
					t.Fatal(err)
				}
			}
			at := 65500
			next := func(key int) []byte {
				t.Helper()
				at++
				return seal(t, s[key], 7, uint16(at-1))
			}
			open := func(key int, p []byte, want error) {
				t.Helper()
				if _, err := r[key].Unprotect(bytes.Clone(p)); !errors.Is(err, want) {
					t.Fatalf("packet %d: %v, want %v", at, err, want)
				}
			}
			for range 100 {
				open(0, next(0), nil)
			}
			held, there := next(0), next(0)
			open(0, there, nil)
			s[1].Follow(s[0])
			r[1].Follow(r[0])
			for range c.n {
				open(1, next(1), nil)
			}
			s[0].Follow(s[1])
			r[0].Follow(r[1])
			if c.n < 1000 { // else they are of another turn, by their numbers
				open(0, there, ErrReplay)
				open(0, held, nil)
				open(0, held, ErrReplay)
			}
			back := next(0)
			open(0, back, nil)
			open(0, back, ErrReplay)
			if s, r := s[0].State().Streams[0].RTP.Highest, r[0].State().Streams[0].RTP.Highest; s != uint64(at-1) || r != s {
				t.Errorf("the sender is at %d, the receiver at %d, want %d", s, r, at-1)
			}
		})
	}
}

// A peer that begins at 0 with another key is understood too, whether its sequence numbers
// go on or begin anew; only a packet that is authentic decides.
func TestRolloverBeginsAnewWithTheKey(t *testing.T) {
	for _, next := range []uint16{64, 40000, 12} {
		s, r := pair(t, GCM128)
		for i := range 100 {
			if _, err := r.Unprotect(seal(t, s, 7, uint16(65500+i))); err != nil {
				t.Fatal(err)
			}
		}
		s2, r2 := another(t, GCM128, nil, r)
		p := seal(t, s2, 7, next)
		forged := bytes.Clone(p)
		forged[30] ^= 1
		if unsure := r2.Unsure(p); unsure != (next != 40000) { // 40000 is before the turn, by what is known
			t.Errorf("from %d: unsure is %v", next, unsure)
		}
		if _, err := r2.UnprotectAnew(forged); !errors.Is(err, ErrAuth) || !r2.State().Streams[0].RTP.Former {
			t.Errorf("from %d: a forgery has decided: %v", next, err)
		}
		if r2.Unsure(p) {
			if _, err := r2.Unprotect(bytes.Clone(p)); !errors.Is(err, ErrAuth) {
				t.Errorf("from %d: %v", next, err)
			}
			if _, err := r2.UnprotectAnew(p); err != nil {
				t.Errorf("from %d: %v", next, err)
			}
		} else if _, err := r2.Unprotect(p); err != nil {
			t.Errorf("from %d: %v", next, err)
		}
		for i := range 100 {
			p := seal(t, s2, 7, next+1+uint16(i))
			if _, err := r2.Unprotect(p); err != nil || r2.Unsure(p) {
				t.Fatalf("packet %d from %d: %v", i, next, err)
			}
		}
	}
}

// The index of SRTCP is not reset either (RFC 3711 §3.4): it stands in the packets, so
// whoever receives them needs to know nothing.
func TestKeyChangesInReports(t *testing.T) {
	s, r := pair(t, AESCM80)
	report := func(s *Sender) []byte {
		t.Helper()
		p := make([]byte, 8, 8+Overhead)
		p[0], p[1], p[3], p[7] = 2<<6, 201, 1, 7
		out, err := s.ProtectRTCP(p, p)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for range 5 {
		report(s)
	}
	s2, r2 := another(t, AESCM80, s, r)
	if _, err := r2.UnprotectRTCP(report(s2)); err != nil {
		t.Fatal(err)
	}
	if at := r2.State().Streams[0].RTCP.Highest; at != 5 {
		t.Errorf("index %d", at)
	}
}

// Each key protects a few streams. Those that ended under former ones do not count.
func TestStreamsUnderKeys(t *testing.T) {
	report := func(ssrc byte) []byte {
		p := make([]byte, 8, 8+Overhead)
		p[0], p[1], p[3], p[7] = 2<<6, 201, 1, ssrc
		return p
	}
	s, _ := pair(t, GCM128)
	for ssrc := range byte(3 * maxStreams) {
		if ssrc > 0 {
			next, _ := pair(t, GCM128)
			next.Follow(s)
			s = next
		}
		for seq := range uint16(10) { // each goes on with the next key, and ends
			if ssrc > 0 {
				seal(t, s, uint32(ssrc-1), 4+seq) // past the turn
			}
			seal(t, s, uint32(ssrc), 65530+seq)
			if _, err := s.ProtectRTCP(make([]byte, 100), report(ssrc)); err != nil {
				t.Fatalf("report %d of stream %d: %v", seq, ssrc, err)
			}
		}
		if st := s.state.find(uint32(ssrc)); st.RTP.Highest != 65539 || st.RTCP.Highest != 9 {
			t.Errorf("stream %d is at %d, its reports at %d", ssrc, st.RTP.Highest, st.RTCP.Highest)
		}
		if ssrc == 0 {
			continue
		}
		if st := s.state.find(uint32(ssrc - 1)); st.RTP.Highest != 65549 {
			t.Errorf("stream %d went on to %d", ssrc-1, st.RTP.Highest)
		}
	}

	// A key that comes back knows all that it had, and where they were taken since.
	other, _ := pair(t, GCM128)
	first, _ := pair(t, GCM128)
	for ssrc := range uint32(maxStreams) {
		seal(t, first, ssrc, 65500)
	}
	other.Follow(first)
	for ssrc := range uint32(2) {
		seal(t, other, ssrc, 65500)
		seal(t, other, ssrc, 30000)
		seal(t, other, ssrc, 60000)
	}
	first.Follow(other)
	for ssrc := range uint32(maxStreams) {
		if _, err := first.Protect(make([]byte, 300), packet(ssrc, 65500)); ssrc >= 2 != errors.Is(err, ErrReuse) {
			t.Errorf("stream %d: %v", ssrc, err)
		}
	}
	if _, err := first.Protect(make([]byte, 300), packet(99, 1)); !errors.Is(err, ErrExhausted) {
		t.Errorf("another stream under the same key: %v", err)
	}
}
