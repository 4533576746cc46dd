package srtp

import (
	"encoding/binary"
	"testing"
)

// Nothing allocates, whatever comes: packets, reports, forgeries, replays, fragments.
func TestAllocatesNothing(t *testing.T) {
	for suite := AESCM80; suite < suites; suite++ {
		s, r := pair(t, suite)
		plain, buf := packet(7, 0), make([]byte, 300)
		report := []byte{2 << 6, 201, 0, 2, 0, 0, 0, 7, 1, 2, 3, 4}
		seq := uint16(0)
		n := testing.AllocsPerRun(1000, func() {
			seq++
			binary.BigEndian.PutUint16(plain[2:], seq)
			sealed, err := s.Protect(buf, plain)
			if err != nil {
				t.Fatal(err)
			}
			sealed[len(sealed)-1] ^= 1
			binary.BigEndian.PutUint32(sealed[8:], uint32(seq)) // a stranger's stream
			if _, err := r.Unprotect(sealed); err == nil {
				t.Fatal("a forgery is believed")
			}
			if _, err := r.Unprotect(sealed[:20]); err == nil {
				t.Fatal("a fragment is believed")
			}
			seq++
			binary.BigEndian.PutUint16(plain[2:], seq)
			if sealed, err = s.Protect(buf, plain); err != nil {
				t.Fatal(err)
			}
			if _, err := r.Unprotect(sealed); err != nil {
				t.Fatal(err)
			}
			if _, err := r.Unprotect(sealed); err == nil {
				t.Fatal("a replay is believed")
			}
			if sealed, err = s.ProtectRTCP(buf, report); err != nil {
				t.Fatal(err)
			}
			if _, err := r.UnprotectRTCP(sealed); err != nil {
				t.Fatal(err)
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations", suite, n)
		}
	}
}

func BenchmarkProtect(b *testing.B) {
	for suite := AESCM80; suite < suites; suite++ {
		b.Run(suite.String(), func(b *testing.B) {
			s, _ := pair(b, suite)
			plain, buf := packet(7, 0), make([]byte, 300)
			b.ReportAllocs()
			for i := uint16(0); b.Loop(); i++ {
				binary.BigEndian.PutUint16(plain[2:], i)
				if _, err := s.Protect(buf, plain); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkUnprotect(b *testing.B) {
	for suite := AESCM80; suite < suites; suite++ {
		b.Run(suite.String(), func(b *testing.B) {
			s, r := pair(b, suite)
			sealed := make([][]byte, 1<<12)
			for i := range sealed {
				sealed[i] = seal(b, s, 7, uint16(i))
			}
			buf := make([]byte, 300)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if i%len(sealed) == 0 {
					r.state = State{}
				}
				if _, err := r.Unprotect(buf[:copy(buf, sealed[i%len(sealed)])]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What a flood of forgeries costs.
func BenchmarkForged(b *testing.B) {
	for suite := AESCM80; suite < suites; suite++ {
		b.Run(suite.String(), func(b *testing.B) {
			_, r := pair(b, suite)
			forged, buf := packet(7, 1), make([]byte, 300)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Unprotect(buf[:copy(buf, forged)]); err == nil {
					b.Fatal("believed")
				}
			}
		})
	}
}
