// Package pin is the PINs of rooms: kept as argon2id hashes (RFC 9106) where they are stored,
// and held against what callers say, slower the more they guess.
//
// It starts no goroutine.
package pin

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// The cost of a hash: OWASP's smallest for argon2id. A PIN has few digits, so that no cost
// keeps one from being found by who has the hash; it keeps it from being read at a glance.
const (
	passes     = 2
	memory     = 19 << 10 // KiB
	threads    = 1
	saltBytes  = 16
	hashBytes  = 32
	maxText    = 256 // of what is stored
	mostPasses = 16
	mostMemory = 256 << 10 // KiB
)

// atOnce bounds the hashes that are computed at one time, and so the memory they take.
var atOnce = make(chan struct{}, 2) //nolint:gochecknoglobals // the process's memory is

// PIN is what callers have to know; the zero value is none. It is not printed.
type PIN struct{ clear, hash string }

// Clear is a PIN that stands in a file in the clear (confbridge.conf).
func Clear(digits string) PIN { return PIN{clear: digits} }

// Hash makes a PIN that is kept as a hash.
func Hash(digits string) (PIN, error) {
	salt := make([]byte, saltBytes)
	if _, err := rand.Read(salt); err != nil {
		return PIN{}, fmt.Errorf("pin: salt: %w", err)
	}
	c := cost{memory, passes, threads}
	e := base64.RawStdEncoding
	return PIN{hash: fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memory, c.passes, c.threads,
		e.EncodeToString(salt), e.EncodeToString(c.sum(digits, salt, hashBytes)))}, nil
}

// Stored is the PIN of a hash as Text gave it, "" for none. It fails with fault.Invalid.
func Stored(text string) (PIN, error) {
	if text == "" {
		return PIN{}, nil
	}
	if _, _, _, err := parse(text); err != nil {
		return PIN{}, err
	}
	return PIN{hash: text}, nil
}

// Text is what is stored of a PIN; "" where there is none, and of one that stands in a file.
func (p PIN) Text() string { return p.hash }

// String keeps PINs from logs.
func (p PIN) String() string {
	if p.Wanted() {
		return "(PIN)"
	}
	return ""
}

// GoString keeps PINs from logs, too.
func (p PIN) GoString() string { return p.String() }

// Wanted reports whether there is a PIN.
func (p PIN) Wanted() bool { return p.clear != "" || p.hash != "" }

// Matches reports whether somebody knows the PIN. With a hash that takes some 30 ms.
func (p PIN) Matches(said string) bool {
	if p.hash == "" {
		return subtle.ConstantTimeCompare([]byte(strings.ToUpper(said)), []byte(strings.ToUpper(p.clear))) == 1
	}
	c, salt, sum, err := parse(p.hash)
	return err == nil && subtle.ConstantTimeCompare(c.sum(said, salt, uint32(len(sum))), sum) == 1 //nolint:gosec // parse has bounded it
}

type cost struct {
	memory, passes uint32
	threads        uint8
}

func (c cost) sum(said string, salt []byte, length uint32) []byte {
	atOnce <- struct{}{}
	defer func() { <-atOnce }()
	return argon2.IDKey([]byte(said), salt, c.passes, c.memory, c.threads, length)
}

// parse reads the text of a hash.
func parse(text string) (c cost, salt, sum []byte, err error) {
	bad := fault.New(fault.Invalid, "pin: no hash of a PIN")
	parts := strings.Split(text, "$")
	if len(text) > maxText || len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, bad
	}
	if _, serr := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memory, &c.passes, &c.threads); serr != nil ||
		parts[3] != fmt.Sprintf("m=%d,t=%d,p=%d", c.memory, c.passes, c.threads) {
		return c, nil, nil, bad
	}
	salt, err1 := base64.RawStdEncoding.Strict().DecodeString(parts[4])
	sum, err2 := base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(salt) < 8 || len(sum) < 16 || c.threads == 0 ||
		c.passes == 0 || c.passes > mostPasses || c.memory < 8 || c.memory > mostMemory {
		return c, nil, nil, bad
	}
	return c, salt, sum, nil
}
