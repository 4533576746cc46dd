package webrtc

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
)

// Bounds on what a peer may describe: those of the package that sees an offer in SIP
// first.
const (
	maxDescriptionBytes = sdp.MaxBytes
	maxSections         = sdp.MaxMedia
	maxFormats          = sdp.MaxFormats
)

// description is the part of a peer's SDP (RFC 8866) that a WebRTC answer turns
// on (RFC 8829, RFC 8839, RFC 8842, RFC 9143). Everything else in it is skipped.
type description struct {
	parameters // session-level defaults
	sections   []section
	bundle     []string // mids of the first BUNDLE group
	iceLite    bool
}

// parameters are what ICE and DTLS need; each may stand at the session's or at the
// section's level.
type parameters struct {
	ufrag, pwd  string
	fingerprint fingerprint
	weakPrint   bool // a fingerprint was there, but of a hash we refuse
	setup       string
	direction   string
}

// fingerprint is one a=fingerprint (RFC 8122).
type fingerprint struct{ hash, value string }

// section is one m= with its attributes.
type section struct {
	parameters
	line       int // of the m=
	kind       string
	port       int
	proto      string
	formats    []string
	mid        string
	bundleOnly bool
	rtcpMux    bool
	rtpmaps    map[uint8]rtpmap
	fmtps      map[uint8]string
	extmaps    []extmap
	ptime      time.Duration
	maxptime   time.Duration
	candidates []string // without "candidate:"
	lines      []int    // the candidates' lines
	complete   bool     // a=end-of-candidates
}

type rtpmap struct {
	name      string
	clockRate int
	channels  int
}

type extmap struct {
	id  uint8
	uri string
}

// refusedLine is the m= as an answer or a later offer repeats it with port 0.
func (s *section) refusedLine() string {
	format := s.formats[0]
	if !isToken(format) {
		format = "0"
	}
	return "m=" + s.kind + " 0 " + s.proto + " " + format
}

// parseDescription reads an SDP. Its errors are of kind Invalid or TooLarge and
// name the line.
func parseDescription(text string) (*description, error) {
	if len(text) > maxDescriptionBytes {
		return nil, fault.New(fault.TooLarge, "sdp: %d bytes, at most %d", len(text), maxDescriptionBytes)
	}
	d := &description{}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			continue
		}
		if err := d.line(number, line); err != nil {
			return nil, err
		}
	}
	if number == 0 {
		return nil, fault.New(fault.Invalid, "sdp: empty")
	}
	if len(d.sections) == 0 {
		return nil, fault.New(fault.Invalid, "sdp: line %d: the description ends without an m= line", number)
	}
	return d, nil
}

func lineError(number int, format string, args ...any) error {
	return fault.New(fault.Invalid, "sdp: line %d: %w", number, fmt.Errorf(format, args...))
}

func (d *description) line(number int, line string) error {
	if len(line) < 2 || line[1] != '=' || !strings.Contains("vosiuepcbtrzkam", line[:1]) {
		return lineError(number, "%q is no SDP line", clip(line))
	}
	for i := 0; i < len(line); i++ {
		if line[i] < ' ' && line[i] != '\t' || line[i] == 0x7f {
			return lineError(number, "control character 0x%02x", line[i])
		}
	}
	key, value := line[0], line[2:]
	if number == 1 && line != "v=0" {
		return lineError(number, "%q, want v=0", clip(line))
	}
	switch key {
	case 'm':
		return d.media(number, value)
	case 'a':
		name, value, _ := strings.Cut(value, ":")
		if len(d.sections) == 0 {
			return d.sessionAttribute(number, name, value)
		}
		return d.sections[len(d.sections)-1].attribute(number, name, value)
	}
	return nil
}

func (d *description) media(number int, value string) error {
	if len(d.sections) == maxSections {
		return fault.New(fault.TooLarge, "sdp: line %d: more than %d m= lines", number, maxSections)
	}
	fields := strings.Fields(value)
	if len(fields) < 4 {
		return lineError(number, "m=%s has %d fields, at least 4", clip(value), len(fields))
	}
	if len(fields)-3 > maxFormats {
		return fault.New(fault.TooLarge, "sdp: line %d: more than %d formats", number, maxFormats)
	}
	port, _, _ := strings.Cut(fields[1], "/")
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return lineError(number, "port %q is not 0 to 65535", clip(fields[1]))
	}
	if !isToken(fields[0]) {
		return lineError(number, "media %q is no token", clip(fields[0]))
	}
	for _, part := range strings.Split(fields[2], "/") {
		if !isToken(part) {
			return lineError(number, "protocol %q is no token", clip(fields[2]))
		}
	}
	d.sections = append(d.sections, section{
		line: number, kind: fields[0], port: int(n), proto: fields[2], formats: fields[3:],
		rtpmaps: map[uint8]rtpmap{}, fmtps: map[uint8]string{},
	})
	return nil
}

func (d *description) sessionAttribute(number int, name, value string) error {
	switch name {
	case "group":
		fields := strings.Fields(value)
		if len(fields) > 0 && fields[0] == "BUNDLE" && d.bundle == nil {
			d.bundle = fields[1:]
		}
	case "ice-lite":
		d.iceLite = true
	default:
		return d.parameters.attribute(number, name, value)
	}
	return nil
}

func (t *parameters) attribute(number int, name, value string) error {
	switch name {
	case "ice-ufrag":
		if len(value) < 4 || len(value) > 256 || !isICEChars(value) {
			return lineError(number, "ice-ufrag is not 4 to 256 ice-chars")
		}
		t.ufrag = value
	case "ice-pwd":
		if len(value) < 22 || len(value) > 256 || !isICEChars(value) {
			return lineError(number, "ice-pwd is not 22 to 256 ice-chars")
		}
		t.pwd = value
	case "fingerprint":
		return t.addFingerprint(number, value)
	case "setup":
		switch value {
		case "active", "passive", "actpass", "holdconn":
			t.setup = value
		default:
			return lineError(number, "setup %q is no role", clip(value))
		}
	case "sendrecv", "sendonly", "recvonly", "inactive":
		t.direction = name
	}
	return nil
}

// addFingerprint keeps the first fingerprint of a hash that is still safe.
func (t *parameters) addFingerprint(number int, value string) error {
	hash, digest, ok := strings.Cut(value, " ")
	hash = strings.ToLower(hash)
	size := map[string]int{"sha-256": 32, "sha-384": 48, "sha-512": 64}[hash]
	if !ok {
		return lineError(number, "fingerprint without a value")
	}
	if size == 0 {
		t.weakPrint = true
		return nil
	}
	octets := strings.Split(digest, ":")
	if len(octets) != size {
		return lineError(number, "fingerprint has %d octets, %s has %d", len(octets), hash, size)
	}
	for _, o := range octets {
		if _, err := strconv.ParseUint(o, 16, 8); err != nil || len(o) != 2 {
			return lineError(number, "fingerprint octet %q is not two hexadecimal digits", clip(o))
		}
	}
	if t.fingerprint.hash == "" {
		t.fingerprint = fingerprint{hash, strings.ToUpper(digest)}
	}
	return nil
}

func (s *section) attribute(number int, name, value string) error {
	switch name {
	case "mid":
		if !isToken(value) || len(value) > 64 {
			return lineError(number, "mid %q is no token of at most 64 characters", clip(value))
		}
		s.mid = value
	case "bundle-only":
		s.bundleOnly = true
	case "rtcp-mux":
		s.rtcpMux = true
	case "rtpmap":
		return s.addRTPMap(number, value)
	case "fmtp":
		pt, parameters, _ := strings.Cut(value, " ")
		if n, err := strconv.ParseUint(pt, 10, 7); err == nil {
			s.fmtps[uint8(n)] = strings.TrimSpace(parameters)
		}
	case "extmap":
		id, rest, _ := strings.Cut(value, " ")
		id, _, _ = strings.Cut(id, "/")
		uri, _, _ := strings.Cut(rest, " ")
		if n, err := strconv.ParseUint(id, 10, 8); err == nil && n > 0 && len(s.extmaps) < maxFormats {
			s.extmaps = append(s.extmaps, extmap{uint8(n), uri})
		}
	case "ptime", "maxptime":
		ms, err := strconv.ParseUint(value, 10, 16)
		if err != nil {
			return lineError(number, "%s %q is no number of milliseconds", name, clip(value))
		}
		if name == "ptime" {
			s.ptime = time.Duration(ms) * time.Millisecond
		} else {
			s.maxptime = time.Duration(ms) * time.Millisecond
		}
	case "candidate":
		if len(s.candidates) == maxRemoteCandidates {
			return fault.New(fault.TooMany, "sdp: line %d: more than %d candidates", number, maxRemoteCandidates)
		}
		s.candidates, s.lines = append(s.candidates, value), append(s.lines, number)
	case "end-of-candidates":
		s.complete = true
	default:
		return s.parameters.attribute(number, name, value)
	}
	return nil
}

func (s *section) addRTPMap(number int, value string) error {
	pt, encoding, _ := strings.Cut(value, " ")
	n, err := strconv.ParseUint(pt, 10, 7)
	if err != nil {
		return lineError(number, "rtpmap payload type %q is not 0 to 127", clip(pt))
	}
	parts := strings.Split(strings.TrimSpace(encoding), "/")
	if len(parts) < 2 || len(parts) > 3 {
		return lineError(number, "rtpmap %q is not name/rate or name/rate/channels", clip(encoding))
	}
	m := rtpmap{name: parts[0], channels: 1}
	if m.clockRate, err = strconv.Atoi(parts[1]); err != nil || m.clockRate <= 0 {
		return lineError(number, "rtpmap clock rate %q is no number", clip(parts[1]))
	}
	if len(parts) == 3 {
		if m.channels, err = strconv.Atoi(parts[2]); err != nil || m.channels <= 0 {
			return lineError(number, "rtpmap channels %q is no number", clip(parts[2]))
		}
	}
	s.rtpmaps[uint8(n)] = m
	return nil
}

// isToken reports whether s is an RFC 8866 token.
func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]`, s[i]) >= 0 {
			return false
		}
	}
	return s != ""
}

// isICEChars reports whether s is made of RFC 8839 ice-char.
func isICEChars(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '+' || c == '/') {
			return false
		}
	}
	return true
}
