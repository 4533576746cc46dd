package playout

const (
	// MaxPayload is the longest payload that is kept, in bytes.
	MaxPayload = 1536
	// chunkSlots is how many slots are made at once.
	chunkSlots = 64
)

// pool is a worker's memory for received payloads: slots named by an int32. The
// slot freed last is used first, so the memory in use stays as small as the
// number of packets that wait at one time.
type pool struct {
	chunks [][]byte
	slots  []slot
	free   []int32
}

type slot struct {
	size   uint16
	format uint8 // index in the playout's formats
	level  Level // of the audio, as far as it is known
	asked  bool  // the payload for it
}

// reserve makes sure that n slots exist.
func (p *pool) reserve(n int) {
	for len(p.slots) < n {
		p.grow()
	}
}

func (p *pool) grow() {
	first := int32(len(p.slots))
	p.chunks = append(p.chunks, make([]byte, chunkSlots*MaxPayload))
	p.slots = append(p.slots, make([]slot, chunkSlots)...)
	if cap(p.free) < len(p.slots) {
		free := make([]int32, len(p.free), 2*len(p.slots))
		copy(free, p.free)
		p.free = free
	}
	for i := int32(chunkSlots) - 1; i >= 0; i-- {
		p.free = append(p.free, first+i)
	}
}

// put keeps a payload of at most MaxPayload and gives the slot's handle.
func (p *pool) put(payload []byte, format uint8, level Level) int32 {
	if len(p.free) == 0 {
		p.grow() // jitter buffers are bounded, so this ends
	}
	h := p.free[len(p.free)-1]
	p.free = p.free[:len(p.free)-1]
	p.slots[h] = slot{size: uint16(len(payload)), format: format, level: level}
	copy(p.bytes(h), payload)
	return h
}

func (p *pool) bytes(h int32) []byte {
	at := int(h%chunkSlots) * MaxPayload
	return p.chunks[h/chunkSlots][at : at+MaxPayload]
}

// get is a slot's payload, valid until release, and its format.
func (p *pool) get(h int32) ([]byte, uint8) {
	s := p.slots[h]
	return p.bytes(h)[:s.size], s.format
}

func (p *pool) release(h int32) { p.free = append(p.free, h) }
