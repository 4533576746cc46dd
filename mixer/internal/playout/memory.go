package playout

// Memory is what all playouts of a worker share: room for the payloads that wait,
// and for one packet's PCM. The zero value is ready.
type Memory struct {
	Dropped uint64 // packets that could not be decoded

	pool    pool
	decoded [MaxDecoded]int16 // before resampling
	extra   [MaxDecoded]int16 // a second packet, to be blended into the first
}

// usual is the payload that most packets have at most, in bytes: 20 ms of G.711.
const usual = 160

// Reserve makes sure that n payloads of the usual length can wait without
// allocating.
func (m *Memory) Reserve(n int) { m.pool.reserve(n, usual) }

// Release gives back a payload's place.
func (m *Memory) Release(handle int32) { m.pool.release(handle) }

// Slots is how many payloads can wait, how many do, and how many bytes there are for
// them.
func (m *Memory) Slots() (all, used, bytes int) { return m.pool.count() }
