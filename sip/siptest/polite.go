package siptest

import "github.com/skygenesisenterprise/skybridge/sip"

// Polite answers everything: 200 to requests, 486 to calls. Whoever asks sees
// whether the answer could be sent.
type Polite struct{}

// OnInvite implements sip.Handler.
func (Polite) OnInvite(i *sip.IncomingInvite) { _ = i.Reject(sip.Reply{Status: 486}) }

// OnRequest implements sip.Handler.
func (Polite) OnRequest(r *sip.IncomingRequest) { _ = r.Respond(sip.Reply{}) }
