package voip

import (
	"slices"

	"github.com/skygenesisenterprise/skybridge/api/voip/endpoints"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/api/voip/rooms"
	"github.com/skygenesisenterprise/skybridge/api/voip/trickle"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/onward"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/webrtc"
)

const browserTech = "WebRTC"

// The roles of a party.
const (
	roleCaller = "caller"
	roleCallee = "callee"
)

// party is one participant of a call; the call's lock guards what can change.
type party struct {
	id       string
	endpoint string
	user     string // of a browser; empty for a phone that no user has taken
	role     string
	phone    string // rings when no browser of a creator's shows up
	calls    string // what a creator has dialled
	state    ParticipantState

	calling *onward.Call   // of a phone that was called
	called  *webrtc.Called // of a user whom a dialplan called
	channel *signaling.Channel
	leg     *webrtc.Leg // a browser's
	early   trickle.Early
	busy    bool      // an offer of theirs is being answered
	seen    bool      // a browser of theirs has sent or asked for a message
	direct  bool      // talks to another browser without us
	relays  bool      // has sent another user an offer or answer, or was sent one
	asks    *party    // to whom an offer of theirs went that is not answered
	offered bool      // an offer of ours is there, or will be
	ours    *ownOffer // until it is answered
	held    bool      // has put the others on hold
	moved   bool      // into another call
	away    bool      // their browser is, for now
	part    *part     // of the browser's leg

	place *conference.Place // in a room
	way   rooms.Way         // there

	muting rooms.Muting

	settled   chan struct{} // closed when the party has a channel, or none will come
	isSettled bool
}

func newParty(endpoint, role string, state ParticipantState) *party {
	return &party{id: signaling.NewID(), endpoint: endpoint, role: role, state: state, settled: make(chan struct{}), part: &part{}}
}

// settle ends the wait for the party. The call's lock is held.
func (pt *party) settle() {
	if !pt.isSettled {
		pt.isSettled = true
		close(pt.settled)
	}
}

// leave marks the party as gone. The call's lock is held.
func (pt *party) leave() {
	pt.state = StateLeft
	pt.early = nil
	pt.held = false
	pt.withdraw()
	pt.settle()
}

// byeCause is why the party goes when it wishes to: who was called and has not
// answered refuses. The call's lock is held.
func (pt *party) byeCause() signaling.Cause {
	if pt.role == roleCallee && pt.state != StateConnected {
		return signaling.CauseRejected
	}
	return signaling.CauseNormal
}

// partyOf is a user's party, or nil; one that is still there before one that left.
// The lock is held.
func (c *Call) partyOf(user string) *party {
	return c.party(func(pt *party) bool { return pt.user == user && user != "" })
}

// partyFor is the party that a principal is: by name, or by the phone that belongs
// to them. The lock is held.
func (c *Call) partyFor(p auth.Principal) *party {
	if pt := c.partyOf(p.User); pt != nil {
		return pt
	}
	return c.party(func(pt *party) bool { return pt.user == "" && endpoints.IsPhone(pt.endpoint, p.Extension) })
}

func (c *Call) party(match func(*party) bool) (found *party) {
	for _, pt := range slices.Backward(c.parties) {
		switch {
		case !match(pt):
		case pt.state != StateLeft:
			return pt
		case found == nil:
			found = pt
		}
	}
	return found
}

// count is the number of parties in a state. The lock is held.
func (c *Call) count(s ParticipantState) int {
	n := 0
	for _, pt := range c.parties {
		if pt.state == s {
			n++
		}
	}
	return n
}

// users are those who may read the call's messages. The lock is held.
func (c *Call) users() []string {
	out := make([]string, 0, 2)
	if c.createdBy != "" {
		out = append(out, c.createdBy)
	}
	for _, pt := range c.parties {
		if pt.user != "" && !slices.Contains(out, pt.user) {
			out = append(out, pt.user)
		}
	}
	return out
}

// owners are the users, and those on whose phones it was, as far as they are known: the ended call
// and its recordings are theirs too. The lock is held.
func (c *Call) owners() []string {
	out := c.users()
	for _, pt := range c.parties {
		number, ok := endpoints.PhoneNumber(pt.endpoint)
		if !ok || pt.user != "" {
			continue
		}
		if user, ok := c.service.Reach(number); ok && user != number && !slices.Contains(out, user) {
			out = append(out, user)
		}
	}
	return out
}

func (c *Call) visibleTo(p auth.Principal) bool {
	if rest.ReadsAll(p) || c.createdBy == p.User {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	pt := c.partyFor(p)
	return pt != nil && (pt.state != StateLeft || pt.moved || c.status == StatusEnded)
}

// rules reports whether a principal may act on the whole call: its creator, an admin, and who is in
// it. The lock is held.
func (c *Call) rules(p auth.Principal) bool {
	pt := c.partyFor(p)
	return c.createdBy == p.User || p.SeesAll() || pt != nil && pt.state != StateLeft
}

// takesPart reports whether a user has a browser's part in the call, or may come to have. The lock
// is held.
func (c *Call) takesPart(user string) bool {
	pt := c.partyOf(user)
	return pt != nil && pt.state != StateLeft || pt == nil && c.createdBy == user
}

var errLeft = fault.New(fault.Conflict, "you have left this call")
