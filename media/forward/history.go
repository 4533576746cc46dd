package forward

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/media/video/payload"
)

// slotBytes is the room for a packet's payload and the extensions that are passed on.
const slotBytes = 1500

// packet is one of a layer. It holds no pointer: what it carries is in the history's slab.
type packet struct {
	ext       uint32 // extended sequence number; 0 is an empty slot
	timestamp uint32
	arrival   time.Duration
	size      uint16 // of extensions and payload
	kept      uint16 // of it, extensions
	marker    bool
	key       bool // decoding can begin with it
	info      payload.Packet
}

// history is the last packets of a layer, which all its receivers share. It has room for none
// until the layer sends, and for more while what it sends is soon forgotten: a track of three
// layers that is only announced costs nothing, and a small layer little.
type history struct {
	slots []packet
	data  []byte
	mask  uint32
	most  int
}

const (
	// fewest is the room that a history begins with.
	fewest = 64
	// soon is what is not to be forgotten yet.
	soon = time.Second
)

// newHistory makes one that grows to a number of packets, made a power of two.
func newHistory(packets int) history {
	n := 1
	for n < packets {
		n *= 2
	}
	return history{most: n}
}

// make has room for a packet of a number that is so far behind the newest, and grows if that
// takes the place of one that came a moment ago, or of a newer one. It is false for one that is
// further behind than is ever kept.
func (h *history) make(now time.Duration, ext, behind uint32) bool {
	if behind >= uint32(h.most) {
		return false
	}
	n := max(len(h.slots), min(fewest, h.most))
	for uint32(n) <= behind {
		n *= 2
	}
	if n == len(h.slots) && n < h.most {
		if p := &h.slots[ext&h.mask]; p.ext != 0 && p.ext != ext && now-p.arrival < soon {
			n *= 2
		}
	}
	if n > len(h.slots) {
		h.resize(n)
	}
	return true
}

// resize makes room for a number of packets, a power of two, and keeps those that are there.
func (h *history) resize(n int) {
	old := *h
	h.slots, h.data, h.mask = make([]packet, n), make([]byte, n*slotBytes), uint32(n-1)
	for i := range old.slots {
		if p := &old.slots[i]; p.ext != 0 {
			to, data := h.at(p.ext)
			*to = *p
			copy(data, old.data[i*slotBytes:][:p.size])
		}
	}
}

// at is the slot for a number.
func (h *history) at(ext uint32) (*packet, []byte) {
	i := ext & h.mask
	return &h.slots[i], h.data[i*slotBytes : (i+1)*slotBytes : (i+1)*slotBytes]
}

// find is the packet of a number with its extensions and payload, or nil.
func (h *history) find(ext uint32) (p *packet, kept, body []byte) {
	if len(h.slots) == 0 {
		return nil, nil, nil
	}
	p, data := h.at(ext)
	if p.ext != ext || ext == 0 {
		return nil, nil, nil
	}
	return p, data[:p.kept], data[p.kept:p.size]
}
