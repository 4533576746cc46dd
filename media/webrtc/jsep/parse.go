package jsep

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
)

// Parse reads a description, as strictly as a negotiation needs. What it does not know
// it leaves aside. Errors are of kind fault.Invalid, fault.TooLarge for more bytes,
// sections or formats than the limits, or fault.TooMany for candidates and the like; all
// name the line.
func Parse(text string) (*Description, error) {
	p := parser{d: &Description{}}
	for line := range strings.Lines(text) {
		p.number++
		p.bytes += len(line)
		if p.bytes > MaxBytes {
			return nil, fault.New(fault.TooLarge, "sdp: line %d: %d bytes in all, at most %d", p.number, len(text), MaxBytes)
		}
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			continue
		}
		if err := p.line(line); err != nil {
			return nil, err
		}
	}
	if p.number == 0 {
		return nil, fault.New(fault.Invalid, "sdp: line 1: empty")
	}
	if len(p.d.Sections) == 0 {
		return nil, p.bad("the description ends without an m= line")
	}
	return p.d, p.finish()
}

// parser reads one description, line by line.
type parser struct {
	d       *Description
	session Section // what stands before the first m=, for each section to take on
	raw     []*formats
	mids    map[string]int // their lines
	number  int
	bytes   int
}

// bad is an error at the present line.
func (p *parser) bad(format string, args ...any) error {
	return lineError(fault.Invalid, p.number, format, args...)
}

func (p *parser) many(what string, most int) error {
	return lineError(fault.TooMany, p.number, "more than %d %s", most, what)
}

func lineError(kind fault.Kind, number int, format string, args ...any) error {
	return fault.New(kind, "sdp: line %d: %w", number, fmt.Errorf(format, args...))
}

func (p *parser) line(line string) error {
	if len(line) < 2 || line[1] != '=' || !strings.Contains("vosiuepcbtrzkam", line[:1]) {
		return p.bad("%q is no SDP line", clip(line))
	}
	for i := 0; i < len(line); i++ {
		if line[i] < ' ' && line[i] != '\t' || line[i] == 0x7f {
			return p.bad("control character 0x%02x", line[i])
		}
	}
	if p.number == 1 && line != "v=0" {
		return p.bad("%q, want v=0", clip(line))
	}
	switch value := line[2:]; line[0] {
	case 'o':
		f := strings.Fields(value)
		if len(f) < 6 {
			return p.bad("o= has %d fields, want 6", len(f))
		}
		p.d.ID, p.d.Version = f[len(f)-5], f[len(f)-4]
	case 'm':
		return p.media(value)
	case 'a':
		name, value, _ := strings.Cut(value, ":")
		if len(p.d.Sections) == 0 {
			return p.sessionAttribute(name, value)
		}
		return p.attribute(&p.d.Sections[len(p.d.Sections)-1], name, value)
	}
	return nil
}

func (p *parser) media(value string) error {
	if len(p.d.Sections) == MaxSections {
		return lineError(fault.TooLarge, p.number, "more than %d m= lines", MaxSections)
	}
	fields := strings.Fields(value)
	if len(fields) < 4 {
		return p.bad("m=%s has %d fields, at least 4", clip(value), len(fields))
	}
	if len(fields)-3 > MaxFormats {
		return lineError(fault.TooLarge, p.number, "more than %d formats", MaxFormats)
	}
	port, _, _ := strings.Cut(fields[1], "/")
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return p.bad("port %q is not 0 to 65535", clip(fields[1]))
	}
	if !isToken(fields[0]) || len(fields[0]) > maxToken {
		return p.bad("media %q is no token", clip(fields[0]))
	}
	for part := range strings.SplitSeq(fields[2], "/") {
		if !isToken(part) || len(fields[2]) > maxToken {
			return p.bad("protocol %q is no token", clip(fields[2]))
		}
	}
	s := p.session
	s.Line, s.Kind, s.Port, s.Protocol, s.Formats = p.number, fields[0], uint16(n), fields[2], fields[3:]
	s.Extensions = slices.Clone(s.Extensions)
	s.Candidates = slices.Clone(s.Candidates)
	s.Transport.Fingerprints = slices.Clone(s.Transport.Fingerprints)
	s.SCTP = SCTP{5000, 64 << 10}
	s.inherited = inherited{transport: true, extensions: len(s.Extensions)}
	p.d.Sections = append(p.d.Sections, s)
	p.raw = append(p.raw, newFormats())
	return nil
}

func (p *parser) sessionAttribute(name, value string) error {
	switch name {
	case "group":
		fields := strings.Fields(value)
		if len(fields) == 0 || fields[0] != "BUNDLE" || p.d.HasBundle {
			return nil
		}
		p.d.HasBundle, p.d.Bundle = true, fields[1:]
		if len(p.d.Bundle) > MaxSections {
			return p.many("mids in a group", MaxSections)
		}
	case "ice-lite":
		p.d.Lite = true
	case "extmap-allow-mixed":
		p.d.Mixed, p.session.Mixed = true, true
	case "extmap":
		return p.extmap(&p.session, value)
	case "end-of-candidates":
		p.session.Complete = true
	case "msid-semantic", "mid", "rtcp-mux": // of no meaning here
	default:
		if direction, ok := directions[name]; ok {
			p.session.Direction = direction
			return nil
		}
		return p.transport(&p.session, name, value)
	}
	return nil
}

var directions = map[string]media.Direction{
	"sendrecv": media.SendRecv, "sendonly": media.SendOnly, "recvonly": media.RecvOnly, "inactive": media.Inactive,
}

// finish checks what only the whole description tells, and gives the payload types
// their meaning.
func (p *parser) finish() error {
	for i := range p.d.Sections {
		s := &p.d.Sections[i]
		if s.MID != "" {
			if first := p.mids[s.MID]; first != 0 {
				return lineError(fault.Invalid, s.Line, "mid %q is that of line %d too", s.MID, first)
			}
			if p.mids == nil {
				p.mids = map[string]int{}
			}
			p.mids[s.MID] = s.Line
		}
		if s.Kind == Audio || s.Kind == Video {
			s.Codecs = p.raw[i].codecs(s.Formats)
		}
	}
	seen := map[string]bool{}
	for _, mid := range p.d.Bundle {
		if seen[mid] {
			return lineError(fault.Invalid, 1, "mid %q twice in a=group:BUNDLE", clip(mid))
		}
		seen[mid] = true
	}
	return nil
}

// maxToken bounds names that are repeated in answers, in bytes.
const maxToken = 64

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

// clip keeps what errors quote short.
func clip(s string) string {
	const most = 40
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
