package transport

import (
	"slices"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// Extensions are the ids of the header extensions that packets are told by, 0 for none.
// They are the same in all sections of a BUNDLE group (RFC 9143 §7.1.3).
type Extensions struct {
	MID         uint8 // RFC 9143 §15
	RID         uint8 // RFC 8852
	RepairedRID uint8
}

// Section is one media section of a BUNDLE group, of what the peer sends in it.
type Section struct {
	MID          string
	PayloadTypes []uint8
	SSRCs        []uint32 // those that its description names
}

// Source is what is known of an SSRC.
type Source struct {
	Section int // index in what Update was given
	// RID is the layer of simulcast that it is, or repairs if Repair is true; empty for
	// none, or as long as no packet has said it.
	RID    string
	Repair bool
}

// maxNameBytes is how long a mid or rid in a packet may be; longer ones are none.
const maxNameBytes = 16

// Demux tells of which section a packet is (RFC 9143 §9.2), and of which layer. It is for
// one goroutine at a time, or its owner's lock.
type Demux struct {
	sections   []Section
	extensions Extensions
	unique     [128]int16 // by payload type: the one section that has it, or less
	learned    []entry    // MaxSources at most
	last       int        // the latest one found
	now        uint64     // packets looked at
}

type entry struct {
	ssrc uint32
	used uint64 // when it was found last, in packets
	mid  string // of its section, whose index is -1 while that is not there
	Source
}

// What stands in Demux.unique for no section, and for several.
const (
	noSection   = -1
	twoSections = -2
)

// Update takes the sections of an exchange. What was learned from packets stays, with its mid,
// wherever that stands now, or does again later: browsers say the mid and the rid of an SSRC
// until they know us to have heard, and never again, also when its section was off meanwhile. But
// an SSRC that a description names is of the section that it says.
func (d *Demux) Update(sections []Section, x Extensions) {
	d.sections, d.extensions, d.last = sections, x, 0
	for i := range d.unique {
		d.unique[i] = noSection
	}
	for i := range sections {
		for _, pt := range sections[i].PayloadTypes {
			switch of := &d.unique[pt&0x7f]; *of {
			case noSection:
				*of = int16(i)
			case int16(i):
			default:
				*of = twoSections
			}
		}
	}
	for i := range d.learned {
		e := &d.learned[i]
		e.Section = slices.IndexFunc(sections, func(s Section) bool { return s.MID == e.mid })
	}
	for i := range sections {
		for _, ssrc := range sections[i].SSRCs {
			if e := d.find(ssrc); e == nil || e.Section != i { // whatever packets were taken for before
				d.learn(ssrc, i)
			}
		}
	}
}

// Find tells a packet's source. ok is false for a packet of no section, or of a payload type
// that its section has not. It allocates where it learns something only. Of more than MaxSources
// it forgets those that have been silent longest.
func (d *Demux) Find(h *rtp.Header) (s Source, ok bool) {
	d.now++
	e := d.find(h.SSRC)
	if mid := d.name(h, d.extensions.MID); mid != nil {
		at := noSection
		for i := range d.sections {
			if d.sections[i].MID == string(mid) {
				at = i
				break
			}
		}
		switch {
		case at < 0:
			return Source{}, false
		case e == nil:
			e = d.learn(h.SSRC, at)
		case e.Section != at: // a source that moved: its layers are others
			e.Source, e.mid = Source{Section: at}, d.sections[at].MID
		}
	} else if e == nil {
		if at := d.unique[h.PayloadType&0x7f]; at >= 0 && len(d.sections) > 0 {
			e = d.learn(h.SSRC, int(at))
		}
	}
	if e == nil || e.Section < 0 || !slices.Contains(d.sections[e.Section].PayloadTypes, h.PayloadType) {
		return Source{}, false
	}
	if rid := d.name(h, d.extensions.RID); rid != nil {
		e.is(rid, false)
	}
	if rid := d.name(h, d.extensions.RepairedRID); rid != nil {
		e.is(rid, true)
	}
	return e.Source, true
}

// is takes note of a layer.
func (e *entry) is(rid []byte, repair bool) {
	if e.RID != string(rid) {
		e.RID = string(rid)
	}
	e.Repair = repair
}

// name is a mid or rid in a packet, nil for none.
func (d *Demux) name(h *rtp.Header, id uint8) []byte {
	if id == 0 || h.Extension == nil {
		return nil
	}
	name := h.Element(id)
	if len(name) == 0 || len(name) > maxNameBytes {
		return nil
	}
	return name
}

func (d *Demux) find(ssrc uint32) *entry {
	if d.last < len(d.learned) && d.learned[d.last].ssrc == ssrc {
		d.learned[d.last].used = d.now
		return &d.learned[d.last]
	}
	for i := range d.learned {
		if d.learned[i].ssrc == ssrc {
			d.last, d.learned[i].used = i, d.now
			return &d.learned[i]
		}
	}
	return nil
}

// learn takes an SSRC for a section's.
func (d *Demux) learn(ssrc uint32, section int) *entry {
	if d.find(ssrc) != nil { // of one that is not there any more
	} else if d.last = len(d.learned); d.last == MaxSources {
		d.last = 0
		for i := range d.learned {
			if d.learned[i].used < d.learned[d.last].used {
				d.last = i
			}
		}
	} else {
		d.learned = append(d.learned, entry{})
	}
	d.learned[d.last] = entry{ssrc, d.now, d.sections[section].MID, Source{Section: section}}
	return &d.learned[d.last]
}
