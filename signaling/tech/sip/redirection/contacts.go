// Package redirection is what the contacts of a 3xx lead to (RFC 3261 §8.1.3.4, §21.3):
// for a phone an extension that it may dial, for a trunk other addresses of the same trunk.
// Whoever answers writes them, so nothing of them is more than a number or an address: no
// dial string, no header, no host that is not known.
//
// It starts no goroutine.
package redirection

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// maxContacts bounds how many contacts of one response are looked at.
const maxContacts = 10

// Contacts are the URIs that a 3xx names, best first (q), the first of those that are equal
// first. Left out are those that have expired, that are neither sip, sips nor tel, and that
// stand there twice.
func Contacts(contacts []message.Address) []message.URI {
	type choice struct {
		uri message.URI
		q   float64
	}
	var list []choice
	for _, a := range contacts {
		if usable(&a) {
			list = append(list, choice{a.URI, quality(&a)})
		}
	}
	slices.SortStableFunc(list, func(a, b choice) int { return cmp.Compare(b.q, a.q) })
	var out []message.URI
	for _, c := range list {
		if len(out) == maxContacts {
			break
		}
		if text := c.uri.String(); !slices.ContainsFunc(out, func(u message.URI) bool { return u.String() == text }) {
			out = append(out, c.uri)
		}
	}
	return out
}

// usable reports whether a contact is one that can be called now.
func usable(a *message.Address) bool {
	if a.Wildcard {
		return false
	}
	if left, ok := a.Params.Get("expires"); ok {
		if n, err := strconv.ParseUint(left, 10, 64); err == nil && n == 0 {
			return false
		}
	}
	switch a.URI.Scheme {
	case "sip", "sips", "tel":
		return true
	}
	return false
}

// quality is q, from 0 to 1; 1 where it is not said or no such number (RFC 3261 §20.10
// leaves the default open; nobody has put such a contact behind the others).
func quality(a *message.Address) float64 {
	q, err := strconv.ParseFloat(a.Params.Value("q"), 64)
	if err != nil || !(q >= 0 && q <= 1) {
		return 1
	}
	return q
}

// number is the number or the name that a URI asks for, "" where it has none that means no
// more than itself. The visual separators of a tel URI are none of it (RFC 3966 §5.1.1).
func number(u *message.URI) string {
	user := u.User
	if u.Scheme == "tel" {
		user = strings.Map(func(r rune) rune {
			if strings.ContainsRune("-.()", r) {
				return -1
			}
			return r
		}, user)
	}
	if !dialstring.IsExtension(user) {
		return ""
	}
	return user
}

// Extension is the first contact's user that a phone may dial, as may says: the extension
// that stands for it in the plan. What names the phone itself is passed over; "" is none.
func Extension(contacts []message.Address, phone string, may func(user string) (exten string, ok bool)) string {
	for _, u := range Contacts(contacts) {
		user := number(&u)
		if user == "" || strings.EqualFold(user, phone) {
			continue
		}
		if exten, ok := may(user); ok {
			return exten
		}
	}
	return ""
}

// Context is where a phone's redirections lead: what a plan has set FORWARD_CONTEXT to for
// the channels that it dials (Set(__FORWARD_CONTEXT=...)), else the phone's own context.
func Context(of []dialplan.Variable, own string) string {
	for _, v := range of {
		if strings.TrimLeft(v.Name, "_") == "FORWARD_CONTEXT" && v.Value != "" {
			return v.Value
		}
	}
	return own
}
