package conference

import (
	"strconv"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// numbers are some that rooms are given, from first to last and from the beginning again.
type numbers struct{ first, last, next int }

// given are the numbers that rooms are given: 9000 is the demo's, and longer ones follow when there
// are none of four digits any more.
func given() [2]numbers { return [2]numbers{{9001, 9999, 9001}, {90000, 99999, 90000}} }

// Plan says which numbers are the dialplan's own conferences: no room is given one. It is called
// before the registry is used; planned does not wait.
func (r *Registry) Plan(planned func(number string) bool) { r.planned = planned }

// Planned reports whether a number is one of the dialplan's own conferences.
func (r *Registry) Planned(number string) bool { return r.planned != nil && r.planned(number) }

// freeNumber is one that no room has. The lock is held.
func (r *Registry) freeNumber() (string, error) {
	for i := range r.numbers {
		of := &r.numbers[i]
		for range of.last - of.first + 1 {
			n := strconv.Itoa(of.next)
			if of.next++; of.next > of.last {
				of.next = of.first
			}
			if r.byNumber[n] == nil && !r.Planned(n) {
				return n, nil
			}
		}
	}
	return "", fault.New(fault.Full, "no room number left")
}
