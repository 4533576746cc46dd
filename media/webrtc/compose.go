package webrtc

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pion/ice/v4"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// local is what one description of ours says.
type local struct {
	setup      string
	ufrag, pwd string
	direction  media.Direction
	payloads   []payload
	candidates []string
	complete   bool // no more candidates will come
	trickle    bool
	level      uint8
}

// compose writes a description of ours (RFC 8829 §5.2, §5.3).
func (s *session) compose(l local) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("v=0")
	line("o=- %d %d IN IP4 127.0.0.1", s.id, s.version)
	line("s=-")
	line("t=0 0")
	if s.bundled {
		line("a=group:BUNDLE %s", s.mid())
	}
	if s.audio < 0 {
		s.composeAudio(line, l, "0", "UDP/TLS/RTP/SAVPF")
		return b.String()
	}
	for i := range s.layout {
		m := &s.layout[i]
		if i == s.audio {
			s.composeAudio(line, l, m.mid, m.proto)
			continue
		}
		line("%s", m.refusedLine())
		line("c=IN IP4 0.0.0.0")
		if m.mid != "" {
			line("a=mid:%s", m.mid)
		}
		line("a=inactive")
	}
	return b.String()
}

func (s *session) composeAudio(line func(string, ...any), l local, mid, proto string) {
	numbers := make([]string, len(l.payloads))
	for i, p := range l.payloads {
		numbers[i] = fmt.Sprint(p.pt)
	}
	port, connection := defaultAddress(l.candidates)
	line("m=audio %d %s %s", port, proto, strings.Join(numbers, " "))
	line("c=%s", connection)
	line("a=rtcp-mux")
	if mid != "" {
		line("a=mid:%s", mid)
	}
	line("a=ice-ufrag:%s", l.ufrag)
	line("a=ice-pwd:%s", l.pwd)
	if l.trickle {
		line("a=ice-options:trickle")
	}
	line("a=fingerprint:%s %s", s.print.hash, s.print.value)
	line("a=setup:%s", l.setup)
	line("a=%s", l.direction)
	for _, p := range l.payloads {
		line("a=rtpmap:%s", p.rtpmap())
		if fmtp := p.ourFmtp(); fmtp != "" {
			line("a=fmtp:%d %s", p.pt, fmtp)
		}
	}
	line("a=ptime:%d", media.FrameDuration.Milliseconds())
	if l.level > 0 {
		line("a=extmap:%d %s", l.level, rtp.AudioLevelURI)
	}
	line("a=msid:%s audio", s.cname)
	line("a=ssrc:%d cname:%s", s.ssrc, s.cname)
	for _, c := range l.candidates {
		line("a=candidate:%s", c)
	}
	if l.complete {
		line("a=end-of-candidates")
	}
}

// defaultAddress is the port and c= of the first UDP candidate, for those who do
// not do ICE but look (RFC 8839 §4.2.1), or the placeholders of trickle ICE.
func defaultAddress(candidates []string) (int, string) {
	for _, text := range candidates {
		c, err := ice.UnmarshalCandidate(text)
		if err != nil || c.NetworkType().IsTCP() {
			continue
		}
		family := "IP4"
		if c.NetworkType() == ice.NetworkTypeUDP6 {
			family = "IP6"
		}
		return c.Port(), "IN " + family + " " + c.Address()
	}
	return 9, "IN IP4 0.0.0.0"
}

// usableCandidates is a section's candidates that we can pair with, those of its
// BUNDLE group's first section where it has none.
func (d *description) usableCandidates(index int, loopback bool) ([]string, error) {
	s := &d.sections[index]
	if len(s.candidates) == 0 && len(d.bundle) > 0 && slices.Contains(d.bundle, s.mid) {
		for i := range d.sections {
			if d.sections[i].mid == d.bundle[0] {
				s = &d.sections[i]
			}
		}
	}
	var list []string
	for i, c := range s.candidates {
		ok, err := usable(c, loopback)
		if err != nil {
			return nil, fmt.Errorf("sdp: line %d: %w", s.lines[i], err)
		}
		if ok {
			list = append(list, c)
		}
	}
	return list, nil
}
