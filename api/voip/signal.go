package voip

import (
	"context"
	"encoding/json"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/mailbox"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/api/voip/trickle"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// SendMessage is the body of POST /calls/{id}/signaling.
type SendMessage struct {
	ToUser      string          `json:"to_user,omitempty" maxLength:"128" doc:"A user of the call; the server when absent, server or asterisk"`
	MessageType string          `json:"message_type" enum:"offer,answer,ice_candidate,hangup,mute,unmute"`
	Payload     json.RawMessage `json:"payload,omitempty" doc:"{sdp, type} of an offer or answer; a candidate, or {candidate}; at most 64 KiB, and 512 KiB of an offer or answer to the server"`
}

// MaxWait is the longest long poll.
const MaxWait = 55 * time.Second

// Send takes a message from a user of the call: for another user it is kept
// untouched, for the server it is acted upon. What a session negotiates it alone does (Negotiate).
func (c *Call) Send(ctx context.Context, p auth.Principal, in SendMessage) (mailbox.MessageBody, error) {
	c.mu.Lock()
	pt := c.partyOf(p.User)
	c.mu.Unlock()
	if pt != nil {
		if err := pt.way.MayNegotiate(in.MessageType); err != nil {
			return mailbox.MessageBody{}, err
		}
	}
	return c.send(ctx, p, in)
}

// Negotiate takes a message to the server from the client of a session by WHIP or WHEP: what Send
// takes, and what that leaves to the session.
func (s *Service) Negotiate(ctx context.Context, p auth.Principal, call, kind string, payload json.RawMessage) (mailbox.MessageBody, error) {
	c, err := s.Find(p, call)
	if err != nil {
		return mailbox.MessageBody{}, err
	}
	msg, err := c.send(ctx, p, SendMessage{MessageType: kind, Payload: payload})
	return msg, c.Stated(err)
}

func (c *Call) send(ctx context.Context, p auth.Principal, in SendMessage) (mailbox.MessageBody, error) {
	c.mu.Lock()
	pt, err := c.present(p)
	if err != nil {
		c.mu.Unlock()
		return mailbox.MessageBody{}, err
	}
	c.sees(pt)
	if !mailbox.ToServer(in.ToUser) {
		other := c.partyOf(in.ToUser)
		c.mu.Unlock()
		if other == nil {
			return mailbox.MessageBody{}, rest.InField("body.to_user", fault.New(fault.NotFound, "no user %q in this call", in.ToUser))
		}
		return c.relay(p, pt, other, in)
	}
	c.mu.Unlock()
	to := in.ToUser
	if to == "" {
		to = mailbox.Server
	}
	msg, err := c.messages.Post(p.User, to, in.MessageType, in.Payload)
	if err != nil {
		return mailbox.MessageBody{}, err
	}
	switch in.MessageType {
	case mailbox.Offer:
		var reply mailbox.MessageBody
		if reply, err = c.offer(ctx, p, pt, in.Payload, to); err == nil {
			msg.Reply = &reply
		}
	case mailbox.Candidate:
		err = c.candidate(pt, in.Payload)
	case mailbox.Hangup:
		c.leave(pt)
	case mailbox.Mute, mailbox.Unmute:
		err = c.mute(ctx, p, pt, in.MessageType == mailbox.Mute)
	case mailbox.Answer:
		err = c.answer(ctx, p, pt, in.Payload)
	}
	return msg, err
}

// present is the party that a principal is and that may act in the call. The lock
// is held.
func (c *Call) present(p auth.Principal) (*party, error) {
	if err := c.open(); err != nil {
		return nil, err
	}
	pt := c.partyOf(p.User)
	switch {
	case pt == nil:
		return nil, fault.New(fault.Conflict, "you have no part in this call; accept or join it first")
	case pt.state == StateLeft:
		return nil, fault.New(fault.Conflict, "you have left this call")
	}
	return pt, nil
}

// candidate takes one of the browser's candidates, in either payload shape.
func (c *Call) candidate(pt *party, payload json.RawMessage) error {
	cand, err := trickle.Read(payload)
	if err != nil {
		return err
	}
	c.mu.Lock()
	leg := pt.leg
	if leg == nil {
		defer c.mu.Unlock()
		return pt.early.Add(cand)
	}
	c.mu.Unlock()
	return leg.AddCandidate(cand)
}

// leave takes a party out by its own wish; the call goes on if enough remain. Who
// was called and never came refuses it.
func (c *Call) leave(pt *party) {
	c.mu.Lock()
	cause := pt.byeCause()
	c.mu.Unlock()
	c.takeOut(pt, cause)
}

// takeOut ends a party's part in the call.
func (c *Call) takeOut(pt *party, cause signaling.Cause) {
	c.mu.Lock()
	ch := pt.channel
	c.mu.Unlock()
	if ch != nil {
		ch.Hangup(cause)
	}
	c.left(pt, ch, cause)
}

// sees notes that a browser of the party's is there. The lock is held.
func (c *Call) sees(pt *party) {
	pt.seen = true
	c.lastSeen = c.service.cfg.Now()
}

// Accept takes the call for the user who is called: their offer may follow, or has
// come already. Until it does, a phone of theirs rings on.
func (c *Call) Accept(p auth.Principal) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.open(); err != nil {
		return err
	}
	pt := c.partyFor(p)
	switch {
	case pt == nil || pt.role != roleCallee:
		return fault.New(fault.Conflict, "you are not called in this call")
	case pt.state == StateLeft:
		return fault.New(fault.Conflict, "you have left this call")
	}
	pt.user, pt.seen = p.User, true
	if (pt.channel == nil || pt.called != nil) && pt.state == StateRinging {
		pt.state = StateInvited // their other browsers ring no more
	}
	c.touch()
	return nil
}

// Poll gives the messages to a user after seq, waiting for one if there is none.
func (c *Call) Poll(ctx context.Context, p auth.Principal, after uint64, wait time.Duration) []mailbox.MessageBody {
	c.polled(p)
	timer := time.NewTimer(min(wait, MaxWait))
	defer timer.Stop()
	for {
		list, more := c.messages.After(p.User, after)
		if len(list) > 0 || wait <= 0 {
			return list
		}
		select {
		case <-more: // never, once the call is over: who goes on asking asks no more often than before
		case <-timer.C:
			return list
		case <-ctx.Done():
			return list
		case <-c.service.quiet:
			return list
		}
	}
}
