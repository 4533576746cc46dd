package jsep

import (
	"slices"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// state is what one exchange leaves for the next (RFC 3264 §8), or what an offer of ours
// would make of it. It is copied before it is changed.
type state struct {
	slots   []slot
	bundled bool
	version uint64 // of our description of it

	local, remote Credentials
	generation    int
	fingerprints  srtp.Fingerprints
	role          string // our DTLS role once agreed: "active" or "passive"
	offered       bool   // we began the generation
	offer         bool   // our description of it is an offer
	// The peer's.
	lite, trickle, mixed bool
	candidates           []Candidate
	complete             bool
}

// slot is one m= line of the session.
type slot struct {
	mid, kind, protocol, format string

	refused bool // nothing is in it, and another may take its place
	own     bool // we made it
	apart   bool // it is not in the group of the peer's offer, nor of our answer (RFC 9143 §7.3.3)
	// willing says that the peer takes something in it, sender that it may send, as far as
	// it has said so itself; receives that we take that, asked that the section was made for
	// it (Session.Receive).
	willing, sender, receives, asked bool
	// said is our direction in our last description, theirs the peer's in its; agreed is
	// what they come to, for us.
	said, theirs, agreed media.Direction

	send, receive []Codec
	extensions    []Extension
	track         *Track
	remote        Remote
	rids          []RID // those we receive, as our descriptions have them

	ptime, maxPtime    time.Duration
	reducedSize, mixed bool
	sctp               SCTP // the peer's
}

func (n *state) clone() state {
	c := *n
	c.slots = slices.Clone(n.slots) // what is in a slot is replaced, never changed
	return c
}

// connected reports whether there was an exchange that came to something.
func (n *state) connected() bool { return n.role != "" }

// live is the index of the first slot that is in use, which carries the transport; -1
// without one.
func (n *state) live() int {
	return slices.IndexFunc(n.slots, func(o slot) bool { return !o.refused })
}

// holder is the slot of a track, or -1.
func (n *state) holder(id string) int {
	return slices.IndexFunc(n.slots, func(o slot) bool { return !o.refused && o.track != nil && o.track.ID == id })
}

// numbers are the payload types that the session knows.
func (n *state) numbers() *numbers {
	have := &numbers{known: map[sdp.Encoding]Codec{}}
	for i := range n.slots {
		have.learn(n.slots[i].receive)
	}
	for i := range n.slots { // what the peer numbers otherwise is not to be mixed up with it
		for _, c := range n.slots[i].send {
			have.used[c.PayloadType&127], have.used[c.RTX&127] = true, have.used[c.RTX&127] || c.RTX != 0
		}
	}
	return have
}

func (n *state) extensions() []Extension {
	var out []Extension
	for i := range n.slots {
		out = append(out, n.slots[i].extensions...)
	}
	return out
}

// wish is the direction that we would have in a slot.
func (s *Session) wish(o *slot) media.Direction {
	return limited(directionOf(o.track != nil, o.receives && (o.sender || o.asked)), s.limit(o.mid))
}

func (s *Session) limit(mid string) media.Direction {
	if d, ok := s.limits[mid]; ok {
		return d
	}
	return s.limits[""] // SendRecv without
}

// limited is what two directions have in common.
func limited(a, b media.Direction) media.Direction {
	return directionOf(a.Sends() && b.Sends(), a.Receives() && b.Receives())
}

func directionOf(send, receive bool) media.Direction {
	switch {
	case send && receive:
		return media.SendRecv
	case send:
		return media.SendOnly
	case receive:
		return media.RecvOnly
	}
	return media.Inactive
}

// refresh lets go of tracks that are to be sent no more, and takes over what has taken the
// place of others.
func (s *Session) refresh(n *state) {
	for i := range n.slots {
		o := &n.slots[i]
		if o.track == nil {
			continue
		}
		at := slices.IndexFunc(s.tracks, func(t *Track) bool { return t.ID == o.track.ID })
		if o.track = nil; at >= 0 {
			o.track = s.tracks[at]
		}
	}
}

// waiting is the next track that is in no slot and can be sent with some codecs; nil for
// none.
func (s *Session) waiting(n *state, kind string, codecs []Codec) *Track {
	for _, t := range s.tracks {
		if t.Kind == kind && !s.declined[t.ID] && n.holder(t.ID) < 0 && t.fits(codecs) {
			return t
		}
	}
	return nil
}

// resolve is a section's transport: its own or, in a BUNDLE group, that of the group's
// first (RFC 9143 §7).
func (d *Description) resolve(index int) Attributes {
	t := d.Sections[index].Transport
	if !d.inBundle(index) {
		return t
	}
	if i := d.index(d.first()); i >= 0 {
		o := &d.Sections[i]
		if t.Ufrag == "" && t.Pwd == "" {
			t.Ufrag, t.Pwd = o.Transport.Ufrag, o.Transport.Pwd
		}
		if len(t.Fingerprints) == 0 {
			t.Fingerprints, t.Weak = o.Transport.Fingerprints, t.Weak || o.Transport.Weak
		}
		if t.Setup == "" {
			t.Setup = o.Transport.Setup
		}
		if len(t.Options) == 0 {
			t.Options = o.Transport.Options
		}
	}
	return t
}

// first is the mid that the BUNDLE group begins with; empty without one.
func (d *Description) first() string {
	if len(d.Bundle) == 0 {
		return ""
	}
	return d.Bundle[0]
}

// index is that of a section by its mid, or -1.
func (d *Description) index(mid string) int {
	return slices.IndexFunc(d.Sections, func(s Section) bool { return mid != "" && s.MID == mid })
}

func (d *Description) inBundle(index int) bool {
	mid := d.Sections[index].MID
	return mid != "" && slices.Contains(d.Bundle, mid)
}

// carrier is the section of several that the transport is taken from: the first of the
// group that is in use.
func (d *Description) carrier(used []bool) int {
	for _, mid := range d.Bundle {
		if i := d.index(mid); i >= 0 && used[i] {
			return i
		}
	}
	return slices.Index(used, true)
}

// transport takes the peer's part of it from a description. restart tells whether it
// begins a new ICE generation.
func (n *state) transport(d *Description, at int, offer bool) (restart bool, err error) {
	t, line := d.resolve(at), d.Sections[at].Line
	switch {
	case t.Ufrag == "" || t.Pwd == "":
		return false, lineError(fault.Invalid, line, "%s without a=ice-ufrag and a=ice-pwd", d.Sections[at].Kind)
	case len(t.Fingerprints) == 0 && t.Weak:
		return false, lineError(fault.NotAcceptable, line, "no a=fingerprint of sha-256 or better")
	case len(t.Fingerprints) == 0:
		return false, lineError(fault.Invalid, line, "%s without a=fingerprint", d.Sections[at].Kind)
	case t.Setup == "holdconn":
		return false, lineError(fault.NotAcceptable, line, "setup holdconn")
	case n.connected() && !n.fingerprints.Same(t.Fingerprints):
		return false, lineError(fault.NotAcceptable, line, "a new certificate within a session")
	case !offer && t.Setup == "actpass":
		return false, lineError(fault.Invalid, line, "an answer with setup:actpass")
	case offer && n.connected() && t.Setup == n.role:
		return false, lineError(fault.NotAcceptable, line, "DTLS role changed within a session")
	}
	if !n.connected() {
		// Unsaid, offerers are active and answerers passive (RFC 4145 §4). We are active
		// wherever we may: it is half a round trip faster.
		n.role = "active"
		if t.Setup == "active" || t.Setup == "" && offer {
			n.role = "passive"
		}
	}
	remote := Credentials{t.Ufrag, t.Pwd}
	restart = n.remote != Credentials{} && n.remote != remote
	if restart || n.remote == (Credentials{}) {
		n.complete = false
	}
	n.remote, n.fingerprints = remote, t.Fingerprints
	n.lite, n.trickle, n.mixed = d.Lite, t.Trickle(), d.Mixed
	carrier := &d.Sections[at]
	if i := d.index(d.first()); len(carrier.Candidates) == 0 && i >= 0 && d.inBundle(at) {
		carrier = &d.Sections[i] // refused, but its candidates are those of all
	}
	n.candidates, n.complete = carrier.Candidates, n.complete || carrier.Complete
	return restart, nil
}

// result is the state as it is handed out.
func (s *Session) result(n *state) *Agreed {
	a := &Agreed{Transport: Transport{
		Local: n.local, Remote: n.remote, Generation: n.generation, Fingerprints: n.fingerprints,
		Active: n.role == "active", Offered: n.offered, RemoteLite: n.lite, RemoteTrickle: n.trickle,
		Candidates: n.candidates, Complete: n.complete,
	}}
	for i := range n.slots {
		o := &n.slots[i]
		m := Media{Index: i, MID: o.mid, Kind: o.kind, Refused: o.refused, Direction: media.Inactive}
		switch {
		case o.refused:
		case o.kind == Application:
			a.Data = &Data{Index: i, MID: o.mid, LocalPort: s.cfg.SCTPPort, RemotePort: o.sctp.Port, MaxMessageSize: o.sctp.MaxMessageSize}
			m.Direction = media.SendRecv
		default:
			m.Direction, m.Send, m.Receive = o.agreed, o.send, o.receive
			m.Extensions, m.Ptime, m.MaxPtime = ids(o.extensions), o.ptime, o.maxPtime
			m.ReducedSize, m.Mixed = o.reducedSize, o.mixed
			if m.Direction.Receives() {
				m.Remote = o.remote
			}
			if m.Direction.Sends() {
				m.Track = o.track
			}
		}
		a.Media = append(a.Media, m)
	}
	return a
}
