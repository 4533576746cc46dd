package directory

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/identity"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// bare says that what follows a semicolon in the user part of a URI is no part of a number or
// a name (ignore_uri_user_options): a carrier writes there what it knows of a number, such as
// "npdi;rn=+14155550000" of one that was ported.
type bare bool

// user is the user part of a URI. A telephone number loses the marks that make it easy to read
// (RFC 3966 §5.1.1).
func (b bare) user(u message.URI) string {
	return identity.Telephone(u, b.cut(u.User))
}

func (b bare) cut(user string) string {
	if b {
		user, _, _ = strings.Cut(user, ";")
	}
	return user
}

// Asked is the extension that an OPTIONS of the endpoint asks for, "" for the server itself.
func (e *Endpoint) Asked(req *message.Request) string { return e.bare.user(req.URI()) }
