package webrtc

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// The kinds of sections.
const (
	Audio = "audio"
	Video = "video"
)

// Directions, as the one who describes sees them.
const (
	SendRecv = "sendrecv"
	SendOnly = "sendonly"
	RecvOnly = "recvonly"
)

// Section is what a client wants of a section of its own offers.
type Section struct{ Kind, Direction string }

// What we call things in offers.
const (
	opusType  = 111
	vp8Type   = 96
	rtxType   = 97
	levelURI  = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
	levelID   = 1
	transport = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
	wideID    = 3
)

// section is one of a description.
type section struct {
	kind, mid, direction string
	refused              bool
	types                []uint8
	codecs               map[uint8]string // in lower case, without clock rate
	repairs              map[uint8]uint8  // payload type of RTX, by what it repairs
	extensions           map[string]uint8
}

// typeOf is the payload type that a codec has there; ok is false if it is not there.
func (s *section) typeOf(codec string) (uint8, bool) {
	i := slices.IndexFunc(s.types, func(t uint8) bool { return s.codecs[t] == codec })
	if i < 0 {
		return 0, false
	}
	return s.types[i], true
}

// description is what of the other side's matters.
type description struct {
	ufrag, pwd, setup string
	lite              bool
	candidates        []netip.AddrPort
	sections          []section
}

// errSDP is a description that cannot be used.
var errSDP = errors.New("webrtc: a description that cannot be used")

// read reads a description, of a server that is trusted.
func read(text string) (*description, error) {
	d := new(description)
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		key, value, ok := strings.Cut(line, "=")
		switch {
		case !ok:
		case key == "m":
			if err := d.begin(value); err != nil {
				return nil, err
			}
		case key == "a":
			d.attribute(value)
		}
	}
	if d.ufrag == "" || d.pwd == "" || len(d.sections) == 0 {
		return nil, fmt.Errorf("%w: no ICE or no sections:\n%s", errSDP, text)
	}
	return d, nil
}

// begin reads an m= line.
func (d *description) begin(line string) error {
	f := strings.Fields(line)
	if len(f) < 4 {
		return fmt.Errorf("%w: m=%s", errSDP, line)
	}
	s := section{
		kind: f[0], direction: SendRecv, refused: f[1] == "0", codecs: make(map[uint8]string), repairs: make(map[uint8]uint8),
		extensions: make(map[string]uint8),
	}
	for _, name := range f[3:] {
		if n, err := strconv.ParseUint(name, 10, 7); err == nil {
			s.types = append(s.types, uint8(n))
		}
	}
	d.sections = append(d.sections, s)
	return nil
}

// attribute reads an a= line.
func (d *description) attribute(line string) {
	name, value, _ := strings.Cut(line, ":")
	switch name {
	case "ice-ufrag":
		d.ufrag = value
	case "ice-pwd":
		d.pwd = value
	case "ice-lite":
		d.lite = true
	case "setup":
		d.setup = value
	case "candidate":
		f := strings.Fields(value)
		if len(f) < 8 || f[1] != "1" || !strings.EqualFold(f[2], "udp") || f[7] != "host" {
			return
		}
		if at, err := netip.ParseAddrPort(f[4] + ":" + f[5]); err == nil && at.Addr().Is4() {
			d.candidates = append(d.candidates, at)
		}
	}
	if len(d.sections) > 0 {
		d.sections[len(d.sections)-1].attribute(name, value)
	}
}

func (s *section) attribute(name, value string) {
	number, rest, _ := strings.Cut(value, " ")
	number, _, _ = strings.Cut(number, "/")
	n, err := strconv.ParseUint(number, 10, 8)
	switch name {
	case "mid":
		s.mid = value
	case SendRecv, SendOnly, RecvOnly, "inactive":
		s.direction = name
	case "rtpmap":
		codec, _, _ := strings.Cut(rest, "/")
		if err == nil {
			s.codecs[uint8(n)] = strings.ToLower(codec)
		}
	case "fmtp":
		apt, ok := strings.CutPrefix(rest, "apt=")
		of, wrong := strconv.ParseUint(apt, 10, 7)
		if err == nil && ok && wrong == nil {
			s.repairs[uint8(of)] = uint8(n)
		}
	case "extmap":
		if err == nil {
			s.extensions[rest] = uint8(n)
		}
	}
}

// mirrored is what the other side's direction leaves for us, who may send or not.
func mirrored(theirs string, sends bool) string {
	hears := theirs == SendRecv || theirs == SendOnly
	sends = sends && (theirs == SendRecv || theirs == RecvOnly)
	switch {
	case hears && sends:
		return SendRecv
	case hears:
		return RecvOnly
	case sends:
		return SendOnly
	}
	return "inactive"
}

// head writes what stands before the sections.
func (c *Client) head(b *strings.Builder, mids []string) {
	c.version++
	fmt.Fprintf(b, "v=0\r\no=- %d %d IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n", c.id, c.version)
	fmt.Fprintf(b, "a=group:BUNDLE %s\r\na=msid-semantic: WMS *\r\n", strings.Join(mids, " "))
}

// body writes a section's m= line and what belongs to the transport; port 0 refuses it.
func (c *Client) body(b *strings.Builder, kind, mid, setup string, types ...uint8) {
	fmt.Fprintf(b, "m=%s 9 UDP/TLS/RTP/SAVPF", kind)
	for _, t := range types {
		fmt.Fprintf(b, " %d", t)
	}
	fmt.Fprintf(b, "\r\nc=IN IP4 0.0.0.0\r\na=mid:%s\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", mid, c.ufrag, c.pwd)
	fmt.Fprintf(b, "a=fingerprint:sha-256 %s\r\na=setup:%s\r\na=rtcp-mux\r\na=rtcp-rsize\r\n", identity().fingerprint, setup)
	fmt.Fprintf(b, "a=candidate:1 1 udp 2130706431 %s %d typ host generation 0\r\na=end-of-candidates\r\n", c.local.Addr(), c.local.Port())
}

// formats writes what a section's codecs are, and whose stream it is.
func (c *Client) formats(b *strings.Builder, kind, direction string, codec, repair uint8, extensions map[string]uint8, ssrc uint32) {
	fmt.Fprintf(b, "a=%s\r\n", direction)
	for uri, id := range extensions {
		fmt.Fprintf(b, "a=extmap:%d %s\r\n", id, uri)
	}
	if kind == Audio {
		fmt.Fprintf(b, "a=rtpmap:%d opus/48000/2\r\na=fmtp:%[1]d minptime=10;useinbandfec=1\r\n", codec)
	} else {
		fmt.Fprintf(b, "a=rtpmap:%d VP8/90000\r\n", codec)
		for _, f := range []string{"goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"} {
			if f != "transport-cc" || extensions[transport] != 0 {
				fmt.Fprintf(b, "a=rtcp-fb:%d %s\r\n", codec, f)
			}
		}
		if repair != 0 {
			fmt.Fprintf(b, "a=rtpmap:%d rtx/90000\r\na=fmtp:%[1]d apt=%d\r\n", repair, codec)
		}
	}
	if direction == SendRecv || direction == SendOnly {
		fmt.Fprintf(b, "a=msid:load %s%d\r\na=ssrc:%[2]d cname:load%[2]d\r\n", kind, ssrc)
	}
}

// Offer is the client's offer of its sections.
func (c *Client) Offer() string {
	var mids []string
	for i := range c.sections {
		mids = append(mids, strconv.Itoa(i))
	}
	var b strings.Builder
	c.head(&b, mids)
	for i, s := range c.sections {
		types, extensions := []uint8{opusType}, map[string]uint8{levelURI: levelID}
		if s.Kind == Video {
			types, extensions = []uint8{vp8Type, rtxType}, c.video
		}
		c.body(&b, s.Kind, mids[i], "actpass", types...)
		c.formats(&b, s.Kind, s.Direction, types[0], types[len(types)-1], extensions, c.SSRC(s.Kind))
	}
	return b.String()
}

// answer describes us to who has made an offer: everything that is Opus or VP8 is taken.
func (c *Client) answer(d *description, setup string) (string, error) {
	var mids []string
	taken := make([]uint8, len(d.sections))
	for i := range d.sections {
		s := &d.sections[i]
		codec := map[string]string{Audio: "opus", Video: "vp8"}[s.kind]
		t, ok := s.typeOf(codec)
		if s.refused || codec == "" || !ok {
			continue
		}
		mids, taken[i] = append(mids, s.mid), t
	}
	if len(mids) == 0 {
		return "", fmt.Errorf("%w: nothing in it for us", errSDP)
	}
	var b strings.Builder
	c.head(&b, mids)
	for i := range d.sections {
		s := &d.sections[i]
		if taken[i] == 0 {
			fmt.Fprintf(&b, "m=%s 0 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=mid:%s\r\na=inactive\r\n", s.kind, s.mid)
			continue
		}
		types, repair := []uint8{taken[i]}, s.repairs[taken[i]]
		if repair != 0 {
			types = append(types, repair)
		}
		extensions := make(map[string]uint8)
		for _, uri := range []string{levelURI, transport} {
			wanted := uri == levelURI && s.kind == Audio || uri == transport && s.kind == Video && c.cfg.Feedback
			if id := s.extensions[uri]; id != 0 && wanted {
				extensions[uri] = id
			}
		}
		// What we send is in a section of our own offer, which keeps its place.
		sends := i < len(c.sections) && c.sections[i].Kind == s.kind && c.sections[i].Direction != RecvOnly
		c.body(&b, s.kind, s.mid, setup, types...)
		c.formats(&b, s.kind, mirrored(s.direction, sends), taken[i], repair, extensions, c.SSRC(s.kind))
	}
	return b.String(), nil
}
