package digest

import (
	"fmt"
	"slices"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Config says how an Authenticator challenges.
type Config struct {
	Realm string
	// Algorithms are offered in this order, one header each. MD5 first is the
	// default because clients that know MD5 only, JsSIP and SIP.js among them,
	// read the first header alone; those that follow RFC 8760 take the first
	// they know, so SHA-256 must be put first to be used by them. A list without
	// MD5 refuses accounts that have an MD5 HA1 only, and the reverse.
	Algorithms []Algorithm
	// NonceLife is how long a nonce may be used.
	NonceLife time.Duration
	// MaxNonces bounds the table of nonces in use.
	MaxNonces int
	// Secret is the HMAC key of the nonces, at least 32 bytes; empty makes one.
	// With one that outlives the process, a nonce from before a restart is
	// answered with stale=true, and phones do not ask for the password again.
	Secret  []byte
	Backoff Backoff
}

// Default is the configuration of Asterisk's defaults, with SHA-256 offered too.
func Default() Config {
	return Config{
		Realm:      "asterisk",
		Algorithms: []Algorithm{MD5, SHA256},
		NonceLife:  32 * time.Second,
		MaxNonces:  1 << 16,
		Backoff: Backoff{
			Free: 5, SourceFree: 50, First: time.Second, Most: time.Minute, Forget: 5 * time.Minute, Tracked: 1 << 16,
		},
	}
}

// Validate tells what is wrong with the configuration.
func (c Config) Validate() error {
	b := c.Backoff
	switch {
	case c.Realm == "" || len(c.Realm) > 255:
		return fault.New(fault.Invalid, "digest: realm has %d bytes, not 1..255", len(c.Realm))
	case len(c.Algorithms) == 0:
		return fault.New(fault.Invalid, "digest: no algorithm to offer")
	case c.NonceLife < time.Second || c.MaxNonces < 2:
		return fault.New(fault.Invalid, "digest: nonce life %v under 1s or fewer than 2 nonces (%d)", c.NonceLife, c.MaxNonces)
	case len(c.Secret) > 0 && len(c.Secret) < 32:
		return fault.New(fault.Invalid, "digest: secret of %d bytes, at least 32", len(c.Secret))
	case b.Free < 1 || b.SourceFree < b.Free || b.First <= 0 || b.Most < b.First || b.Forget < b.Most || b.Tracked < 2:
		return fault.New(fault.Invalid, "digest: back-off does not fit: %+v", b)
	}
	for i, a := range c.Algorithms {
		if a >= algorithms || slices.Contains(c.Algorithms[:i], a) {
			return fmt.Errorf("digest: algorithm %d is unknown or named twice", a)
		}
	}
	return nil
}
