package message

import (
	"crypto/rand"
	"encoding/hex"
)

// NewTag is a new tag for a From or a To.
func NewTag() string { return random(8) }

// NewBranch is a new branch for a Via.
func NewBranch() string { return BranchCookie + random(12) }

// NewCallID is a new Call-ID.
func NewCallID() string { return random(16) }

// random is n random bytes in hex, 16 at the most.
func random(n int) string {
	var room [16]byte
	var text [2 * len(room)]byte
	b := room[:n]
	_, _ = rand.Read(b) // never fails: it ends the process instead (crypto/rand)
	return string(text[:hex.Encode(text[:], b)])
}
