package ws

import (
	"strconv"
	"strings"
	"sync"
)

// pingPrefix begins the text of the pings that ask whether messages have arrived; their number
// follows.
const pingPrefix = "m"

// maxHanded bounds the messages that a client has not answered for: one that takes them and answers
// no pings is one that has not had the older ones.
const maxHanded = 1000

// handed are messages that were written to a client, in their order. They are with it once it has
// answered a ping that was written after them (RFC 6455 §5.5.3): that a write has succeeded says no
// more than that the system has taken it.
type handed struct {
	mu    sync.Mutex
	open  []func(had bool) // of those that are not answered yet
	had   uint64           // how many there were before them, or were given up
	asked uint64           // how many of all the last ping was for
	// answered holds a token when a ping may be due for those that were written since the last.
	answered chan struct{}
}

// wrote adds a message.
func (h *handed) wrote(done func(had bool)) {
	h.mu.Lock()
	h.open = append(h.open, done)
	var lost func(bool)
	if len(h.open) > maxHanded {
		lost = h.open[0]
		h.open, h.had = h.open[1:], h.had+1
	}
	h.mu.Unlock()
	if lost != nil {
		lost(false)
	}
}

// question is what to ask the client now; nil where nothing is to be known, or is asked already.
func (h *handed) question() []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := h.had + uint64(len(h.open))
	if h.asked > h.had || all == h.had {
		return nil
	}
	h.asked = all
	return strconv.AppendUint([]byte(pingPrefix), all, 10)
}

// answer takes what a client has answered to a ping. What was not asked says nothing.
func (h *handed) answer(text string) {
	text, ours := strings.CutPrefix(text, pingPrefix)
	n, err := strconv.ParseUint(text, 10, 64)
	if !ours || err != nil {
		return
	}
	h.mu.Lock()
	var had []func(bool)
	if n == h.asked && n > h.had && n <= h.had+uint64(len(h.open)) {
		had = h.open[: n-h.had : n-h.had]
		h.open, h.had = h.open[n-h.had:], n
	}
	h.mu.Unlock()
	for _, done := range had {
		done(true)
	}
	if len(had) > 0 {
		select {
		case h.answered <- struct{}{}:
		default: // the writer has not looked yet
		}
	}
}

// end gives up those that were not answered.
func (h *handed) end() {
	h.mu.Lock()
	lost := h.open
	h.open, h.had = nil, h.had+uint64(len(lost))
	h.mu.Unlock()
	for _, done := range lost {
		done(false)
	}
}
