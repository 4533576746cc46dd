package voip

import (
	"context"
	"encoding/json"

	"github.com/skygenesisenterprise/skybridge/api/voip/mailbox"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/webrtc"
)

// description is the payload of an offer and an answer.
type description struct {
	Type string `json:"type"`
	SDP  string `json:"sdp"`
}

// sdpIn is the SDP of an offer or an answer.
func sdpIn(kind string, payload json.RawMessage) (string, error) {
	var d description
	if err := json.Unmarshal(payload, &d); err != nil || d.SDP == "" {
		return "", rest.InField("body.payload", fault.New(fault.Invalid, "payload of an %s must be {sdp, type}", kind))
	}
	if d.Type != "" && d.Type != kind {
		return "", rest.InField("body.payload.type", fault.New(fault.Invalid, "%q in an %s", d.Type, kind))
	}
	return d.SDP, nil
}

// sdpError says where an SDP that cannot be used stands, and tells one that cannot be
// read (with its line) from one that we cannot take.
func sdpError(err error) error {
	switch fault.Of(err) {
	case fault.Invalid:
		return rest.InField("body.payload.sdp", fault.WithCode(fault.Malformed, "malformed_sdp", "%w", err))
	case fault.NotAcceptable, fault.TooLarge:
		return rest.InField("body.payload.sdp", err)
	default:
		return err
	}
}

// offer connects a browser, or renegotiates with it, and gives the answer.
func (c *call) offer(ctx context.Context, p auth.Principal, pt *party, payload json.RawMessage, server string) (mailbox.MessageBody, error) {
	offer, err := sdpIn(mailbox.Offer, payload)
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
	var answer string
	if leg != nil {
		answer, err = leg.Renegotiate(ctx, offer)
	} else {
		answer, err = c.connect(ctx, p, pt, offer, server)
	}
	if err != nil {
		return mailbox.MessageBody{}, sdpError(err)
	}
	reply, err := json.Marshal(description{Type: mailbox.Answer, SDP: answer})
	if err != nil {
		return mailbox.MessageBody{}, err
	}
	return c.messages.Tell(server, p.User, mailbox.Answer, reply)
}

// reserve gives a party to its first offer: one at a time, and none for somebody who
// talks on a phone already. The lock is held.
func (c *call) reserve(pt *party) error {
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
func (c *call) connect(ctx context.Context, p auth.Principal, pt *party, offer, server string) (string, error) {
	leg, answer, err := webrtc.NewLeg(ctx, c.legConfig(p, server), offer)
	return answer, c.enters(ctx, p, pt, leg, err)
}

// enters brings a browser's leg into the call, unless there is an error. A phone of the party's
// that still rings stops. The party is no longer busy.
func (c *call) enters(ctx context.Context, p auth.Principal, pt *party, leg *webrtc.Leg, err error) error {
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
	for _, cand := range early {
		if err := leg.AddCandidate(cand); err != nil {
			c.service.log.Debug("early candidate not used", "call", c.id, "err", err)
		}
	}
	if err := c.watch(pt, ch); err != nil {
		return err
	}
	return ch.Answer(ctx)
}

func (c *call) legConfig(p auth.Principal, server string) webrtc.LegConfig {
	cfg := &c.service.cfg
	return webrtc.LegConfig{
		User: p.User, Mixer: cfg.Engine.Mixer(), API: cfg.WebRTC, Codecs: cfg.Codecs, Log: c.service.log,
		Candidate: func(cand rtc.Candidate) { c.tellCandidate(p.User, server, cand) },
	}
}

// channelOf makes the channel of a browser's leg. With an error the leg is gone.
func (c *call) channelOf(p auth.Principal, leg *webrtc.Leg) (*signaling.Channel, error) {
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
func (c *call) tellCandidate(user, server string, cand rtc.Candidate) {
	payload, err := json.Marshal(cand)
	if err == nil {
		_, err = c.messages.Tell(server, user, mailbox.Candidate, payload)
	}
	if err != nil {
		c.service.log.Debug("candidate not sent", "call", c.id, "err", err)
	}
}
