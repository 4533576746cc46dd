package voip

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

const (
	maxMessages       = 1000     // of a call's users
	maxMessagePayload = 64 << 10 // bytes
	maxMessageBytes   = 8 << 20  // of a call's users together
)

// The types of messages.
const (
	messageOffer     = "offer"
	messageAnswer    = "answer"
	messageCandidate = "ice_candidate"
	messageHangup    = "hangup"
	messageMute      = "mute"
	messageUnmute    = "unmute"
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
	counted int           // messages of users
	bytes   int           // of their payloads
	changed chan struct{} // closed when a message is added
	over    bool
}

func newMessages(call string, now func() time.Time) *messages {
	return &messages{call: call, now: now, changed: make(chan struct{})}
}

// post keeps a user's message. It fails with fault.TooLarge, fault.TooMany or,
// after the call, fault.Gone.
func (m *messages) post(from, to, kind string, payload json.RawMessage) (MessageBody, error) {
	if len(payload) > maxMessagePayload {
		return MessageBody{}, rest.InField("body.payload", fault.New(fault.TooLarge, "payload of %d bytes, at most %d", len(payload), maxMessagePayload))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.counted >= maxMessages:
		return MessageBody{}, fault.New(fault.TooMany, "%d messages in a call, the limit", maxMessages)
	case m.bytes+len(payload) > maxMessageBytes:
		return MessageBody{}, fault.New(fault.TooMany, "messages of %d bytes in a call, the limit", maxMessageBytes)
	}
	msg, err := m.add(from, to, kind, payload)
	if err == nil {
		m.counted++
		m.bytes += len(payload)
	}
	return msg, err
}

// tell keeps a message of ours, as which the server was addressed. What users sent
// bounds how many there are.
func (m *messages) tell(from, to, kind string, payload json.RawMessage) (MessageBody, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.add(from, to, kind, payload)
}

func (m *messages) add(from, to, kind string, payload json.RawMessage) (MessageBody, error) {
	if m.over {
		return MessageBody{}, fault.New(fault.Gone, "the call has ended")
	}
	if len(payload) == 0 {
		payload = json.RawMessage("null")
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

// end tells the users that the call has ended and wakes who waits. Only these last
// messages can be read from now on.
func (m *messages) end(users []string, cause signaling.Cause) {
	payload := hangupPayload(cause)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.over {
		return
	}
	m.list = nil
	for _, user := range users {
		m.seq++
		m.list = append(m.list, MessageBody{
			ID: signaling.NewID(), Seq: m.seq, CallID: m.call, FromUser: serverUser, ToUser: user,
			MessageType: messageHangup, Payload: payload, CreatedAt: m.now().UTC(),
		})
	}
	m.over = true
	close(m.changed)
}

func hangupPayload(cause signaling.Cause) json.RawMessage {
	b, err := json.Marshal(struct {
		Cause int    `json:"cause"`
		Text  string `json:"cause_text"`
	}{int(cause), cause.Text()})
	if err != nil {
		return json.RawMessage("null") // two plain values always marshal
	}
	return b
}
