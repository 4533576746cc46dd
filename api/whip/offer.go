package whip

import (
	"slices"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
)

// offer is a client's SDP, cut so that its ICE part can be exchanged (RFC 9725 §4.3.3). What it
// is made of has been read by jsep.
type offer struct {
	head     []string   // lines before the first m=
	sections [][]string // each begins with its m=
	wanted   []int      // those that are not to be refused
	mids     []string   // of the sections; "" for none
	bundle   []string   // mids of those that share a transport
	bears    int        // the section that the candidates are taken from, once it is answered
}

// readOffer reads a description that publishes something, or with watch receives something. Its
// errors are jsep's, of kind fault.Invalid with the line, and fault.NotAcceptable where the
// direction is the wrong one.
func readOffer(text string, watch bool) (offer, error) {
	d, err := jsep.Parse(text)
	if err != nil {
		return offer{}, err
	}
	var o offer
	o.bundle = d.Bundle
	for i, s := range d.Sections {
		o.mids = append(o.mids, s.MID)
		way := s.Direction.Sends()
		if watch {
			way = s.Direction.Receives()
		}
		if s.Kind != jsep.Application && !s.Rejected() && way {
			o.wanted = append(o.wanted, i)
		}
	}
	switch {
	case len(o.wanted) > 0:
	case watch:
		return offer{}, fault.New(fault.NotAcceptable, "the offer receives nothing")
	default:
		return offer{}, fault.New(fault.NotAcceptable, "the offer sends nothing")
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			continue
		}
		if strings.HasPrefix(line, "m=") {
			o.sections = append(o.sections, nil)
		}
		if n := len(o.sections); n > 0 {
			o.sections[n-1] = append(o.sections[n-1], line)
		} else {
			o.head = append(o.head, line)
		}
	}
	for i := range o.sections {
		o.sections[i] = directed(o.sections[i], d.Sections[i], watch)
	}
	o.head = slices.DeleteFunc(o.head, isDirection)
	o.edit(alone)
	return o, nil
}

// directed is a section that is sent one way only (RFC 9725 §4.2).
func directed(lines []string, s jsep.Section, watch bool) []string {
	if s.Kind == jsep.Application {
		return lines
	}
	direction := "a=inactive"
	switch {
	case watch && s.Direction.Receives():
		direction = "a=recvonly"
	case !watch && s.Direction.Sends():
		direction = "a=sendonly"
	}
	return append(slices.DeleteFunc(lines, isDirection), direction)
}

func isDirection(line string) bool {
	return slices.Contains([]string{"a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive"}, line)
}

// alone takes out of a line that its client takes candidates after the answer: there is no way
// to tell them (RFC 9725 §4.3.2), so the answer has to have them all.
func alone(line string) (string, bool) {
	options, ok := strings.CutPrefix(line, "a=ice-options:")
	if !ok {
		return line, true
	}
	rest := slices.DeleteFunc(strings.Fields(options), func(o string) bool { return o == "trickle" })
	return "a=ice-options:" + strings.Join(rest, " "), len(rest) > 0
}

// answered takes the answer. It fails with fault.NotAcceptable for one that takes a part of what is
// offered: who publishes would not know that something is not seen (RFC 9725 §4.4.3), and a second
// camera or microphone is more than one session has (§4.4.2).
func (o *offer) answered(answer string, watch bool) error {
	d, err := jsep.Parse(answer)
	if err != nil {
		return fault.New(fault.Internal, "an answer of ours: %w", err)
	}
	for _, i := range o.wanted {
		s := &d.Sections[i]
		taken := s.Direction.Receives()
		if watch {
			taken = s.Direction.Sends()
		}
		if s.Rejected() || !taken {
			return fault.New(fault.NotAcceptable, "the %s of section %d is not taken: no codec in common, or one more than a session has", s.Kind, i+1)
		}
	}
	o.bears = o.bearing(d)
	return nil
}

// bearing is the section that a session's transport is taken from: the first of the BUNDLE group, or
// else of all, that the answer takes (RFC 9143 §7.3.1).
func (o *offer) bearing(answer *jsep.Description) int {
	taken := func(i int) bool { return i >= 0 && i < len(answer.Sections) && !answer.Sections[i].Rejected() }
	for _, mid := range o.bundle {
		if i := slices.Index(o.mids, mid); taken(i) {
			return i
		}
	}
	return max(0, slices.IndexFunc(answer.Sections, func(s jsep.Section) bool { return !s.Rejected() }))
}

// bearsFor reports whether the candidates of a section, by its mid, are those of the session. Those of
// one that has a transport of its own are not.
func (o *offer) bearsFor(mid string) bool {
	i := slices.Index(o.mids, mid)
	return mid == "" || i < 0 || i == o.bears || slices.Contains(o.bundle, mid) && slices.Contains(o.bundle, o.mids[o.bears])
}

// edit changes each line; those that are not kept go.
func (o *offer) edit(f func(line string) (string, bool)) {
	each := func(lines []string) []string {
		kept := make([]string, 0, len(lines))
		for _, line := range lines {
			if line, keep := f(line); keep {
				kept = append(kept, line)
			}
		}
		return kept
	}
	o.head = each(o.head)
	sections := make([][]string, len(o.sections))
	for i := range o.sections {
		sections[i] = each(o.sections[i])
	}
	o.sections = sections
}

// text is the SDP.
func (o offer) text() string {
	var b strings.Builder
	for _, lines := range slices.Concat([][]string{o.head}, o.sections) {
		for _, line := range lines {
			b.WriteString(line)
			b.WriteString("\r\n")
		}
	}
	return b.String()
}

// ufrag is the client's, of the present generation.
func (o offer) ufrag() string {
	for _, lines := range slices.Concat([][]string{o.head}, o.sections) {
		for _, line := range lines {
			if ufrag, ok := strings.CutPrefix(line, "a=ice-ufrag:"); ok {
				return ufrag
			}
		}
	}
	return ""
}

// restarted is the offer of a new generation of ICE: the same but for the credentials, the
// candidates and its version (RFC 9725 §4.3.3).
func (o offer) restarted(f fragment) offer {
	o.edit(func(line string) (string, bool) {
		name, _, _ := strings.Cut(line, ":")
		switch name {
		case "a=ice-ufrag":
			return name + ":" + f.ufrag, true
		case "a=ice-pwd":
			return name + ":" + f.pwd, true
		case "a=candidate", "a=end-of-candidates":
			return "", false
		}
		if strings.HasPrefix(line, "o=") {
			return later(line), true
		}
		return line, true
	})
	if o.bears >= len(o.sections) {
		return o
	}
	bears := &o.sections[o.bears]
	for _, c := range f.candidates {
		if o.bearsFor(c.mid) {
			*bears = append(*bears, "a="+c.text)
		}
	}
	if f.complete {
		*bears = append(*bears, "a=end-of-candidates")
	}
	return o
}

// later is an o= line of the next version (RFC 8866 §5.2).
func later(line string) string {
	fields := strings.Fields(line)
	if len(fields) < 3 {
		return line
	}
	if version, err := strconv.ParseUint(fields[2], 10, 64); err == nil {
		fields[2] = strconv.FormatUint(version+1, 10)
	}
	return strings.Join(fields, " ")
}
