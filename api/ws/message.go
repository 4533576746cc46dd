package ws

import (
	"context"
	"time"

	"github.com/fasthttp/websocket"

	"github.com/skygenesisenterprise/skybridge/api/voip/chat"
	"github.com/skygenesisenterprise/skybridge/api/ws/fanout"
	"github.com/skygenesisenterprise/skybridge/api/ws/session"
)

// message is a message between users, or, with InReplyTo, one that the client has sent.
type message struct {
	chat.MessageToUser
	InReplyTo replyTo `json:"in_reply_to,omitempty"`
}

// send passes a message of a client's on.
func (s *Server) send(ctx context.Context, from *session.Session, in *clientFrame) error {
	m, err := s.cfg.Chat.Send(ctx, acting(from), in.To, in.Body)
	if err != nil {
		return err
	}
	s.tell(from, chat.FrameType, message{m, in.ID})
	return nil
}

// deliver tells a session what has waited for its user.
func (s *Server) deliver(to *session.Session) {
	if mayHearOwn(to.Principal()) != nil {
		return
	}
	ctx, cancel := context.WithTimeout(s.life, requestTime)
	defer cancel()
	list, more, err := s.cfg.Chat.Waiting(ctx, to.Principal().User)
	if err != nil && ctx.Err() == nil {
		s.cfg.Log.Error("messages that wait were not told", "err", err)
	}
	for _, m := range list {
		f, err := fanout.NewFrame(chat.FrameType, m)
		if err != nil { // plain values always encode
			s.cfg.Log.Error("message not told", "message", m.ID, "err", err)
			continue
		}
		f.Receipt = m.ID
		to.Tell(f)
	}
	if more {
		s.tell(to, typeWaiting, nil)
	}
}

// hand writes a frame, and has it noted once it is with the client if it is a message.
func (c *connection) hand(frame []byte, feed *session.Feed) bool {
	id := feed.Receipt()
	if id == "" {
		return c.send(frame) && c.ask()
	}
	done := c.server.cfg.Chat.Hand(feed.Session().Principal().User, id)
	if !c.send(frame) {
		done(false)
		return false
	}
	c.handed.wrote(done)
	return c.ask()
}

// ask asks the client whether it has the messages that were written, unless it is being asked.
func (c *connection) ask() bool {
	text := c.handed.question()
	if text == nil {
		return true
	}
	err := c.conn.WriteControl(websocket.PingMessage, text, time.Now().Add(c.server.cfg.WriteTime))
	if err != nil {
		c.cut() // the reader ends with it
	}
	return err == nil
}
