package mixer

import "github.com/skygenesisenterprise/skybridge/media"

// batch collects the encoder calls of one codec for one call into C.
type batch struct {
	codec   *media.Codec
	jobs    []media.EncodeJob
	streams []*stream
}

// encode makes this tick's packets of s from one frame. A codec with EncodeBatch
// only takes note; flush does the work. pcm must stay as it is until then.
func (w *worker) encode(s *stream, pcm []int16, independent bool) {
	independent = independent && s.alone != nil
	if s.key.codec.EncodeBatch == nil {
		var n int
		var err error
		if independent {
			n, err = s.alone.EncodeIndependent(s.target(), pcm)
		} else {
			n, err = s.enc.Encode(s.target(), pcm)
		}
		w.encoded(s, n, err)
		return
	}
	b := w.batchOf(s.key.codec)
	b.jobs = append(b.jobs, media.EncodeJob{Encoder: s.enc, PCM: pcm, Dst: s.target(), Independent: independent})
	b.streams = append(b.streams, s)
	s.n = 0
}

func (w *worker) batchOf(c *media.Codec) *batch {
	for i := range w.batches {
		if w.batches[i].codec == c {
			return &w.batches[i]
		}
	}
	w.batches = append(w.batches, batch{codec: c})
	return &w.batches[len(w.batches)-1]
}

// flush runs the encoder calls that were collected.
func (w *worker) flush() {
	for i := range w.batches {
		b := &w.batches[i]
		if len(b.jobs) == 0 {
			continue
		}
		b.codec.EncodeBatch(b.jobs)
		for j := range b.jobs {
			w.encoded(b.streams[j], b.jobs[j].N, b.jobs[j].Err)
		}
	}
	w.dropBatches()
}

// dropBatches forgets collected calls and what they refer to.
func (w *worker) dropBatches() {
	for i := range w.batches {
		b := &w.batches[i]
		clear(b.jobs)
		clear(b.streams)
		b.jobs, b.streams = b.jobs[:0], b.streams[:0]
	}
}

func (w *worker) encoded(s *stream, n int, err error) {
	if err != nil {
		w.count.encodeErrors++
		n = 0
	}
	s.cut(n, w.tick)
}
