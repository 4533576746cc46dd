package sdp

import (
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// What we say of telephone-event (RFC 4733 §2.4.1): the keys, and the flash.
const (
	eventsTo15 = "0-15"
	eventsTo16 = "0-16"
)

// terms are the attributes of our audio line besides its formats.
type terms struct {
	direction media.Direction
	ptime     time.Duration
	mux       bool
	level     uint8
	extended  bool
	requests  []string
	keys      []Crypto
	handshake []Attribute
}

// audio makes our media line.
func (n *Negotiator) audio(line MediaLine, payloads []Payload, t terms) *Media {
	m := &Media{Kind: line.Kind, Port: n.cfg.Port, Profile: line.Profile}
	add := func(name, value string) { m.Attributes = append(m.Attributes, Attribute{name, value}) }
	for _, p := range payloads {
		pt := strconv.Itoa(int(p.Type))
		m.Formats = append(m.Formats, pt)
		add("rtpmap", pt+" "+p.Encoding.String())
		if p.Fmtp != "" {
			add("fmtp", pt+" "+p.Fmtp)
		}
	}
	for _, k := range t.keys {
		add("crypto", k.String())
	}
	m.Attributes = append(m.Attributes, t.handshake...)
	for _, what := range t.requests {
		add("rtcp-fb", "* "+what)
	}
	if !n.isVideo() {
		addLengths(m, t.ptime)
	}
	if t.mux {
		add("rtcp-mux", "")
	}
	if t.extended {
		add("rtcp-xr", ourExtended)
	}
	if t.level != 0 { // we only read them
		add("extmap", strconv.Itoa(int(t.level))+"/recvonly "+rtp.AudioLevelURI)
	}
	add(t.direction.String(), "")
	return m
}

// addLengths says how much audio a packet is to hold.
func addLengths(m *Media, ptime time.Duration) {
	m.Attributes = append(m.Attributes,
		Attribute{"ptime", strconv.FormatInt(ptime.Milliseconds(), 10)},
		Attribute{"maxptime", strconv.FormatInt(media.MaxPacketAudio.Milliseconds(), 10)})
}

// levelID finds the id of the audio level extension that the peer will send, or
// 0. Ids over 14 need the long form of RFC 8285, which levels are not worth.
func levelID(s *Session, m *Media) uint8 {
	for _, attributes := range [][]Attribute{m.Attributes, s.Attributes} {
		for _, a := range attributes {
			f := strings.Fields(a.Value)
			if !strings.EqualFold(a.Name, "extmap") || len(f) < 2 || f[1] != rtp.AudioLevelURI {
				continue
			}
			number, direction, _ := strings.Cut(f[0], "/")
			id, err := strconv.ParseUint(number, 10, 8)
			if err == nil && id >= 1 && id <= 14 && (direction == "" || direction == "sendrecv" || direction == "sendonly") {
				return uint8(id)
			}
		}
	}
	return 0
}

// includes16 reports whether a list of events (RFC 4733 §2.4.1) has event 16.
func includes16(fmtp string) bool {
	for part := range strings.SplitSeq(fmtp, ",") {
		low, high, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			high = low
		}
		from, err1 := strconv.ParseUint(low, 10, 8)
		to, err2 := strconv.ParseUint(high, 10, 8)
		if err1 == nil && err2 == nil && from <= 16 && to >= 16 {
			return true
		}
	}
	return false
}
