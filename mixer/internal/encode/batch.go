package encode

import "github.com/skygenesisenterprise/skybridge/media"

// Batches is a worker's encoder calls of one tick. The zero value is ready.
type Batches struct {
	batches []batch

	Errors uint64 // of encoders; their frames are left out
}

// batch collects the encoder calls of one codec for one call into C.
type batch struct {
	codec   *media.Codec
	jobs    []media.EncodeJob
	streams []*Stream
}

// Encode makes packets of s from the frame that begins at tick. Of a codec with
// EncodeBatch it only takes note; Flush does the work, and pcm must stay as it is
// until then. independent keeps the frame from leaning on those before it, where
// the codec can do that.
func (b *Batches) Encode(s *Stream, pcm []int16, independent bool, tick int64) {
	if s.rests(pcm) {
		return
	}
	independent = independent && s.alone != nil
	if s.key.Codec.EncodeBatch == nil {
		var n int
		var err error
		if independent {
			n, err = s.alone.EncodeIndependent(s.target(), pcm)
		} else {
			n, err = s.enc.Encode(s.target(), pcm)
		}
		b.encoded(s, n, err, tick)
		return
	}
	of := b.of(s.key.Codec)
	of.jobs = append(of.jobs, media.EncodeJob{Encoder: s.enc, PCM: pcm, Dst: s.target(), Independent: independent})
	of.streams = append(of.streams, s)
	s.n = 0
}

// approach is Encode for a stream on its way back to another, which has encoded the same.
func (b *Batches) approach(s, to *Stream, pcm []int16, tick int64) {
	if s.rests(pcm) {
		return
	}
	n, how, err := s.toward.Approach(s.target(), pcm, to.enc, to.target()[:to.bytes], int(s.approached))
	s.approached++
	s.same = how == media.Same
	if s.alike++; how == media.Apart {
		s.alike = 0
	}
	b.encoded(s, n, err, tick)
}

func (b *Batches) of(c *media.Codec) *batch {
	for i := range b.batches {
		if b.batches[i].codec == c {
			return &b.batches[i]
		}
	}
	b.batches = append(b.batches, batch{codec: c})
	return &b.batches[len(b.batches)-1]
}

// Flush runs the encoder calls that were collected, for frames that begin at tick.
func (b *Batches) Flush(tick int64) {
	for i := range b.batches {
		of := &b.batches[i]
		if len(of.jobs) == 0 {
			continue
		}
		of.codec.EncodeBatch(of.jobs)
		for j := range of.jobs {
			b.encoded(of.streams[j], of.jobs[j].N, of.jobs[j].Err, tick)
		}
	}
	b.Drop()
}

// Drop forgets collected calls and what they refer to.
func (b *Batches) Drop() {
	for i := range b.batches {
		of := &b.batches[i]
		clear(of.jobs)
		clear(of.streams)
		of.jobs, of.streams = of.jobs[:0], of.streams[:0]
	}
}

func (b *Batches) encoded(s *Stream, n int, err error, tick int64) {
	if err != nil {
		b.Errors++
		n = 0
	}
	s.bytes = int32(n)
	s.cut(n, tick)
}
