package message

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Header is one header field: a name and its value, unfolded, without space
// around it. Names compare without regard to case.
type Header struct {
	Name  string
	Value string
}

// compactNames maps the one-letter forms to the long ones (RFC 3261 §7.3.3 and
// the registry of later RFCs).
var compactNames = [256]string{
	'a': "Accept-Contact", 'b': "Referred-By", 'c': "Content-Type",
	'd': "Request-Disposition", 'e': "Content-Encoding", 'f': "From",
	'i': "Call-ID", 'j': "Reject-Contact", 'k': "Supported",
	'l': "Content-Length", 'm': "Contact", 'n': "Identity-Info", 'o': "Event",
	'r': "Refer-To", 's': "Subject", 't': "To", 'u': "Allow-Events",
	'v': "Via", 'x': "Session-Expires", 'y': "Identity",
}

// LongName gives the long form of a one-letter name, and others unchanged.
func LongName(name string) string {
	if len(name) == 1 {
		if long := compactNames[name[0]|0x20]; long != "" {
			return long
		}
	}
	return name
}

// Headers are header fields in the order of the wire. Names asked for are long.
type Headers []Header

// sameName compares names, which have no letters but those of ASCII; most are written as they
// are asked for, or have another length.
func sameName(a, b string) bool { return len(a) == len(b) && (a == b || strings.EqualFold(a, b)) }

// Get is the value of the first header of that name, and whether there is one.
func (h Headers) Get(name string) (string, bool) {
	for i := range h {
		if sameName(h[i].Name, name) {
			return h[i].Value, true
		}
	}
	return "", false
}

// Value is the value of the first header of that name, or "".
func (h Headers) Value(name string) string {
	v, _ := h.Get(name)
	return v
}

// Has reports whether a header of that name is there.
func (h Headers) Has(name string) bool {
	_, ok := h.Get(name)
	return ok
}

// All is every value of that name, one for each line.
func (h Headers) All(name string) []string {
	var out []string
	for i := range h {
		if sameName(h[i].Name, name) {
			out = append(out, h[i].Value)
		}
	}
	return out
}

// Count is the number of lines of that name.
func (h Headers) Count(name string) int {
	n := 0
	for i := range h {
		if sameName(h[i].Name, name) {
			n++
		}
	}
	return n
}

// Tokens is every element of a comma-separated header, lines joined.
func (h Headers) Tokens(name string) []string {
	var out []string
	for i := range h {
		if !sameName(h[i].Name, name) {
			continue
		}
		for part := range strings.SplitSeq(h[i].Value, ",") {
			if part = trimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	return out
}

// Add adds a header at the end.
func (h *Headers) Add(name, value string) { *h = append(*h, Header{name, value}) }

// CheckHeader says whether a header may be sent: its name is a token, its value
// holds no CR, LF or NUL. The error is of kind fault.Invalid. Encode checks every
// header so; it is exported so that an API can refuse early, with the name of what
// was wrong.
func CheckHeader(name, value string) error {
	if !isToken(name) {
		return fault.New(fault.Invalid, "header name %q is not a token", name)
	}
	if i := control(value); i >= 0 {
		return fault.New(fault.Invalid, "header %s: control character %#02x at byte %d", name, value[i], i)
	}
	return nil
}
