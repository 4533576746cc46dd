// Package direct reads and writes the audio line of a description that is another party's, so
// that two parties send to each other without us (RFC 3725 §4, RFC 3264 §8.3). Only RTP in the
// clear is passed so. It starts no goroutine.
package direct

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
)

const profile = "RTP/AVP"

// Terms is how and where a party takes audio.
type Terms struct {
	// Media is where it takes RTP, Reports where it takes RTCP; invalid where it does not say.
	Media, Reports netip.AddrPort
	// Formats are its codecs, the preferred one first, and telephone-events, with the payload
	// types that it takes them by.
	Formats []sdp.Payload
	Ptime   time.Duration // of a packet that it would like; 0 for none
}

// Read is what a party's line says, as far as the codecs, and events, are allowed. The error is of kind
// fault.NotAcceptable for what cannot be passed to another party.
func Read(s *sdp.Session, at int, codecs []*media.Codec, events bool) (Terms, error) {
	if at < 0 || at >= len(s.Media) || !s.Media[at].IsAudio() || s.Media[at].Port == 0 {
		return Terms{}, refused("no audio")
	}
	m := s.Media[at]
	if !strings.EqualFold(m.Profile, profile) || s.Keying(m) != sdp.Plain || s.HasICE() {
		return Terms{}, refused("audio of %.32q, or with ICE", m.Profile)
	}
	target, err := s.Target(m)
	switch {
	case err != nil:
		return Terms{}, err
	case target.Held || !target.RTP.IsValid() || s.Direction(m) != media.SendRecv:
		return Terms{}, refused("audio in one direction only")
	}
	t := Terms{Media: plain(target.RTP), Ptime: m.Ptime()}
	if _, said := m.Attribute("rtcp"); said && !target.Mux {
		t.Reports = plain(target.RTCP)
	}
	for _, p := range m.Payloads() {
		allowed := func(c *media.Codec) bool {
			return strings.EqualFold(c.Name, p.Name) && c.ClockRate == p.ClockRate && max(c.Channels, 1) == p.Channels
		}
		if IsEvent(p) && events || slices.ContainsFunc(codecs, allowed) {
			t.Formats = append(t.Formats, p)
		}
	}
	return t, nil
}

// IsEvent reports whether a format is telephone-event.
func IsEvent(p sdp.Payload) bool { return strings.EqualFold(p.Name, media.TelephoneEventName) }

// Meet is what of the terms another party has, too. The error is of kind fault.NotAcceptable
// where they cannot hear each other, or digits of one would not reach the other.
func (t Terms) Meet(other Terms) (Terms, error) {
	var formats []sdp.Payload
	codec := false
	for _, p := range t.Formats {
		if slices.ContainsFunc(other.Formats, func(o sdp.Payload) bool { return same(p, o) }) {
			formats = append(formats, p)
			codec = codec || !IsEvent(p)
		}
	}
	both := slices.ContainsFunc(formats, IsEvent)
	switch {
	case !codec:
		return t, refused("no codec in common")
	case !both && (slices.ContainsFunc(t.Formats, IsEvent) || slices.ContainsFunc(other.Formats, IsEvent)):
		return t, refused("digits of one would not reach the other")
	case t.Media.Addr().Is4() != other.Media.Addr().Is4():
		return t, refused("%v and %v do not reach each other", t.Media.Addr(), other.Media.Addr())
	}
	t.Formats = formats
	return t, nil
}

func same(p, o sdp.Payload) bool {
	return strings.EqualFold(p.Name, o.Name) && p.ClockRate == o.ClockRate && p.Channels == o.Channels
}

// Line describes who has the terms.
func (t Terms) Line() *sdp.Media {
	m := &sdp.Media{Kind: "audio", Profile: profile, Port: t.Media.Port()}
	family := "IP4"
	if t.Media.Addr().Is6() {
		family = "IP6"
	}
	m.Connection = &sdp.Connection{NetType: "IN", AddrType: family, Address: t.Media.Addr().WithZone("").String()}
	add := func(name, value string) { m.Attributes = append(m.Attributes, sdp.Attribute{Name: name, Value: value}) }
	for _, p := range t.Formats {
		pt := strconv.Itoa(int(p.Type))
		m.Formats = append(m.Formats, pt)
		add("rtpmap", pt+" "+p.Encoding.String())
		if p.Fmtp != "" {
			add("fmtp", pt+" "+p.Fmtp)
		}
	}
	if t.Reports.IsValid() {
		add("rtcp", strconv.Itoa(int(t.Reports.Port()))+" IN "+family+" "+t.Reports.Addr().WithZone("").String())
	}
	if t.Ptime > 0 {
		add("ptime", strconv.FormatInt(t.Ptime.Milliseconds(), 10))
	}
	add(media.SendRecv.String(), "")
	return m
}

func plain(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

func refused(format string, args ...any) error {
	return fault.New(fault.NotAcceptable, "direct: "+format, args...)
}
