package srtp

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	pion "github.com/pion/srtp/v3"
)

var profiles = map[Suite]pion.ProtectionProfile{
	AESCM80: pion.ProtectionProfileAes128CmHmacSha1_80,
	AESCM32: pion.ProtectionProfileAes128CmHmacSha1_32,
	GCM128:  pion.ProtectionProfileAeadAes128Gcm,
	GCM256:  pion.ProtectionProfileAeadAes256Gcm,
}

// other is the same direction by pion's hand.
func other(t *testing.T, m Master) *pion.Context {
	t.Helper()
	opts := []pion.ContextOption{pion.SRTPReplayProtection(64), pion.SRTCPReplayProtection(64)}
	if m.MKIBytes > 0 {
		opts = append(opts, pion.MasterKeyIndicator(binary.BigEndian.AppendUint64(nil, m.MKI)[8-m.MKIBytes:]))
	}
	c, err := pion.CreateContext(m.Key[:m.Suite.KeyBytes()], m.Salt[:m.Suite.SaltBytes()], profiles[m.Suite], opts...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Two implementations understand each other in every suite, with CSRCs, extensions and
// master key identifiers, over a turn of the sequence numbers, in and out of place.
func TestBesidePion(t *testing.T) {
	for suite := AESCM80; suite < suites; suite++ {
		for _, mki := range []uint8{0, 4} {
			m := NewMaster(suite)
			m.MKI, m.MKIBytes = 0x01020304, mki
			s, err := NewSender(m, State{}, Whole)
			if err != nil {
				t.Fatal(err)
			}
			r, err := NewReceiver(m, State{}, Whole)
			if err != nil {
				t.Fatal(err)
			}
			theirs, ours := other(t, m), other(t, m)
			random := rand.New(rand.NewPCG(1, uint64(suite)))
			for i := range 3000 {
				seq := uint16(64000 + i)
				packet := randomPacket(random, seq)
				buf := make([]byte, len(packet), len(packet)+Overhead+MaxMKIBytes)
				copy(buf, packet)
				from := buf
				if i%2 == 0 {
					from = bytes.Clone(packet)
				}
				sealed, err := s.Protect(buf, from)
				if err != nil {
					t.Fatal(err)
				}
				want, err := theirs.EncryptRTP(nil, packet, nil)
				if err != nil || !bytes.Equal(sealed, want) {
					t.Fatalf("%s, packet %d: %x\nwant %x, %v", suite, seq, sealed, want, err)
				}
				if got, err := r.Unprotect(want); err != nil || !bytes.Equal(got, packet) {
					t.Fatalf("%s, packet %d: %x, %v\nwant %x", suite, seq, got, err, packet)
				}
				report := randomReport(random)
				buf = make([]byte, len(report), len(report)+Overhead+MaxMKIBytes)
				copy(buf, report)
				sealed, err = s.ProtectRTCP(buf, buf)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := ours.DecryptRTCP(nil, sealed, nil); err != nil || !bytes.Equal(got, report) {
					t.Fatalf("%s, report %d: %x, %v\nwant %x", suite, i, got, err, report)
				}
				if want, err = theirs.EncryptRTCP(nil, report, nil); err != nil {
					t.Fatal(err)
				}
				if got, err := r.UnprotectRTCP(want); err != nil || !bytes.Equal(got, report) {
					t.Fatalf("%s, report %d: %x, %v\nwant %x", suite, i, got, err, report)
				}
			}
		}
	}
}

// randomPacket is RTP with what a header may have, of up to 400 bytes of payload.
func randomPacket(random *rand.Rand, seq uint16) []byte {
	p := make([]byte, 12, 500)
	p[0], p[1] = 2<<6, byte(random.Uint32())
	binary.BigEndian.PutUint16(p[2:], seq)
	binary.BigEndian.PutUint32(p[4:], random.Uint32())
	binary.BigEndian.PutUint32(p[8:], 0xcafebabe)
	if n := random.IntN(3); n > 0 {
		p[0] |= byte(n)
		p = append(p, make([]byte, 4*n)...)
	}
	if random.IntN(2) == 0 {
		p[0] |= 0x10
		p = append(p, 0xbe, 0xde, 0, 1, 0x10, 0x55, 0, 0)
	}
	for range random.IntN(400) {
		p = append(p, byte(random.Uint32()))
	}
	return p
}

// randomReport is a receiver's report with a chunk after it.
func randomReport(random *rand.Rand) []byte {
	p := []byte{2 << 6, 201, 0, 1, 0xca, 0xfe, 0xba, 0xbe}
	n := 1 + random.IntN(10)
	p = append(p, 2<<6, 204, 0, byte(n))
	for range 4 * n {
		p = append(p, byte(random.Uint32()))
	}
	return p
}
