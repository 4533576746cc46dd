package sip

// OutgoingInvite is an INVITE of ours that waits for its answer.
type OutgoingInvite struct{}

// CallID is the Call-ID of the INVITE.
func (o *OutgoingInvite) CallID() string { return "" }

// Cancel takes the INVITE back: a CANCEL is sent as soon as RFC 3261 §9.1 lets
// it, with that Reason header ("" for none, e.g. `SIP;cause=200;text="Call
// completed elsewhere"`). A 2xx that crosses it is acknowledged and ended.
// OnFail follows.
func (o *OutgoingInvite) Cancel(reason string) {}
