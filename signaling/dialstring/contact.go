package dialstring

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// A contact's token in dial strings: this and TokenDigits hexadecimal digits.
const (
	contactPrefix = "contact-"
	TokenDigits   = 16
)

// Contact is one contact of several that an endpoint has, as dial strings name it:
// "100/contact-0123456789abcdef", and "100/contact-0123456789abcdef/200" for one that is
// asked for 200. No address can be written there: the token stands for one that the
// endpoint has, and whoever made it says which.
type Contact struct {
	Endpoint string
	Token    string // TokenDigits hexadecimal digits, small letters
	User     string // asked for in place of the contact's own user; empty for none
}

// Target is the dial string that names the contact; an error of kind fault.Invalid tells
// what cannot stand in one.
func (c Contact) Target() (Target, error) {
	s := "PJSIP/" + c.Endpoint + "/" + contactPrefix + c.Token
	if c.User != "" {
		s += "/" + c.User
	}
	t, err := Parse(s)
	if err != nil {
		return Target{}, err
	}
	if got, ok := t.Contact(); !ok || got != c {
		return Target{}, fault.New(fault.Invalid, "%.64q cannot name a contact", s)
	}
	return t, nil
}

// Contact is the contact that a target names, if it has the form of one.
func (t Target) Contact() (c Contact, ok bool) {
	c.Endpoint, c.Token, ok = strings.Cut(t.Resource, "/"+contactPrefix)
	if !ok {
		return Contact{}, false // without a look at the rest
	}
	c.Token, c.User, ok = strings.Cut(c.Token, "/")
	if c.Endpoint == "" || ok && c.User == "" || strings.ContainsAny(c.Endpoint, "/@") || strings.ContainsAny(c.User, "/@") ||
		len(c.Token) != TokenDigits || strings.Trim(c.Token, "0123456789abcdef") != "" {
		return Contact{}, false
	}
	return c, true
}

// Phone is whose phone is rung, where it is a phone: the endpoint of a contact, else the
// whole resource.
func (t Target) Phone() string {
	if c, ok := t.Contact(); ok {
		return c.Endpoint
	}
	return t.Resource
}
