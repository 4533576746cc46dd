package party

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Presentation says whether a name or a number may be shown, and who vouches for it
// (ITU-T Q.951, in Asterisk's values). The zero value is allowed, not screened.
type Presentation uint8

// The presentations. Screening is what the network found out about the identity.
const (
	Allowed        Presentation = 0x00 // as the user gave it
	AllowedPassed  Presentation = 0x01
	AllowedFailed  Presentation = 0x02
	AllowedNetwork Presentation = 0x03 // the network's own
	Private        Presentation = 0x20
	PrivatePassed  Presentation = 0x21
	PrivateFailed  Presentation = 0x22
	PrivateNetwork Presentation = 0x23
	Unavailable    Presentation = 0x43 // there is nothing to show
)

const (
	restriction = 0x60
	screening   = 0x03
)

var presentationNames = []struct {
	p    Presentation
	name string
}{
	{Allowed, "allowed_not_screened"},
	{AllowedPassed, "allowed_passed_screen"},
	{AllowedFailed, "allowed_failed_screen"},
	{AllowedNetwork, "allowed"},
	{Private, "prohib_not_screened"},
	{PrivatePassed, "prohib_passed_screen"},
	{PrivateFailed, "prohib_failed_screen"},
	{PrivateNetwork, "prohib"},
	{Unavailable, "unavailable"},
}

// String is the presentation in Asterisk's word.
func (p Presentation) String() string {
	for _, n := range presentationNames {
		if n.p == p {
			return n.name
		}
	}
	return "unknown"
}

// ParsePresentation reads one of Asterisk's words, whatever its case.
func ParsePresentation(s string) (Presentation, error) {
	s = strings.TrimSpace(s)
	for _, n := range presentationNames {
		if strings.EqualFold(n.name, s) {
			return n.p, nil
		}
	}
	return 0, fault.New(fault.Invalid, "%.40q is no presentation", s)
}

// Shown reports whether what it is about may be shown to everybody.
func (p Presentation) Shown() bool { return p&restriction == 0 }

// Hidden is the presentation with the wish not to be shown; who vouches for it stays.
func (p Presentation) Hidden() Presentation {
	if p == Unavailable {
		return p
	}
	return Private | p&screening
}

// Screened reports whether the identity was checked and found right.
func (p Presentation) Screened() bool {
	return p&screening == 1 || p != Unavailable && p&screening == 3
}
