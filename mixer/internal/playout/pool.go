package playout

// MaxPayload is the longest payload that is kept, in bytes: 120 ms of L16 at 16 kHz.
const MaxPayload = 3840

const (
	// slotClasses is the number of lengths of slots.
	slotClasses = 6
	// chunkBytes is about how much memory is made at once.
	chunkBytes = 12 << 10
	// classBits of a handle say which class its slot is of.
	classBits = 3
	classMask = 1<<classBits - 1
)

// slotBytes are the lengths of slots. G.711 of 20 ms takes one of the second, Opus of
// telephony one of the first or the second, L16 of 20 ms at 16 kHz one of the fourth.
var slotBytes = [slotClasses]int{96, 192, 384, 768, 1536, MaxPayload}

// pool is a worker's memory for received payloads: slots of a few lengths, named by
// an int32. The slot freed last is used first, so the memory in use stays as small as
// what waits at one time.
type pool struct {
	class [slotClasses]class
}

// class is all slots of one length.
type class struct {
	chunks [][]byte
	slots  []slot
	free   []int32 // indices in slots
	bytes  int     // of a slot
	chunk  int     // slots in one
}

type slot struct {
	size   uint16
	format uint8 // index in the playout's formats
	level  Level // of the audio, as far as it is known
	asked  bool  // the payload for it
}

// classFor is the class of the shortest slots that a payload fits into.
func classFor(bytes int) int {
	c := 0
	for bytes > slotBytes[c] {
		c++
	}
	return c
}

// reserve makes sure that n slots for payloads of so many bytes exist.
func (p *pool) reserve(n, bytes int) {
	at := classFor(bytes)
	for c := &p.class[at]; len(c.slots) < n; {
		c.grow(slotBytes[at])
	}
}

func (c *class) grow(bytes int) {
	c.bytes, c.chunk = bytes, max(chunkBytes/bytes, 4)
	first := int32(len(c.slots))
	c.chunks = append(c.chunks, make([]byte, c.chunk*bytes))
	c.slots = append(c.slots, make([]slot, c.chunk)...)
	if cap(c.free) < len(c.slots) {
		free := make([]int32, len(c.free), 2*len(c.slots))
		copy(free, c.free)
		c.free = free
	}
	for i := int32(c.chunk) - 1; i >= 0; i-- {
		c.free = append(c.free, first+i)
	}
}

// put keeps a payload of at most MaxPayload and gives the slot's handle.
func (p *pool) put(payload []byte, format uint8, level Level) int32 {
	at := classFor(len(payload))
	c := &p.class[at]
	if len(c.free) == 0 {
		c.grow(slotBytes[at]) // jitter buffers are bounded, so this ends
	}
	i := c.free[len(c.free)-1]
	c.free = c.free[:len(c.free)-1]
	c.slots[i] = slot{size: uint16(len(payload)), format: format, level: level}
	copy(c.at(i), payload)
	return i<<classBits | int32(at)
}

func (c *class) at(i int32) []byte {
	from := int(i) % c.chunk * c.bytes
	return c.chunks[int(i)/c.chunk][from : from+c.bytes]
}

// slot is what is known of a handle's payload.
func (p *pool) slot(h int32) *slot { return &p.class[h&classMask].slots[h>>classBits] }

// get is a slot's payload, valid until release, and its format.
func (p *pool) get(h int32) ([]byte, uint8) {
	c := &p.class[h&classMask]
	s := &c.slots[h>>classBits]
	return c.at(h >> classBits)[:s.size], s.format
}

func (p *pool) release(h int32) {
	c := &p.class[h&classMask]
	c.free = append(c.free, h>>classBits)
}

// count is how many slots there are, how many are in use, and the bytes of all.
func (p *pool) count() (all, used, bytes int) {
	for i := range p.class {
		c := &p.class[i]
		all += len(c.slots)
		used += len(c.slots) - len(c.free)
		bytes += len(c.slots) * slotBytes[i]
	}
	return all, used, bytes
}
