package sdp

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// Crypto is one a=crypto line (RFC 4568 §9.1).
type Crypto struct {
	// Tag names the line within its offer.
	Tag   int
	Suite string
	// Keys are the master keys of its author; more than one have identifiers.
	Keys []CryptoKey
	// Params are the session parameters, as they came.
	Params []string
}

// CryptoKey is what stands behind inline: (RFC 4568 §6.1).
type CryptoKey struct {
	// KeyAndSalt is the master key followed by its salt.
	KeyAndSalt []byte
	// Lifetime is how many packets the key protects at most; 0 when the line does not
	// say. Its author keeps to it.
	Lifetime uint64
	// MKI is the key's identifier in packets, MKIBytes long; 0 for none.
	MKI      uint64
	MKIBytes int
}

// Limits of a=crypto.
const (
	maxCryptoTag   = 999_999_999
	maxCryptoKeys  = 8
	maxMKIBytes    = 128
	maxKeyLifetime = 1 << 48 // RFC 3711 §9.2
)

// ParseCrypto reads the value of a=crypto. An error, of kind fault.Invalid, has nothing
// of the key.
func ParseCrypto(value string) (Crypto, error) {
	f := strings.Fields(value)
	if len(f) < 3 {
		return Crypto{}, bad("a=crypto has %d fields, want a tag, a suite and a key", len(f))
	}
	tag, ok := number(f[0], maxCryptoTag)
	if !ok {
		return Crypto{}, bad("a=crypto: tag %q is no number of nine digits at most", f[0])
	}
	c := Crypto{Tag: int(tag), Suite: f[1], Params: f[3:]}
	if len(c.Params) == 0 {
		c.Params = nil
	}
	for param := range strings.SplitSeq(f[2], ";") {
		k, err := parseCryptoKey(param)
		if err != nil {
			return Crypto{}, bad("a=crypto:%d: %w", c.Tag, err)
		}
		if len(c.Keys) == maxCryptoKeys {
			return Crypto{}, bad("a=crypto:%d: more than %d keys", c.Tag, maxCryptoKeys)
		}
		c.Keys = append(c.Keys, k)
	}
	return c, nil
}

func parseCryptoKey(param string) (k CryptoKey, err error) {
	method, info, ok := strings.Cut(param, ":")
	if !ok || !strings.EqualFold(method, "inline") {
		return k, bad("a key that is not inline")
	}
	parts := strings.Split(info, "|")
	// Some leave the padding out.
	k.KeyAndSalt, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(parts[0], "="))
	if err != nil || len(k.KeyAndSalt) == 0 {
		return CryptoKey{}, bad("a key that is no base64")
	}
	parts = parts[1:]
	if len(parts) > 0 && !strings.Contains(parts[0], ":") {
		if k.Lifetime, ok = lifetime(parts[0]); !ok {
			return k, bad("lifetime %q is not 1 to 2^48 packets", parts[0])
		}
		parts = parts[1:]
	}
	if len(parts) > 0 {
		mki, length, _ := strings.Cut(parts[0], ":")
		n, ok := number(length, maxMKIBytes)
		if k.MKI, err = strconv.ParseUint(mki, 10, 64); err != nil || !ok || n == 0 || n < 8 && k.MKI>>(8*n) != 0 {
			return k, bad("master key identifier %q", parts[0])
		}
		k.MKIBytes = int(n)
		parts = parts[1:]
	}
	if len(parts) > 0 {
		return k, bad("%q behind the key", parts[0])
	}
	return k, nil
}

// number reads digits alone.
func number(s string, most uint64) (uint64, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 64)
	return n, err == nil && n <= most
}

// lifetime reads a number of packets, or "2^" and its exponent.
func lifetime(s string) (uint64, bool) {
	exponent, isPower := strings.CutPrefix(s, "2^")
	if isPower {
		n, ok := number(exponent, 48)
		return 1 << n, ok
	}
	n, ok := number(s, maxKeyLifetime)
	return n, ok && n > 0
}

// String is the value of a=crypto. It holds the key.
func (c Crypto) String() string {
	b := strconv.AppendInt(nil, int64(c.Tag), 10)
	b = append(append(b, ' '), c.Suite...)
	b = append(b, ' ')
	for i, k := range c.Keys {
		if i > 0 {
			b = append(b, ';')
		}
		b = base64.StdEncoding.AppendEncode(append(b, "inline:"...), k.KeyAndSalt)
		if k.Lifetime > 0 {
			b = strconv.AppendUint(append(b, '|'), k.Lifetime, 10)
		}
		if k.MKIBytes > 0 {
			b = strconv.AppendUint(append(b, '|'), k.MKI, 10)
			b = strconv.AppendInt(append(b, ':'), int64(k.MKIBytes), 10)
		}
	}
	for _, p := range c.Params {
		b = append(append(b, ' '), p...)
	}
	return string(b)
}

// cryptoOf is the line for a key of ours.
func cryptoOf(tag int, m srtp.Master) Crypto {
	return Crypto{Tag: tag, Suite: m.Suite.String(), Keys: []CryptoKey{{KeyAndSalt: m.KeyAndSalt()}}}
}

// master is the line's key, if we can receive with it: a suite we know, one key, and
// no session parameter that changes the protection (RFC 4568 §6.3). Nothing may stay
// unencrypted or unauthenticated.
func (c *Crypto) master() (srtp.Master, error) {
	suite := srtp.SuiteByName(c.Suite)
	switch {
	case suite == srtp.None:
		return srtp.Master{}, bad("suite %q is not here", c.Suite)
	case len(c.Keys) != 1:
		return srtp.Master{}, bad("%d keys", len(c.Keys))
	}
	for _, p := range c.Params {
		name, value, _ := strings.Cut(p, "=")
		switch {
		case strings.HasPrefix(p, "-"): // may be passed over (§6.3.7)
		case strings.EqualFold(name, "WSH"): // of the window against replays: ours is larger
		case strings.EqualFold(name, "KDR") && value == "0":
		default:
			return srtp.Master{}, bad("session parameter %q", p)
		}
	}
	k := c.Keys[0]
	m, err := srtp.MasterOf(suite, k.KeyAndSalt)
	if err != nil {
		return m, err
	}
	if k.MKIBytes > srtp.MaxMKIBytes {
		return srtp.Master{}, bad("a master key identifier of %d bytes", k.MKIBytes)
	}
	m.MKI, m.MKIBytes = k.MKI, uint8(k.MKIBytes)
	return m, nil
}

// cryptos are the lines of m that can be read, in their order; the error says what is
// wrong with the first other one.
func (m *Media) cryptos() (list []Crypto, err error) {
	for _, a := range m.Attributes {
		if !strings.EqualFold(a.Name, "crypto") {
			continue
		}
		c, cerr := ParseCrypto(a.Value)
		if cerr == nil && !slices.ContainsFunc(list, func(k Crypto) bool { return k.Tag == c.Tag }) {
			list = append(list, c)
		} else if err == nil {
			err = cerr
		}
	}
	return list, err
}

// Protection is how a leg wants its audio protected with keys in SDP.
type Protection uint8

// The ways.
const (
	// Unprotected offers RTP/AVP, and refuses RTP/SAVP.
	Unprotected Protection = iota
	// Opportunistic offers keys beside RTP/AVP, and goes without where the peer has
	// none (RFC 8643).
	Opportunistic
	// Protected offers RTP/SAVP, and refuses what is not encrypted.
	Protected
)

var protections = [...]string{"unprotected", "opportunistic", "protected"}

// String is the way's name.
func (p Protection) String() string { return protections[p] }

// DefaultSuites are those we offer, the cheapest of the strong ones first.
func DefaultSuites() []srtp.Suite {
	return []srtp.Suite{srtp.GCM128, srtp.GCM256, srtp.AESCM80}
}

// validateProtection reports the first setting of a Config that cannot work.
func (c *Config) validateProtection() error {
	if c.Protection > Protected {
		return fault.New(fault.Invalid, "sdp: protection %d", c.Protection)
	}
	if c.Protection != Unprotected && len(c.Suites) == 0 {
		return fault.New(fault.Invalid, "sdp: no suite to protect audio with")
	}
	for i, s := range c.Suites {
		if s == srtp.None || srtp.SuiteByName(s.String()) != s || slices.Contains(c.Suites[:i], s) {
			return fault.New(fault.Invalid, "sdp: suite %v is none, or there twice", s)
		}
	}
	return nil
}
