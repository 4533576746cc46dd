// Package dialstring is who is to be called, as people and plans write it: PJSIP/1001,
// SIP/trunk/0123, PJSIP/0123@trunk.
package dialstring

import (
	"cmp"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// maxTarget bounds a dial string, in bytes.
const maxTarget = 256

// Target is a parsed dial string, "PJSIP/1001".
type Target struct {
	Tech     string
	Resource string
}

// String is the target as it is dialled.
func (t Target) String() string { return t.Tech + "/" + t.Resource }

// Number is the dialled number: "0123" of "PJSIP/0123@trunk" and of
// "SIP/trunk/0123", who is asked for of a contact, else the whole resource.
func (t Target) Number() string {
	if c, ok := t.Contact(); ok {
		return cmp.Or(c.User, c.Endpoint)
	}
	if number, _, ok := strings.Cut(t.Resource, "@"); ok {
		return number
	}
	return t.Resource[strings.LastIndexByte(t.Resource, '/')+1:]
}

// Parse reads one dial string. A target is a typed value: characters that
// mean something to a dialplan or to SIP are refused, so that a dialled number
// cannot smuggle a second target, an option or a header.
func Parse(s string) (Target, error) {
	if len(s) > maxTarget {
		return Target{}, fault.New(fault.Invalid, "endpoint of %d characters, at most %d", len(s), maxTarget)
	}
	tech, resource, ok := strings.Cut(s, "/")
	if !ok || tech == "" || resource == "" {
		return Target{}, fault.New(fault.Invalid, "%.64q is no endpoint: want TECHNOLOGY/RESOURCE", s)
	}
	for _, r := range tech {
		if !alphanumeric(r) {
			return Target{}, fault.New(fault.Invalid, "endpoint %.64q: technology contains %q", s, r)
		}
	}
	for _, r := range resource {
		if !alphanumeric(r) && !strings.ContainsRune("*#+._-/@", r) {
			return Target{}, fault.New(fault.Invalid, "endpoint %.64q contains %q", s, r)
		}
	}
	return Target{Tech: tech, Resource: resource}, nil
}

func alphanumeric(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// IsExtension reports whether a text can be dialled and means no more than itself.
func IsExtension(s string) bool {
	return s != "" && len(s) <= 40 && strings.Trim(strings.ToLower(s), "0123456789abcdefghijklmnopqrstuvwxyz*#+-_.") == ""
}
