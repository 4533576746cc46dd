package client

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Codec is a codec as SDP names it.
type Codec struct {
	Name        string // of a=rtpmap: "PCMU", "opus"
	PayloadType uint8  // that we offer
	ClockRate   int    // Hz
	Channels    int    // in a=rtpmap; 0 for none said
	Fmtp        string
}

// The codecs that are measured.
var (
	PCMU = Codec{Name: "PCMU", PayloadType: 0, ClockRate: 8000}
	G722 = Codec{Name: "G722", PayloadType: 9, ClockRate: 8000}
	Opus = Codec{Name: "opus", PayloadType: 107, ClockRate: 48000, Channels: 2, Fmtp: "useinbandfec=1"}
)

// Media is one end of an audio stream.
type Media struct {
	Address     netip.AddrPort
	PayloadType uint8 // of the codec there
}

func (c Codec) rtpmap() string {
	s := fmt.Sprintf("%s/%d", c.Name, c.ClockRate)
	if c.Channels > 0 {
		s += "/" + strconv.Itoa(c.Channels)
	}
	return s
}

// Describe is an offer, or an answer, of one stream (RFC 8866).
func (c Codec) Describe(m Media) string {
	var b strings.Builder
	fmt.Fprintf(&b, "v=0\r\no=- 1 1 IN IP4 %[1]v\r\ns=-\r\nc=IN IP4 %[1]v\r\nt=0 0\r\n", m.Address.Addr())
	fmt.Fprintf(&b, "m=audio %d RTP/AVP %d\r\na=rtpmap:%[2]d %s\r\n", m.Address.Port(), m.PayloadType, c.rtpmap())
	if c.Fmtp != "" {
		fmt.Fprintf(&b, "a=fmtp:%d %s\r\n", m.PayloadType, c.Fmtp)
	}
	b.WriteString("a=ptime:20\r\na=sendrecv\r\n")
	return b.String()
}

// Find is the other end of the stream in a description: where its audio is received,
// and the codec's payload type there.
func (c Codec) Find(description string) (Media, error) {
	var m Media
	var host string
	var types []string
	audio := false
	for line := range strings.Lines(description) {
		kind, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch {
		case kind == "m":
			f := strings.Fields(value)
			if audio || len(f) < 4 || f[0] != "audio" {
				audio = false
				continue
			}
			audio = true
			port, err := strconv.ParseUint(f[1], 10, 16)
			if err != nil || port == 0 {
				return Media{}, fmt.Errorf("sdp: audio port %q", f[1])
			}
			m.Address = netip.AddrPortFrom(netip.Addr{}, uint16(port))
			types = f[3:]
		case kind == "c" && (audio || types == nil):
			if f := strings.Fields(value); len(f) == 3 {
				host = f[2]
			}
		case audio && strings.HasPrefix(value, "rtpmap:"):
			number, name, _ := strings.Cut(value[len("rtpmap:"):], " ")
			pt, err := strconv.ParseUint(number, 10, 7)
			if err == nil && m.PayloadType == 0 && strings.EqualFold(strings.TrimSuffix(name, "/1"), c.rtpmap()) {
				m.PayloadType = uint8(pt)
			}
		}
	}
	if types == nil {
		return Media{}, fmt.Errorf("sdp: no audio in %q", description)
	}
	if m.PayloadType == 0 { // a static one needs no a=rtpmap
		m.PayloadType = c.PayloadType
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return Media{}, fmt.Errorf("sdp: %w", err)
	}
	for _, t := range types {
		if t == strconv.Itoa(int(m.PayloadType)) {
			m.Address = netip.AddrPortFrom(addr, m.Address.Port())
			return m, nil
		}
	}
	return Media{}, fmt.Errorf("sdp: no %s in %q", c.Name, description)
}

// Find is a codec that is measured, by its name without case.
func Find(name string) (Codec, bool) {
	for _, c := range []Codec{PCMU, G722, Opus} {
		if strings.EqualFold(c.Name, name) {
			return c, true
		}
	}
	return Codec{}, false
}
