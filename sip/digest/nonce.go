package digest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"net/netip"
	"sync"
	"time"
)

// A nonce is base64(issue time ‖ random ‖ HMAC-SHA256(secret, both ‖ client
// address ‖ realm)): nothing is kept for one that was only handed out. For those
// that were used well, a bounded table keeps the highest count seen.
const (
	nonceHeadBytes = 16
	nonceBytes     = nonceHeadBytes + sha256.Size
)

// nonceID names a nonce among those of this process.
type nonceID struct {
	issued int64 // nanoseconds since 1970
	random uint64
}

// nonces makes nonces and tells whether one may be used.
type nonces struct {
	seals sync.Pool // of *sealer
	realm string
	life  time.Duration

	mu      sync.Mutex
	counts  generations[nonceID, uint32]
	rotated time.Time
	shown   generations[nonceID, uint8] // how often those that are not in counts were shown
	// floor is the newest issue time that the table has forgotten, and at first
	// the time of the start: a nonce as old may have been used, so it is stale.
	floor int64
}

func newNonces(secret []byte, realm string, life time.Duration, limit int) *nonces {
	now := time.Now()
	return &nonces{
		seals: sync.Pool{New: func() any { return &sealer{mac: hmac.New(sha256.New, secret)} }},
		realm: realm, life: life,
		shown:  newGenerations[nonceID, uint8](limit),
		counts: newGenerations[nonceID, uint32](limit), rotated: now, floor: now.UnixNano() - 1,
	}
}

// issue makes a nonce for a client.
func (n *nonces) issue(client netip.Addr) string {
	var raw [nonceBytes]byte
	binary.BigEndian.PutUint64(raw[:], uint64(time.Now().UnixNano()))
	_, _ = rand.Read(raw[8:nonceHeadBytes]) // never fails (crypto/rand)
	n.seal(raw[:nonceHeadBytes], raw[:nonceHeadBytes], client)
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// sealer is an HMAC that has taken the secret in, and room for what it is made of.
type sealer struct {
	mac  hash.Hash
	text []byte
}

// seal appends the MAC of a nonce's head to dst.
func (n *nonces) seal(dst, head []byte, client netip.Addr) []byte {
	s := n.seals.Get().(*sealer)
	defer n.seals.Put(s)
	addr := client.As16()
	s.text = append(append(append(s.text[:0], head...), addr[:]...), n.realm...)
	s.mac.Reset()
	s.mac.Write(s.text)
	s.text = s.mac.Sum(s.text[:0])
	return append(dst, s.text...)
}

// open gives the ID of a nonce that was issued to a client, of any age.
func (n *nonces) open(nonce string, client netip.Addr) (nonceID, bool) {
	var raw [nonceBytes]byte
	if len(nonce) != base64.RawURLEncoding.EncodedLen(nonceBytes) {
		return nonceID{}, false
	}
	if _, err := base64.RawURLEncoding.Decode(raw[:], []byte(nonce)); err != nil {
		return nonceID{}, false
	}
	var sum [sha256.Size]byte
	if !hmac.Equal(n.seal(sum[:0], raw[:nonceHeadBytes], client), raw[nonceHeadBytes:]) {
		return nonceID{}, false
	}
	return nonceID{int64(binary.BigEndian.Uint64(raw[:])), binary.BigEndian.Uint64(raw[8:])}, true
}

// fresh tells whether a nonce is young enough to be used.
func (n *nonces) fresh(id nonceID) bool {
	age := time.Now().UnixNano() - id.issued
	return age >= 0 && age <= int64(n.life)
}

// maxShown is how often a nonce promises a proof: a client that is told to come again later
// may show it more than once.
const maxShown = 3

// promises tells whether a nonce may be used with a count, and counts that it was shown. One
// that has not been used yet promises nothing any more after maxShown times. Where the table
// has forgotten one it has as many again.
func (n *nonces) promises(id nonceID, nc uint32) bool {
	if !n.fresh(id) {
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	last, used := n.counts.get(id)
	if used || nc == 0 || id.issued <= n.floor {
		return nc > last && id.issued > n.floor
	}
	times, _ := n.shown.get(id)
	if times >= maxShown {
		return false
	}
	if n.shown.full() {
		n.shown.rotate()
	}
	n.shown.put(id, times+1)
	return true
}

// use counts a use of a nonce. It is false for one that is too old, or whose
// count does not grow: the client needs a new one.
func (n *nonces) use(id nonceID, nc uint32) bool {
	now := time.Now()
	n.mu.Lock()
	defer n.mu.Unlock()
	age := now.UnixNano() - id.issued
	if age < 0 || age > int64(n.life) || id.issued <= n.floor {
		return false
	}
	if last, _ := n.counts.get(id); nc <= last {
		return false
	}
	if n.counts.full() || now.Sub(n.rotated) > n.life {
		for dropped := range n.counts.rotate() {
			n.floor = max(n.floor, dropped.issued)
		}
		n.rotated = now
		if id.issued <= n.floor {
			return false
		}
	}
	n.counts.put(id, nc)
	return true
}
