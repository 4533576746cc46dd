package digest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"strings"
)

// Space is what a challenge is for (the protection space of RFC 7235 §2.2): accounts of
// which only hashes are known can be asked for no other realm and algorithm than theirs.
// Empty fields are those of the Authenticator.
type Space struct {
	Realm      string
	Algorithms []Algorithm // offered in this order
}

// whole is a space with its empty fields filled in.
func (a *Authenticator) whole(s Space) Space {
	if s.Realm == "" {
		s.Realm = a.cfg.Realm
	}
	if len(s.Algorithms) == 0 {
		s.Algorithms = a.cfg.Algorithms
	}
	return s
}

// Disguise chooses the space that a user who is not known is challenged for, among those
// that known ones are, an entry for each of them: always the same for a name in whatever
// case, so that neither the challenge nor its change tells who is known, and as often as
// known ones are challenged so. Where among is in order, few names change with one entry more.
func (a *Authenticator) Disguise(username string, among []Space) Space {
	if len(among) == 0 {
		return Space{}
	}
	mac := hmac.New(sha256.New, a.cfg.Secret)
	mac.Write([]byte("space:" + strings.ToLower(username)))
	n, _ := bits.Mul64(binary.BigEndian.Uint64(mac.Sum(nil)), uint64(len(among)))
	return among[n]
}
