package g722

// filter is the 24-tap quadrature mirror filter of either side (§3.1, §4.4): two
// halves of 12 taps, fed with alternate samples. It keeps what the next pair needs of
// those before it, oldest first.
type filter struct {
	first, second [tapsLess]int32
}

const (
	halfTaps = 12
	tapsLess = halfTaps - 1
	// block is how many pairs are filtered at a time: those of a frame.
	block = 160
)

// The taps of the first half, oldest sample first; the second half has them in reverse.
const (
	tap0, tap1, tap2, tap3, tap4, tap5   = 3, -11, 12, 32, -210, 951
	tap6, tap7, tap8, tap9, tap10, tap11 = 3876, -805, 362, -156, 53, -11
)

// pairs is a block of samples, and those before it that the filter reaches back to.
type pairs struct {
	first, second [tapsLess + block]int32
}

// begin puts what came before in front of a block.
func (f *filter) begin(p *pairs) {
	copy(p.first[:tapsLess], f.first[:])
	copy(p.second[:tapsLess], f.second[:])
}

// end keeps the last of a block of n pairs.
func (f *filter) end(p *pairs, n int) {
	copy(f.first[:], p.first[n:n+tapsLess])
	copy(f.second[:], p.second[n:n+tapsLess])
}

// at gives the sums of both halves for a pair.
func (p *pairs) at(i int) (first, second int32) {
	x, y := (*[halfTaps]int32)(p.first[i:]), (*[halfTaps]int32)(p.second[i:])
	first = x[0]*tap0 + x[1]*tap1 + x[2]*tap2 + x[3]*tap3 + x[4]*tap4 + x[5]*tap5 +
		x[6]*tap6 + x[7]*tap7 + x[8]*tap8 + x[9]*tap9 + x[10]*tap10 + x[11]*tap11
	second = y[11]*tap0 + y[10]*tap1 + y[9]*tap2 + y[8]*tap3 + y[7]*tap4 + y[6]*tap5 +
		y[5]*tap6 + y[4]*tap7 + y[3]*tap8 + y[2]*tap9 + y[1]*tap10 + y[0]*tap11
	return first, second
}

// bands is a block of samples of either band, 15 bits each.
type bands struct{ lower, upper [block]int32 }

// analyse splits pairs of samples, at most a block of them (TRANSMIT QMF).
func (f *filter) analyse(b *bands, pcm []int16) {
	var p pairs
	n := len(pcm) / 2
	f.begin(&p)
	first, second := p.first[tapsLess:][:n], p.second[tapsLess:][:n]
	for i := range first {
		first[i], second[i] = int32(pcm[2*i]), int32(pcm[2*i+1])
	}
	lower, upper := b.lower[:n], b.upper[:n]
	for i := range lower {
		first, second := p.at(i)
		lower[i], upper[i] = (second+first)>>14, (second-first)>>14
	}
	f.end(&p, n)
}

// synthesise joins samples of both bands to pairs (RECEIVE QMF).
func (f *filter) synthesise(pcm []int16, b *bands) {
	var p pairs
	n := len(pcm) / 2
	f.begin(&p)
	first, second := p.first[tapsLess:][:n], p.second[tapsLess:][:n]
	for i := range first {
		first[i], second[i] = b.lower[i]+b.upper[i], b.lower[i]-b.upper[i]
	}
	for i := range n {
		first, second := p.at(i)
		pcm[2*i], pcm[2*i+1] = int16(saturate(second>>11)), int16(saturate(first>>11))
	}
	f.end(&p, n)
}
