package sip

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// callerOf is who calls: whom an endpoint that is trusted with it asserts
// (RFC 3325), else the endpoint's own identity where it has one, else what From
// says. A phone with a number cannot choose another one.
func callerOf(req *message.Request, e *Endpoint) signaling.CallerID {
	if e.TrustInbound {
		if id, ok := asserted(req); ok {
			return id
		}
	}
	id := identity(req.From())
	if e.Caller.Number != "" {
		id.Number = e.Caller.Number
	}
	if e.Caller.Name != "" {
		id.Name = e.Caller.Name
	}
	return id
}

// asserted is the caller by P-Asserted-Identity, or by Remote-Party-ID, which came
// before it.
func asserted(req *message.Request) (signaling.CallerID, bool) {
	for _, name := range []string{"P-Asserted-Identity", "Remote-Party-ID"} {
		for _, value := range req.Headers(name) {
			list, err := message.ParseAddressList(value)
			if err == nil && len(list) > 0 && list[0].URI.User != "" {
				return identity(list[0]), true
			}
		}
	}
	return signaling.CallerID{}, false
}

func identity(a message.Address) signaling.CallerID {
	return signaling.CallerID{Name: printable(a.Display), Number: printable(a.URI.User)}
}

const maxName = 80 // bytes

// printable drops control characters and what is no UTF-8, and cuts what is too
// long.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
	if len(s) > maxName {
		s = strings.ToValidUTF8(s[:maxName], "")
	}
	return s
}
