package voip

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"github.com/skygenesisenterprise/skybridge/api/voip/endpoints"
	"github.com/skygenesisenterprise/skybridge/api/ws"
	"github.com/skygenesisenterprise/skybridge/api/ws/fanout"
)

// told is what users were told of a call; the notifier's alone.
type told struct {
	last []byte
	rung map[string]bool // users whose clients ring
}

// touch has those who may know of the call told how it is. It does not wait.
func (c *call) touch() { c.service.changes.Touch(c) }

// tell tells of a call as it is now: those who subscribed to it, those who subscribed to their
// calls, and without being asked every client of a user who is rung, until it rings no more.
func (s *Service) tell(c *call) {
	body := c.body()
	text, err := json.Marshal(body)
	if err != nil {
		s.log.Error("call not told of", "call", c.id, "err", err)
		return
	}
	c.mu.Lock()
	users, rung := c.users(), c.rung()
	c.mu.Unlock()
	if bytes.Equal(text, c.told.last) && maps.Equal(rung, c.told.rung) {
		return
	}
	event := "updated"
	if body.Status == StatusEnded {
		event = "ended"
	}
	s.publish(fanout.CallOf(c.id), event, c.id, text)
	for user := range c.told.rung {
		if !rung[user] && event != "ended" {
			s.publish(fanout.SignalingOf(user), "answered", c.id, text)
		} else {
			s.publish(fanout.SignalingOf(user), event, c.id, text)
		}
	}
	for user := range rung {
		if !slices.Contains(users, user) {
			users = append(users, user)
		}
		if !c.told.rung[user] {
			s.publish(fanout.SignalingOf(user), "incoming", c.id, text)
		}
	}
	for _, user := range users {
		s.publish(fanout.CallsOf(user), event, c.id, text)
	}
	c.told = told{text, rung}
}

func (s *Service) publish(topic, event, id string, call json.RawMessage) {
	if !s.cfg.Hub.Heard(topic) {
		return
	}
	f, err := fanout.NewFrame(ws.TypeCall, ws.CallFrame{Event: event, CallID: id, Call: call})
	if err != nil {
		s.log.Error("call not told of", "call", id, "err", err)
		return
	}
	s.cfg.Hub.Publish(topic, f)
}

// rung are the users who are called and have not answered, by browser or by the phone that is
// theirs. The lock is held.
func (c *call) rung() map[string]bool {
	out := make(map[string]bool)
	if c.status == StatusEnded {
		return out
	}
	for _, pt := range c.parties {
		if pt.role != roleCallee || pt.state != StateRinging {
			continue
		}
		if pt.user != "" {
			out[pt.user] = true
			continue
		}
		if number, ok := endpoints.PhoneNumber(pt.endpoint); ok {
			if user, ok := c.service.Reach(number); ok && user != number {
				out[user] = true
			}
		}
	}
	return out
}
