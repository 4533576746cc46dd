package voip

import (
	"context"
	"encoding/json"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/webrtc"
)

// SendMessage is the body of POST /calls/{id}/signaling.
type SendMessage struct {
	ToUser      string          `json:"to_user,omitempty" maxLength:"128" doc:"A user of the call; the server when absent, server or asterisk"`
	MessageType string          `json:"message_type" enum:"offer,answer,ice_candidate,hangup,mute,unmute"`
	Payload     json.RawMessage `json:"payload,omitempty"`
}

// send takes a message from a user of the call: for another user it is kept
// untouched, for the server it is acted upon.
func (c *call) send(ctx context.Context, p auth.Principal, in SendMessage) (MessageBody, error) {
	if c.isOver() {
		return MessageBody{}, fault.New(fault.Conflict, "the call has ended")
	}
	c.mu.Lock()
	pt := c.partyOf(p.User)
	other := c.partyOf(in.ToUser)
	c.mu.Unlock()
	if pt == nil {
		return MessageBody{}, fault.New(fault.Conflict, "you have no part in this call; accept or join it first")
	}
	if !toServer(in.ToUser) {
		if other == nil {
			return MessageBody{}, fault.New(fault.NotFound, "no user %q in this call", in.ToUser)
		}
		return c.messages.add(p.User, in.ToUser, in.MessageType, in.Payload)
	}
	to := in.ToUser
	if to == "" {
		to = serverUser
	}
	msg, err := c.messages.add(p.User, to, in.MessageType, in.Payload)
	if err != nil {
		return MessageBody{}, err
	}
	switch in.MessageType {
	case "offer":
		reply, err := c.offer(ctx, p, pt, in.Payload, to)
		if err != nil {
			return MessageBody{}, err
		}
		msg.Reply = &reply
	case "ice_candidate":
		err = c.candidate(pt, in.Payload)
	case "hangup":
		c.leave(p, pt)
	case "mute", "unmute":
		err = c.mute(ctx, pt, in.MessageType == "mute")
	case "answer":
		err = fault.New(fault.Conflict, "the server made no offer in this call")
	}
	return msg, err
}

// description is the payload of an offer and an answer.
type description struct {
	Type string `json:"type"`
	SDP  string `json:"sdp"`
}

// offer connects a browser, or renegotiates with it, and gives the answer.
func (c *call) offer(ctx context.Context, p auth.Principal, pt *party, payload json.RawMessage, server string) (MessageBody, error) {
	var d description
	if err := json.Unmarshal(payload, &d); err != nil || d.SDP == "" {
		return MessageBody{}, fault.New(fault.Invalid, "payload of an offer must be {sdp, type}")
	}
	if d.Type != "" && d.Type != "offer" {
		return MessageBody{}, fault.New(fault.Invalid, "payload.type is %q in an offer", d.Type)
	}
	c.mu.Lock()
	leg := pt.leg
	phone := pt.channel != nil && leg == nil
	c.mu.Unlock()
	var answer string
	var err error
	switch {
	case phone:
		return MessageBody{}, fault.New(fault.Conflict, "you are in this call by phone")
	case leg != nil:
		answer, err = leg.Renegotiate(ctx, d.SDP)
	default:
		answer, err = c.connect(ctx, p, pt, d.SDP, server)
	}
	if err != nil {
		return MessageBody{}, err
	}
	reply, err := json.Marshal(description{Type: "answer", SDP: answer})
	if err != nil {
		return MessageBody{}, err
	}
	return c.messages.add(server, p.User, "answer", reply)
}

// connect makes a browser's leg and channel from its first offer.
func (c *call) connect(ctx context.Context, p auth.Principal, pt *party, offer, server string) (string, error) {
	s := c.service
	leg, answer, err := webrtc.NewLeg(ctx, webrtc.LegConfig{
		User: p.User, Mixer: s.cfg.Engine.Mixer(), API: s.cfg.WebRTC, Codecs: s.cfg.Codecs, Log: s.log,
		Candidate: func(cand rtc.Candidate) { c.sendCandidate(p.User, server, cand) },
	}, offer)
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	if pt.leg != nil || c.status == StatusEnded {
		c.mu.Unlock()
		leg.Abort()
		return "", fault.New(fault.Conflict, "another offer was first, or the call has ended")
	}
	pt.leg = leg
	early := pt.early
	pt.early = nil
	c.mu.Unlock()
	for _, cand := range early {
		if err := leg.AddCandidate(cand); err != nil {
			s.log.Debug("early candidate not used", "call", c.id, "err", err)
		}
	}
	number := p.Extension
	if number == "" {
		number = p.User
	}
	ch, err := s.cfg.Engine.Incoming(signaling.Incoming{
		Leg: leg, Tech: "WebRTC", Resource: p.User, Caller: signaling.CallerID{Name: p.User, Number: number},
	})
	if err != nil {
		leg.Abort()
		return "", err
	}
	c.mu.Lock()
	pt.channel = ch
	c.mu.Unlock()
	if !s.goDo(func() { c.follow(pt, ch) }) {
		ch.Hangup(signaling.CauseNormal)
		return "", fault.New(fault.Unavailable, "the server is shutting down")
	}
	if err := ch.Answer(ctx); err != nil {
		return "", err
	}
	return answer, nil
}

// sendCandidate passes one of our candidates on to the browser.
func (c *call) sendCandidate(user, server string, cand rtc.Candidate) {
	payload, err := json.Marshal(cand)
	if err == nil {
		_, err = c.messages.add(server, user, "ice_candidate", payload)
	}
	if err != nil {
		c.service.log.Debug("candidate not sent", "call", c.id, "err", err)
	}
}

// candidate takes one of the browser's candidates, in either payload shape.
func (c *call) candidate(pt *party, payload json.RawMessage) error {
	var cand rtc.Candidate
	if err := json.Unmarshal(payload, &cand); err != nil {
		return fault.New(fault.Invalid, "payload of an ice_candidate: %w", err)
	}
	c.mu.Lock()
	leg := pt.leg
	if leg == nil {
		defer c.mu.Unlock()
		if len(pt.early) >= maxEarlyCandidates {
			return fault.New(fault.TooMany, "%d candidates before the offer, the limit", maxEarlyCandidates)
		}
		pt.early = append(pt.early, cand)
		return nil
	}
	c.mu.Unlock()
	return leg.AddCandidate(cand)
}

// leave takes a party out; the call goes on if enough remain.
func (c *call) leave(p auth.Principal, pt *party) {
	c.mu.Lock()
	ch := pt.channel
	if ch == nil {
		pt.state = StateLeft
	}
	c.mu.Unlock()
	if ch != nil {
		ch.Hangup(signaling.CauseNormal)
		return
	}
	c.settle(pt, signaling.ChannelSnapshot{Cause: signaling.CauseNormal})
}

func (c *call) mute(ctx context.Context, pt *party, on bool) error {
	c.mu.Lock()
	ch := pt.channel
	c.mu.Unlock()
	if ch == nil {
		return fault.New(fault.Conflict, "you are not connected yet")
	}
	return ch.Mute(ctx, on)
}

// accept marks that the called user takes the call: their offer may follow, or
// has come already.
func (c *call) accept(p auth.Principal) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	pt := c.partyOf(p.User)
	switch {
	case c.status == StatusEnded:
		return fault.New(fault.Conflict, "the call has ended")
	case pt == nil:
		return fault.New(fault.Conflict, "you are not called in this call")
	case pt.state == StateLeft:
		return fault.New(fault.Conflict, "you have left this call")
	}
	return nil
}

// poll gives the messages to a user after seq, waiting for one if there is none.
func (c *call) poll(ctx context.Context, p auth.Principal, after uint64, wait time.Duration) []MessageBody {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		list, more := c.messages.after(p.User, after)
		if len(list) > 0 || more == nil || wait <= 0 {
			return list
		}
		select {
		case <-more:
		case <-ctx.Done():
			return list
		case <-c.service.ctx.Done():
			return list
		}
	}
}

// sendDigits sends DTMF to a party.
func (c *call) sendDigits(ctx context.Context, p auth.Principal, digits string) error {
	c.mu.Lock()
	var to []*signaling.Channel
	for _, pt := range c.parties {
		if pt.channel != nil && pt.user != p.User && pt.state == StateConnected {
			to = append(to, pt.channel)
		}
	}
	c.mu.Unlock()
	if len(to) == 0 {
		return fault.New(fault.Conflict, "nobody is connected")
	}
	for _, ch := range to {
		if err := ch.SendDigits(ctx, digits); err != nil {
			return err
		}
	}
	return nil
}
