package jsep

import (
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
)

// SetOffer takes an offer of the peer, the first or any later one, and says what it comes
// to; Describe is our answer then. An offer of ours that is open is taken back, unless we
// are Impolite. One that was answered last is answered again and changes nothing.
//
// A bad offer leaves everything as it was. The error is of kind Invalid, TooLarge or
// TooMany (with the line), NotAcceptable (nothing in it that we take, no DTLS-SRTP, a new
// certificate), or Conflict (one of an earlier version, or an open offer of an impolite
// side).
func (s *Session) SetOffer(text string) (*Agreed, error) {
	d, err := Parse(text)
	if err != nil {
		return nil, err
	}
	repeated, err := s.judge(d, text, true)
	switch {
	case err != nil:
		return nil, err
	case repeated:
		s.answer = true
		return s.agreed, nil
	case s.another(d):
		return nil, fault.WithCode(fault.NotAcceptable, CodeAnother, "sdp: line %d: an offer of another connection, with another certificate", d.Sections[0].Line)
	case s.pending != nil && s.cfg.Impolite:
		return nil, fault.New(fault.Conflict, "jsep: an offer of ours waits for its answer")
	}
	n := s.stable.clone()
	if err := s.take(&n, d); err != nil {
		return nil, err
	}
	s.Rollback()
	s.version++
	n.version, n.offer = s.version, false
	s.stable, s.answer = n, true
	s.heard(d, text, true)
	for i := range n.slots { // a track whose section the peer has stopped is not wanted
		if t := s.held(i); t != nil && n.slots[i].refused {
			s.declined[t.ID] = true
		}
	}
	s.agreed = s.result(&n)
	return s.agreed, nil
}

// CodeAnother is the code (fault.CodeOf) of SetOffer's error for an offer of another
// connection than the session's, as a page makes that was loaded anew: it wants a session
// and a transport of its own.
const CodeAnother = "another_connection"

func (s *Session) another(d *Description) bool {
	i := slices.IndexFunc(d.Sections, func(o Section) bool { return len(o.Transport.Fingerprints) > 0 })
	return s.stable.connected() && d.ID != s.peer.id && i >= 0 && !s.stable.fingerprints.Same(d.Sections[i].Transport.Fingerprints)
}

// held is the track that was in a section until now.
func (s *Session) held(i int) *Track {
	if s.agreed == nil || i >= len(s.agreed.Media) || s.agreed.Media[i].Refused {
		return nil
	}
	return s.agreed.Media[i].Track
}

// take brings a state to where the answer to an offer describes it.
func (s *Session) take(n *state, d *Description) error {
	last := &d.Sections[len(d.Sections)-1]
	if len(d.Sections) < len(n.slots) {
		return lineError(fault.Invalid, last.Line, "%d m= lines after %d (RFC 3264 §8)", len(d.Sections), len(n.slots))
	}
	used := make([]bool, len(d.Sections))
	var why error
	for i := range d.Sections {
		if err := n.place(d, i); err != nil {
			return err
		}
		err := s.acceptable(n, d, i, used)
		if used[i] = err == nil; err != nil && why == nil {
			why = err
		}
		if err != nil && n.slots[i].kind == Audio && n.slots[i].agreedOn() && !d.Sections[i].Rejected() {
			return err // what is spoken in goes on as it was, rather than being cut off
		}
	}
	s.refresh(n)
	if at := d.carrier(used); at >= 0 {
		restart, err := n.transport(d, at, true)
		if err == nil && restart && s.cfg.MayRestart != nil {
			err = s.cfg.MayRestart()
		}
		switch {
		case err != nil:
			return err
		case restart:
			n.generation++
			n.local, n.offered = s.cfg.Credentials(), false
		}
	} else if !n.connected() {
		return why
	}
	n.bundled = d.HasBundle
	for i := range n.slots {
		n.slots[i].apart = !d.inBundle(i)
	}
	meanings := map[uint8]sdp.Encoding{}
	counts := map[string]int{}
	for i := range d.Sections {
		o, theirs := &n.slots[i], &d.Sections[i]
		known := o.agreedOn()
		if o.refused = !used[i]; o.refused {
			*o = slot{
				mid: o.mid, kind: o.kind, protocol: o.protocol, format: o.format, refused: true, apart: o.apart, asked: o.asked,
				receive: o.receive, extensions: o.extensions, // whose numbers keep their meaning
			}
			continue
		}
		if o.kind == Application {
			o.sctp = theirs.SCTP
			continue
		}
		o.asked = o.asked && known
		s.describeMedia(o, theirs, meanings, true)
		if len(o.send) == 0 { // all of its payload types are others' already
			o.refused = true
			continue
		}
		s.direct(n, o, known, counts)
		if !known && o.agreed == media.Inactive && theirs.Direction == media.SendOnly {
			o.refused = true // more than we take
		}
	}
	if !slices.ContainsFunc(n.slots, func(o slot) bool { return !o.refused }) && !s.stable.connected() {
		return lineError(fault.NotAcceptable, d.Sections[0].Line, "nothing in the offer that is taken")
	}
	return nil
}

// agreedOn reports whether the slot was in use before.
func (o *slot) agreedOn() bool { return !o.refused && len(o.send) > 0 }

// place finds the slot of a section: that of the same index, which stays what it is until
// it is refused.
func (n *state) place(d *Description, i int) error {
	theirs := &d.Sections[i]
	fresh := slot{mid: theirs.MID, kind: theirs.Kind, protocol: theirs.Protocol, format: theirs.Formats[0]}
	if !isToken(fresh.format) || len(fresh.format) > maxToken {
		fresh.format = "0"
	}
	switch {
	case i == len(n.slots):
		n.slots = append(n.slots, fresh)
	case n.slots[i].refused || theirs.Rejected(): // another, or given up
		was := n.slots[i]
		fresh.asked, fresh.receive, fresh.extensions = was.asked, was.receive, was.extensions
		n.slots[i] = fresh
	case theirs.Kind != n.slots[i].kind:
		return lineError(fault.Invalid, theirs.Line, "the m=%s was %s before (RFC 3264 §8)", theirs.Kind, n.slots[i].kind)
	case theirs.MID != n.slots[i].mid && (n.slots[i].mid != "" || n.bundled):
		return lineError(fault.Invalid, theirs.Line, "mid %q was %q before (RFC 9429 §5.2.2)", theirs.MID, n.slots[i].mid)
	default:
		n.slots[i].mid, n.slots[i].protocol, n.slots[i].format = theirs.MID, theirs.Protocol, fresh.format
	}
	return nil
}

// acceptable says why a section is refused; nil for one that is not.
func (s *Session) acceptable(n *state, d *Description, i int, used []bool) error {
	theirs := &d.Sections[i]
	refuse := func(format string, args ...any) error {
		return lineError(fault.NotAcceptable, theirs.Line, format, args...)
	}
	if theirs.Rejected() {
		return refuse("the %s is switched off", theirs.Kind)
	}
	if theirs.Kind == Application {
		if err := s.data(theirs); err != "" {
			return refuse("%s", err)
		}
		for j := range used {
			if used[j] && d.Sections[j].Kind == Application {
				return refuse("a second data channel")
			}
		}
	} else {
		codecs := s.codecs(theirs.Kind)
		t := d.resolve(i)
		send, _ := common(theirs.Codecs, codecs, true)
		switch {
		case len(codecs) == 0:
			return refuse("no m=%s is taken", clip(theirs.Kind))
		case sdp.KeyingOf(theirs.Protocol, len(t.Fingerprints) > 0 || t.Weak, false) != sdp.DTLS:
			return refuse("%s without DTLS-SRTP", theirs.Kind)
		case !theirs.Mux:
			return refuse("%s without a=rtcp-mux", theirs.Kind)
		case len(send) == 0:
			return refuse("no codec in common")
		}
	}
	if first := slices.Index(used, true); first >= 0 && (!d.inBundle(i) || !d.inBundle(first)) {
		return refuse("a transport of its own, without BUNDLE")
	}
	return nil
}

// data says why the section of a data channel is refused; empty for one that is not.
func (s *Session) data(theirs *Section) string {
	protocol := strings.ToUpper(theirs.Protocol)
	switch {
	case !s.cfg.Data:
		return "no data channel is taken"
	case protocol != "UDP/DTLS/SCTP" && protocol != "TCP/DTLS/SCTP", theirs.Formats[0] != dataFormat:
		return "no data channel of RFC 8841"
	case theirs.SCTP.Port == 0:
		return "a data channel that is closed"
	}
	return ""
}

// dataFormat is the one of m=application (RFC 8841 §4.3).
const dataFormat = "webrtc-datachannel"

func (s *Session) codecs(kind string) []Codec {
	switch kind {
	case Audio:
		return s.cfg.Audio
	case Video:
		return s.cfg.Video
	}
	return nil
}

func (s *Session) wanted(kind string) []string {
	if kind == Video {
		return s.cfg.VideoExtensions
	}
	return s.cfg.AudioExtensions
}

// describeMedia takes over what a section of the peer says of its media. meanings are the
// payload types of the sections before it: on one transport each has one meaning.
func (s *Session) describeMedia(o *slot, theirs *Section, meanings map[uint8]sdp.Encoding, answering bool) {
	codecs := slices.DeleteFunc(slices.Clone(theirs.Codecs), func(c Codec) bool {
		e := c.encoding()
		if c.is(rtx) {
			e.Variant = c.Fmtp
		}
		if have, ok := meanings[c.PayloadType]; ok {
			return have != e
		}
		meanings[c.PayloadType] = e
		return false
	})
	for i := range codecs {
		if e, ok := meanings[codecs[i].RTX]; ok && e.Name != rtx {
			codecs[i].RTX = 0
		}
	}
	if answering {
		o.send, o.receive = common(codecs, s.codecs(o.kind), true)
		o.extensions = agree(theirs.Extensions, s.wanted(o.kind))
	} else {
		o.send, o.receive = common(codecs, o.receive, false)
		o.extensions = kept(o.extensions, theirs.Extensions)
	}
	o.theirs, o.ptime, o.maxPtime = theirs.Direction, theirs.Ptime, theirs.MaxPtime
	o.reducedSize, o.mixed = theirs.ReducedSize, theirs.Mixed
	o.remote, o.rids = theirs.remote(o)
}

// direct decides our direction in an answer, and puts a waiting track into the slot if the
// peer takes one.
func (s *Session) direct(n *state, o *slot, known bool, counts map[string]int) {
	o.willing, o.sender = o.theirs.Receives(), o.theirs.Sends()
	if o.track != nil && !o.track.fits(o.send) {
		o.track = nil
	}
	if o.willing && o.track == nil {
		o.track = s.waiting(n, o.kind, o.send)
	}
	most := s.cfg.MaxAudio
	if o.kind == Video {
		most = s.cfg.MaxVideo
	}
	o.receives = counts[o.kind] < most
	if o.receives && o.sender {
		counts[o.kind]++
	}
	o.said = limited(s.wish(o), o.theirs.Reverse())
	o.agreed = o.said
}
