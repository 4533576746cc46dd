package client

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
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
	// LevelID is the number of the extension with which the level of packets is told (RFC
	// 6464); 0 for none.
	LevelID uint8
	// Key is what this end protects its packets with (RFC 4568); the zero value for plain
	// RTP.
	Key srtp.Master
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
	profile := "RTP/AVP"
	if m.Key.Suite != srtp.None {
		profile = "RTP/SAVP"
	}
	fmt.Fprintf(&b, "m=audio %d %s %d\r\na=rtpmap:%[3]d %s\r\n", m.Address.Port(), profile, m.PayloadType, c.rtpmap())
	if m.Key.Suite != srtp.None {
		fmt.Fprintf(&b, "a=crypto:1 %v inline:%s\r\n", m.Key.Suite, base64.StdEncoding.EncodeToString(m.Key.KeyAndSalt()))
	}
	if m.LevelID != 0 {
		fmt.Fprintf(&b, "a=extmap:%d %s\r\n", m.LevelID, rtp.AudioLevelURI)
	}
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
		case audio && strings.HasPrefix(value, "crypto:") && m.Key.Suite == srtp.None:
			var err error
			if m.Key, err = keyOf(value[len("crypto:"):]); err != nil {
				return Media{}, err
			}
		case audio && strings.HasPrefix(value, "extmap:"):
			number, uri, _ := strings.Cut(value[len("extmap:"):], " ")
			number, _, _ = strings.Cut(number, "/") // a direction
			if id, err := strconv.ParseUint(number, 10, 4); err == nil && uri == rtp.AudioLevelURI {
				m.LevelID = uint8(id)
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

// keyOf is the key of an a=crypto line.
func keyOf(value string) (srtp.Master, error) {
	c, err := sdp.ParseCrypto(value)
	if err != nil {
		return srtp.Master{}, err
	}
	m, err := srtp.MasterOf(srtp.SuiteByName(c.Suite), c.Keys[0].KeyAndSalt)
	if err != nil {
		return srtp.Master{}, fmt.Errorf("sdp: %s: %w", c.Suite, err)
	}
	return m, nil
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
