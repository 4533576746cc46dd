package g722

// filter is the 24-tap quadrature mirror filter of either side (§3.1, §4.4): two
// halves of 12 taps, fed with alternate samples. Each half keeps its history
// twice, so that a window over it never wraps.
type filter struct {
	first, second [24]int32
	at            int // where the oldest pair lies, 0..11
}

// taps of the first half, oldest sample first; the second half has them in reverse.
var taps = [12]int32{3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11}

// push takes the next pair and gives the sums of both halves.
func (f *filter) push(a, b int32) (first, second int32) {
	f.first[f.at], f.first[f.at+12] = a, a
	f.second[f.at], f.second[f.at+12] = b, b
	if f.at++; f.at == 12 {
		f.at = 0
	}
	x, y := (*[12]int32)(f.first[f.at:]), (*[12]int32)(f.second[f.at:])
	for i, c := range taps {
		first += x[i] * c
		second += y[11-i] * c
	}
	return first, second
}

// analyse splits two samples into one of either band, 15 bits (TRANSMIT QMF).
func (f *filter) analyse(a, b int32) (lower, upper int32) {
	first, second := f.push(a, b)
	return (second + first) >> 14, (second - first) >> 14
}

// synthesise joins one sample of either band into two (RECEIVE QMF).
func (f *filter) synthesise(lower, upper int32) (a, b int16) {
	first, second := f.push(lower+upper, lower-upper)
	return int16(saturate(second >> 11)), int16(saturate(first >> 11))
}
