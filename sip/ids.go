package sip

import (
	mrand "math/rand/v2"
	"strconv"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// between is a random duration of at least lo and less than hi.
func between(lo, hi time.Duration) time.Duration {
	if hi <= lo {
		return lo
	}
	return lo + mrand.N(hi-lo)
}

// retryAfter is a random 0 to 10 s (RFC 3261 §14.2).
func retryAfter() message.Header {
	return message.Header{Name: "Retry-After", Value: strconv.Itoa(mrand.N(11))}
}
