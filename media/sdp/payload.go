package sdp

import (
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/video"
)

// Encoding is what a=rtpmap says of a payload type (RFC 8866 §6.6).
type Encoding struct {
	Name      string
	ClockRate int // Hz
	Channels  int
	// Variant is what of the parameters of video makes it a format of its own.
	Variant string
}

// String is the form of a=rtpmap: "opus/48000/2", "PCMU/8000".
func (e Encoding) String() string {
	s := e.Name + "/" + strconv.Itoa(e.ClockRate)
	if e.Channels > 1 {
		s += "/" + strconv.Itoa(e.Channels)
	}
	return s
}

func encodingOf(c *media.Codec) Encoding {
	return Encoding{c.Name, c.ClockRate, max(c.Channels, 1), c.Variant}
}

func (e Encoding) same(o Encoding) bool {
	return strings.EqualFold(e.Name, o.Name) && e.ClockRate == o.ClockRate && e.Channels == o.Channels &&
		e.Variant == o.Variant
}

func (e Encoding) isEvent() bool { return strings.EqualFold(e.Name, media.TelephoneEventName) }

// static is the audio part of RFC 3551 §6, for payload types without a=rtpmap.
var static = map[uint8]Encoding{
	0:  {Name: "PCMU", ClockRate: 8000, Channels: 1},
	3:  {Name: "GSM", ClockRate: 8000, Channels: 1},
	4:  {Name: "G723", ClockRate: 8000, Channels: 1},
	5:  {Name: "DVI4", ClockRate: 8000, Channels: 1},
	6:  {Name: "DVI4", ClockRate: 16000, Channels: 1},
	7:  {Name: "LPC", ClockRate: 8000, Channels: 1},
	8:  {Name: "PCMA", ClockRate: 8000, Channels: 1},
	9:  {Name: "G722", ClockRate: 8000, Channels: 1},
	10: {Name: "L16", ClockRate: 44100, Channels: 2},
	11: {Name: "L16", ClockRate: 44100, Channels: 1},
	12: {Name: "QCELP", ClockRate: 8000, Channels: 1},
	13: {Name: "CN", ClockRate: 8000, Channels: 1},
	15: {Name: "G728", ClockRate: 8000, Channels: 1},
	18: {Name: "G729", ClockRate: 8000, Channels: 1},
}

// firstDynamic is where the dynamic payload types start (RFC 3551 §6).
const firstDynamic = 96

// Payload is one format of an RTP media line.
type Payload struct {
	Type uint8
	Encoding
	Fmtp string // without the type; may be empty
}

// Payloads are the formats of the line that have a known encoding, each payload
// type once, in the line's order: that is the peer's order of preference.
func (m *Media) Payloads() []Payload { return m.payloads(nil) }

// payloads is Payloads, where known gives the meaning of payload types that the
// line itself does not explain.
func (m *Media) payloads(known bindings) []Payload {
	var encodings [128]Encoding
	var fmtps [128]string
	for _, a := range m.Attributes {
		switch {
		case strings.EqualFold(a.Name, "rtpmap"):
			if pt, text, ok := forType(a.Value); ok && encodings[pt].Name == "" {
				encodings[pt] = parseEncoding(text)
			}
		case strings.EqualFold(a.Name, "fmtp"):
			if pt, text, ok := forType(a.Value); ok && fmtps[pt] == "" {
				fmtps[pt] = text
			}
		}
	}
	var out []Payload
	var seen [128]bool
	for _, f := range m.Formats {
		pt, err := strconv.ParseUint(f, 10, 7)
		if err != nil || seen[pt] {
			continue
		}
		seen[pt] = true
		e := encodings[pt]
		if e.Name == "" {
			e = static[uint8(pt)]
		}
		for i := 0; i < len(known) && e.Name == ""; i++ {
			if known[i].PayloadType == uint8(pt) {
				e = known[i].Encoding
			}
		}
		if e.Name != "" {
			e.Variant = video.Variant(e.Name, fmtps[pt])
			out = append(out, Payload{uint8(pt), e, fmtps[pt]})
		}
	}
	return out
}

// forType splits "111 text" as in rtpmap and fmtp.
func forType(value string) (pt uint8, text string, ok bool) {
	number, text, _ := strings.Cut(strings.TrimSpace(value), " ")
	n, err := strconv.ParseUint(number, 10, 7)
	return uint8(n), strings.TrimSpace(text), err == nil
}

// parseEncoding reads "opus/48000/2"; the Name is empty when it cannot. Opus
// without its 2 channels is taken for what was meant (RFC 7587 §7).
func parseEncoding(text string) Encoding {
	f := strings.Split(text, "/")
	if len(f) < 2 {
		return Encoding{}
	}
	rate, err := strconv.ParseUint(strings.TrimSpace(f[1]), 10, 31)
	if err != nil || rate == 0 {
		return Encoding{}
	}
	e := Encoding{Name: strings.TrimSpace(f[0]), ClockRate: int(rate), Channels: 1}
	if len(f) > 2 {
		if n, err := strconv.ParseUint(strings.TrimSpace(f[2]), 10, 8); err == nil && n > 0 {
			e.Channels = int(n)
		}
	} else if strings.EqualFold(e.Name, "opus") {
		e.Channels = 2
	}
	return e
}

// Ptime is a=ptime, how much audio the peer wants in a packet; 0 when unsaid.
func (m *Media) Ptime() time.Duration { return m.milliseconds("ptime") }

// MaxPtime is a=maxptime, the most the peer takes in a packet; 0 when unsaid.
func (m *Media) MaxPtime() time.Duration { return m.milliseconds("maxptime") }

func (m *Media) milliseconds(name string) time.Duration {
	value, _ := m.Attribute(name)
	whole, _, _ := strings.Cut(value, ".") // 20.0 has been seen
	n, err := strconv.ParseUint(strings.TrimSpace(whole), 10, 16)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Millisecond
}
