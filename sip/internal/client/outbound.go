// Package client sends requests of ours that are in no dialog: it finds where they can go,
// answers challenges, and tries the next destination when one does not answer (RFC 3263
// §4.3).
//
// It starts no goroutine.
package client

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Credential answers digest challenges of one realm (RFC 3261 §22, RFC 8760).
type Credential struct {
	// Realm must be that of the challenge. "*" answers any realm: only for a
	// peer that is trusted with a digest of the password. Where it is empty, the realm is
	// the one that the Outbound's Server asks of the account of that Name first (digest.Realms).
	Realm    string
	Name     string
	Username string
	Password string
	// HA1 stands in for a password that is not known; it is good for the realm alone that
	// it was made for.
	HA1 digest.Hashes
}

// Outbound is a request of ours that begins a dialog or stands alone.
type Outbound struct {
	// Method is the method of Request; Invite ignores it.
	Method string
	// Target is the Request-URI.
	Target message.URI
	// NextHop is where to send it without a Route header (an outbound proxy);
	// zero goes by Route, then by Target.
	NextHop message.URI
	// Route is a preloaded route set (RFC 3261 §12.2.1.1).
	Route []message.Address
	// From is our own address and To the peer's; tags are the stack's own. A
	// zero To takes Target.
	From, To message.Address
	// Contacts replace the stack's Contact; a REGISTER without any asks for the
	// bindings. One without a host is at the address that the peer is to reach us at,
	// as the stack's own is; one that is then Equal to one before is left out. INVITE and
	// SUBSCRIBE ignore them.
	Contacts []message.Address
	// Placed, where set, takes the Contacts of a Request as they were sent last.
	Placed *[]message.Address
	// ContactUser is the user part of the stack's own Contact.
	ContactUser string
	// Flow sends over that flow and nowhere else.
	Flow message.FlowID
	// Transport overrides the URI's: "udp", "tcp" or "tls".
	Transport string
	// Listener is the name of the listener of ours that it leaves by; "" for any.
	Listener string
	// Beside is a flow whose socket it leaves by, if it goes over UDP as that one does: a
	// NAT lets the peer's answers to no other through. "" for any.
	Beside message.FlowID
	// Credentials answer 401 and 407; without a matching one the challenge is
	// the final response.
	Credentials []Credential
	// Server is the host of the settings that is asked, where it is one: each has its own realm
	// for Credentials without one. All others have one in common.
	Server string
	// Headers are added as they are; the stack's own names are refused.
	Headers     []message.Header
	ContentType string
	Body        []byte
	// MaxForwards is one less than that of the call that is passed on; 0 means 70.
	MaxForwards int
	// Mend, where set, takes a refusal that another request might not meet, such as a 422
	// (RFC 4028 §7.3), and gives the Headers to try again with; false fails the call. It
	// must not block.
	Mend func(*message.Response) ([]message.Header, bool)
	// CallID and CSeq continue a series, as re-registrations do (RFC 3261
	// §10.2.4); zero makes new ones.
	CallID string
	CSeq   uint32
	// Patience is how long each destination of an INVITE may leave it without any
	// response, a 100 included, before it counts as one that does not answer; 0 is
	// until the transaction ends (64·T1), 6·T1 while there is another destination. It bounds
	// the search for each one and the way to it as well; who is reached has T1 to answer.
	Patience time.Duration
	// KeepsGoing has the end of the context take back no INVITE that is sent already: whoever
	// asked for it does so by Cancel, with a reason.
	KeepsGoing bool
	// RewriteContact sends requests inside the dialog to where the peer's
	// messages come from instead of to its Contact, as NATed phones need.
	RewriteContact bool
}

// Prefer sends it by the listener of ours of that name, and over a network, unless what
// names the first hop says over which.
func (o *Outbound) Prefer(network, listener string) {
	o.Listener = listener
	if hop := o.FirstHop(); network != "" && !hop.Secure() && !hop.Params.Has("transport") {
		o.Transport = network
	}
}

// FirstHop is what names the place where it goes first.
func (o *Outbound) FirstHop() message.URI {
	switch {
	case !o.NextHop.IsZero():
		return o.NextHop
	case len(o.Route) > 0:
		return o.Route[0].URI
	}
	return o.Target
}
