// Package callfeed tells users what happens to their calls: those who subscribed to a call, those
// who subscribed to their calls, and without being asked every client of a user who is rung; and
// of the messages to them.
package callfeed

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"

	"github.com/skygenesisenterprise/skybridge/api/voip/mailbox"
	"github.com/skygenesisenterprise/skybridge/api/voip/records"
	"github.com/skygenesisenterprise/skybridge/api/ws"
	"github.com/skygenesisenterprise/skybridge/api/ws/fanout"
)

// Told is what users were told of a call last.
type Told struct {
	last []byte
	rung map[string]bool // users whose clients ring
}

// Feed is where users are told.
type Feed struct {
	Hub *fanout.Hub
	Log *slog.Logger
}

// Tell tells of a call as it is now, if that is news: the users who may know of it, and those who
// are rung, until it rings no more.
func (f Feed) Tell(told *Told, body records.CallBody, users []string, rung map[string]bool) {
	text, err := json.Marshal(body)
	if err != nil {
		f.Log.Error("call not told of", "call", body.ID, "err", err)
		return
	}
	if bytes.Equal(text, told.last) && maps.Equal(rung, told.rung) {
		return
	}
	event := "updated"
	if body.Status == records.StatusEnded {
		event = "ended"
	}
	f.publish(fanout.CallOf(body.ID), event, body.ID, text)
	for user := range told.rung {
		if !rung[user] && event != "ended" {
			f.publish(fanout.SignalingOf(user), "answered", body.ID, text)
		} else {
			f.publish(fanout.SignalingOf(user), event, body.ID, text)
		}
	}
	for user := range rung {
		if !slices.Contains(users, user) {
			users = append(users, user)
		}
		if !told.rung[user] {
			f.publish(fanout.SignalingOf(user), "incoming", body.ID, text)
		}
	}
	for _, user := range users {
		f.publish(fanout.CallsOf(user), event, body.ID, text)
	}
	*told = Told{text, rung}
}

func (f Feed) publish(topic, event, id string, call json.RawMessage) {
	if !f.Hub.Heard(topic) {
		return
	}
	frame, err := fanout.NewFrame(ws.TypeCall, ws.CallFrame{Event: event, CallID: id, Call: call})
	if err != nil {
		f.Log.Error("call not told of", "call", id, "err", err)
		return
	}
	f.Hub.Publish(topic, frame)
}

// Message tells a user's sessions of a message to them.
func (f Feed) Message(m mailbox.MessageBody) {
	if mailbox.ToServer(m.ToUser) { // a user may have the server's name
		return
	}
	topic := fanout.SignalingOf(m.ToUser)
	if !f.Hub.Heard(topic) {
		return
	}
	frame, err := fanout.NewFrame(ws.TypeSignaling, struct {
		CallID  string              `json:"call_id"`
		Message mailbox.MessageBody `json:"message"`
	}{m.CallID, m})
	if err != nil {
		f.Log.Error("message not pushed", "call", m.CallID, "err", err)
		return
	}
	f.Hub.Publish(topic, frame)
}
