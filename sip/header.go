package sip

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

// longName gives the long form of a one-letter name, and others unchanged.
func longName(name string) string {
	if len(name) == 1 {
		if long := compactNames[name[0]|0x20]; long != "" {
			return long
		}
	}
	return name
}

type headers []Header

// get is the value of the first header of that (long) name, and whether there is one.
func (h headers) get(name string) (string, bool) {
	for i := range h {
		if strings.EqualFold(h[i].Name, name) {
			return h[i].Value, true
		}
	}
	return "", false
}

func (h headers) value(name string) string {
	v, _ := h.get(name)
	return v
}

func (h headers) has(name string) bool {
	_, ok := h.get(name)
	return ok
}

// all is every value of that name, one for each line.
func (h headers) all(name string) []string {
	var out []string
	for i := range h {
		if strings.EqualFold(h[i].Name, name) {
			out = append(out, h[i].Value)
		}
	}
	return out
}

func (h headers) count(name string) int {
	n := 0
	for i := range h {
		if strings.EqualFold(h[i].Name, name) {
			n++
		}
	}
	return n
}

// tokens is every element of a comma-separated header, lines joined.
func (h headers) tokens(name string) []string {
	var out []string
	for i := range h {
		if !strings.EqualFold(h[i].Name, name) {
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

func (h *headers) add(name, value string) { *h = append(*h, Header{name, value}) }

// CheckHeader says whether a header may be sent: its name is a token, its value
// holds no CR, LF or NUL. The error is of kind fault.Invalid. Everything the
// package sends passes this check; it is exported so that an API can refuse
// early, with the name of what was wrong.
func CheckHeader(name, value string) error {
	if !isToken(name) {
		return fault.New(fault.Invalid, "header name %q is not a token", name)
	}
	if i := strings.IndexAny(value, "\r\n\x00"); i >= 0 {
		return fault.New(fault.Invalid, "header %s: control character %#02x at byte %d", name, value[i], i)
	}
	return nil
}

// reserved are the headers that the package writes itself; a caller's are refused.
var reserved = []string{
	"Via", "From", "To", "Call-ID", "CSeq", "Contact", "Route", "Record-Route",
	"Max-Forwards", "Content-Length", "Content-Type", "Authorization", "Proxy-Authorization",
}

// checkExtra checks the headers that a caller wants added. Those in except are
// the caller's to write for this kind of message.
func checkExtra(hs []Header, except ...string) error {
	for _, h := range hs {
		if err := CheckHeader(h.Name, h.Value); err != nil {
			return err
		}
		name := longName(h.Name)
		if containsFold(reserved, name) && !containsFold(except, name) {
			return fault.New(fault.Invalid, "header %s is the stack's own", h.Name)
		}
	}
	return nil
}

func containsFold(list []string, s string) bool {
	for _, e := range list {
		if strings.EqualFold(e, s) {
			return true
		}
	}
	return false
}
