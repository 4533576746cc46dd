// Package fanout hands what happens to those who subscribed to it: a Frame is made and encoded
// once, however many get it. A Member takes a frame without waiting; what it cannot take is its
// own affair, so that nobody delays the others.
//
// It starts no goroutine.
package fanout

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"
)

// Frame is something to tell: its type, and the members of a JSON object.
type Frame struct {
	Type string
	// Receipt names what is to be noted as had once the frame is with the client; empty for
	// nothing. A client gets only one frame of each.
	Receipt string
	fields  []byte // `"a":1,"b":2`; nothing for an object without members
}

// NewFrame makes a frame of a type with the members of v, which must encode as a JSON object
// without the members type, seq and timestamp. A nil v has none.
func NewFrame(kind string, v any) (Frame, error) {
	if v == nil {
		return Frame{Type: kind}, nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return Frame{}, fmt.Errorf("frame %s: %w", kind, err)
	}
	if len(text) < 2 || text[0] != '{' {
		return Frame{}, fmt.Errorf("frame %s: %T is no object", kind, v)
	}
	return Frame{Type: kind, fields: bytes.TrimSpace(text[1 : len(text)-1])}, nil
}

// Append appends the frame as JSON with a sequence number and a time, "" for none of which
// needs no escapes.
func (f Frame) Append(b []byte, seq uint64, timestamp string) []byte {
	b = fmt.Appendf(b, `{"type":%q,"seq":%d,"timestamp":%q`, f.Type, seq, timestamp)
	if len(f.fields) > 0 {
		b = append(append(b, ','), f.fields...)
	}
	return append(b, '}')
}

// Bytes is how much memory the frame holds, about.
func (f Frame) Bytes() int { return len(f.fields) + len(f.Type) + frameOverhead }

const frameOverhead = 64

// Member gets the frames of the topics that it joined. Deliver does not wait; it may be called
// by several goroutines at one time.
type Member interface{ Deliver(topic string, f Frame) }

// Hub knows who joined which topic. The zero Hub is not usable, see NewHub.
type Hub struct {
	mu     sync.RWMutex
	topics map[string]map[Member]struct{}
	joined map[Member]map[string]struct{}
}

// NewHub makes a hub that nobody has joined.
func NewHub() *Hub {
	return &Hub{topics: make(map[string]map[Member]struct{}), joined: make(map[Member]map[string]struct{})}
}

// Join has a member get the frames of a topic from now on.
func (h *Hub) Join(topic string, m Member) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.topics[topic] == nil {
		h.topics[topic] = make(map[Member]struct{})
	}
	h.topics[topic][m] = struct{}{}
	if h.joined[m] == nil {
		h.joined[m] = make(map[string]struct{})
	}
	h.joined[m][topic] = struct{}{}
}

// Leave has a member get no more of a topic, and reports whether it got any.
func (h *Hub) Leave(topic string, m Member) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, ok := h.joined[m][topic]
	h.leave(topic, m)
	if delete(h.joined[m], topic); len(h.joined[m]) == 0 {
		delete(h.joined, m)
	}
	return ok
}

// LeaveAll takes a member out of every topic.
func (h *Hub) LeaveAll(m Member) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for topic := range h.joined[m] {
		h.leave(topic, m)
	}
	delete(h.joined, m)
}

func (h *Hub) leave(topic string, m Member) {
	if delete(h.topics[topic], m); len(h.topics[topic]) == 0 {
		delete(h.topics, topic)
	}
}

// Topics are those that a member has joined, in no order.
func (h *Hub) Topics(m Member) []string {
	h.mu.RLock()
	defer h.mu.RUnlock()
	out := make([]string, 0, len(h.joined[m]))
	for topic := range h.joined[m] {
		out = append(out, topic)
	}
	return out
}

// Heard reports whether anybody gets a topic, so that nothing is made that nobody gets.
func (h *Hub) Heard(topic string) bool {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return len(h.topics[topic]) > 0
}

// Publish hands a frame to every member of a topic. Frames of one topic that are published one
// after the other reach each member in that order. A member that leaves meanwhile may get it.
//
// No lock is held while they get it: they may ask others whether it is theirs, who may be
// waiting to publish themselves.
func (h *Hub) Publish(topic string, f Frame) {
	h.mu.RLock()
	members := make([]Member, 0, len(h.topics[topic]))
	for m := range h.topics[topic] {
		members = append(members, m)
	}
	h.mu.RUnlock()
	for _, m := range members {
		m.Deliver(topic, f)
	}
}
