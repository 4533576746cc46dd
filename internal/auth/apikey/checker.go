package apikey

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"sync"
)

const (
	// remembered bounds the keys that need no hashing at their next use, and as many that
	// were wrong.
	remembered = 1024
	// atOnce bounds the hashes that are made at one time: each takes Parameters.Memory.
	atOnce = 2
)

// Checker checks keys, and remembers those that it has checked: hashing costs some 30 ms, as
// it must, which a request cannot.
type Checker struct {
	pepper [32]byte      // of this process: what is remembered is of no use to any other
	slots  chan struct{} // one for each hash that is being made

	mu    sync.Mutex
	known map[presented]checked
}

// presented is the HMAC of a secret that somebody has shown.
type presented [sha256.Size]byte

// checked is what came out: of the hash that it was held against.
type checked struct {
	hash  string
	right bool
}

// NewChecker makes a checker that remembers nothing.
func NewChecker() (*Checker, error) {
	c := &Checker{slots: make(chan struct{}, atOnce), known: make(map[presented]checked)}
	_, err := rand.Read(c.pepper[:])
	return c, err
}

// Check tells whether a secret is the one that a hash was made of. The hash is the key's row
// of now: what is remembered of another one does not count. It waits for others that are
// being hashed, until ctx ends; other errors are of a hash that cannot be read.
func (c *Checker) Check(ctx context.Context, hash, secret string) (bool, error) {
	mac := hmac.New(sha256.New, c.pepper[:])
	mac.Write([]byte(secret))
	who := presented(mac.Sum(nil))
	if was, ok := c.recall(who); ok && was.hash == hash {
		return was.right, nil
	}
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	defer func() { <-c.slots }()
	if was, ok := c.recall(who); ok && was.hash == hash { // another request has waited with it
		return was.right, nil
	}
	right, err := verify(hash, secret)
	if err != nil {
		return false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= remembered {
		c.forget()
	}
	c.known[who] = checked{hash, right}
	return right, nil
}

func (c *Checker) recall(who presented) (checked, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	was, ok := c.known[who]
	return was, ok
}

// forget makes room: wrong ones first, so that guesses do not drive out who is known; if
// there are none, whichever comes first. The lock is held.
func (c *Checker) forget() {
	for who, was := range c.known {
		if !was.right {
			delete(c.known, who)
			return
		}
	}
	for who := range c.known {
		delete(c.known, who)
		return
	}
}
