package forward

import "github.com/skygenesisenterprise/skybridge/media/video/payload"

// frames is what became of the last frames of the layer that is passed on, and how their
// picture ids are made: to go on from one layer to the next and, in VP8, to have no holes
// where frames were left out, as decoders wait for what is between two (a hole that the
// network made stays). Frame numbers of AV1 and picture ids of VP9 keep such holes, as other
// fields refer to them by differences.
type frames struct {
	list [framesKept]frame
	n    uint32 // so far

	now      frame // the newest
	offset   uint16
	base     uint8  // added to TL0PICIDX
	last     uint16 // highest picture id that was sent
	lastBase uint8
	ever     bool

	// The same of frame numbers in dependency descriptors.
	number     uint16 // added
	lastNumber uint16
	described  bool

	close bool // holes of what is left out
}

// framesKept is how far back a late packet's frame is known.
const framesKept = 32

// frame is one of them.
type frame struct {
	timestamp uint32
	picture   uint16 // the source's
	offset    uint16 // that later frames have
	passed    bool
	numbered  bool
}

// begin goes on with a key frame of whatever layer.
func (f *frames) begin(p *payload.Packet) {
	f.n, f.now = 0, frame{}
	f.offset, f.base = 0, 0
	if f.ever {
		f.offset, f.base = f.last+1-p.PictureID, f.lastBase+1-p.BaseIndex
	}
	f.number = 0
	if f.described {
		f.number = f.lastNumber + 1 - p.Frame
	}
}

// add takes the newest frame, which is passed on or not.
func (f *frames) add(timestamp uint32, p *payload.Packet, passed bool) {
	if !passed && f.close && p.PictureBits > 0 {
		f.offset--
	}
	f.now = frame{timestamp, p.PictureID, f.offset, passed, p.PictureBits > 0}
	f.list[f.n%framesKept] = f.now
	f.n++
}

// find is a frame by its time stamp, or nil.
func (f *frames) find(timestamp uint32) *frame {
	for i := range min(f.n, framesKept) {
		if at := &f.list[(f.n-1-i)%framesKept]; at.timestamp == timestamp {
			return at
		}
	}
	return nil
}

// insert takes a frame that comes after a newer one, if an older one tells its number.
func (f *frames) insert(timestamp uint32, p *payload.Packet, passed bool) *frame {
	var before *frame
	for i := range min(f.n, framesKept) {
		at := &f.list[(f.n-1-i)%framesKept]
		if int32(timestamp-at.timestamp) > 0 && (before == nil || int32(at.timestamp-before.timestamp) > 0) {
			before = at
		}
	}
	if before == nil {
		return nil
	}
	f.list[f.n%framesKept] = frame{timestamp, p.PictureID, before.offset, passed, p.PictureBits > 0}
	f.n++
	return &f.list[(f.n-1)%framesKept]
}

// numbers are the picture id and the TL0PICIDX that go out with a packet of a frame, and what
// is added to a frame number.
func (f *frames) numbers(at *frame, p *payload.Packet) (picture uint16, base uint8, number uint16) {
	picture, base = p.PictureID+at.offset, p.BaseIndex+f.base
	if !f.ever || newer(picture, f.last, p.PictureBits) {
		f.last = picture
	}
	if !f.ever || int8(base-f.lastBase) > 0 {
		f.lastBase = base
	}
	f.ever = true
	if p.Described {
		if n := p.Frame + f.number; !f.described || newer(n, f.lastNumber, 16) {
			f.lastNumber = n
		}
		f.described = true
	}
	return picture, base, f.number
}

// newer tells whether an id of so many bits comes after another one.
func newer(a, b uint16, bits uint8) bool {
	shift := 16 - bits
	return int16((a-b)<<shift) > 0
}
