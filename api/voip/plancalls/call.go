package plancalls

import (
	"slices"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/endpoints"
	"github.com/skygenesisenterprise/skybridge/api/voip/records"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// call is one call of the dialplan's.
type call struct {
	id       string
	first    signaling.ChannelID
	exten    string // what was dialled, and where
	context  string
	created  time.Time
	answered time.Time
	ended    time.Time
	cause    signaling.Cause
	bridge   signaling.BridgeID
	members  []*member // in the order in which they came, who calls first
	// What counts of those who are forgotten.
	browsers, others int
	outbound         bool
}

// member is one channel of a call.
type member struct {
	id       string
	last     signaling.ChannelSnapshot
	answered bool
}

const (
	// maxMembers bounds what a call remembers of those who were in it: with more of them, those who
	// have gone without an answer are forgotten, but for the latest.
	maxMembers = 1000
	latest     = 100
)

func newCall(s *signaling.ChannelSnapshot) *call {
	return &call{id: signaling.NewID(), first: s.ID, exten: s.Dialplan.Exten, context: s.Dialplan.Context, created: s.Created.UTC()}
}

func isBrowser(s *signaling.ChannelSnapshot) bool {
	return strings.EqualFold(s.Tech, endpoints.BrowserTech)
}
func isLocal(s *signaling.ChannelSnapshot) bool { return strings.EqualFold(s.Tech, "Local") }

// extension is that of the phone that the member is; empty for none.
func (m *member) extension() string {
	number, ok := endpoints.PhoneNumber(m.endpoint())
	if !ok {
		return ""
	}
	return number
}

func (m *member) endpoint() string { return m.last.Tech + "/" + m.last.Endpoint }

func (c *call) member(id signaling.ChannelID) *member {
	i := slices.IndexFunc(c.members, func(m *member) bool { return m.last.ID == id })
	if i < 0 {
		return nil
	}
	return c.members[i]
}

// see takes a channel's state; it reports whether the call goes on.
func (c *call) see(s *signaling.ChannelSnapshot, now time.Time) bool {
	m := c.member(s.ID)
	if m == nil {
		m = &member{id: signaling.NewID()}
		c.members = append(c.members, m)
	}
	m.last = *s
	if c.exten == "" {
		c.exten, c.context = s.Dialplan.Exten, s.Dialplan.Context
	}
	m.answered = m.answered || s.State == signaling.Up
	if s.Bridge != "" && !isLocal(s) {
		c.bridge = s.Bridge
	}
	if c.answered.IsZero() && c.talks() {
		c.answered = now.UTC()
	}
	if s.Ended && (c.cause == 0 || s.ID == c.first) { // what the caller was told counts
		c.cause = s.Cause
	}
	if slices.ContainsFunc(c.members, func(m *member) bool { return !m.last.Ended }) {
		return true
	}
	c.ended = now.UTC()
	return false
}

// forget forgets those who have gone without an answer, but for the latest; it returns their channels.
func (c *call) forget() (gone []signaling.ChannelID) {
	vain := func(m *member) bool { return m.last.Ended && !m.answered && m.last.ID != c.first }
	most := -latest
	for _, m := range c.members {
		if vain(m) {
			most++
		}
	}
	c.members = slices.DeleteFunc(c.members, func(m *member) bool {
		if most <= 0 || !vain(m) {
			return false
		}
		most--
		m.count(&c.browsers, &c.others)
		gone = append(gone, m.last.ID)
		return true
	})
	return gone
}

// talks tells whether the call is active: two are up, or the only one is.
func (c *call) talks() bool {
	var up, waiting int
	for _, m := range c.members {
		switch {
		case m.last.Ended || isLocal(&m.last):
		case m.last.State == signaling.Up:
			up++
		default:
			waiting++
		}
	}
	return up > 1 || up == 1 && waiting == 0
}

// isOurs tells whether the call is not the API's: a browser has answered it, or browsers alone
// were called.
func (c *call) isOurs() bool {
	browsers, others := c.browsers, c.others
	for _, m := range c.members {
		if m.last.Outgoing && isBrowser(&m.last) && m.answered {
			return false
		}
		m.count(&browsers, &others)
	}
	return browsers == 0 || others > 0
}

// count counts the member as one who was called.
func (m *member) count(browsers, others *int) {
	switch {
	case !m.last.Outgoing || isLocal(&m.last):
	case isBrowser(&m.last):
		*browsers++
	default:
		*others++
	}
}

func (c *call) status() records.Status {
	switch {
	case !c.ended.IsZero():
		return records.StatusEnded
	case c.talks():
		return records.StatusActive
	}
	return records.StatusRinging
}

// body is the call as a principal sees it. Its parties have no users while it lasts: a client takes
// one of its own user's that rings for a call that it may accept.
func (c *call) body(p auth.Principal, direction string) records.CallBody {
	caller := c.members[0].last.Caller
	b := records.CallBody{
		ID: c.id, CallType: "audio", Status: c.status(), Direction: direction,
		CreatedAt: c.created, AnsweredAt: rest.OptionalTime(c.answered), EndedAt: rest.OptionalTime(c.ended),
		Participants: []records.ParticipantBody{}, BridgeID: string(c.bridge), Recordings: []string{}, ICEServers: []records.ICEServerBody{},
		Metadata: map[string]any{
			"caller_id": caller.Number, "caller_name": caller.Name, "asterisk_channel_id": string(c.first), "extension": c.exten, "context": c.context,
		},
	}
	if !c.ended.IsZero() {
		b.Cause, b.CauseText = int(c.cause), c.cause.Text()
		if c.answered.IsZero() {
			b.SIPStatus = endpoints.SIPStatusOf(c.cause)
		}
	}
	for i, m := range c.members {
		pt := records.ParticipantBody{
			ID: m.id, Endpoint: m.endpoint(), Role: "callee", State: m.state(), Muted: m.last.MutedIn, Held: m.last.Held,
			Codec: rest.OptionalText(m.last.Codec), ChannelID: rest.OptionalText(string(m.last.ID)),
		}
		if !m.last.Outgoing {
			pt.Role = "caller"
		}
		if e := m.extension(); i == 0 && e != "" && e == p.Extension {
			b.CreatedBy = p.User
		}
		b.Participants = append(b.Participants, pt)
	}
	return b
}

func (m *member) state() records.ParticipantState {
	switch {
	case m.last.Ended:
		return records.StateLeft
	case m.last.State == signaling.Up:
		return records.StateConnected
	}
	return records.StateRinging
}
