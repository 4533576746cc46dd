package handout

import "github.com/skygenesisenterprise/skybridge/mixer/internal/encode"

// Frame is what one frame of a room made, of the classes whose members are away.
type Frame struct {
	Number uint64 // the room's count of frames
	Tick   int64  // of the room's frame

	classes []class
	pieces  []encode.Piece // of all classes; their packets lie in data
	data    []byte
}

// class is the end of a class's pieces; they begin where those before it end.
type class struct {
	id  uint32
	end int
}

// Begin starts another frame in f's memory.
func (f *Frame) Begin(number uint64, tick int64) {
	f.Number, f.Tick = number, tick
	f.classes, f.pieces, f.data = f.classes[:0], f.pieces[:0], f.data[:0]
}

// Add adds what a class made; nothing may be all that it did.
func (f *Frame) Add(id uint32, pieces []encode.Piece) {
	for i := range pieces {
		p := pieces[i]
		f.data = append(f.data, p.Packet...)
		f.pieces = append(f.pieces, p)
	}
	f.classes = append(f.classes, class{id: id, end: len(f.pieces)})
}

// End ends what Begin began.
func (f *Frame) End() {
	from := 0
	for i := range f.pieces { // only now, as data may have moved
		p := &f.pieces[i]
		to := from + len(p.Packet)
		p.Packet = f.data[from:to:to]
		from = to
	}
}

// Pieces are a class's packets, each with room for its header in front, which belongs to
// whoever reads the frame.
func (f *Frame) Pieces(id uint32) []encode.Piece {
	from := 0
	for _, c := range f.classes {
		if c.id == id {
			return f.pieces[from:c.end]
		}
		from = c.end
	}
	return nil
}

// CopyFrom makes f another's like, in memory of its own.
func (f *Frame) CopyFrom(o *Frame) {
	f.Begin(o.Number, o.Tick)
	f.classes = append(f.classes, o.classes...)
	f.pieces = append(f.pieces, o.pieces...)
	f.data = append(f.data, o.data...)
	f.End()
}
