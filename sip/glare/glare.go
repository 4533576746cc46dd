// Package glare says when an offer inside a dialog is made again that met one of the
// other side: after a 491, or before it could be sent, by RFC 3261 §14.1; after a 500 that
// says when to come back, by §14.2. It is pure.
package glare

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

const (
	// limit bounds how often one offer is made again: who answers all of them so is not
	// in the way by chance.
	limit = 8
	// longest is the latest that a 500 may ask for (RFC 3261 §14.2); what would come
	// later is not what was wanted any more.
	longest = 10 * time.Second
)

// Pause is how long to wait after a 491, with t1 for the RFC's 500 ms: in steps of 10 ms,
// 2.1 to 4 s for the one who made the Call-ID, up to 2 s for the other, so that the second
// offer of one of them is the first.
func Pause(owner bool, t1 time.Duration) time.Duration {
	if owner {
		return (210 + rand.N(time.Duration(191))) * t1 / 50
	}
	return rand.N(time.Duration(201)) * t1 / 50
}

// Retry counts how often an offer was made again. The zero value begins.
type Retry struct{ tries int }

// After reports whether an offer that came to this is to be made again, and how long
// to wait before.
func (r *Retry) After(resp *message.Response, err error, owner bool, t1 time.Duration) (time.Duration, bool) {
	if r.tries == limit {
		return 0, false
	}
	r.tries++
	switch {
	case fault.Of(err) == fault.Conflict:
		return Pause(owner, t1), true
	case resp != nil && resp.Status() == 500:
		return retryAfter(resp.Header("Retry-After"), t1)
	}
	return 0, false
}

// retryAfter reads the header of that name, "7 (busy);duration=3600".
func retryAfter(value string, t1 time.Duration) (time.Duration, bool) {
	number, _, _ := strings.Cut(value, ";")
	number, _, _ = strings.Cut(number, "(")
	n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 32)
	wait := time.Duration(n) * time.Second
	return max(wait, t1), err == nil && wait <= longest
}
