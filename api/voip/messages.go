package voip

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

const (
	maxMessages       = 1000     // a call
	maxMessagePayload = 64 << 10 // bytes
)

// serverUser is the server's own name in messages.
const serverUser = "server"

// toServer reports whether a message is for the server itself.
func toServer(user string) bool { return user == "" || user == serverUser || user == "asterisk" }

// messages are a call's signaling messages, in order, for as long as it lives.
type messages struct {
	call string
	now  func() time.Time

	mu      sync.Mutex
	list    []MessageBody
	seq     uint64
	changed chan struct{} // closed when a message is added
	over    bool
}

func newMessages(call string, now func() time.Time) *messages {
	return &messages{call: call, now: now, changed: make(chan struct{})}
}

// add keeps a message. It fails with fault.TooLarge, fault.TooMany or, after the
// call, fault.Gone.
func (m *messages) add(from, to, kind string, payload json.RawMessage) (MessageBody, error) {
	if len(payload) > maxMessagePayload {
		return MessageBody{}, fault.New(fault.TooLarge, "payload of %d bytes, at most %d", len(payload), maxMessagePayload)
	}
	if len(payload) == 0 {
		payload = json.RawMessage("null")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.over:
		return MessageBody{}, fault.New(fault.Gone, "the call has ended")
	case len(m.list) >= maxMessages:
		return MessageBody{}, fault.New(fault.TooMany, "%d messages in a call, the limit", maxMessages)
	}
	m.seq++
	msg := MessageBody{
		ID: signaling.NewID(), Seq: m.seq, CallID: m.call, FromUser: from, ToUser: to,
		MessageType: kind, Payload: slices.Clone(payload), CreatedAt: m.now().UTC(),
	}
	m.list = append(m.list, msg)
	close(m.changed)
	m.changed = make(chan struct{})
	return msg, nil
}

// after gives the messages to a user with a higher sequence number, and a
// channel that is closed when there may be more; nil once there never will be.
func (m *messages) after(user string, seq uint64) ([]MessageBody, <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := []MessageBody{}
	for _, msg := range m.list {
		if msg.Seq > seq && msg.ToUser == user {
			out = append(out, msg)
		}
	}
	if m.over {
		return out, nil
	}
	return out, m.changed
}

// end wakes who waits; what was sent can still be read.
func (m *messages) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.over {
		m.over = true
		close(m.changed)
	}
}
