package payload

import "math/bits"

// reader reads bits, the highest first. Past the end all are 0, and over is set.
type reader struct {
	b    []byte
	at   int // in bits
	over bool
}

func (r *reader) take(n int) (v uint32) {
	if r.at+n > 8*len(r.b) {
		r.over, r.at = true, 8*len(r.b)
		return 0
	}
	for ; n > 0; n-- {
		v = v<<1 | uint32(r.b[r.at>>3]>>(7-r.at&7)&1)
		r.at++
	}
	return v
}

func (r *reader) skip(n int) {
	if r.at += n; r.at > 8*len(r.b) {
		r.over, r.at = true, 8*len(r.b)
	}
}

// flag is one bit.
func (r *reader) flag() bool { return r.take(1) != 0 }

// golomb is an unsigned Exp-Golomb code (H.264 §9.1).
func (r *reader) golomb() uint32 {
	zeros := 0
	for !r.over && r.take(1) == 0 {
		if zeros++; zeros > 31 {
			r.over = true
		}
	}
	if r.over {
		return 0
	}
	return 1<<zeros - 1 + r.take(zeros)
}

// below is a number less than n, in as few bits as that takes (AV1 §4.10.7, ns(n)).
func (r *reader) below(n uint32) uint32 {
	w := bits.Len32(n)
	m := uint32(1)<<w - n
	v := r.take(w - 1)
	if v < m {
		return v
	}
	return v<<1 - m + r.take(1)
}
