package forward

// What became of a number of the source.
const (
	unset    = iota
	reserved // it did not come yet; a number is kept for it
	sent
	leftOut
)

// places is how the numbers of a source's layer become those of a subscription. What is left
// out on purpose leaves no hole; for what did not come, a number is kept.
type places struct {
	list    [placesKept]place
	first   uint32 // extended number that the layer began with here
	highest uint32
	next    uint16 // to be given
	layer   int8
}

type place struct {
	ext   uint32
	out   uint16
	layer int8
	state uint8
}

// placesKept is how far back late packets are placed.
const placesKept = 1024

// begin goes on with another layer, or the same anew, from a number on.
func (p *places) begin(layer int8, ext uint32) {
	p.layer, p.first, p.highest = layer, ext, ext-1
}

// ahead keeps numbers for what is missing before a packet that is newer than all before it.
// A hole that is longer than what is kept becomes one of a single packet.
func (p *places) ahead(ext uint32) {
	if ext-p.highest > placesKept/2 {
		p.next++
	} else {
		for e := p.highest + 1; e != ext; e++ {
			p.list[e%placesKept] = place{ext: e, out: p.next, layer: p.layer, state: reserved}
			p.next++
		}
	}
	p.highest = ext
}

// pass gives the newest packet its number.
func (p *places) pass(ext uint32) uint16 {
	out := p.next
	p.next++
	p.list[ext%placesKept] = place{ext: ext, out: out, layer: p.layer, state: sent}
	return out
}

// leave leaves the newest packet out.
func (p *places) leave(ext uint32) {
	p.list[ext%placesKept] = place{ext: ext, layer: p.layer, state: leftOut}
}

// late is the number that is kept for a packet that comes late; false is none.
func (p *places) late(ext uint32) (uint16, bool) {
	if int32(ext-p.first) < 0 || p.highest-ext >= placesKept {
		return 0, false
	}
	at := &p.list[ext%placesKept]
	if at.ext != ext || at.layer != p.layer || at.state != reserved {
		return 0, false
	}
	at.state = sent
	return at.out, true
}
