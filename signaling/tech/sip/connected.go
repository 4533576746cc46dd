package sip

import (
	"slices"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/identity"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

var _ signaling.Line = (*leg)(nil)

// line is who a leg's party is shown it talks to: the headers that say so in the responses
// to its call, and in requests once that is answered. Actor only.
type line struct {
	headers []message.Header
	updates bool // the party takes UPDATE
}

// Connected shows the party who it talks to: in the next response to its call, or, when it
// is answered, by a request of ours.
func (l *leg) Connected(id signaling.CallerID) { l.post(func() { l.connected(id) }) }

func (l *leg) connected(id signaling.CallerID) {
	if l.isOver() || !l.rules.SendConnected {
		return
	}
	role := identity.Called
	if l.dial != nil {
		role = identity.Calling
	}
	headers := l.rules.Headers(id, l.tech.host(), role)
	if slices.Equal(headers, l.line.headers) {
		return
	}
	l.line.headers = headers
	if l.dialog == nil || len(headers) == 0 {
		return
	}
	if !l.byUpdate || !l.line.updates {
		l.offers.plain = true
		l.negotiate()
		return
	}
	l.offers.queue = append(l.offers.queue, empty(func(err error) {
		if err != nil {
			l.log.Info("party not shown who it is connected to", "call_id", l.callID, "err", err)
		}
	}))
	l.negotiate()
}

// heard takes what a message of the party's says of who it is, and of what it takes. It
// does not wait.
func (l *leg) heard(m *message.Parsed) {
	id, known := l.rules.Connected(m)
	allow := m.Tokens("Allow")
	l.post(func() {
		if len(allow) > 0 {
			l.line.updates = slices.Contains(allow, "UPDATE")
		}
	})
	if known {
		l.tell(func(e signaling.LegEvents) { e.LegConnected(id) })
	}
}
