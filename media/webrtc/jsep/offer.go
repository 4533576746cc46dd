package jsep

import (
	"slices"
	"strconv"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
)

// NeedsOffer reports whether an offer of ours would change anything: tracks, what we ask
// to receive, directions, an ICE restart. It is false while one is open.
func (s *Session) NeedsOffer() bool {
	if s.pending != nil {
		return false
	}
	n, mids := s.stable.clone(), s.mids
	changed := s.plan(&n)
	s.mids = mids
	return changed
}

// Offer makes an offer of ours, which Describe writes; SetAnswer or Rollback follows, or
// an offer of the peer (SetOffer). The error is of kind Conflict: one is open already, or
// there is nothing to offer.
func (s *Session) Offer() error {
	if s.pending != nil {
		return fault.New(fault.Conflict, "jsep: an offer of ours waits for its answer")
	}
	n := s.stable.clone()
	s.plan(&n)
	if n.live() < 0 {
		return fault.New(fault.Conflict, "jsep: nothing to offer")
	}
	if s.restart {
		n.generation++
		n.local, n.offered, s.restart = s.cfg.Credentials(), true, false
	}
	if !n.connected() {
		n.bundled, n.offered = true, true
	}
	s.version++
	n.version, n.offer = s.version, true
	s.pending, s.answer = &n, false
	return nil
}

// plan brings a state to what we would offer, and tells whether that is any change.
func (s *Session) plan(n *state) (changed bool) {
	earlier := n.slots
	s.refresh(n)
	for i := range n.slots {
		o := &n.slots[i]
		if o.refused || o.kind == Application {
			continue
		}
		// A section changes hands by way of an offer without a track: browsers tell their
		// pages of a track only where there was none.
		was, codecs := s.stable.slots[i].track, o.receive
		ours := o.own && !o.asked && !o.sender // to have what codecs we like
		if ours {
			codecs = s.codecs(o.kind)
		}
		if was == nil && (o.own || o.willing) {
			o.track = s.waiting(n, o.kind, codecs)
		}
		switch {
		case o.track == nil || same(o.track, was):
		case ours:
			o.receive = n.numbers().give(o.track.only(codecs))
		case !o.track.fits(codecs):
			o.track = nil
		}
	}
	for i := range n.slots {
		o := &n.slots[i]
		if o.refused || o.kind == Application {
			continue
		}
		wish := s.wish(o)
		if n.offer { // ours was the last offer: the peer has answered it as it likes
			changed = changed || wish != o.said
		} else {
			changed = changed || limited(wish, o.theirs.Reverse()) != o.agreed
		}
		o.said = wish
		changed = changed || wish.Sends() && !same(o.track, s.stable.slots[i].track)
	}
	for _, kind := range []string{Audio, Video} {
		changed = s.grow(n, kind) || changed
	}
	have := slices.ContainsFunc(earlier, func(o slot) bool { return o.kind == Application && (!o.refused || o.own) })
	if s.asked[Application] > 0 && s.cfg.Data && !have {
		changed = s.put(n, slot{kind: Application, protocol: "UDP/DTLS/SCTP", format: dataFormat}) || changed
	}
	return changed || s.restart
}

func same(a, b *Track) bool { return a == b || a != nil && b != nil && *a == *b }

// grow makes sections for tracks that have none, and to receive what was asked for.
func (s *Session) grow(n *state, kind string) (changed bool) {
	if len(s.codecs(kind)) == 0 {
		return false
	}
	receiving := 0
	for i := range n.slots {
		if o := &n.slots[i]; o.kind == kind && (o.asked || o.receives && o.sender) {
			receiving++ // those of ours that the peer has refused, too
		}
	}
	for {
		t := s.waiting(n, kind, s.codecs(kind))
		if t == nil && receiving >= s.asked[kind] {
			return changed
		}
		o := slot{kind: kind, protocol: "UDP/TLS/RTP/SAVPF", track: t, willing: true, receives: receiving < s.asked[kind]}
		if o.asked = o.receives; o.asked {
			receiving++
		}
		codecs := s.codecs(kind)
		if !o.receives {
			codecs = t.only(codecs)
		}
		o.receive = n.numbers().give(codecs)
		o.extensions = offerIDs(s.wanted(kind), n.extensions())
		o.reducedSize, o.mixed = true, true
		if len(o.receive) == 0 {
			return changed
		}
		if o.format = strconv.Itoa(int(o.receive[0].PayloadType)); !s.put(n, o) {
			return changed
		}
		changed = true
	}
}

// put places a new section of ours: where one was refused, or at the end. There is room
// for MaxSections.
func (s *Session) put(n *state, o slot) bool {
	i := slices.IndexFunc(n.slots, func(o slot) bool { return o.refused })
	if i < 0 {
		if i = len(n.slots); i == MaxSections {
			return false
		}
		n.slots = append(n.slots, slot{})
	}
	o.mid, o.own = s.nextMID(n), true
	o.said, o.theirs, o.agreed = s.wish(&o), media.Inactive, media.Inactive
	n.slots[i] = o
	return true
}

// SetAnswer takes the peer's answer to our open offer. A bad one leaves the offer open.
// The error is of kind Invalid, TooLarge or TooMany (with the line), NotAcceptable (no
// codec of ours, a new certificate, no BUNDLE), or Conflict: no offer is open, or the
// answer is of an earlier version than what was there before; that is harmless.
func (s *Session) SetAnswer(text string) (*Agreed, error) {
	d, err := Parse(text)
	if err != nil {
		return nil, err
	}
	if s.pending == nil {
		return nil, fault.New(fault.Conflict, "jsep: an answer without an offer of ours")
	}
	if _, err := s.judge(d, text, false); err != nil {
		return nil, err
	}
	n := s.pending.clone()
	if err := s.settle(&n, d); err != nil {
		return nil, err
	}
	s.stable, s.pending, s.answer = n, nil, false
	s.heard(d, text, false)
	for i := range n.slots {
		if t := n.slots[i].track; t != nil && n.slots[i].refused {
			s.declined[t.ID] = true
			s.stable.slots[i].track = nil
		}
	}
	s.agreed = s.result(&s.stable)
	return s.agreed, nil
}

// settle brings an offered state to what the answer makes of it.
func (s *Session) settle(n *state, d *Description) error {
	last := &d.Sections[len(d.Sections)-1]
	if len(d.Sections) != len(n.slots) {
		return lineError(fault.Invalid, last.Line, "%d m= lines in the answer to %d (RFC 3264 §6)", len(d.Sections), len(n.slots))
	}
	used := make([]bool, len(d.Sections))
	for i := range d.Sections {
		o, theirs := &n.slots[i], &d.Sections[i]
		switch {
		case theirs.Kind != o.kind:
			return lineError(fault.Invalid, theirs.Line, "m=%s in the answer to m=%s", theirs.Kind, o.kind)
		case theirs.Rejected() || o.refused:
			o.refused = true
			continue
		case theirs.MID != o.mid && (theirs.MID != "" || n.bundled && len(n.slots) > 1):
			return lineError(fault.Invalid, theirs.Line, "mid %q in the answer to %q", theirs.MID, o.mid)
		}
		if first := slices.Index(used, true); first >= 0 && (!d.inBundle(i) || !d.inBundle(first)) {
			return lineError(fault.NotAcceptable, theirs.Line, "a transport of its own, without BUNDLE")
		}
		used[i] = true
	}
	at := d.carrier(used)
	if at < 0 {
		if n.connected() {
			return nil
		}
		return lineError(fault.NotAcceptable, last.Line, "everything in our offer is refused")
	}
	restarting := n.generation != s.stable.generation
	restart, err := n.transport(d, at, false)
	switch {
	case err != nil:
		return err
	case restart && !restarting:
		return lineError(fault.Invalid, d.Sections[at].Line, "new ICE credentials in an answer to an offer without (RFC 8839 §4.4.3)")
	case restarting && !restart:
		return lineError(fault.Invalid, d.Sections[at].Line, "the old ICE credentials in the answer to an ICE restart (RFC 8839 §4.4.2)")
	}
	meanings := map[uint8]sdp.Encoding{}
	for i := range d.Sections {
		o, theirs := &n.slots[i], &d.Sections[i]
		switch {
		case !used[i]:
		case o.kind == Application:
			if what := s.data(theirs); what != "" {
				return lineError(fault.NotAcceptable, theirs.Line, "%s", what)
			}
			o.sctp = theirs.SCTP
		default:
			rids := o.rids
			if s.describeMedia(o, theirs, meanings, false); len(o.send) == 0 {
				return lineError(fault.NotAcceptable, theirs.Line, "no codec of our offer")
			}
			o.rids = slices.DeleteFunc(o.rids, func(r RID) bool {
				return !slices.ContainsFunc(rids, func(ours RID) bool { return ours.ID == r.ID })
			})
			o.agreed = limited(o.said, o.theirs.Reverse())
			o.willing = o.willing || o.theirs.Receives()
		}
	}
	return nil
}
