package jsep

import (
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
)

// Sound is what a section of audio came to, in the terms of those who code it.
type Sound struct {
	// Send is the format to send, the first that both sides have; its Codec is nil if that
	// is none of the known codecs. Receive are all that the peer may send.
	Send    media.Format
	Receive []media.Format
	// SendEvents is the telephone-event to send: that of Send's clock rate, or else
	// another; ClockRate 0 means that the peer takes none.
	SendEvents    media.Events
	ReceiveEvents []media.Events
	// SendRedundant and ReceiveRedundant are the payload types of Send's codec with its
	// earlier frames (RFC 2198); 0 for none.
	SendRedundant, ReceiveRedundant uint8
}

// Sound looks the section's codecs up among those that are known.
func (m *Media) Sound(codecs media.Codecs) Sound {
	var s Sound
	for i := range m.Send {
		t, o := &m.Send[i], &m.Receive[i]
		switch {
		case strings.EqualFold(t.Name, media.TelephoneEventName):
			s.ReceiveEvents = append(s.ReceiveEvents, media.Events{PayloadType: o.PayloadType, ClockRate: o.ClockRate})
			if s.SendEvents.ClockRate == 0 || s.Send.Codec != nil && t.ClockRate == s.Send.Codec.ClockRate {
				s.SendEvents = media.Events{PayloadType: t.PayloadType, ClockRate: t.ClockRate}
			}
		case t.is(red):
			s.SendRedundant, s.ReceiveRedundant = t.PayloadType, o.PayloadType
		default:
			c := codecs.ByEncoding(o.Name, o.ClockRate, o.encoding().Channels)
			if c == nil {
				continue
			}
			f := media.Format{Codec: c, PayloadType: t.PayloadType, Fmtp: t.Fmtp, Ptime: m.packet()}
			if s.Send.Codec == nil {
				s.Send = f
			}
			f.PayloadType = o.PayloadType
			s.Receive = append(s.Receive, f)
		}
	}
	return s
}

// packet is how much audio the peer wants in a packet, if it is anything that we would
// send: 10 to 60 ms; 0 is media.FrameDuration.
func (m *Media) packet() time.Duration {
	want := m.Ptime
	if m.MaxPtime > 0 && (want > m.MaxPtime || want == 0 && m.MaxPtime < media.FrameDuration) {
		want = m.MaxPtime
	}
	if want%(10*time.Millisecond) != 0 || want > media.MaxPtime || want == media.FrameDuration {
		return 0
	}
	return want
}
