package voip

import (
	"context"
	"encoding/json"

	"github.com/skygenesisenterprise/skybridge/api/voip/mailbox"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/webrtc"
)

// offer connects a browser, or renegotiates with it, and gives the answer.
func (c *Call) offer(ctx context.Context, p auth.Principal, pt *party, payload json.RawMessage, server string) (mailbox.MessageBody, error) {
	offer, err := mailbox.SDP(mailbox.Offer, payload)
	if err != nil {
		return mailbox.MessageBody{}, err
	}
	c.mu.Lock()
	leg := pt.leg
	if leg == nil {
		err = c.reserve(pt)
	}
	c.mu.Unlock()
	if err != nil {
		return mailbox.MessageBody{}, err
	}
	pt.part.candidates.Hold()
	defer pt.part.candidates.Release()
	var answer string
	if leg != nil {
		pt.part.line.Is(p)
		answer, err = leg.Renegotiate(ctx, offer)
	} else {
		answer, err = c.connect(ctx, p, pt, offer, server)
	}
	if err != nil {
		return mailbox.MessageBody{}, mailbox.SDPError(err)
	}
	reply, err := json.Marshal(mailbox.Description{Type: mailbox.Answer, SDP: answer})
	if err != nil {
		return mailbox.MessageBody{}, err
	}
	return c.messages.Tell(server, p.User, mailbox.Answer, reply)
}

// reserve gives a party to its first offer: one at a time, and none for somebody who
// talks on a phone already. The lock is held.
func (c *Call) reserve(pt *party) error {
	switch {
	case pt.busy:
		return fault.New(fault.Conflict, "another offer of yours is being answered")
	case pt.direct:
		return fault.New(fault.Conflict, "you talk to another user of this call directly")
	case pt.channel != nil && pt.state == StateConnected:
		return fault.New(fault.Conflict, "you are in this call by phone")
	}
	pt.busy = true
	pt.withdraw() // theirs counts: of two offers at one time ours is taken back
	return nil
}

// connect makes a browser's leg and channel from its first offer.
func (c *Call) connect(ctx context.Context, p auth.Principal, pt *party, offer, server string) (string, error) {
	leg, answer, err := webrtc.NewLeg(ctx, c.legConfig(p, pt, server), offer)
	return answer, c.enters(ctx, p, pt, leg, err)
}

// enters brings a browser's leg into the call, unless there is an error. A phone of the party's
// that still rings stops. The party is no longer busy.
func (c *Call) enters(ctx context.Context, p auth.Principal, pt *party, leg *webrtc.Leg, err error) error {
	if err == nil && pt.called != nil {
		return c.takes(pt, leg)
	}
	var ch *signaling.Channel
	if err == nil {
		ch, err = c.channelOf(p, leg)
	}
	c.mu.Lock()
	pt.busy = false
	if err == nil && pt.state == StateLeft {
		err = fault.New(fault.Conflict, "you have left this call")
	} else if err == nil && pt.channel != nil && pt.state == StateConnected {
		err = fault.New(fault.Conflict, "you have answered on your phone")
	}
	if err != nil {
		c.mu.Unlock()
		if ch != nil {
			ch.Hangup(signaling.CauseNormal)
		}
		return err
	}
	phone := pt.channel
	early := pt.early
	pt.early, pt.leg, pt.endpoint = nil, leg, browserTech+"/"+p.User
	c.attach(pt, ch)
	c.mu.Unlock()
	if phone != nil {
		phone.Hangup(signaling.CauseAnsweredElse)
	}
	early.Give(leg.AddCandidate, c.log)
	if err := c.watch(pt, ch); err != nil {
		return err
	}
	return ch.Answer(ctx)
}

// takes answers a dialplan's call by a browser's leg.
func (c *Call) takes(pt *party, leg *webrtc.Leg) error {
	err := pt.called.Take(leg)
	c.mu.Lock()
	pt.busy = false
	early := pt.early
	pt.early = nil
	if err == nil {
		pt.leg = leg
	}
	c.mu.Unlock()
	if err == nil {
		early.Give(leg.AddCandidate, c.log)
	}
	return err
}

func (c *Call) legConfig(p auth.Principal, pt *party, server string) webrtc.LegConfig {
	cfg := &c.service.cfg
	pt.part.is(c, pt)
	return webrtc.LegConfig{
		Data:  pt.part.line.Data(p),
		Video: c.service.stage.NewPerformer(c.seen(pt, p.User, server)),
		User:  p.User, Mixer: cfg.Engine.Mixer(), API: cfg.WebRTC, Codecs: cfg.Codecs, Log: c.service.log, MediaTimeout: cfg.MediaTimeout,
		Candidate: func(cand rtc.Candidate) { pt.part.candidate(p.User, server, cand) },
		Reconnect: cfg.Reconnect, AfterFunc: cfg.AfterFunc, Away: pt.part.away,
	}
}

// channelOf makes the channel of a browser's leg. With an error the leg is gone.
func (c *Call) channelOf(p auth.Principal, leg *webrtc.Leg) (*signaling.Channel, error) {
	number := p.Extension
	if number == "" {
		number = p.User
	}
	ch, err := c.service.cfg.Engine.Incoming(signaling.Incoming{
		Leg: leg, Tech: browserTech, Resource: p.User, Caller: signaling.CallerID{Name: p.User, Number: number},
		LinkedID: c.linked(),
	})
	if err != nil {
		leg.Abort()
	}
	return ch, err
}

// tellCandidate passes one of our candidates on to the browser.
func (c *Call) tellCandidate(user, server string, cand rtc.Candidate) {
	payload, err := json.Marshal(cand)
	if err == nil {
		_, err = c.messages.Tell(server, user, mailbox.Candidate, payload)
	}
	if err != nil {
		c.service.log.Debug("candidate not sent", "call", c.id, "err", err)
	}
}
