package srtp

import (
	"crypto/aes"
	"crypto/rand"
	"encoding/binary"
	"log/slog"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Master is one direction's master key and salt, which its author sends with. It is a
// comparable value; the zero value protects nothing. It prints as the name of its
// suite alone.
type Master struct {
	Suite Suite
	Key   [MaxKeyBytes]byte  // the first Suite.KeyBytes
	Salt  [MaxSaltBytes]byte // the first Suite.SaltBytes
	// MKI stands in every packet in MKIBytes bytes, none as a rule (RFC 3711 §3.1).
	MKI      uint64
	MKIBytes uint8
}

// Masters are the master keys of a session in both directions.
type Masters struct{ Send, Receive Master }

// Secure reports whether packets are protected.
func (m Masters) Secure() bool { return m.Send.Suite != None && m.Receive.Suite != None }

// NewMaster makes a master key at random.
func NewMaster(s Suite) Master {
	m := Master{Suite: s}
	// It never fails: the program ends where there is no randomness.
	_, _ = rand.Read(m.Key[:s.KeyBytes()])
	_, _ = rand.Read(m.Salt[:s.SaltBytes()])
	return m
}

// MasterOf is the master key followed by its salt, as a=crypto has them. The error is
// of kind fault.Invalid when the length is not the suite's.
func MasterOf(s Suite, keyAndSalt []byte) (Master, error) {
	m := Master{Suite: s}
	if s == None || s >= suites || len(keyAndSalt) != s.KeyBytes()+s.SaltBytes() {
		return Master{}, fault.New(fault.Invalid, "srtp: %d bytes of key and salt for %s, want %d",
			len(keyAndSalt), s, s.KeyBytes()+s.SaltBytes())
	}
	copy(m.Key[:], keyAndSalt[:s.KeyBytes()])
	copy(m.Salt[:], keyAndSalt[s.KeyBytes():])
	return m, nil
}

// KeyAndSalt is what MasterOf takes.
func (m Master) KeyAndSalt() []byte {
	return append(append([]byte(nil), m.Key[:m.Suite.KeyBytes()]...), m.Salt[:m.Suite.SaltBytes()]...)
}

// String is the suite's name: keys are not for reading.
func (m Master) String() string { return m.Suite.String() }

// GoString is String.
func (m Master) GoString() string { return m.String() }

// LogValue is String.
func (m Master) LogValue() slog.Value { return slog.StringValue(m.String()) }

// validate reports a key that no direction can be made of.
func (m *Master) validate() error {
	if m.Suite == None || m.Suite >= suites {
		return fault.New(fault.Invalid, "srtp: no suite %d", m.Suite)
	}
	if m.MKIBytes > MaxMKIBytes {
		return fault.New(fault.Invalid, "srtp: a master key identifier of %d bytes, more than %d", m.MKIBytes, MaxMKIBytes)
	}
	return nil
}

// What a session key is for (RFC 3711 §4.3.1, §4.3.2).
type label byte

const (
	rtpEncryption label = iota
	rtpAuthentication
	rtpSalt
	rtcpEncryption
	rtcpAuthentication
	rtcpSalt
)

// derive makes a session key of n bytes with the AES-CM of the master key as the
// pseudo-random function (RFC 3711 §4.3.3, RFC 6188 §3), at a derivation rate of 0. A
// salt of 96 bits is as if followed by zeros (RFC 7714 §11).
func (m *Master) derive(l label, n int) ([]byte, error) {
	block, err := aes.NewCipher(m.Key[:m.Suite.KeyBytes()])
	if err != nil {
		return nil, err
	}
	var x [aes.BlockSize]byte
	copy(x[:MaxSaltBytes], m.Salt[:m.Suite.SaltBytes()])
	x[7] ^= byte(l)
	out := make([]byte, (n+aes.BlockSize-1)/aes.BlockSize*aes.BlockSize)
	for i := 0; i < len(out); i += aes.BlockSize {
		binary.BigEndian.PutUint16(x[14:], uint16(i/aes.BlockSize))
		block.Encrypt(out[i:], x[:])
	}
	return out[:n], nil
}
