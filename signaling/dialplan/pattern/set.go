package pattern

import "math/bits"

// charSet holds the bytes that an element accepts.
type charSet [4]uint64

func (s *charSet) add(c byte)      { s[c>>6] |= 1 << (c & 63) }
func (s *charSet) has(c byte) bool { return s[c>>6]&(1<<(c&63)) != 0 }

func (s *charSet) addRange(lo, hi byte) {
	for c := int(lo); c <= int(hi); c++ {
		s.add(byte(c))
	}
}

func (s *charSet) count() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

func (s *charSet) lowest() int {
	for i, w := range s {
		if w != 0 {
			return i*64 + bits.TrailingZeros64(w)
		}
	}
	return 256
}

func parseSet(body string) charSet {
	var s charSet
	for i := 0; i < len(body); i++ {
		if i+2 < len(body) && body[i+1] == '-' {
			s.addRange(body[i], body[i+2])
			i += 2
			continue
		}
		s.add(body[i])
	}
	return s
}
