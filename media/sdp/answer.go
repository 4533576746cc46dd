package sdp

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// accepted is an offer's media line that we can take.
type accepted struct {
	index    int
	line     *Media
	target   Target
	formats  []media.Format // the peer's payload types
	payloads []Payload      // for our answer
	events   []media.Events
	noise    bool
	keyed    keyed
}

// Answer makes the answer to the peer's offer and says what it comes to. The
// error is of kind fault.NotAcceptable when no audio line can be taken,
// fault.Invalid when the offer lacks what it must have, and fault.Conflict while
// an offer of ours waits for its answer (RFC 3261 §14.2).
//
// One audio line is accepted; all others are refused in their place.
func (n *Negotiator) Answer(offer *Session) ([]byte, Result, error) {
	if n.offered != nil && !n.answered {
		return nil, Result{}, fault.New(fault.Conflict, "sdp: an offer of ours is not answered yet")
	}
	if len(offer.Media) > MaxMedia {
		return nil, Result{}, fault.New(fault.Invalid, "sdp: %d media lines, more than %d", len(offer.Media), MaxMedia)
	}
	a, err := n.accept(offer)
	if err != nil {
		return nil, Result{}, err
	}
	types := bindings(slices.Clone(n.state.Bindings))
	for _, p := range slices.Backward(a.line.Payloads()) { // its first shall be found first
		types.set(p.Type, p.Encoding)
	}
	lines := linesOf(offer)
	n.state.Lines, n.state.Audio, n.state.Bindings = lines, a.index, types
	n.offered, n.answered = nil, false

	r := &Result{
		Receive:       a.formats,
		ReceiveEvents: a.events,
		Ptime:         ptime(a.line, n.cfg.Ptime),
		RTCPMux:       a.target.Mux,
		Noise:         a.noise,
	}
	r.Send = a.formats[0]
	r.Events = choose(a.events, r.Send.Codec.ClockRate)
	r.Remote, r.RemoteRTCP = a.target.RTP, a.target.RTCP
	peer := a.target.restrict(offer.Direction(a.line))
	r.Direction, r.OnHold = intersect(n.state.Direction, peer.Reverse()), !peer.Receives()
	r.setPtime()
	var extended bool
	r.Extended, extended = offer.Extended(a.line)
	r.NoReports = offer.Silent(a.line)
	if n.cfg.AudioLevel {
		r.AudioLevel = levelID(offer, a.line)
	}
	if n.isVideo() {
		r.Passed, r.Requests = a.formats, n.requests(a.line, a.formats)
	}
	t := terms{
		direction: r.Direction, ptime: r.Ptime, mux: r.RTCPMux, level: r.AudioLevel, extended: extended && n.cfg.Extended,
		requests: r.Requests,
	}
	if k := a.keyed.keys.Send; k.Suite != srtp.None {
		t.keys = []Crypto{cryptoOf(a.keyed.tag, k)}
	}
	if a.keyed.handshake != nil {
		t.handshake = a.keyed.handshake.attributes(n.cfg.Handshaking)
	}
	body := n.seal(lines, a.index, n.audio(lines[a.index], a.payloads, t))
	return body, n.commit(r, a.keyed), nil
}

// linesOf are an offer's media lines, as they stay in the session.
func linesOf(offer *Session) []MediaLine {
	lines := make([]MediaLine, len(offer.Media))
	for i, m := range offer.Media {
		lines[i] = MediaLine{m.Kind, m.Profile, "0"}
		if len(m.Formats) > 0 {
			lines[i].Format = m.Formats[0]
		}
	}
	return lines
}

// accept finds the audio line to take: the one in use, else the first possible. Where
// keys are welcome, lines that insist on them come before those that do not.
func (n *Negotiator) accept(offer *Session) (*accepted, error) {
	order := make([]int, 0, len(offer.Media)+1)
	if len(n.state.Lines) > 0 && n.state.Audio < len(offer.Media) {
		order = append(order, n.state.Audio)
	}
	secure := func(i int) bool {
		m := offer.Media[i]
		return secureProfile(m.Profile) || offer.Keying(m) == DTLS
	}
	for _, wanted := range [...]bool{true, false} {
		for i := range offer.Media {
			if (n.cfg.Protection == Opportunistic && secure(i)) == wanted {
				order = append(order, i)
			}
		}
	}
	var refusal error
	for k, i := range order {
		if slices.Contains(order[:k], i) || !n.isOurs(offer.Media[i]) {
			continue
		}
		a, err := n.consider(offer, i)
		if err == nil {
			return a, nil
		}
		if refusal == nil {
			refusal = err
		} else {
			refusal = fmt.Errorf("%w; %w", refusal, err)
		}
	}
	if refusal == nil {
		refusal = errNoAudio("no m=%s among %d media lines", n.kind(), len(offer.Media))
	}
	return nil, refusal
}

func (n *Negotiator) consider(offer *Session, index int) (*accepted, error) {
	m := offer.Media[index]
	if m.Port == 0 {
		return nil, errNoAudio("m=%s has port 0", m.Kind)
	}
	keyed, err := n.takeKeys(offer, m)
	if err != nil {
		return nil, err
	}
	target, err := n.target(offer, m)
	if err != nil {
		return nil, err
	}
	a := &accepted{index: index, line: m, target: target, keyed: keyed}
	payloads := m.Payloads()
	a.take(n.cfg.Codecs, payloads, n.cfg.PreferOurs)
	if len(a.formats) == 0 {
		return nil, errNoAudio("no codec in common with %s", names(payloads))
	}
	if n.cfg.DTMF {
		a.takeEvents(payloads)
	}
	if a.noise = n.cfg.Noise && takesNoise(a.formats) && hasNoise(payloads); a.noise {
		a.payloads = append(a.payloads, noisePayload)
	}
	return a, nil
}

// take matches codecs, each once, in the offer's order or ours.
func (a *accepted) take(codecs []*media.Codec, payloads []Payload, preferOurs bool) {
	type match struct {
		rank int
		f    media.Format
	}
	var found []match
	var used [128]bool // indices in codecs; Config allows fewer
	for _, p := range payloads {
		i := slices.IndexFunc(codecs, func(c *media.Codec) bool { return encodingOf(c).same(p.Encoding) })
		if i < 0 || used[i] {
			continue
		}
		used[i] = true
		found = append(found, match{i, media.Format{Codec: codecs[i], PayloadType: p.Type, Fmtp: p.Fmtp}})
	}
	if preferOurs {
		slices.SortStableFunc(found, func(x, y match) int { return x.rank - y.rank })
	}
	for _, m := range found {
		a.formats = append(a.formats, m.f)
		a.payloads = append(a.payloads, Payload{m.f.PayloadType, encodingOf(m.f.Codec), m.f.Codec.Fmtp})
	}
}

// takeEvents accepts telephone-event at the rates of the accepted codecs
// (RFC 4733 §2.1), and at 8 kHz, which many devices use beside any codec: the
// first type of each rate.
func (a *accepted) takeEvents(payloads []Payload) {
	for _, p := range payloads {
		sameRate := func(f media.Format) bool { return f.Codec.ClockRate == p.ClockRate }
		taken := func(e media.Events) bool { return e.ClockRate == p.ClockRate }
		switch {
		case !p.isEvent() || p.ClockRate != 8000 && !slices.ContainsFunc(a.formats, sameRate):
			continue
		case len(a.events) == media.MaxReceiveEvents || slices.ContainsFunc(a.events, taken):
			continue
		}
		fmtp := eventsTo15
		if includes16(p.Fmtp) {
			fmtp = eventsTo16
		}
		a.events = append(a.events, media.Events{PayloadType: p.Type, ClockRate: p.ClockRate})
		a.payloads = append(a.payloads, Payload{p.Type, p.Encoding, fmtp})
	}
}

// choose is the event type to send beside a codec of the given clock rate.
func choose(events []media.Events, rate int) media.Events {
	for _, rate := range [...]int{rate, 8000} {
		for _, e := range events {
			if e.ClockRate == rate {
				return e
			}
		}
	}
	if len(events) > 0 {
		return events[0]
	}
	return media.Events{}
}

// ptime is how much audio to put into a packet: what the peer asks for, else
// what we would like, in steps of 10 ms within both sides' limits.
func ptime(m *Media, ours time.Duration) time.Duration {
	p := m.Ptime()
	if p == 0 {
		p = ours
	}
	if most := m.MaxPtime(); most > 0 {
		p = min(p, most)
	}
	const step = 10 * time.Millisecond
	return min(max(p-p%step, step), media.MaxPtime)
}

func (r *Result) setPtime() {
	r.Send.Ptime = r.Ptime
	if strings.EqualFold(r.Send.Codec.Name, "opus") {
		least := time.Duration(ParseOpus(r.Send.Fmtp).MinPtime) * time.Millisecond
		r.Send.Ptime = min(max(r.Ptime, least), media.MaxPtime) / (10 * time.Millisecond) * (10 * time.Millisecond)
	}
	for i := range r.Receive {
		r.Receive[i].Ptime = r.Ptime
	}
}

func names(payloads []Payload) string {
	if len(payloads) == 0 {
		return "an offer of none"
	}
	var list []string
	for _, p := range payloads[:min(len(payloads), 8)] {
		list = append(list, p.Encoding.String())
	}
	return strings.Join(list, ", ")
}
