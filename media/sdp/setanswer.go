package sdp

import (
	"slices"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
)

// SetAnswer takes the peer's answer to our last Offer. A later answer to the same
// offer, as early media and forking bring, counts in place of the first. The
// error is of kind fault.NotAcceptable when the peer accepted no audio of ours,
// fault.Invalid when it does not answer what was offered.
func (n *Negotiator) SetAnswer(answer *Session) (Result, error) {
	o := n.offered
	if o == nil {
		return Result{}, fault.New(fault.Invalid, "sdp: an answer, but no offer of ours")
	}
	if len(answer.Media) > len(n.state.Lines) {
		return Result{}, fault.New(fault.Invalid, "sdp: the answer has %d media lines, the offer %d",
			len(answer.Media), len(n.state.Lines))
	}
	if len(answer.Media) <= n.state.Audio {
		return Result{}, errNoAudio("the answer lacks m=%s", n.kind())
	}
	m := answer.Media[n.state.Audio]
	switch {
	case !n.isOurs(m):
		return Result{}, fault.New(fault.Invalid, "sdp: m=%s is answered by m=%s", n.kind(), m.Kind)
	case m.Port == 0:
		return Result{}, errNoAudio("the answer refuses m=%s", n.kind())
	}
	target, err := n.target(answer, m)
	if err != nil {
		return Result{}, err
	}
	target = target.unmuxed(o.mux, m)
	o.forked = n.answered && n.last != nil && n.last.Remote.IsValid() && target.RTP.IsValid() && target.RTP != n.last.Remote
	keyed, err := n.settleKeys(o, answer, m)
	if err != nil {
		return Result{}, err
	}
	payloads := m.payloads(n.state.Bindings)
	r := &Result{Ptime: ptime(m, n.cfg.Ptime), RTCPMux: target.Mux}
	if !o.settle(r, payloads) {
		return Result{}, errNoAudio("no codec in common with %s", names(payloads))
	}
	if n.isVideo() {
		r.Passed = o.taken(payloads)
		r.Requests = n.requests(m, r.Passed)
	}
	o.settleEvents(r, payloads)
	r.Noise = o.noise && hasNoise(payloads)
	r.setPtime()
	r.Extended, _ = answer.Extended(m)
	r.NoReports = answer.Silent(m)
	r.Remote, r.RemoteRTCP = target.RTP, target.RTCP
	peer := target.restrict(answer.Direction(m))
	r.Direction, r.OnHold = intersect(o.direction, peer.Reverse()), !peer.Receives()
	if !o.direction.Sends() { // the peer had no say
		r.OnHold = n.last != nil && n.last.OnHold
	}
	if o.level != 0 {
		r.AudioLevel = levelID(answer, m)
	}
	n.answered = true
	n.state.Direction = o.direction
	return n.commit(r, keyed), nil
}

// settle fills in the formats. We send with the payload types of the answer and
// receive with those of the offer (RFC 3264 §6.1); peers that send with their own
// are understood as far as media.MaxReceive goes, as are those that use a codec of
// the offer they did not name.
func (o *offered) settle(r *Result, payloads []Payload) bool {
	var theirs []media.Format
	for _, p := range payloads {
		i := slices.IndexFunc(o.formats, func(f media.Format) bool { return encodingOf(f.Codec).same(p.Encoding) })
		if i < 0 {
			continue
		}
		f := o.formats[i]
		if slices.ContainsFunc(theirs, func(t media.Format) bool { return t.Codec == f.Codec }) {
			continue
		}
		theirs = append(theirs, media.Format{Codec: f.Codec, PayloadType: p.Type, Fmtp: p.Fmtp})
		r.Receive = append(r.Receive, media.Format{Codec: f.Codec, PayloadType: f.PayloadType, Fmtp: p.Fmtp})
	}
	if len(theirs) == 0 {
		return false
	}
	r.Send = theirs[0]
	for _, f := range append(slices.Clone(o.formats), theirs...) {
		_, known := r.Receive.ByPayloadType(f.PayloadType)
		if !known && !o.isEvent(f.PayloadType) && len(r.Receive) < media.MaxReceive {
			r.Receive = append(r.Receive, f)
		}
	}
	return true
}

func (o *offered) isEvent(pt uint8) bool {
	return slices.ContainsFunc(o.events, func(e media.Events) bool { return e.PayloadType == pt })
}

// settleEvents does the same for telephone-event. Of the peer's own types, the one
// that it takes is the likeliest to come.
func (o *offered) settleEvents(r *Result, payloads []Payload) {
	var theirs []media.Events
	for _, p := range payloads {
		offeredRate := func(e media.Events) bool { return e.ClockRate == p.ClockRate }
		if p.isEvent() && slices.ContainsFunc(o.events, offeredRate) {
			theirs = append(theirs, media.Events{PayloadType: p.Type, ClockRate: p.ClockRate})
		}
	}
	if len(theirs) == 0 {
		return
	}
	r.Events = choose(theirs, r.Send.Codec.ClockRate)
	r.ReceiveEvents = slices.Clone(o.events)
	for _, e := range slices.Insert(theirs, 0, r.Events) {
		_, isAudio := r.Receive.ByPayloadType(e.PayloadType)
		same := func(k media.Events) bool { return k.PayloadType == e.PayloadType }
		if !isAudio && !slices.ContainsFunc(r.ReceiveEvents, same) && len(r.ReceiveEvents) < media.MaxReceiveEvents {
			r.ReceiveEvents = append(r.ReceiveEvents, e)
		}
	}
}

// unmuxed takes back multiplexing that the answer claims but we did not offer.
func (t Target) unmuxed(offered bool, m *Media) Target {
	if t.Mux && !offered {
		t.Mux = false
		if t.RTP.IsValid() {
			t.RTCP = m.rtcp(t.RTP)
		}
	}
	return t
}
