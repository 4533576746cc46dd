package tlsserver

import (
	"crypto/tls"
	"slices"
	"strconv"
	"strings"
)

// ciphers are the suites that a transport names.
type ciphers struct {
	named  bool     // any that are spoken here
	before []uint16 // those of TLS 1.2
}

// apply leaves only those. Suites of TLS 1.3 are not chosen one by one: naming nothing
// else leaves TLS 1.3.
func (s ciphers) apply(c *tls.Config) {
	switch {
	case !s.named:
	case len(s.before) == 0:
		c.MinVersion = tls.VersionTLS13
	default:
		c.CipherSuites = s.before
	}
}

// and are the suites that both name; who names none leaves the choice to the other.
func (s ciphers) and(other ciphers) ciphers {
	if !s.named || !other.named {
		return ciphers{named: s.named || other.named, before: append(s.before, other.before...)}
	}
	both := ciphers{named: true}
	for _, id := range s.before {
		if slices.Contains(other.before, id) {
			both.before = append(both.before, id)
		}
	}
	return both
}

// parseCiphers reads the names of a transport's cipher, parted by commas: as the IANA or
// OpenSSL has them, or 0x and four digits. Names of suites that can be broken, and of none,
// are unknown.
func parseCiphers(list string) (s ciphers, unknown []string) {
	for name := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == ' ' || r == ':' }) {
		suite := suiteOf(name)
		if suite == nil {
			unknown = append(unknown, name)
			continue
		}
		s.named = true
		if suite.SupportedVersions[0] < tls.VersionTLS13 {
			s.before = append(s.before, suite.ID)
		}
	}
	return s, unknown
}

func suiteOf(name string) *tls.CipherSuite {
	id, err := strconv.ParseUint(strings.ToLower(name), 0, 16)
	for _, suite := range tls.CipherSuites() {
		if err == nil && suite.ID == uint16(id) || strings.EqualFold(name, suite.Name) || strings.EqualFold(name, openSSL(suite.Name)) {
			return suite
		}
	}
	return nil
}

// openSSL is what OpenSSL calls a suite of TLS 1.2: ECDHE-RSA-AES128-GCM-SHA256 is
// TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256.
func openSSL(name string) string {
	name = strings.NewReplacer("TLS_", "", "_WITH_", "-", "AES_", "AES", "_CBC", "", "POLY1305_SHA256", "POLY1305").Replace(name)
	return strings.ReplaceAll(name, "_", "-")
}
