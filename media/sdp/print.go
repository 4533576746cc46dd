package sdp

import (
	"cmp"
	"slices"
	"strconv"
)

// Bytes is the description in the order of RFC 8866 §5, each line ending in
// CR LF. What Parse gave prints so that Parse gives the same again.
func (s *Session) Bytes() []byte {
	b := make([]byte, 0, 1024)
	o := s.Origin
	b = line(b, 'v', "0")
	b = line(b, 'o', o.Username, " ", o.SessionID, " ", o.Version, " ", o.NetType, " ", o.AddrType, " ", o.Address)
	if s.Name == "" {
		b = line(b, 's', " ")
	} else {
		b = line(b, 's', s.Name)
	}
	b = lines(b, s.Lines, beforeConnection)
	b = connection(b, s.Connection)
	b = lines(b, s.Lines, beforeAttributes)
	b = attributes(b, s.Attributes)
	b = lines(b, s.Lines, atEnd)
	for _, m := range s.Media {
		b = m.append(b)
	}
	return b
}

// String is Bytes, for logs.
func (s *Session) String() string { return string(s.Bytes()) }

func (m *Media) append(b []byte) []byte {
	b = append(b, "m="...)
	b = append(b, m.Kind...)
	b = append(b, ' ')
	b = strconv.AppendUint(b, uint64(m.Port), 10)
	if m.Ports > 0 {
		b = append(b, '/')
		b = strconv.AppendInt(b, int64(m.Ports), 10)
	}
	b = append(b, ' ')
	b = append(b, m.Profile...)
	for _, f := range m.Formats {
		b = append(b, ' ')
		b = append(b, f...)
	}
	b = append(b, "\r\n"...)
	b = lines(b, m.Lines, beforeConnection)
	b = connection(b, m.Connection)
	b = lines(b, m.Lines, beforeAttributes)
	b = attributes(b, m.Attributes)
	return lines(b, m.Lines, atEnd)
}

func line(b []byte, kind byte, parts ...string) []byte {
	b = append(b, kind, '=')
	for _, p := range parts {
		b = append(b, p...)
	}
	return append(b, "\r\n"...)
}

// place is where a line stands in RFC 8866 §5.
type place int

const (
	beforeConnection place = iota // i, u, e, p
	beforeAttributes              // further c; b; t, r, z; k
	atEnd                         // unknown
)

func (l Line) place() place {
	switch l.rank() {
	case 0:
		return beforeConnection
	case 5:
		return atEnd
	}
	return beforeAttributes
}

// rank is the line's place in finer steps. Lines of one rank keep their order, as
// r= belongs to the t= before it.
func (l Line) rank() int {
	switch l.Type {
	case 'i', 'u', 'e', 'p':
		return 0
	case 'c':
		return 1
	case 'b':
		return 2
	case 't', 'r', 'z':
		return 3
	case 'k':
		return 4
	}
	return 5
}

func order(all []Line) {
	slices.SortStableFunc(all, func(a, b Line) int { return cmp.Compare(a.rank(), b.rank()) })
}

func lines(b []byte, all []Line, at place) []byte {
	for _, l := range all {
		if l.place() == at {
			b = line(b, l.Type, l.Value)
		}
	}
	return b
}

func connection(b []byte, c *Connection) []byte {
	if c == nil {
		return b
	}
	return line(b, 'c', c.NetType, " ", c.AddrType, " ", c.Address)
}

func attributes(b []byte, all []Attribute) []byte {
	for _, a := range all {
		if a.Value == "" {
			b = line(b, 'a', a.Name)
		} else {
			b = line(b, 'a', a.Name, ":", a.Value)
		}
	}
	return b
}
