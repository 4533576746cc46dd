package dialogs

import (
	"slices"

	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// ID is a dialog as RFC 3261 §12 names it, seen from our side.
type ID struct {
	CallID    string `json:"call_id"`
	LocalTag  string `json:"local_tag"`
	RemoteTag string `json:"remote_tag"`
}

// State is a dialog as a plain value, for a restart or another node.
type State struct {
	ID ID `json:"id"`
	// Local and Remote are the From and To of our requests, with their tags.
	Local  message.Address `json:"local"`
	Remote message.Address `json:"remote"`
	// ContactUser is the user part of our Contact; Target is the peer's Contact.
	ContactUser string      `json:"contact_user,omitempty"`
	Target      message.URI `json:"target"`
	// Route is the route set, in the order of our requests.
	Route []message.Address `json:"route,omitempty"`
	// LocalSeq and RemoteSeq are the last CSeq numbers; 0 means none yet.
	LocalSeq  uint32 `json:"local_seq"`
	RemoteSeq uint32 `json:"remote_seq"`
	// Caller is set when we sent the first request.
	Caller bool `json:"caller"`
	// Invite is set when an INVITE made the dialog, so that a BYE ends it.
	Invite bool `json:"invite"`
	// Flow is what the peer's last message came over.
	Flow           message.FlowID `json:"flow,omitempty"`
	RewriteContact bool           `json:"rewrite_contact,omitempty"`
}

// OfCaller is the dialog that a response of the peer's to our INVITE makes (RFC 3261 §12.1.2);
// target is where that went, which counts where the response has no Contact.
func OfCaller(id ID, local message.Address, target message.URI, r *message.Response) State {
	id.RemoteTag = r.To().Tag()
	if contacts, err := r.Contacts(); err == nil && len(contacts) > 0 && !contacts[0].Wildcard {
		target = contacts[0].URI
	}
	route, err := r.Addresses("Record-Route")
	if err != nil {
		route = nil // without it the peer's Contact is all there is
	}
	slices.Reverse(route)
	return State{
		ID: id, Local: local, Remote: r.To(), Target: target, Route: route, LocalSeq: r.Seq(), Caller: true, Invite: true,
	}
}
