package sdp

import (
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Limits of Parse. The largest offers of browsers (audio, video with every codec,
// screens, data) have some 300 lines, with a conference in them over 3,000.
const (
	MaxBytes      = 64 << 10
	MaxLineBytes  = 4096
	MaxLines      = 4096
	MaxMedia      = 64
	MaxAttributes = 4000 // in the whole session
	MaxFormats    = 128  // in one media line
)

// Parse reads a session description. It is as strict as negotiation needs and as
// lenient as phones require: LF for CR LF, blank lines, session lines in any
// order, no s= or t=, lines of unknown type. Errors are of kind fault.Invalid, or
// fault.TooLarge for more than MaxBytes, and name the line.
func Parse(body []byte) (*Session, error) {
	if len(body) > MaxBytes {
		return nil, fault.New(fault.TooLarge, "sdp: %d bytes, more than %d", len(body), MaxBytes)
	}
	p := parser{s: &Session{Origin: Origin{"-", "0", "0", "IN", "IP4", "0.0.0.0"}}}
	rest := string(body)
	for rest != "" {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		p.number++
		if err := p.line(strings.TrimRight(strings.TrimSuffix(line, "\r"), " \t")); err != nil {
			return nil, fault.New(fault.Invalid, "sdp: line %d: %w", p.number, err)
		}
	}
	if !p.seen['v'] {
		return nil, fault.New(fault.Invalid, "sdp: line %d: no v=0", max(p.number, 1))
	}
	if !p.seen['t'] {
		p.s.Lines = append(p.s.Lines, Line{'t', "0 0"})
	}
	order(p.s.Lines)
	for _, m := range p.s.Media {
		order(m.Lines)
	}
	return p.s, nil
}

type parser struct {
	s          *Session
	m          *Media // the media line under way
	number     int
	lines      int
	attributes int
	seen       [256]bool
}

func bad(format string, args ...any) error { return fault.New(fault.Invalid, format, args...) }

func (p *parser) line(line string) error {
	if line == "" {
		return nil
	}
	p.lines++
	switch {
	case p.lines > MaxLines:
		return bad("more than %d lines", MaxLines)
	case len(line) > MaxLineBytes:
		return bad("%d bytes, more than %d", len(line), MaxLineBytes)
	case len(line) < 2 || line[1] != '=' || line[0] < 'a' || line[0] > 'z':
		return bad("no <type>=<value>")
	case strings.ContainsAny(line, "\x00\r"):
		return bad("control character")
	case !p.seen['v'] && line[0] != 'v':
		return bad("%c= before v=", line[0])
	}
	kind, value := line[0], strings.TrimLeft(line[2:], " \t")
	first := !p.seen[kind]
	p.seen[kind] = true
	switch kind {
	case 'v':
		if value != "0" || !first {
			return bad("v=%s, want one v=0", value)
		}
		return nil
	case 'o':
		if !first {
			return bad("second o=")
		}
		return p.origin(value)
	case 's':
		if !first {
			return bad("second s=")
		}
		p.s.Name = value
		return nil
	case 'm':
		return p.media(value)
	case 'c':
		return p.connection(value)
	case 'a':
		return p.attribute(value)
	case 't', 'u', 'e', 'p', 'r', 'z': // the session's, wherever they stand
		p.s.Lines = append(p.s.Lines, Line{kind, value})
		return nil
	}
	lines := p.at()
	*lines = append(*lines, Line{kind, value})
	return nil
}

// at is where uninterpreted lines go at this point.
func (p *parser) at() *[]Line {
	if p.m != nil {
		return &p.m.Lines
	}
	return &p.s.Lines
}

// origin takes the last five fields first: user names with spaces have been seen.
func (p *parser) origin(value string) error {
	f := strings.Fields(value)
	n := len(f) - 5
	if n < 0 {
		return bad("o= has %d fields, want 6", len(f))
	}
	user := strings.Join(f[:n], " ")
	if user == "" {
		user = "-"
	}
	p.s.Origin = Origin{user, f[n], f[n+1], f[n+2], f[n+3], f[n+4]}
	return nil
}

func (p *parser) connection(value string) error {
	f := strings.Fields(value)
	if len(f) < 3 {
		return bad("c= has %d fields, want 3", len(f))
	}
	at := &p.s.Connection
	if p.m != nil {
		at = &p.m.Connection
	}
	if *at != nil { // one of several, as multicast may have them
		lines := p.at()
		*lines = append(*lines, Line{'c', value})
		return nil
	}
	*at = &Connection{f[0], f[1], f[2]}
	return nil
}

func (p *parser) attribute(value string) error {
	p.attributes++
	if p.attributes > MaxAttributes {
		return bad("more than %d attributes", MaxAttributes)
	}
	name, v, _ := strings.Cut(value, ":")
	a := Attribute{strings.TrimSpace(name), v}
	if p.m != nil {
		p.m.Attributes = append(p.m.Attributes, a)
	} else {
		p.s.Attributes = append(p.s.Attributes, a)
	}
	return nil
}

func (p *parser) media(value string) error {
	if len(p.s.Media) == MaxMedia {
		return bad("more than %d media lines", MaxMedia)
	}
	f := strings.Fields(value)
	if len(f) < 3 {
		return bad("m= has %d fields, want 4", len(f))
	}
	if len(f)-3 > MaxFormats {
		return bad("%d formats, more than %d", len(f)-3, MaxFormats)
	}
	m := &Media{Kind: f[0], Profile: f[2], Formats: f[3:]}
	first, count, several := strings.Cut(f[1], "/")
	port, err := strconv.ParseUint(first, 10, 16)
	if err != nil {
		return bad("port %q is not within 0-65535", first)
	}
	m.Port = uint16(port)
	if several {
		n, err := strconv.ParseUint(count, 10, 16)
		if err != nil || n == 0 {
			return bad("%q ports", count)
		}
		m.Ports = int(n)
	}
	p.m = m
	p.s.Media = append(p.s.Media, m)
	return nil
}
