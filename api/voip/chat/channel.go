package chat

import (
	"context"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/access"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/api/ws/fanout"
	"github.com/skygenesisenterprise/skybridge/api/ws/frame"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/data"
)

// Label is the label of a browser's data channel for messages.
const Label = "chat"

// requestTime bounds what a frame of a browser's asks for.
const requestTime = 30 * time.Second

// Place is where a browser is now, as messages name it: room:ID or call:ID. It reports false while
// the browser is on its way there, waits outside, or has left.
type Place func() (to string, in bool)

// channel is a browser's data channel. What goes by it are frames as those of the WebSocket.
type channel struct {
	l    *Line
	user string
	c    *data.Channel

	mu  sync.Mutex // one frame at a time, so that their numbers follow each other
	seq uint64
}

// clientFrame is a frame of a browser's.
type clientFrame struct {
	frame.Head
	// To is where the browser is, and may be left out.
	To   string `json:"to"`
	Body string `json:"body"`
}

// replied is a message that the browser has sent.
type replied struct {
	MessageToUser
	InReplyTo frame.ReplyTo `json:"in_reply_to,omitempty"`
}

// channelsAt are a user's channels at a place.
func (s *Service) channelsAt(user, place string) (found []*channel) {
	s.mu.Lock()
	all := make([]*channel, 0, len(s.channels[user]))
	for ch := range s.channels[user] {
		all = append(all, ch)
	}
	s.mu.Unlock()
	for _, ch := range all { // they ask calls and rooms, which may be waiting for us
		if to, in := ch.l.at(); in && to == place {
			found = append(found, ch)
		}
	}
	return found
}

// byChannels tells a user by the data channels that they have where the message goes, and reports
// whether there are any. instead is called, once, if none of them has brought it.
func (s *Service) byChannels(user string, m MessageToUser, f fanout.Frame, instead func()) bool {
	channels := s.channelsAt(user, m.To)
	if len(channels) == 0 {
		return false
	}
	var mu sync.Mutex
	left, had := len(channels), false
	over := func(arrived bool) {
		mu.Lock()
		left--
		had = had || arrived
		lost := left == 0 && !had
		mu.Unlock()
		if lost {
			instead()
		}
	}
	for _, ch := range channels {
		done := s.receipts.hand(user, m.ID)
		err := ch.tell(f, func(arrived bool) {
			done(arrived)
			over(arrived)
		})
		if err != nil { // it has ended, or its browser does not take what it is sent
			s.cfg.Log.Debug("message not sent by a data channel", "message", m.ID, "user", user, "err", err)
			done(false)
			over(false)
		}
	}
	return true
}

// tell sends a frame. It does not wait.
func (ch *channel) tell(f fanout.Frame, done func(arrived bool)) error {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	text := f.Append(nil, ch.seq+1, ch.l.s.cfg.Now().UTC().Format(time.RFC3339Nano))
	err := ch.c.Send(text, done)
	if err == nil {
		ch.seq++
	}
	return err
}

// receive takes a frame of the browser's, and answers it. Who may use the channel no more is
// answered nothing: it is being closed.
func (ch *channel) receive(ctx context.Context, text []byte, isText bool) {
	p, ok := ch.l.principal(ch)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	in := clientFrame{}
	var f fanout.Frame
	log := ch.l.s.cfg.Log
	m, err := ch.l.take(ctx, p, text, isText, &in)
	if err != nil {
		f, err = fanout.NewFrame(frame.TypeError, frame.ErrorOf(log, err, in.ID))
	} else {
		f, err = fanout.NewFrame(FrameType, replied{m, in.ID})
	}
	if err == nil {
		err = ch.tell(f, nil)
	}
	if err != nil { // who does not take the answers has none
		log.Debug("frame not answered by a data channel", "user", ch.user, "err", err)
	}
}

func (l *Line) take(ctx context.Context, p auth.Principal, text []byte, isText bool, in *clientFrame) (MessageToUser, error) {
	if !isText {
		return MessageToUser{}, fault.New(fault.Malformed, "frames are text")
	}
	if err := frame.Read(text, in, &in.Head); err != nil {
		return MessageToUser{}, err
	}
	if in.Type != FrameType {
		return MessageToUser{}, rest.InField("type", fault.New(fault.Invalid, "no frame of type %.64q by a data channel", in.Type))
	}
	if err := rest.NeedsScope(p, "messages", true); err != nil {
		return MessageToUser{}, err
	}
	to, inside := l.at()
	switch {
	case !inside:
		return MessageToUser{}, fault.New(fault.Conflict, "you are not inside yet, or have left")
	case in.To != "" && in.To != to:
		return MessageToUser{}, rest.InField("to", fault.New(fault.Invalid, "by the data channel of a call messages go to all who are there: %s", to))
	}
	return l.s.Send(ctx, access.Rule{Write: true}.Acting(p), to, in.Body)
}
