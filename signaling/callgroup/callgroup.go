// Package callgroup is the groups by which phones may answer each other's calls (call_group,
// pickup_group and their named kin). Values; no goroutine.
package callgroup

import (
	"slices"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Groups are groups of phones: numbers from 0 to 63, and names.
type Groups struct {
	Numbers uint64 // a bit each
	Names   []string
}

// Parse reads "1,3-5", as call_group and pickup_group have it. The error is of kind
// fault.Invalid; what could be read is there all the same.
func Parse(numbers string, names []string) (g Groups, err error) {
	g.Names = names
	for part := range strings.SplitSeq(numbers, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		first, last, span := strings.Cut(part, "-")
		if !span {
			last = first
		}
		lo, err1 := strconv.ParseUint(strings.TrimSpace(first), 10, 6)
		hi, err2 := strconv.ParseUint(strings.TrimSpace(last), 10, 6)
		if err1 != nil || err2 != nil || lo > hi {
			err = fault.New(fault.Invalid, "%.20q is no group from 0 to 63", part)
			continue
		}
		for n := lo; n <= hi; n++ {
			g.Numbers |= 1 << n
		}
	}
	return g, err
}

// Meet reports whether two have a group in common.
func (g Groups) Meet(o Groups) bool {
	return g.Numbers&o.Numbers != 0 || slices.ContainsFunc(g.Names, func(n string) bool { return slices.Contains(o.Names, n) })
}
