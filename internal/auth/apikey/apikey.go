// Package apikey makes and checks API keys: sk_ID_SECRET. The ID names the key and is no
// secret; of the secret Argon2id (RFC 9106) is kept, in the PHC string format, with the
// parameters that it was made with.
//
// It starts no goroutine.
package apikey

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

const (
	prefix      = "sk_"
	idLength    = 16 // of its alphabet of 32: 80 bits
	secretBytes = 32
	idAlphabet  = "abcdefghijklmnopqrstuvwxyz234567"
)

// secretLength is that of a secret's text.
var secretLength = base64.RawURLEncoding.EncodedLen(secretBytes)

// Parameters are the cost of Argon2id.
type Parameters struct {
	Memory  uint32 // KiB
	Time    uint32 // passes
	Threads uint8
}

// Default is what new keys are hashed with: RFC 9106's form for little memory would take
// 64 MiB a request; a secret of 256 random bits is as safe with OWASP's least.
func Default() Parameters { return Parameters{Memory: 19 << 10, Time: 2, Threads: 1} }

// most bounds what a kept hash may ask for.
var most = Parameters{Memory: 256 << 10, Time: 16, Threads: 8}

const (
	saltBytes = 16
	hashBytes = 32
)

// Key is a key as it was made, once: Text is for its owner, the others are kept.
type Key struct {
	Text string
	ID   string
	Hash string
}

// New makes a key.
func New(p Parameters) (Key, error) {
	random := make([]byte, idLength+secretBytes+saltBytes)
	if _, err := rand.Read(random); err != nil {
		return Key{}, err
	}
	id := make([]byte, idLength)
	for i := range id {
		id[i] = idAlphabet[int(random[i])%len(idAlphabet)]
	}
	secret := base64.RawURLEncoding.EncodeToString(random[idLength : idLength+secretBytes])
	return Key{Text: prefix + string(id) + "_" + secret, ID: string(id), Hash: hash(secret, random[idLength+secretBytes:], p)}, nil
}

// Parse takes a key apart; ok is false for what cannot be one, as for keys of the older
// format, which have no ID.
func Parse(text string) (id, secret string, ok bool) {
	rest, ok := strings.CutPrefix(text, prefix)
	if !ok || len(rest) != idLength+1+secretLength || rest[idLength] != '_' {
		return "", "", false
	}
	id, secret = rest[:idLength], rest[idLength+1:]
	if strings.Trim(id, idAlphabet) != "" {
		return "", "", false
	}
	if _, err := base64.RawURLEncoding.DecodeString(secret); err != nil {
		return "", "", false
	}
	return id, secret, true
}

// hash is "$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH".
func hash(secret string, salt []byte, p Parameters) string {
	sum := argon2.IDKey([]byte(secret), salt, p.Time, p.Memory, p.Threads, hashBytes)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.Memory, p.Time, p.Threads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum))
}

var errHash = errors.New("apikey: a kept hash cannot be read")

// verify tells whether a hash is a secret's. The error is of a hash that cannot be read.
func verify(kept, secret string) (bool, error) {
	parts := strings.Split(kept, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return false, errHash
	}
	var p Parameters
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.Memory, &p.Time, &p.Threads); err != nil {
		return false, errHash
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil || len(salt) < 8 || len(salt) > 64 {
		return false, errHash
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(want) != hashBytes {
		return false, errHash
	}
	if p.Time < 1 || p.Threads < 1 || p.Memory < 8*uint32(p.Threads) || p.Memory > most.Memory || p.Time > most.Time || p.Threads > most.Threads {
		return false, errHash
	}
	got := argon2.IDKey([]byte(secret), salt, p.Time, p.Memory, p.Threads, hashBytes)
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}
