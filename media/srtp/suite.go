// Package srtp protects RTP and RTCP packets and checks those that come: Secure RTP
// (RFC 3711) with AES-CM and HMAC-SHA1, and with AES-GCM (RFC 7714).
//
// The ciphers are Go's own; here are the key derivation, the packet index with its
// rollover counter, the window against replays and the layout of packets. A Sender
// and a Receiver are one direction each, used by one goroutine at a time. They work on
// buffers that the caller lends and allocate nothing after their constructor, whatever
// arrives; the state that another process would need to go on is a plain value.
//
// The package does no I/O and starts no goroutine.
package srtp

import "strings"

// Suite is a crypto-suite, by which packets are protected.
type Suite uint8

// The suites: RFC 4568 §6.2 and RFC 7714 §14.2. None is no protection.
const (
	None    Suite = iota
	AESCM80       // AES_CM_128_HMAC_SHA1_80
	AESCM32       // AES_CM_128_HMAC_SHA1_32
	GCM128        // AEAD_AES_128_GCM
	GCM256        // AEAD_AES_256_GCM
	suites
)

// Lengths over all suites, in bytes.
const (
	MaxKeyBytes  = 32
	MaxSaltBytes = 14
	// MaxMKIBytes is how long a master key identifier may be. RFC 4568 allows 128, but
	// nobody has that many keys.
	MaxMKIBytes = 8
	// Overhead is how much longer than its packet a protected one can be: the tag, and
	// for RTCP the index.
	Overhead = gcmTagBytes + indexBytes
)

const (
	gcmTagBytes  = 16
	indexBytes   = 4
	authKeyBytes = 20
)

type suite struct {
	name         string
	key, salt    int // bytes
	tag, tagRTCP int // bytes
	aead         bool
}

var table = [suites]suite{
	None:    {name: "none"},
	AESCM80: {name: "AES_CM_128_HMAC_SHA1_80", key: 16, salt: 14, tag: 10, tagRTCP: 10},
	AESCM32: {name: "AES_CM_128_HMAC_SHA1_32", key: 16, salt: 14, tag: 4, tagRTCP: 10}, // RFC 4568 §6.2.2
	GCM128:  {name: "AEAD_AES_128_GCM", key: 16, salt: 12, tag: gcmTagBytes, tagRTCP: gcmTagBytes, aead: true},
	GCM256:  {name: "AEAD_AES_256_GCM", key: 32, salt: 12, tag: gcmTagBytes, tagRTCP: gcmTagBytes, aead: true},
}

// String is the suite's name in a=crypto.
func (s Suite) String() string { return table[s%suites].name }

// KeyBytes is how long the suite's master key is.
func (s Suite) KeyBytes() int { return table[s%suites].key }

// SaltBytes is how long its master salt is.
func (s Suite) SaltBytes() int { return table[s%suites].salt }

// SuiteByName finds a suite by its name in a=crypto, in which case counts for nothing
// (RFC 4568 §9.2), or None.
func SuiteByName(name string) Suite {
	for s := AESCM80; s < suites; s++ {
		if strings.EqualFold(table[s].name, name) {
			return s
		}
	}
	return None
}
