package srtp

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Hash is a hash function that certificates are told by (RFC 8122 §5). SHA-1 and MD5 are
// none: who offers no other has no certificate that could be believed.
type Hash uint8

// The hash functions, the weakest first.
const (
	SHA256 Hash = iota + 1
	SHA384
	SHA512
)

var hashNames = map[string]Hash{"sha-256": SHA256, "sha-384": SHA384, "sha-512": SHA512}

// String is the function's name in a=fingerprint.
func (h Hash) String() string { return [...]string{"none", "sha-256", "sha-384", "sha-512"}[h&3] }

// sum is the hash of a certificate.
func (h Hash) sum(certificate []byte) []byte {
	switch h {
	case SHA384:
		s := sha512.Sum384(certificate)
		return s[:]
	case SHA512:
		s := sha512.Sum512(certificate)
		return s[:]
	}
	s := sha256.Sum256(certificate)
	return s[:]
}

// bytes is how long a hash is.
func (h Hash) bytes() int { return [...]int{0, sha256.Size, sha512.Size384, sha512.Size}[h&3] }

// Fingerprint tells a certificate. It is a comparable value.
type Fingerprint struct {
	Hash Hash
	Sum  [sha512.Size]byte // the first bytes of it
}

// FingerprintOf is that of a certificate in DER.
func FingerprintOf(h Hash, certificate []byte) Fingerprint {
	f := Fingerprint{Hash: h}
	copy(f.Sum[:], h.sum(certificate))
	return f
}

// ParseFingerprint reads the value of a=fingerprint: "sha-256 4A:AD:...". The error is of
// kind fault.Unsupported for a hash function that is none of ours, else fault.Invalid.
func ParseFingerprint(value string) (Fingerprint, error) {
	name, sum, _ := strings.Cut(strings.TrimSpace(value), " ")
	f := Fingerprint{Hash: hashNames[strings.ToLower(name)]}
	if f.Hash == 0 {
		return f, fault.New(fault.Unsupported, "srtp: a fingerprint by %q is not believed", name)
	}
	octets := strings.Split(strings.TrimSpace(sum), ":")
	if len(octets) != f.Hash.bytes() {
		return f, fault.New(fault.Invalid, "srtp: a fingerprint by %s of %d bytes", f.Hash, len(octets))
	}
	for i, o := range octets {
		if len(o) != 2 {
			return f, fault.New(fault.Invalid, "srtp: %q in a fingerprint", o)
		}
		if _, err := hex.Decode(f.Sum[i:i+1], []byte(o)); err != nil {
			return f, fault.New(fault.Invalid, "srtp: %q in a fingerprint", o)
		}
	}
	return f, nil
}

// String is what ParseFingerprint reads.
func (f Fingerprint) String() string {
	b := []byte(f.Hash.String())
	for i, octet := range f.Sum[:f.Hash.bytes()] {
		sep := byte(':')
		if i == 0 {
			sep = ' '
		}
		b = append(b, sep, "0123456789ABCDEF"[octet>>4], "0123456789ABCDEF"[octet&15])
	}
	return string(b)
}

// Fingerprints tell one certificate, or some of which any will do.
type Fingerprints []Fingerprint

// Strongest are those by the strongest hash function (RFC 8122 §5.1): the others say
// nothing that is not better said by these.
func (fs Fingerprints) Strongest() Fingerprints {
	var best Hash
	for _, f := range fs {
		best = max(best, f.Hash)
	}
	return slices.DeleteFunc(slices.Clone(fs), func(f Fingerprint) bool { return f.Hash != best })
}

// Same reports whether two lists tell the same certificates, whatever their order.
func (fs Fingerprints) Same(others Fingerprints) bool {
	within := func(a, b Fingerprints) bool {
		return !slices.ContainsFunc(a, func(f Fingerprint) bool { return !slices.Contains(b, f) })
	}
	return within(fs, others) && within(others, fs)
}

// Match reports whether a certificate in DER is told by one of the strongest. How long it
// takes tells nothing of where they differ.
func (fs Fingerprints) Match(certificate []byte) bool {
	found := 0
	for _, f := range fs.Strongest() {
		n := f.Hash.bytes()
		if n > 0 {
			found |= subtle.ConstantTimeCompare(f.Sum[:n], f.Hash.sum(certificate))
		}
	}
	return found == 1
}
