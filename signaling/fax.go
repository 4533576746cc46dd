package signaling

import (
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/udptl"
)

// Facsimile is a Leg whose party can have T.38 in the place of its audio.
type Facsimile interface {
	// OfferFax asks the party to turn to T.38, by the other party's terms. answer is
	// called once, on another goroutine.
	OfferFax(terms udptl.Terms, answer func(FaxAnswer, error))
	// EndFax has the party turn back to audio, if it has turned away.
	EndFax()
}

// FaxAnswer is a party that has turned to T.38: its end, and what it says of its own.
type FaxAnswer struct {
	End   *udptl.End
	Terms udptl.Terms
}

// FaxEvents is what a Facsimile tells its channel beside LegEvents; each only posts.
type FaxEvents interface {
	// LegFaxWanted says that the party wants T.38. answer is called with the other party of
	// its conversation, or why there is none: once, or never where one of them ends.
	LegFaxWanted(terms udptl.Terms, answer func(FaxAnswer, error))
	// LegFaxOver says that the party has turned back to audio.
	LegFaxOver()
}

var _ FaxEvents = legEvents{}

// errNoFax refuses T.38 where nobody else is who could have it.
var errNoFax = fault.New(fault.NotAcceptable, "no other party that takes T.38")

func (l legEvents) LegFaxWanted(terms udptl.Terms, answer func(FaxAnswer, error)) {
	refuse := func() { answer(FaxAnswer{}, errNoFax) }
	l.c.postElse(func() {
		other, leg := l.c.faxParty()
		if leg == nil {
			refuse()
			return
		}
		other.postElse(func() {
			if other.state.Ended || other.bridge == nil || other.bridge.other(other) != l.c {
				refuse()
				return
			}
			leg.OfferFax(terms, answer)
		}, refuse)
	}, refuse)
}

func (l legEvents) LegFaxOver() { l.c.whileLive(l.c.endOtherFax) }

// faxParty is the other party of a conversation of two that can have T.38, if there is one.
// Actor only.
func (c *Channel) faxParty() (*Channel, Facsimile) {
	if c.state.Ended || c.bridge == nil || !c.bridge.converses() {
		return nil, nil
	}
	other := c.bridge.other(c)
	if other == nil {
		return nil, nil
	}
	leg, _ := other.leg.(Facsimile)
	return other, leg
}

// endOtherFax has the other party turn back to audio. Actor only.
func (c *Channel) endOtherFax() {
	if other, leg := c.faxParty(); leg != nil {
		other.whileLive(leg.EndFax)
	}
}

// endFax has both parties of a facsimile turn back to audio, as one leaves. Actor only.
func (c *Channel) endFax() {
	c.endOtherFax()
	if leg, ok := c.leg.(Facsimile); ok {
		leg.EndFax()
	}
}
