package trunkgroup

import (
	"slices"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// MaxPerMinute bounds Phone.PerMinute: so many times are kept.
const MaxPerMinute = 6000

// paceOver is what a phone's calls are counted over.
const paceOver = time.Minute

// TooSoonError refuses a call of a phone that has begun as many in a minute as it may. It is
// of kind fault.TooMany.
type TooSoonError struct {
	Phone     string
	PerMinute int
	After     time.Duration // when it may begin one again
}

// Error tells who, how many, and when.
func (e *TooSoonError) Error() string { return e.Unwrap().Error() }

// Unwrap has the kind.
func (e *TooSoonError) Unwrap() error {
	return fault.New(fault.TooMany, "%s has begun %d calls within a minute, its limit; the next one in %v", e.Phone, e.PerMinute, e.After.Round(time.Second))
}

// pace is when a phone began its last calls, the oldest first.
type pace []time.Time

// next is how long it takes until one more may begin, of so many a minute.
func (p *pace) next(perMinute int, now time.Time) time.Duration {
	*p = slices.DeleteFunc(*p, func(at time.Time) bool { return now.Sub(at) >= paceOver })
	if len(*p) < perMinute {
		return 0
	}
	return (*p)[len(*p)-perMinute].Add(paceOver).Sub(now)
}

// urgent tells whether a number's calls are never too many. What follows a semicolon is no
// part of it.
func urgent(number string, numbers []string) bool {
	number, _, _ = strings.Cut(number, ";")
	return slices.Contains(numbers, number)
}
