package jsep

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// inherited is what of a section is still the session's, for the section's own lines to
// replace.
type inherited struct {
	transport  bool
	extensions int // how many
}

// attribute reads an a= of a section.
func (p *parser) attribute(s *Section, name, value string) error {
	raw := p.raw[len(p.raw)-1]
	switch name {
	case "mid":
		if !isToken(value) || len(value) > maxToken {
			return p.bad("mid %q is no token of at most %d characters", clip(value), maxToken)
		}
		s.MID = value
	case "bundle-only":
		s.BundleOnly = true
	case "rtcp-mux":
		s.Mux = true
	case "rtcp-rsize":
		s.ReducedSize = true
	case "extmap-allow-mixed":
		s.Mixed = true
	case "rtpmap":
		return p.rtpmap(raw, value)
	case "fmtp":
		pt, parameters, _ := strings.Cut(value, " ")
		if n, err := strconv.ParseUint(pt, 10, 7); err == nil && raw.fmtp[uint8(n)] == "" {
			raw.fmtp[uint8(n)] = strings.TrimSpace(parameters)
		}
	case "rtcp-fb":
		raw.feedback(value)
	case "extmap":
		return p.extmap(s, value)
	case "ptime", "maxptime":
		return p.ptime(s, name, value)
	case "content":
		content, _, _ := strings.Cut(value, ",")
		if isToken(content) && len(content) <= maxToken {
			s.Content = content
		}
	case "msid", "ssrc", "ssrc-group", "rid", "simulcast":
		return p.stream(s, name, value)
	case "sctp-port", "max-message-size":
		return p.sctp(s, name, value)
	case "candidate":
		if len(s.Candidates) == MaxCandidates {
			return p.many("candidates", MaxCandidates)
		}
		if !isCandidate(value) {
			return p.bad("%q is no candidate", clip(value))
		}
		s.Candidates = append(s.Candidates, Candidate{value, p.number})
	case "end-of-candidates":
		s.Complete = true
	default:
		if direction, ok := directions[name]; ok {
			s.Direction = direction
			return nil
		}
		return p.transport(s, name, value)
	}
	return nil
}

// maxCandidate bounds a candidate, in bytes; real ones stay below 300.
const maxCandidate = 2048

// isCandidate reports whether the text has the form of RFC 8839 §5.1: foundation,
// component, transport, priority, address, port, "typ", type, and more.
func isCandidate(s string) bool {
	f := strings.Fields(s)
	if len(s) > maxCandidate || len(f) < 8 || f[6] != "typ" {
		return false
	}
	_, component := strconv.ParseUint(f[1], 10, 8)
	_, priority := strconv.ParseUint(f[3], 10, 32)
	_, port := strconv.ParseUint(f[5], 10, 16)
	return component == nil && priority == nil && port == nil
}

func (p *parser) rtpmap(raw *formats, value string) error {
	pt, encoding, _ := strings.Cut(value, " ")
	n, err := strconv.ParseUint(pt, 10, 7)
	if err != nil {
		return p.bad("rtpmap payload type %q is not 0 to 127", clip(pt))
	}
	parts := strings.Split(strings.TrimSpace(encoding), "/")
	if len(parts) < 2 || len(parts) > 3 || !isToken(parts[0]) || len(parts[0]) > maxToken {
		return p.bad("rtpmap %q is not name/rate or name/rate/channels", clip(encoding))
	}
	c := Codec{PayloadType: uint8(n), Name: parts[0], Channels: 1}
	rate, err := strconv.ParseUint(parts[1], 10, 31)
	if err != nil || rate == 0 {
		return p.bad("rtpmap clock rate %q is no number", clip(parts[1]))
	}
	c.ClockRate = int(rate)
	if len(parts) == 3 {
		channels, err := strconv.ParseUint(parts[2], 10, 8)
		if err != nil || channels == 0 {
			return p.bad("rtpmap channels %q is no number", clip(parts[2]))
		}
		c.Channels = int(channels)
	}
	if raw.codec[c.PayloadType].Name == "" {
		raw.codec[c.PayloadType] = c
	}
	return nil
}

// extmap reads "4/recvonly uri attributes".
func (p *parser) extmap(s *Section, value string) error {
	number, rest, _ := strings.Cut(value, " ")
	number, direction, directed := strings.Cut(number, "/")
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil || n == 0 {
		return p.bad("extmap id %q is no number", clip(number))
	}
	e := Extension{Direction: media.SendRecv}
	e.URI, _, _ = strings.Cut(strings.TrimSpace(rest), " ")
	if d, ok := directions[direction]; ok {
		e.Direction = d
	} else if directed {
		return p.bad("extmap direction %q is none", clip(direction))
	}
	if s.inherited.extensions > 0 { // all in the session, or all in the section (RFC 8285 §6)
		s.Extensions, s.inherited.extensions = nil, 0
	}
	if len(s.Extensions) == MaxExtensions {
		return p.many("header extensions", MaxExtensions)
	}
	if n > 255 { // 4096 and up are for who has too many to choose from (RFC 8285 §5)
		return nil
	}
	e.ID = uint8(n)
	s.Extensions = append(s.Extensions, e)
	return nil
}

func (p *parser) ptime(s *Section, name, value string) error {
	whole, _, _ := strings.Cut(value, ".")
	ms, err := strconv.ParseUint(strings.TrimSpace(whole), 10, 16)
	if err != nil {
		return p.bad("%s %q is no number of milliseconds", name, clip(value))
	}
	if name == "ptime" {
		s.Ptime = time.Duration(ms) * time.Millisecond
	} else {
		s.MaxPtime = time.Duration(ms) * time.Millisecond
	}
	return nil
}

func (p *parser) sctp(s *Section, name, value string) error {
	bits := 64
	if name == "sctp-port" {
		bits = 16
	}
	n, err := strconv.ParseUint(strings.TrimSpace(value), 10, bits)
	if err != nil {
		return p.bad("%s %q is no number", name, clip(value))
	}
	if name == "sctp-port" {
		s.SCTP.Port = uint16(n)
	} else {
		s.SCTP.MaxMessageSize = n
	}
	return nil
}

// transport reads what may stand in the session and in each section.
func (p *parser) transport(s *Section, name, value string) error {
	t := &s.Transport
	switch name {
	case "ice-ufrag":
		if len(value) < 4 || len(value) > 256 || !isICEChars(value) {
			return p.bad("ice-ufrag is not 4 to 256 ice-chars")
		}
		t.Ufrag = value
	case "ice-pwd":
		if len(value) < 22 || len(value) > 256 || !isICEChars(value) {
			return p.bad("ice-pwd is not 22 to 256 ice-chars")
		}
		t.Pwd = value
	case "ice-options":
		if options := strings.Fields(value); len(options) <= 16 {
			t.Options = options
		}
	case "setup":
		switch value {
		case "active", "passive", "actpass", "holdconn":
			t.Setup = value
		default:
			return p.bad("setup %q is no role", clip(value))
		}
	case "fingerprint":
		return p.fingerprint(s, value)
	}
	return nil
}

// maxFingerprints bounds them in one section: one for each hash, of an old and a new
// certificate.
const maxFingerprints = 16

func (p *parser) fingerprint(s *Section, value string) error {
	t := &s.Transport
	if s.inherited.transport {
		t.Fingerprints, t.Weak, s.inherited.transport = nil, false, false
	}
	f, err := srtp.ParseFingerprint(value)
	if fault.Of(err) == fault.Unsupported {
		t.Weak = true
		return nil
	}
	if err != nil {
		return lineError(fault.Invalid, p.number, "%w", err)
	}
	if len(t.Fingerprints) == maxFingerprints {
		return p.many("fingerprints", maxFingerprints)
	}
	if !slices.Contains(t.Fingerprints, f) {
		t.Fingerprints = append(t.Fingerprints, f)
	}
	return nil
}
