package refer

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Replaces names the dialog that another one is to replace (RFC 3891 §6.1), as the one who
// takes the INVITE knows it: ToTag is its own tag.
type Replaces struct {
	CallID    string
	ToTag     string
	FromTag   string
	EarlyOnly bool
}

// maxReplaces bounds the header, in bytes.
const maxReplaces = 512

// ParseReplaces reads the header's value.
func ParseReplaces(s string) (Replaces, error) {
	if len(s) > maxReplaces {
		return Replaces{}, fault.New(fault.Malformed, "Replaces of %d bytes, at most %d", len(s), maxReplaces)
	}
	parts := strings.Split(s, ";")
	r := Replaces{CallID: strings.TrimSpace(parts[0])}
	if !callID(r.CallID) {
		return Replaces{}, fault.New(fault.Malformed, "Replaces without a Call-ID")
	}
	seen := make(map[string]bool)
	for _, p := range parts[1:] {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		if seen[name] {
			return Replaces{}, fault.New(fault.Malformed, "Replaces with %s twice", name)
		}
		seen[name] = true
		switch name {
		case "to-tag":
			r.ToTag = value
		case "from-tag":
			r.FromTag = value
		case "early-only":
			r.EarlyOnly = true
		}
	}
	if !token(r.ToTag) || !token(r.FromTag) {
		return Replaces{}, fault.New(fault.Malformed, "Replaces without both tags")
	}
	return r, nil
}

// String is the header's value.
func (r Replaces) String() string {
	s := r.CallID + ";to-tag=" + r.ToTag + ";from-tag=" + r.FromTag
	if r.EarlyOnly {
		s += ";early-only"
	}
	return s
}

// Requested is what an INVITE's Replaces names, nil where it has none. The error, of kind
// fault.Malformed, says that it cannot be read, or that there are several (RFC 3891 §3).
func Requested(req *message.Request) (*Replaces, error) {
	all := req.Headers("Replaces")
	switch {
	case len(all) == 0:
		return nil, nil
	case len(all) > 1 || req.HasHeader("Join"): // RFC 3911 §4
		return nil, fault.New(fault.Malformed, "more than one dialog to be replaced or joined")
	}
	r, err := ParseReplaces(all[0])
	if err != nil {
		return nil, err
	}
	return &r, nil
}

// callID reports whether s can be a Call-ID: printable, and nothing that ends it.
func callID(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(";,\"", r) })
}

// token reports whether s is a token (RFC 3261 §25.1), as tags are.
func token(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		alnum := r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		return !alnum && !strings.ContainsRune("-.!%*_+`'~", r)
	})
}
