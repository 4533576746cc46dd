package srtp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
)

// pair is a sender and the receiver of what it sends.
func pair(t testing.TB, suite Suite) (*Sender, *Receiver) {
	t.Helper()
	m := NewMaster(suite)
	s, err := NewSender(m, State{}, Whole)
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewReceiver(m, State{}, Whole)
	if err != nil {
		t.Fatal(err)
	}
	return s, r
}

// packet is 20 ms of G.711.
func packet(ssrc uint32, seq uint16) []byte {
	p := make([]byte, 172, 172+Overhead)
	p[0] = 2 << 6
	binary.BigEndian.PutUint16(p[2:], seq)
	binary.BigEndian.PutUint32(p[8:], ssrc)
	return p
}

func seal(t testing.TB, s *Sender, ssrc uint32, seq uint16) []byte {
	t.Helper()
	p := packet(ssrc, seq)
	out, err := s.Protect(p, p)
	if err != nil {
		t.Fatalf("packet %d: %v", seq, err)
	}
	return out
}

// What is lost, late, twice or forged on the way, over a turn of the sequence numbers.
func TestReceiving(t *testing.T) {
	for suite := AESCM80; suite < suites; suite++ {
		t.Run(suite.String(), func(t *testing.T) {
			s, r := pair(t, suite)
			var sent [][]byte
			for i := range 1000 {
				sent = append(sent, seal(t, s, 7, uint16(65000+i)))
			}
			give := func(i int, want error) {
				t.Helper()
				if _, err := r.Unprotect(bytes.Clone(sent[i])); !errors.Is(err, want) {
					t.Fatalf("packet %d: %v, want %v", i, err, want)
				}
			}
			give(0, nil)
			give(0, ErrReplay)
			give(500, nil) // 499 are lost, and the turn is between
			give(500, ErrReplay)
			give(1, ErrReplay) // too late to tell
			give(500-WindowPackets, ErrReplay)
			give(501-WindowPackets, nil)
			give(501-WindowPackets, ErrReplay)
			give(530, nil) // the turn, in another order
			give(536, nil)
			give(535, nil)
			give(534, nil)
			give(535, ErrReplay)
			for i := range sent[600] {
				forged := bytes.Clone(sent[600])
				forged[i] ^= 1
				_, err := r.Unprotect(forged)
				switch {
				case errors.Is(err, ErrAuth), i == 0 && errors.Is(err, ErrShort), (i == 2 || i == 3) && errors.Is(err, ErrReplay):
				default:
					t.Fatalf("changed at byte %d: %v", i, err)
				}
			}
			give(600, nil) // the forgeries have changed nothing
			give(999, nil)
			for n := range sent[999] {
				if _, err := r.Unprotect(bytes.Clone(sent[999])[:n]); err == nil {
					t.Fatalf("%d bytes are a packet", n)
				}
			}
		})
	}
}

// Packets of others than the key's holder are not believed, whoever they say they are.
func TestAnotherKey(t *testing.T) {
	_, r := pair(t, GCM128)
	stranger, _ := pair(t, GCM128)
	for ssrc := range uint32(100) {
		if _, err := r.Unprotect(seal(t, stranger, ssrc%maxStreams, uint16(ssrc))); !errors.Is(err, ErrAuth) {
			t.Fatal(err)
		}
	}
	if r.State() != (State{}) {
		t.Errorf("learned %+v", r.State())
	}
}

// RTCP is encrypted, and comes once.
func TestReports(t *testing.T) {
	for suite := AESCM80; suite < suites; suite++ {
		t.Run(suite.String(), func(t *testing.T) {
			s, r := pair(t, suite)
			report := []byte{2 << 6, 201, 0, 2, 0, 0, 0, 7, 'h', 'i', 'y', 'o'}
			var before []byte
			for i := range 3 {
				sealed, err := s.ProtectRTCP(make([]byte, 100), report)
				if err != nil || bytes.Contains(sealed, []byte("hiyo")) || bytes.Equal(sealed, before) {
					t.Fatalf("%x, %v", sealed, err)
				}
				before = bytes.Clone(sealed)
				for k := range sealed {
					forged := bytes.Clone(sealed)
					forged[k] ^= 1
					if _, err := r.UnprotectRTCP(forged); err == nil {
						t.Fatalf("changed at byte %d and believed", k)
					}
					if _, err := r.UnprotectRTCP(bytes.Clone(sealed)[:k]); err == nil {
						t.Fatalf("%d bytes are a report", k)
					}
				}
				got, err := r.UnprotectRTCP(bytes.Clone(sealed))
				if err != nil || !bytes.Equal(got, report) {
					t.Fatalf("report %d: %q, %v", i, got, err)
				}
				if _, err := r.UnprotectRTCP(bytes.Clone(sealed)); !errors.Is(err, ErrReplay) {
					t.Fatalf("twice: %v", err)
				}
			}
		})
	}
}

// A number is used once under a key.
func TestReuse(t *testing.T) {
	s, _ := pair(t, GCM128)
	seal(t, s, 7, 100)
	seal(t, s, 7, 98)
	for _, seq := range []uint16{100, 98} {
		if _, err := s.Protect(make([]byte, 200), packet(7, seq)); !errors.Is(err, ErrReuse) {
			t.Errorf("packet %d again: %v", seq, err)
		}
	}
	for ssrc := range uint32(maxStreams - 1) {
		seal(t, s, 100+ssrc, 1)
	}
	if _, err := s.Protect(make([]byte, 200), packet(1000, 1)); !errors.Is(err, ErrExhausted) {
		t.Errorf("too many streams: %v", err)
	}
	seal(t, s, 7, 101)
}

// A key's last packet.
func TestExhausted(t *testing.T) {
	end := State{N: 1}
	end.Streams[0] = Stream{
		SSRC: 7, RTP: Window{Started: true, Highest: maxIndex - 1, Seen: [2]uint64{1}},
		RTCP: Window{Started: true, Highest: maxIndexRTCP, Seen: [2]uint64{1}},
	}
	m := NewMaster(AESCM80)
	s, err := NewSender(m, end, Whole)
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewReceiver(m, end, Whole)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Unprotect(seal(t, s, 7, 0xffff)); err != nil {
		t.Error(err)
	}
	if _, err := s.Protect(make([]byte, 200), packet(7, 0)); !errors.Is(err, ErrExhausted) {
		t.Errorf("RTP: %v", err)
	}
	if _, err := r.Unprotect(packet(7, 0)); !errors.Is(err, ErrExhausted) {
		t.Errorf("RTP: %v", err)
	}
	if _, err := s.ProtectRTCP(make([]byte, 200), []byte{2 << 6, 201, 0, 1, 0, 0, 0, 7}); !errors.Is(err, ErrExhausted) {
		t.Errorf("RTCP: %v", err)
	}
}

// Another process goes on where this one was.
func TestState(t *testing.T) {
	m := NewMaster(AESCM32)
	s, err := NewSender(m, State{}, Whole)
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewReceiver(m, State{}, Whole)
	if err != nil {
		t.Fatal(err)
	}
	var last []byte
	for i := range 200000 { // three turns
		last = seal(t, s, 7, uint16(i))
		if _, err := r.Unprotect(bytes.Clone(last)); err != nil {
			t.Fatalf("packet %d: %v", i, err)
		}
		if i%10007 == 0 {
			if s, err = NewSender(m, s.State(), Whole); err != nil {
				t.Fatal(err)
			}
			if r, err = NewReceiver(m, r.State(), Whole); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := r.Unprotect(last); !errors.Is(err, ErrReplay) {
		t.Errorf("the last packet again: %v", err)
	}
	if got := r.State().Streams[0].RTP.Highest; got != 199999 {
		t.Errorf("index %d", got)
	}
	for _, n := range []int{-1, maxStreams + 1} {
		if _, err := NewReceiver(m, State{N: n}, Whole); err == nil {
			t.Errorf("a state of %d streams", n)
		}
	}
}

// A peer that begins anew often is heard, and its last streams are remembered.
func TestManyStreams(t *testing.T) {
	m := NewMaster(GCM256)
	r, err := NewReceiver(m, State{}, Whole)
	if err != nil {
		t.Fatal(err)
	}
	var first [][]byte
	for ssrc := range uint32(20) {
		s, err := NewSender(m, State{}, Whole)
		if err != nil {
			t.Fatal(err)
		}
		first = append(first, seal(t, s, ssrc, 1))
		for _, p := range [][]byte{first[ssrc], seal(t, s, ssrc, 2)} {
			if _, err := r.Unprotect(bytes.Clone(p)); err != nil {
				t.Fatalf("stream %d: %v", ssrc, err)
			}
		}
	}
	for ssrc := 20 - maxStreams; ssrc < 20; ssrc++ {
		if _, err := r.Unprotect(first[ssrc]); !errors.Is(err, ErrReplay) {
			t.Errorf("stream %d: %v", ssrc, err)
		}
	}
}

// A direction is made for RTP, for RTCP or for both.
func TestParts(t *testing.T) {
	m := NewMaster(GCM128)
	report := []byte{2 << 6, 201, 0, 1, 0, 0, 0, 7}
	for part := Whole; part <= RTCPOnly; part++ {
		s, err := NewSender(m, State{}, part)
		if err != nil {
			t.Fatal(err)
		}
		r, err := NewReceiver(m, State{}, part)
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.Protect(make([]byte, 200), packet(7, 1))
		if part == RTCPOnly {
			p = make([]byte, 40)
		}
		if _, got := r.Unprotect(p); !errors.Is(got, err) || (err != nil) != (part == RTCPOnly) {
			t.Errorf("part %d, RTP: %v and %v", part, err, got)
		}
		p, err = s.ProtectRTCP(make([]byte, 200), report)
		if part == RTPOnly {
			p = make([]byte, 40)
		}
		if _, got := r.UnprotectRTCP(p); !errors.Is(got, err) || (err != nil) != (part == RTPOnly) {
			t.Errorf("part %d, RTCP: %v and %v", part, err, got)
		}
	}
}

// Keys come in, and never get into a log.
func TestMaster(t *testing.T) {
	for suite := None; suite <= suites; suite++ {
		for _, n := range []int{0, 16, 28, 30, 44, 46, 64} {
			m, err := MasterOf(suite, make([]byte, n))
			if want := suite != None && suite != suites && n == suite.KeyBytes()+suite.SaltBytes(); (err == nil) != want {
				t.Errorf("%s of %d bytes: %v", suite, n, err)
			}
			if err == nil && len(m.KeyAndSalt()) != n {
				t.Errorf("%s: %d bytes became %d", suite, n, len(m.KeyAndSalt()))
			}
		}
		if _, err := NewSender(Master{Suite: suite, MKIBytes: MaxMKIBytes + 1}, State{}, Whole); err == nil {
			t.Errorf("%s with too long an identifier", suite)
		}
		if got := SuiteByName(suite.String()); suite < suites && got != suite {
			t.Errorf("%s is found as %s", suite, got)
		}
	}
	a, b := NewMaster(GCM128), NewMaster(GCM128)
	if a == b || a == (Master{Suite: GCM128}) {
		t.Error("no key at random")
	}
	for _, f := range []string{"%v", "%+v", "%s", "%#v", "%q"} {
		if got := fmt.Sprintf(f, a); got != "AEAD_AES_128_GCM" && got != `"AEAD_AES_128_GCM"` {
			t.Errorf("%s gives %s", f, got)
		}
	}
	if got := a.LogValue().String(); got != "AEAD_AES_128_GCM" {
		t.Errorf("logged as %s", got)
	}
}

func FuzzUnprotect(f *testing.F) {
	s, _ := pair(f, AESCM80)
	f.Add(seal(f, s, 7, 1))
	f.Add([]byte{0x9f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add(make([]byte, 60))
	f.Fuzz(func(t *testing.T, p []byte) {
		for suite := AESCM80; suite < suites; suite++ {
			_, r := pair(t, suite)
			if _, err := r.Unprotect(bytes.Clone(p)); err == nil {
				t.Error("believed")
			}
			if _, err := r.UnprotectRTCP(bytes.Clone(p)); err == nil {
				t.Error("report believed")
			}
			if r.State() != (State{}) {
				t.Error("learned something")
			}
		}
	})
}
