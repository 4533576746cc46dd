package signaling

import (
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
// "SIP/trunk/0123", else the whole resource.
func (t Target) Number() string {
	if number, _, ok := strings.Cut(t.Resource, "@"); ok {
		return number
	}
	return t.Resource[strings.LastIndexByte(t.Resource, '/')+1:]
}

// ParseTarget reads one dial string. A target is a typed value: characters that
// mean something to a dialplan or to SIP are refused, so that a dialled number
// cannot smuggle a second target, an option or a header.
func ParseTarget(s string) (Target, error) {
	if len(s) > maxTarget {
		return Target{}, fault.New(fault.Invalid, "endpoint of %d characters, at most %d", len(s), maxTarget)
	}
	tech, resource, ok := strings.Cut(s, "/")
	if !ok || tech == "" || resource == "" {
		return Target{}, fault.New(fault.Invalid, "%q is no endpoint: want TECHNOLOGY/RESOURCE", clip(s))
	}
	for _, r := range tech {
		if !alphanumeric(r) {
			return Target{}, fault.New(fault.Invalid, "endpoint %q: technology contains %q", clip(s), r)
		}
	}
	for _, r := range resource {
		if !alphanumeric(r) && !strings.ContainsRune("*#+._-/@", r) {
			return Target{}, fault.New(fault.Invalid, "endpoint %q contains %q", clip(s), r)
		}
	}
	return Target{Tech: tech, Resource: resource}, nil
}

func alphanumeric(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// clip shortens what came from outside for an error text.
func clip(s string) string {
	if len(s) > 64 {
		return strings.ToValidUTF8(s[:64], "") + "…"
	}
	return s
}
