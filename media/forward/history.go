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

// history is the last packets of a layer, which all its receivers share.
type history struct {
	slots []packet
	data  []byte
	mask  uint32
}

// newHistory makes room for a number of packets, made a power of two.
func newHistory(packets int) history {
	n := 1
	for n < packets {
		n *= 2
	}
	return history{slots: make([]packet, n), data: make([]byte, n*slotBytes), mask: uint32(n - 1)}
}

// at is the slot for a number.
func (h *history) at(ext uint32) (*packet, []byte) {
	i := ext & h.mask
	return &h.slots[i], h.data[i*slotBytes : (i+1)*slotBytes : (i+1)*slotBytes]
}

// find is the packet of a number with its extensions and payload, or nil.
func (h *history) find(ext uint32) (p *packet, kept, body []byte) {
	p, data := h.at(ext)
	if p.ext != ext || ext == 0 {
		return nil, nil, nil
	}
	return p, data[:p.kept], data[p.kept:p.size]
}
