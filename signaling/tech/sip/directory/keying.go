package directory

import (
	"cmp"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Keying is how a leg's media comes to its keys.
type Keying uint8

// The ways to keys.
const (
	ByDescription Keying = iota // or there are none
	ByHandshake                 // DTLS-SRTP
	ByICE                       // DTLS-SRTP with ICE
)

// Keying is how calls to the endpoint are offered.
func (e *Endpoint) Keying() Keying {
	switch {
	case e.WebRTC:
		return ByICE
	case e.DTLS.Offered:
		return ByHandshake
	}
	return ByDescription
}

// KeyingFor is how an offer of the endpoint's is answered. It fails with fault.NotAcceptable
// for one that it may not make.
func (e *Endpoint) KeyingFor(offer *sdp.Session) (Keying, error) {
	dtls := offer.NeedsWebRTC()
	switch {
	case e.WebRTC && !dtls:
		return 0, fault.New(fault.NotAcceptable, "%s may not call without DTLS-SRTP", e.Name)
	case dtls && !e.WebRTC && e.Protection != sdp.Unprotected && offer.OffersKeys():
		dtls = false // both are offered, and keys are what it is to have
	}
	as := e.Keying()
	switch {
	case dtls && offer.HasICE():
		as = ByICE
	case dtls:
		as = ByHandshake
	case as == ByICE:
		as = ByDescription
	}
	return as, nil
}

// Numbers are who calls and what is dialled, as the endpoint's rules leave them.
func (e *Endpoint) Numbers(req *message.Request) (caller signaling.CallerID, exten string, err error) {
	caller = e.Identity.Caller(req.Parsed)
	caller.Number = e.bare.cut(caller.Number)
	if caller.Number, err = e.Policy.CallerIn.Apply(caller.Number); err != nil {
		caller.Number = "" // it is no number at all: the call may well be one
	}
	if exten, err = e.Number(req); err != nil {
		return caller, "", fault.New(fault.NotFound, "%w", err)
	}
	return caller, cmp.Or(exten, "s"), nil
}
