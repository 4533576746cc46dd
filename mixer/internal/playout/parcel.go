package playout

import "encoding/binary"

// Parcel is what playouts have buffered, on its way from the Memory of one worker to
// that of another. It is written by one worker, then read by the other, in the same
// order of playouts. It does not allocate as long as what it was made for suffices.
type Parcel struct {
	data []byte
	read int // of data
}

const (
	// recordBytes stand before each payload: its size, format and level.
	recordBytes = 5

	levelClaimed = 1 << 0
	levelAsked   = 1 << 1
)

// NewParcel makes a parcel with room for so many usual packets.
func NewParcel(packets int) *Parcel {
	return &Parcel{data: make([]byte, 0, packets*(recordBytes+usual))}
}

// Reset makes the parcel empty again.
func (k *Parcel) Reset() { k.data, k.read = k.data[:0], 0 }

// Export moves what the playout holds from the Memory into a parcel. Nothing but Import may
// be done with the playout until it has it back.
func (p *Playout) Export(m *Memory, to *Parcel) {
	p.rehandle(func(h int32) int32 {
		s := m.pool.slot(h)
		payload, _ := m.pool.get(h)
		flags := byte(0)
		if s.level.Claimed {
			flags |= levelClaimed
		}
		if s.asked {
			flags |= levelAsked
		}
		to.data = binary.BigEndian.AppendUint16(to.data, s.size)
		to.data = append(to.data, s.format, s.level.DBov, flags)
		to.data = append(to.data, payload...)
		m.pool.release(h)
		return 0
	})
}

// Import moves what Export took away into another Memory.
func (p *Playout) Import(m *Memory, from *Parcel) {
	p.rehandle(func(int32) int32 {
		data := from.data[from.read:]
		size := int(binary.BigEndian.Uint16(data))
		format, level, flags := data[2], data[3], data[4]
		payload := data[recordBytes : recordBytes+size]
		from.read += recordBytes + size
		h := m.pool.put(payload, format, Level{DBov: level, Claimed: flags&levelClaimed != 0})
		m.pool.slot(h).asked = flags&levelAsked != 0
		return h
	})
}

// rehandle gives each packet that is held another place in a Memory.
func (p *Playout) rehandle(f func(int32) int32) {
	p.buffer.Rehandle(f)
	for i, h := range p.kept[:p.keeps] {
		p.kept[i] = f(h)
	}
}
