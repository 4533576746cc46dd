package sip

import (
	"crypto/rand"
	"encoding/hex"
	mrand "math/rand/v2"
	"strconv"
	"time"
)

// random is n random bytes in hex.
func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: it ends the process instead (crypto/rand)
	return hex.EncodeToString(b)
}

func newTag() string    { return random(8) }
func newBranch() string { return branchCookie + random(12) }
func newCallID() string { return random(16) }

// between is a random duration of at least lo and less than hi.
func between(lo, hi time.Duration) time.Duration {
	if hi <= lo {
		return lo
	}
	return lo + mrand.N(hi-lo)
}

// retryAfter is a random 0 to 10 s (RFC 3261 §14.2).
func retryAfter() Header { return Header{"Retry-After", strconv.Itoa(mrand.N(11))} }

func cseqText(n uint32, method string) string {
	return strconv.FormatUint(uint64(n), 10) + " " + method
}
