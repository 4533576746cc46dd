package session

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/api/ws/fanout"
)

// entry is a frame with its number and time.
type entry struct {
	seq   uint64
	at    time.Time
	frame fanout.Frame
}

// ring keeps the last frames, numbered from 1 on without a hole, within a number and a sum of
// bytes. The newest is always there.
type ring struct {
	most     int
	mostSize int

	kept []entry // circular
	head int     // place of the oldest
	n    int
	size int
	seq  uint64 // of the newest

	receipts map[string]struct{} // of those that are kept
}

// told reports whether the frame of a receipt is kept.
func (r *ring) told(receipt string) bool {
	_, ok := r.receipts[receipt]
	return ok
}

// add numbers and keeps a frame; the oldest make room for it.
func (r *ring) add(f fanout.Frame, at time.Time) uint64 {
	r.seq++
	for r.n > 0 && (r.n >= r.most || r.size+f.Bytes() > r.mostSize) {
		r.drop()
	}
	if r.n == len(r.kept) {
		r.grow()
	}
	r.kept[(r.head+r.n)%len(r.kept)] = entry{r.seq, at, f}
	r.n++
	r.size += f.Bytes()
	if f.Receipt != "" {
		if r.receipts == nil {
			r.receipts = make(map[string]struct{})
		}
		r.receipts[f.Receipt] = struct{}{}
	}
	return r.seq
}

func (r *ring) drop() {
	delete(r.receipts, r.kept[r.head].frame.Receipt)
	r.size -= r.kept[r.head].frame.Bytes()
	r.kept[r.head] = entry{}
	r.head = (r.head + 1) % len(r.kept)
	r.n--
}

func (r *ring) grow() {
	next := make([]entry, min(max(8, 2*len(r.kept)), r.most))
	for i := range r.n {
		next[i] = r.kept[(r.head+i)%len(r.kept)]
	}
	r.kept, r.head = next, 0
}

// oldest is the number of the oldest frame that is kept; one more than the newest's while none is.
func (r *ring) oldest() uint64 { return r.seq - uint64(r.n) + 1 }

// at gives a frame by its number, if it is kept.
func (r *ring) at(seq uint64) (entry, bool) {
	if seq < r.oldest() || seq > r.seq {
		return entry{}, false
	}
	return r.kept[(r.head+int(seq-r.oldest()))%len(r.kept)], true
}

// from gives the frames from a number on, as far as they are kept.
func (r *ring) from(seq uint64) (out []entry) {
	for seq = max(seq, r.oldest()); seq <= r.seq; seq++ {
		e, _ := r.at(seq)
		out = append(out, e)
	}
	return out
}
