// Package option reads the options of sections into structs by tables: one row per
// option, with the function that takes its value, and a list of the names that are
// known without effect. What is misspelt or has a bad value gives a warning with its
// place, and the nearest name that exists.
package option

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
)

// Rows are the options of a kind of section, by their names in lower case, each with
// the function that takes its value. One without a function is read by other means.
type Rows[T any] map[string]func(*T, string) error

// Merge is all rows of several.
func Merge[T any](all ...Rows[T]) Rows[T] {
	merged := make(Rows[T])
	for _, rows := range all {
		maps.Copy(merged, rows)
	}
	return merged
}

// Table is a kind of section: the options that are read, and the names of those that
// are known and mean nothing here. Idle are the names of Rows that are read and that
// this version does nothing with: who sets one to other than its default is warned.
type Table[T any] struct {
	Name  string // for messages: "an endpoint"
	Rows  Rows[T]
	Idle  []string
	Inert []string
}

// Words makes a list of names.
func Words(text string) []string { return strings.Fields(text) }

func (t *Table[T]) names() []string {
	return append(slices.Sorted(maps.Keys(t.Rows)), t.Inert...)
}

// Apply carries out a section's settings in order.
func (t *Table[T]) Apply(to *T, s *asterisk.Section, w *asterisk.Warnings) {
	for _, set := range s.Settings {
		if strings.EqualFold(set.Key, "type") {
			continue
		}
		t.applyOne(to, s, set, w)
	}
}

func (t *Table[T]) applyOne(to *T, s *asterisk.Section, set asterisk.Setting, w *asterisk.Warnings) {
	warning := asterisk.Warning{File: set.File, Line: set.Line}
	take, known := t.Rows[strings.ToLower(set.Key)]
	switch {
	case known && take == nil:
		return
	case known:
		before := *to
		err := take(to, set.Value)
		switch {
		case err != nil:
			warning.Text = fmt.Sprintf("[%s] %s: %v", s.Name, set.Key, err)
			warning.Here = "the option is left as it was"
			var refused *RefusalError
			if errors.As(err, &refused) {
				warning.Here, warning.Fix, warning.Grave = refused.Here, refused.Fix, true
			}
		case ContainsFold(t.Idle, set.Key) && !reflect.DeepEqual(before, *to):
			warning.Text = fmt.Sprintf("[%s] %s=%s is accepted", s.Name, set.Key, set.Value)
			warning.Here = "this version does nothing with it"
			if secret(set.Key) {
				warning.Text = fmt.Sprintf("[%s] %s is accepted", s.Name, set.Key)
			}
		default:
			return
		}
	case ContainsFold(t.Inert, set.Key):
		warning.Text = fmt.Sprintf("[%s] %s is accepted", s.Name, set.Key)
		warning.Here = "it has no effect"
	default:
		warning.Text = fmt.Sprintf("[%s] there is no option %q in %s", s.Name, set.Key, t.Name)
		warning.Here = "the line is skipped"
		if near := asterisk.Nearest(set.Key, t.names()); near != "" {
			warning.Fix = "write " + near
		}
	}
	w.Add(warning)
}

// RefusalError is the error of an option that is not left as it was by what cannot be read.
type RefusalError struct {
	Err       error
	Here, Fix string // as in the warning
}

// Error is why it cannot be read.
func (r *RefusalError) Error() string { return r.Err.Error() }

// Unwrap is that error.
func (r *RefusalError) Unwrap() error { return r.Err }

// secret reports whether an option's value is not for a log.
func secret(key string) bool {
	return slices.Contains([]string{"pin", "password", "secret", "turnpassword"}, strings.ToLower(key))
}

// ContainsFold reports whether a list has a name, without case.
func ContainsFold(list []string, name string) bool {
	for _, x := range list {
		if strings.EqualFold(x, name) {
			return true
		}
	}
	return false
}

// The setters. Each takes where the value goes.

// Text keeps the value as it is.
func Text[T any](field func(*T) *string) func(*T, string) error {
	return func(t *T, v string) error {
		*field(t) = v
		return nil
	}
}

// Bool reads yes or no.
func Bool[T any](field func(*T) *bool) func(*T, string) error {
	return func(t *T, v string) error {
		b, err := ParseBool(v)
		if err == nil {
			*field(t) = b
		}
		return err
	}
}

// ParseBool reads yes or no in all their forms.
func ParseBool(v string) (bool, error) {
	switch {
	case asterisk.True(v):
		return true, nil
	case asterisk.False(v):
		return false, nil
	}
	return false, fmt.Errorf("%q is neither yes nor no", v)
}

// Number reads a whole number from lo to hi.
func Number[T any](field func(*T) *int, lo, hi int) func(*T, string) error {
	return func(t *T, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < lo || n > hi {
			return fmt.Errorf("%q is no number from %d to %d", v, lo, hi)
		}
		*field(t) = n
		return nil
	}
}

// maxDuration bounds every time in a file.
const maxDuration = 10 * 365 * 24 * time.Hour

// Duration reads a number of unit, a second or a millisecond, which may have a fraction.
func Duration[T any](field func(*T) *time.Duration, unit time.Duration) func(*T, string) error {
	return func(t *T, v string) error {
		f, err := strconv.ParseFloat(v, 64)
		if err != nil || !(f >= 0 && f <= float64(maxDuration/unit)) {
			return fmt.Errorf("%q is no number of %s", v, unitName(unit))
		}
		*field(t) = time.Duration(f * float64(unit))
		return nil
	}
}

func unitName(unit time.Duration) string {
	if unit == time.Millisecond {
		return "milliseconds"
	}
	return "seconds"
}

// List reads names that are separated by commas.
func List[T any](field func(*T) *[]string) func(*T, string) error {
	return func(t *T, v string) error {
		*field(t) = Split(v)
		return nil
	}
}

// More is List for an option that may be there several times.
func More[T any](field func(*T) *[]string) func(*T, string) error {
	return func(t *T, v string) error {
		*field(t) = append(*field(t), Split(v)...)
		return nil
	}
}

// Split cuts a list at its commas; empty names are left out.
func Split(v string) []string {
	var names []string
	for _, n := range strings.Split(v, ",") {
		if n = strings.TrimSpace(n); n != "" {
			names = append(names, n)
		}
	}
	return names
}

// Choice reads one of names; the value is its index.
func Choice[T any, E ~uint8](field func(*T) *E, names []string) func(*T, string) error {
	return func(t *T, v string) error {
		for i, n := range names {
			if strings.EqualFold(n, v) {
				*field(t) = E(i)
				return nil
			}
		}
		return fmt.Errorf("%q is none of %s", v, strings.Join(names, ", "))
	}
}

// OneOf reads one of some Words and keeps it as text.
func OneOf[T any](field func(*T) *string, names ...string) func(*T, string) error {
	return func(t *T, v string) error {
		for _, n := range names {
			if strings.EqualFold(n, v) {
				*field(t) = n
				return nil
			}
		}
		return fmt.Errorf("%q is none of %s", v, strings.Join(names, ", "))
	}
}

// Prefixes reads networks, and adds them to those that are there.
func Prefixes[T any](field func(*T) *[]netip.Prefix) func(*T, string) error {
	return func(t *T, v string) error {
		for _, p := range Split(v) {
			prefix, err := ParsePrefix(p)
			if err != nil {
				return err
			}
			*field(t) = append(*field(t), prefix)
		}
		return nil
	}
}

// ParsePrefix reads an address, "net/bits" or "net/mask".
func ParsePrefix(s string) (netip.Prefix, error) {
	host, mask, masked := strings.Cut(s, "/")
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if err != nil || addr.Zone() != "" {
		return netip.Prefix{}, fmt.Errorf("%q is no address or network", s)
	}
	if !masked {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	bits, err := strconv.Atoi(mask)
	if err != nil {
		m, err := netip.ParseAddr(mask)
		if err != nil || m.BitLen() != addr.BitLen() {
			return netip.Prefix{}, fmt.Errorf("%q has no mask", s)
		}
		var size int
		if bits, size = net.IPMask(m.AsSlice()).Size(); size == 0 {
			return netip.Prefix{}, fmt.Errorf("the mask of %q has holes", s)
		}
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q has no such mask", s)
	}
	return prefix, nil
}

// ParseBind reads an address to listen on, with or without a port.
func ParseBind(s string, port uint16) (netip.AddrPort, error) {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap, nil
	}
	addr, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%q is no address to listen on", s)
	}
	return netip.AddrPortFrom(addr, port), nil
}
