package jsep

import (
	"slices"
	"strconv"
	"strings"
)

// Limits of one section: of an a=msid, of how many there are, of a=ssrc-group and of the
// layers of simulcast.
const (
	maxMSID   = 512 // bytes
	maxMSIDs  = 16
	maxGroups = 64
	maxLayers = 8
)

// stream reads what tells of the streams and sources of a section. What is beyond the
// limits is an error; what is of no known form is left aside, as such sources would not
// be found by it.
func (p *parser) stream(s *Section, name, value string) error {
	switch name {
	case "msid":
		return p.msid(s, value)
	case "ssrc":
		return p.ssrc(s, value)
	case "ssrc-group":
		return p.group(s, value)
	case "rid":
		return p.rid(s, value)
	}
	return p.simulcast(s, value)
}

func msidOf(value string) (m MSID, ok bool) {
	f := strings.Fields(value)
	if len(f) == 0 || len(f) > 2 || len(value) > maxMSID {
		return m, false
	}
	m.Stream = f[0]
	if len(f) == 2 {
		m.Track = f[1]
	}
	return m, true
}

func (p *parser) msid(s *Section, value string) error {
	m, ok := msidOf(value)
	if !ok {
		return p.bad("msid %q is not a stream and a track", clip(value))
	}
	if len(s.MSIDs) == maxMSIDs {
		return p.many("a=msid", maxMSIDs)
	}
	s.MSIDs = append(s.MSIDs, m)
	return nil
}

func (p *parser) ssrc(s *Section, value string) error {
	number, rest, _ := strings.Cut(value, " ")
	n, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return p.bad("ssrc %q is no number of 32 bits", clip(number))
	}
	i := slices.IndexFunc(s.Sources, func(o Source) bool { return o.SSRC == uint32(n) })
	if i < 0 {
		if len(s.Sources) == MaxSources {
			return p.many("sources", MaxSources)
		}
		i = len(s.Sources)
		s.Sources = append(s.Sources, Source{SSRC: uint32(n)})
	}
	name, value, _ := strings.Cut(rest, ":")
	switch name {
	case "cname":
		if len(value) <= 255 { // RFC 3550 §6.5
			s.Sources[i].CName = value
		}
	case "msid":
		if m, ok := msidOf(value); ok {
			s.Sources[i].MSID = m
		}
	}
	return nil
}

func (p *parser) group(s *Section, value string) error {
	f := strings.Fields(value)
	if len(f) < 2 || len(f)-1 > MaxSources {
		return p.bad("ssrc-group %q is not a name and sources", clip(value))
	}
	g := Group{Semantics: strings.ToUpper(f[0])}
	for _, text := range f[1:] {
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return p.bad("ssrc %q is no number of 32 bits", clip(text))
		}
		g.SSRCs = append(g.SSRCs, uint32(n))
	}
	if len(s.Groups) == maxGroups {
		return p.many("a=ssrc-group", maxGroups)
	}
	s.Groups = append(s.Groups, g)
	return nil
}

// rid reads "hi send max-width=1280;max-fps=30".
func (p *parser) rid(s *Section, value string) error {
	f := strings.SplitN(value, " ", 3)
	if len(f) < 2 || f[1] != "send" && f[1] != "recv" {
		return p.bad("rid %q is not a name and send or recv", clip(value))
	}
	if !isRID(f[0]) {
		return p.bad("rid %q is not 1 to 16 letters, digits, - and _", clip(f[0]))
	}
	if slices.ContainsFunc(s.RIDs, func(r RID) bool { return r.ID == f[0] }) {
		return p.bad("rid %q twice", f[0])
	}
	if len(s.RIDs) == MaxRIDs {
		return p.many("a=rid", MaxRIDs)
	}
	r := RID{ID: f[0], Send: f[1] == "send"}
	if len(f) == 3 {
		r.Restrictions = strings.TrimSpace(f[2])
	}
	s.RIDs = append(s.RIDs, r)
	return nil
}

// isRID reports whether s can be sent in a one-byte header extension and is made of what
// RFC 8851 §10 allows, with the - and _ of its errata.
func isRID(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= 16
}

// simulcast reads "send hi;mid,alternative;~low recv x".
func (p *parser) simulcast(s *Section, value string) error {
	f := strings.Fields(value)
	if len(f) != 2 && len(f) != 4 {
		return p.bad("simulcast %q is not a direction and a list", clip(value))
	}
	var out Simulcast
	for ; len(f) > 0; f = f[2:] {
		var layers []Layer
		for stream := range strings.SplitSeq(f[1], ";") {
			first, _, _ := strings.Cut(stream, ",")
			id, paused := strings.CutPrefix(first, "~")
			if !isRID(id) {
				return p.bad("simulcast of rid %q", clip(id))
			}
			if len(layers) == maxLayers {
				return p.many("layers of simulcast", maxLayers)
			}
			layers = append(layers, Layer{id, paused})
		}
		switch {
		case f[0] == "send" && out.Send == nil:
			out.Send = layers
		case f[0] == "recv" && out.Receive == nil:
			out.Receive = layers
		default:
			return p.bad("simulcast direction %q", clip(f[0]))
		}
	}
	s.Simulcast = out
	return nil
}
