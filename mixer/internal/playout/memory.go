package playout

// Memory is what all playouts of a worker share: room for the payloads that wait,
// and for one packet's PCM. The zero value is ready.
type Memory struct {
	Dropped uint64 // packets that could not be decoded

	pool    pool
	decoded [MaxDecoded]int16 // before resampling
	extra   [MaxDecoded]int16 // a second packet, to be blended into the first
}

// Reserve makes sure that n payloads can wait without allocating.
func (m *Memory) Reserve(n int) { m.pool.reserve(n) }

// Release gives back a payload's place.
func (m *Memory) Release(handle int32) { m.pool.release(handle) }

// Slots is how many payloads can wait, and how many do.
func (m *Memory) Slots() (all, used int) {
	return len(m.pool.slots), len(m.pool.slots) - len(m.pool.free)
}
