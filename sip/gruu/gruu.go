// Package gruu makes and reads globally routable user agent URIs (RFC 5627): a public
// one, which names the address of record and the instance, and temporary ones, which
// tell nobody but this server whose they are. Nothing is kept of either: a temporary one
// holds, encrypted, what it stands for.
//
// It starts no goroutine.
package gruu

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/skygenesisenterprise/skybridge/sip/message"
)

const (
	// prefix begins the user part of a temporary one.
	prefix = "tgruu."
	// maxBytes bounds what a temporary one may stand for.
	maxBytes = 600
)

// Maker makes and reads them. It is safe for concurrent use.
type Maker struct{ seal cipher.AEAD }

// New makes a Maker. With the same secret it reads what another one made, as after a
// restart.
func New(secret []byte) (*Maker, error) {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("temporary gruu"))
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		return nil, err
	}
	seal, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &Maker{seal}, nil
}

// Ref is what a GRUU stands for.
type Ref struct {
	// AOR is the user part of the address of record, Instance the +sip.instance of the
	// phone, with its angle brackets.
	AOR, Instance string
	// CallID is that of the registration that a temporary one was made for, with which
	// it ends (RFC 5627 §3.1.2); "" for a public one.
	CallID string
}

// Public is the public one of an instance at an address of record.
func Public(aor message.URI, instance string) message.URI {
	u := base(aor)
	u.Params = message.Params{{Name: "gr", Value: strings.Trim(instance, "<>")}}
	return u
}

// Temporary is a new temporary one; the zero URI for what is too long for one.
func (m *Maker) Temporary(aor message.URI, instance, callID string) message.URI {
	plain := strings.Join([]string{aor.User, instance, callID}, "\x00")
	if len(plain) > maxBytes || strings.Count(plain, "\x00") != 2 {
		return message.URI{}
	}
	b := make([]byte, m.seal.NonceSize(), m.seal.NonceSize()+len(plain)+m.seal.Overhead())
	_, _ = rand.Read(b) // never fails: it ends the process instead (crypto/rand)
	b = m.seal.Seal(b, b, []byte(plain), nil)
	u := base(aor)
	u.User = prefix + base64.RawURLEncoding.EncodeToString(b)
	u.Params = message.Params{{Name: "gr"}}
	return u
}

// base is an address of record without what does not belong into a GRUU.
func base(aor message.URI) message.URI {
	return message.URI{Scheme: aor.Scheme, User: aor.User, Host: aor.Host, Port: aor.Port}
}

// Read tells what a URI stands for, and whether it is a GRUU of ours.
func (m *Maker) Read(u message.URI) (Ref, bool) {
	value, ok := u.Params.Get("gr")
	switch text, temporary := strings.CutPrefix(u.User, prefix); {
	case !ok || u.User == "":
		return Ref{}, false
	case temporary:
		return m.open(text)
	case value == "":
		return Ref{}, false
	}
	return Ref{AOR: u.User, Instance: "<" + value + ">"}, true
}

func (m *Maker) open(text string) (Ref, bool) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	n := m.seal.NonceSize()
	if err != nil || len(b) < n || len(b) > 2*maxBytes {
		return Ref{}, false
	}
	plain, err := m.seal.Open(nil, b[:n], b[n:], nil)
	if err != nil {
		return Ref{}, false
	}
	parts := strings.Split(string(plain), "\x00")
	if len(parts) != 3 {
		return Ref{}, false
	}
	return Ref{parts[0], parts[1], parts[2]}, true
}
