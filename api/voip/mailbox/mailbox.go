// Package mailbox keeps the signaling messages of one call, in order, for as long as it
// lives: who reads them asks from a sequence number on, and may wait for more.
//
// It starts no goroutine.
package mailbox

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
	// maxDescription is the largest offer or answer to the server, in bytes: the description of a
	// room of fifty cameras (jsep.MaxBytes), as JSON. None is kept.
	maxDescription  = 512 << 10
	maxMessageBytes = 8 << 20 // of a call's users together
	// maxCandidates are kept of ours to a user, of all generations.
	maxCandidates = 64
)

// The types of messages.
const (
	Offer     = "offer"
	Answer    = "answer"
	Candidate = "ice_candidate"
	Hangup    = "hangup"
	Mute      = "mute"
	Unmute    = "unmute"
)

// Types are the types of messages there are.
var Types = []string{Offer, Answer, Candidate, Hangup, Mute, Unmute}

// Server is the server's own name in messages.
const Server = "server"

// ToServer reports whether a message is for the server itself.
func ToServer(user string) bool { return user == "" || user == Server || user == "asterisk" }

// MessageBody is one signaling message.
type MessageBody struct {
	ID          string          `json:"id"`
	Seq         uint64          `json:"seq"`
	CallID      string          `json:"call_id"`
	FromUser    string          `json:"from_user"`
	ToUser      string          `json:"to_user"`
	MessageType string          `json:"message_type"`
	Payload     json.RawMessage `json:"payload" doc:"As it was sent"`
	CreatedAt   time.Time       `json:"created_at"`
	// Reply is the server's answer to an offer, in the same round trip.
	Reply *MessageBody `json:"reply,omitempty"`
}

// Mailbox has a call's signaling messages, in order, for as long as it lives.
type Mailbox struct {
	call string
	now  func() time.Time
	told func(MessageBody)

	mu      sync.Mutex
	list    []MessageBody
	seq     uint64
	counted int           // messages of users
	bytes   int           // of their payloads
	changed chan struct{} // closed when a message is added
	over    bool
}

// New makes the mailbox of a call. now is the clock that stamps messages, told gets each of them
// in order and does not wait; nil for nobody.
func New(call string, now func() time.Time, told func(MessageBody)) *Mailbox {
	if told == nil {
		told = func(MessageBody) {}
	}
	return &Mailbox{call: call, now: now, told: told, changed: make(chan struct{})}
}

// Post keeps a user's message. It fails with fault.TooLarge, fault.TooMany or,
// After the call, fault.Gone.
func (m *Mailbox) Post(from, to, kind string, payload json.RawMessage) (MessageBody, error) {
	limit := maxMessagePayload
	ours := ToServer(to) && (kind == Offer || kind == Answer)
	if ours {
		limit = maxDescription
	}
	if len(payload) > limit {
		return MessageBody{}, rest.InField("body.payload", fault.New(fault.TooLarge, "payload of %d bytes, at most %d", len(payload), limit))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if ours { // nobody reads it but we, now: it is neither kept nor counted
		return m.next(from, to, kind, payload)
	}
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

// Tell keeps a message of ours, as which the server was addressed. An offer takes the place of those
// before it, which count no more, and so does an answer; of candidates the last maxCandidates stay.
func (m *Mailbox) Tell(from, to, kind string, payload json.RawMessage) (MessageBody, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch kind {
	case Offer, Answer:
		m.withdraw(kind, to, 0)
	case Candidate:
		m.withdraw(kind, to, maxCandidates-1)
	}
	return m.add(from, to, kind, payload)
}

// Withdraw takes the offers of ours to a user out, which count no more: who has not fetched them is
// not to answer them.
func (m *Mailbox) Withdraw(to string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.withdraw(Offer, to, 0)
}

// withdraw takes messages of ours to a user out, of a type, all but the last few.
func (m *Mailbox) withdraw(kind, to string, but int) {
	ours := func(msg MessageBody) bool {
		return msg.MessageType == kind && msg.ToUser == to && ToServer(msg.FromUser)
	}
	drop := -but
	for i := range m.list {
		if ours(m.list[i]) {
			drop++
		}
	}
	m.list = slices.DeleteFunc(m.list, func(msg MessageBody) bool {
		if drop <= 0 || !ours(msg) {
			return false
		}
		drop--
		return true
	})
}

func (m *Mailbox) add(from, to, kind string, payload json.RawMessage) (MessageBody, error) {
	msg, err := m.next(from, to, kind, payload)
	if err != nil {
		return msg, err
	}
	m.list = append(m.list, msg)
	m.told(msg)
	close(m.changed)
	m.changed = make(chan struct{})
	return msg, nil
}

// next makes the next message.
func (m *Mailbox) next(from, to, kind string, payload json.RawMessage) (MessageBody, error) {
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
	return msg, nil
}

// After gives the messages to a user with a higher sequence number, and a
// channel that is closed when there may be more; nil once there never will be.
func (m *Mailbox) After(user string, seq uint64) ([]MessageBody, <-chan struct{}) {
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

// End tells the users that the call has ended and wakes who waits. Only these last
// messages can be read from now on.
func (m *Mailbox) End(users []string, cause signaling.Cause) {
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
			ID: signaling.NewID(), Seq: m.seq, CallID: m.call, FromUser: Server, ToUser: user,
			MessageType: Hangup, Payload: payload, CreatedAt: m.now().UTC(),
		})
		m.told(m.list[len(m.list)-1])
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
