package ws

import (
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/api/ws/fanout"
	"github.com/skygenesisenterprise/skybridge/api/ws/session"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// The channels of a client's own. Those that name something have its topic's name.
const (
	channelCalls     = "calls"
	channelSignaling = "signaling"
)

// maxSubscriptions bounds the channels of a session.
const maxSubscriptions = 256

const maxChannelName = 160 // bytes

// topic is what a principal subscribes to by a channel's name. It fails with fault.NotFound for
// what is not theirs to see.
func (s *Server) topic(p auth.Principal, channel string) (string, error) {
	switch {
	case len(channel) > maxChannelName:
		return "", inField("channel", fault.New(fault.Invalid, "a channel's name of more than %d bytes", maxChannelName))
	case channel == channelCalls:
		return fanout.CallsOf(p.User), rest.NeedsScope(p, "calls", false)
	case channel == channelSignaling:
		return fanout.SignalingOf(p.User), mayHearOwn(p)
	}
	if user, ok := fanout.Presence(channel); ok {
		if err := rest.NeedsScope(p, "presence", false); err != nil {
			return "", err
		}
		if err := auth.CheckUser(user); err != nil {
			return "", inField("channel", fault.New(fault.Invalid, "presence of whom: %w", err))
		}
		return channel, nil
	}
	_, isCall := fanout.Call(channel)
	_, isRoom := fanout.Room(channel)
	if !isCall && !isRoom {
		return "", inField("channel", fault.New(fault.Invalid, "no channel %q: presence:USER, call:ID, room:ID, calls, signaling", channel))
	}
	object := "rooms"
	if isCall {
		object = "calls"
	}
	if err := rest.NeedsScope(p, object, false); err != nil {
		return "", err
	}
	if !s.may(p, channel) {
		return "", inField("channel", fault.New(fault.NotFound, "no channel %q", channel))
	}
	return channel, nil
}

// mayHearOwn is nil for who may have what is for their user: signaling of calls, and messages.
// The others get it neither by name nor unasked.
func mayHearOwn(p auth.Principal) error {
	if err := rest.NeedsScope(p, "calls", false); err != nil {
		return err
	}
	return rest.NeedsScope(p, "messages", false)
}

// may reports whether a principal may get a topic now. It is asked again with every frame, since
// who leaves a room sees it no more.
func (s *Server) may(p auth.Principal, topic string) bool {
	if id, ok := fanout.Call(topic); ok {
		return s.cfg.Calls.SeesCall(p, id)
	}
	if id, ok := fanout.Room(topic); ok {
		return s.cfg.Calls.SeesRoom(p, id)
	}
	return true
}

func (s *Server) subscribe(to *session.Session, in *clientFrame) error {
	p := to.Principal()
	topic, err := s.topic(p, in.Channel)
	if err != nil {
		return err
	}
	if s.subscriptions(to, p) >= maxSubscriptions {
		return fault.New(fault.TooMany, "%d channels, the limit", maxSubscriptions)
	}
	s.cfg.Hub.Join(topic, to)
	s.tell(to, typeSubscribed, subscribed{in.Channel, in.ID})
	return s.show(p, to, topic)
}

// subscriptions counts the channels of a session. Where they are too many, it lets go of those
// that nothing comes from any more: calls that are over and forgotten, rooms that are gone.
func (s *Server) subscriptions(of *session.Session, p auth.Principal) int {
	topics := s.cfg.Hub.Topics(of)
	n := len(topics)
	if n < maxSubscriptions {
		return n
	}
	for _, topic := range topics {
		if !s.may(p, topic) && s.cfg.Hub.Leave(topic, of) {
			n--
		}
	}
	return n
}

// show tells how what a channel is about is now; what happens to it follows.
func (s *Server) show(p auth.Principal, to *session.Session, topic string) error {
	if user, ok := fanout.Presence(topic); ok {
		s.tell(to, typePresence, presenceOf(s.cfg.Presence.Of(user, user == p.User), nil))
		return nil
	}
	id, ok := fanout.Call(topic)
	if !ok {
		return nil
	}
	c, err := s.cfg.Calls.ShowCall(p, id)
	if err != nil {
		return err
	}
	s.tell(to, TypeCall, CallFrame{"current", id, c})
	return nil
}

func (s *Server) unsubscribe(to *session.Session, in *clientFrame) error {
	topic := in.Channel
	switch topic {
	case channelCalls:
		topic = fanout.CallsOf(to.Principal().User)
	case channelSignaling:
		topic = fanout.SignalingOf(to.Principal().User)
	}
	if !s.cfg.Hub.Leave(topic, to) {
		return inField("channel", fault.New(fault.NotFound, "no channel %.160q is subscribed to", in.Channel))
	}
	s.tell(to, typeUnsubscribed, subscribed{in.Channel, in.ID})
	return nil
}
