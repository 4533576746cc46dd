package voip

import (
	"context"
	"encoding/json"
	"sync/atomic"

	"github.com/skygenesisenterprise/skybridge/api/voip/mailbox"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/webrtc"
)

// polled notes that a user asks for messages. Who does that and makes no offer gets one of ours,
// after the grace that there is for theirs.
func (c *Call) polled(p auth.Principal) {
	c.mu.Lock()
	pt := c.partyOf(p.User)
	begin := false
	if pt != nil {
		c.sees(pt)
		begin = c.wantsOffer(pt) && !pt.offered
		pt.offered = pt.offered || begin
	}
	c.mu.Unlock()
	if begin {
		c.goDo(func() { c.makeOffer(p, pt) })
	}
}

// wantsOffer reports whether a party is to be in the call by a browser and has done nothing yet
// about its media. The lock is held.
func (c *Call) wantsOffer(pt *party) bool {
	return c.open() == nil && pt.state == StateInvited && pt.leg == nil && (pt.channel == nil || pt.called != nil) && pt.ours == nil &&
		!pt.busy && !pt.direct && !pt.relays
}

// makeOffer makes our offer to a party that makes none.
func (c *Call) makeOffer(p auth.Principal, pt *party) {
	grace, stop := c.service.after(c.service.cfg.OfferGrace)
	defer stop()
	select {
	case <-pt.settled:
		return
	case <-grace:
	}
	c.mu.Lock()
	wanted := c.wantsOffer(pt)
	pt.offered = wanted
	c.mu.Unlock()
	if !wanted {
		return
	}
	ctx, cancel := context.WithTimeout(c.service.ctx, joinTimeout)
	defer cancel()
	ours := &ownOffer{}
	cfg := c.legConfig(p, pt, mailbox.Server)
	tell := cfg.Candidate
	cfg.Candidate = func(cand rtc.Candidate) {
		if ours.answered.Load() { // those from before are in the offer
			tell(cand)
		}
	}
	leg, offer, err := webrtc.NewOffer(ctx, cfg)
	ours.leg = leg
	var payload json.RawMessage
	if err == nil {
		payload, err = json.Marshal(mailbox.Description{Type: mailbox.Offer, SDP: offer})
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil && c.wantsOffer(pt) { // theirs has not come meanwhile
		_, err = c.messages.Tell(mailbox.Server, p.User, mailbox.Offer, payload)
		if err == nil {
			pt.ours = ours
			return
		}
	}
	pt.offered = false
	if leg != nil {
		leg.Abort()
	}
	if err != nil {
		c.log.Info("no offer made", "endpoint", pt.endpoint, "err", err)
	}
}

// ownOffer is an offer of ours that is not answered yet.
type ownOffer struct {
	leg      *webrtc.Leg
	answered atomic.Bool
}

// withdraw takes our offer back. The lock is held.
func (pt *party) withdraw() {
	if pt.ours != nil {
		pt.ours.leg.Abort()
		pt.ours = nil
	}
}

// answer takes the answer to our offer. One that cannot be used ends the offer; another one
// follows who goes on asking. One of who is connected changes what they see.
func (c *Call) answer(ctx context.Context, p auth.Principal, pt *party, payload json.RawMessage) error {
	answer, err := mailbox.SDP(mailbox.Answer, payload)
	if err != nil {
		return err
	}
	c.mu.Lock()
	ours, leg := pt.ours, pt.leg
	pt.ours = nil
	pt.busy = pt.busy || ours != nil
	c.mu.Unlock()
	if ours == nil && leg != nil {
		return mailbox.SDPError(leg.SetAnswer(answer))
	}
	if ours == nil {
		return fault.New(fault.Conflict, "there is no offer of the server's to answer")
	}
	ours.answered.Store(true)
	if err = ours.leg.SetAnswer(answer); err != nil {
		ours.leg.Abort()
		c.mu.Lock()
		pt.offered = false
		c.mu.Unlock()
	}
	return mailbox.SDPError(c.enters(ctx, p, pt, ours.leg, err))
}
