package webrtc

import (
	"slices"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
)

// payload is one payload type and its meaning: a codec, or telephone-event of
// a clock rate.
type payload struct {
	pt        uint8
	codec     *media.Codec
	eventRate int
	fmtp      string // the peer's
}

func (p payload) same(o payload) bool { return p.codec == o.codec && p.eventRate == o.eventRate }

// payloadsOf numbers codecs and the telephone-events of their clock rates for a
// first offer of ours, in the order of codecs.
func payloadsOf(codecs []*media.Codec) []payload {
	used := map[uint8]bool{110: true, 101: true}
	for _, c := range codecs {
		if c.PayloadType != media.DynamicPT {
			used[c.PayloadType] = true
		}
	}
	dynamic := func(want uint8) uint8 {
		for pt := want; ; pt = max(pt+1, 96) {
			if !used[pt&0x7f] && pt&0x7f >= 96 {
				used[pt&0x7f] = true
				return pt & 0x7f
			}
		}
	}
	var list []payload
	wide, narrow := false, false
	for _, c := range codecs {
		pt := c.PayloadType
		switch {
		case pt != media.DynamicPT:
		case strings.EqualFold(c.Name, "opus"):
			pt = dynamic(111) // what browsers use themselves
		default:
			pt = dynamic(96)
		}
		list = append(list, payload{pt: pt, codec: c})
		wide = wide || c.ClockRate == 48000
		narrow = narrow || c.ClockRate == 8000
	}
	if wide {
		list = append(list, payload{pt: 110, eventRate: 48000})
	}
	if narrow {
		list = append(list, payload{pt: 101, eventRate: 8000})
	}
	return list
}

// common lists what the section describes and the list ours has too: codecs in
// the order of ours, or in the section's if theirs is true; then events. Every
// codec and event rate stands there once.
func (s *section) common(ours []payload, theirs bool) []payload {
	var codecs, events []payload
	for _, f := range s.formats {
		pt, ok := payloadType(f)
		if !ok {
			continue
		}
		have, ok := s.find(pt, ours)
		if !ok {
			continue
		}
		found := payload{pt: pt, codec: have.codec, eventRate: have.eventRate, fmtp: s.fmtps[pt]}
		list := &codecs
		if found.codec == nil {
			list = &events
		}
		if !slices.ContainsFunc(*list, found.same) {
			*list = append(*list, found)
		}
	}
	if !theirs {
		rank := func(p payload) int { return slices.IndexFunc(ours, p.same) }
		slices.SortStableFunc(codecs, func(a, b payload) int { return rank(a) - rank(b) })
	}
	if len(codecs) == 0 {
		return nil
	}
	return append(codecs, events...)
}

// find is the one of ours that the section means by a payload type.
func (s *section) find(pt uint8, ours []payload) (payload, bool) {
	m, mapped := s.rtpmaps[pt]
	for _, p := range ours {
		switch {
		case p.codec == nil:
			if mapped && strings.EqualFold(m.name, media.TelephoneEventName) && m.clockRate == p.eventRate {
				return p, true
			}
		case mapped:
			if strings.EqualFold(m.name, p.codec.Name) && m.clockRate == p.codec.ClockRate &&
				m.channels == max(p.codec.Channels, 1) {
				return p, true
			}
		case p.codec.PayloadType == pt && pt != media.DynamicPT:
			return p, true
		}
	}
	return payload{}, false
}

func payloadType(format string) (uint8, bool) {
	if len(format) == 0 || len(format) > 3 {
		return 0, false
	}
	n := 0
	for _, c := range []byte(format) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return uint8(n), n < 128
}

// negotiated makes the outcome of a negotiation: their numbers are what we send
// under, ours what they send under (in an answer of ours the two are the same).
func (s *section) negotiated(theirs, ours []payload, direction media.Direction) Negotiated {
	n := Negotiated{Direction: direction}
	for _, t := range theirs {
		i := slices.IndexFunc(ours, t.same)
		if i < 0 {
			continue
		}
		switch {
		case t.codec == nil:
			n.ReceiveEvents = append(n.ReceiveEvents, media.Events{PayloadType: ours[i].pt, ClockRate: t.eventRate})
			if n.SendEvents.ClockRate == 0 || t.eventRate == n.Send.Codec.ClockRate {
				n.SendEvents = media.Events{PayloadType: t.pt, ClockRate: t.eventRate}
			}
		default:
			f := media.Format{Codec: t.codec, PayloadType: t.pt, Fmtp: t.fmtp, Ptime: s.sendPtime()}
			if n.Send.Codec == nil {
				n.Send = f
			}
			f.PayloadType = ours[i].pt
			n.Receive = append(n.Receive, f)
		}
	}
	return n
}

// sendPtime is how much audio the peer wants in a packet, if it is anything that
// we would send: 10 to 60 ms.
func (s *section) sendPtime() time.Duration {
	want := s.ptime
	if s.maxptime > 0 && want > s.maxptime {
		want = s.maxptime
	}
	if want == 0 && s.maxptime > 0 && s.maxptime < media.FrameDuration {
		want = s.maxptime
	}
	if want%(10*time.Millisecond) != 0 || want > media.MaxPtime || want == media.FrameDuration {
		return 0
	}
	return want
}

// audioLevel is the id under which the peer wants to send RFC 6464 levels, or 0.
func (s *section) audioLevel() uint8 {
	for _, e := range s.extmaps {
		if e.uri == rtp.AudioLevelURI && e.id < 15 {
			return e.id
		}
	}
	return 0
}

// audio finds the one audio section we take part in: the earlier one in a
// renegotiation, else the first that is alive and speaks DTLS-SRTP.
func (d *description) audio(earlier int) (int, error) {
	if earlier >= 0 {
		if earlier >= len(d.sections) || d.sections[earlier].kind != "audio" {
			return 0, fault.New(fault.Invalid, "sdp: m= line %d was audio and is no more (RFC 3264 §8)", earlier+1)
		}
		if s := &d.sections[earlier]; !s.alive() {
			return 0, fault.New(fault.NotAcceptable, "sdp: line %d: the audio is switched off", s.line)
		}
		return earlier, nil
	}
	unprotected := 0
	for i := range d.sections {
		s := &d.sections[i]
		switch {
		case s.kind != "audio" || !s.alive():
		case !d.protected(i):
			unprotected = s.line
		default:
			return i, nil
		}
	}
	if unprotected > 0 {
		return 0, fault.New(fault.NotAcceptable, "sdp: line %d: audio without DTLS-SRTP", unprotected)
	}
	return 0, fault.New(fault.NotAcceptable, "sdp: no audio offered")
}

// alive reports whether the section is neither refused nor disabled.
func (s *section) alive() bool { return s.port != 0 || s.bundleOnly }

// protected reports whether a section's media is keyed by DTLS (RFC 5764).
func (d *description) protected(index int) bool {
	t := d.resolved(index)
	return sdp.KeyingOf(d.sections[index].proto, t.fingerprint.hash != "" || t.weakPrint, false) == sdp.DTLS
}

// resolved is a section's ICE and DTLS attributes, taken from the session or from
// the first section of its BUNDLE group where it has none of its own.
func (d *description) resolved(index int) parameters {
	s := &d.sections[index]
	t := s.parameters
	t.fill(d.parameters)
	if len(d.bundle) > 0 && slices.Contains(d.bundle, s.mid) {
		for i := range d.sections {
			if d.sections[i].mid == d.bundle[0] {
				t.fill(d.sections[i].parameters)
			}
		}
	}
	return t
}

// transportOf is a section's resolved attributes, if we can connect with them.
func (d *description) transportOf(index int) (parameters, error) {
	s := &d.sections[index]
	t := d.resolved(index)
	switch {
	case t.ufrag == "" || t.pwd == "":
		return t, fault.New(fault.Invalid, "sdp: line %d: audio without a=ice-ufrag and a=ice-pwd", s.line)
	case t.fingerprint.hash == "" && t.weakPrint:
		return t, fault.New(fault.NotAcceptable, "sdp: line %d: no a=fingerprint of sha-256 or better", s.line)
	case t.fingerprint.hash == "":
		return t, fault.New(fault.Invalid, "sdp: line %d: audio without a=fingerprint", s.line)
	case t.setup == "holdconn":
		return t, fault.New(fault.NotAcceptable, "sdp: line %d: setup holdconn", s.line)
	case !s.rtcpMux:
		return t, fault.New(fault.NotAcceptable, "sdp: line %d: audio without a=rtcp-mux", s.line)
	}
	return t, nil
}

func (t *parameters) fill(from parameters) {
	if t.ufrag == "" && t.pwd == "" {
		t.ufrag, t.pwd = from.ufrag, from.pwd
	}
	if t.fingerprint.hash == "" {
		t.fingerprint, t.weakPrint = from.fingerprint, t.weakPrint || from.weakPrint
	}
	if t.setup == "" {
		t.setup = from.setup
	}
	if t.direction == "" {
		t.direction = from.direction
	}
}

// directionOf combines what the peer says with what we wish into our direction
// (RFC 3264 §6.1).
func directionOf(theirs string, wish media.Direction) media.Direction {
	peer := media.SendRecv
	for _, d := range []media.Direction{media.SendOnly, media.RecvOnly, media.Inactive} {
		if d.String() == theirs {
			peer = d
		}
	}
	send := wish.Sends() && peer.Receives()
	receive := wish.Receives() && peer.Sends()
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
