// Package conceal makes up audio in place of lost frames for the codecs whose
// format has no concealment of its own (G.711, G.722, L16).
//
// It is a waveform repetition in the manner of ITU-T G.711 Appendix I, without
// that appendix's delay: at the first loss it finds the pitch period of the last
// 35 ms by normalised correlation, repeats that period with its seam blended,
// holds the level for 10 ms and fades to silence at 60 ms. The first good frame
// after a loss is cross-faded with the repetition for 4 ms.
//
// It starts no goroutine.
package conceal

// Lengths in samples at 8 kHz; they scale with the rate.
const (
	minLag    = 40  // 200 Hz
	maxLag    = 120 // 66 Hz
	window    = 160 // correlated at each lag
	holdLen   = 80  // 10 ms at full level
	silentLen = 480 // silent from 60 ms on
	mergeLen  = 32  // 4 ms cross-fade into the first good frame
)

// Concealer follows one decoded stream. It is used by one goroutine at a time.
type Concealer struct {
	k       int     // rate / 8000
	history []int16 // the newest samples, newest last
	cycle   []int16 // the period that is repeated during a loss
	lag     int     // its length; 0 while nothing is lost
	at      int     // next sample of cycle
	lost    int     // samples made up since the loss began
	step    int32   // jump at the start of the loss that is still to be bent away
	bend    int     // samples over which it is bent away
}

// New makes a Concealer for PCM of the given rate in Hz, a multiple of 8000.
func New(rate int) *Concealer {
	k := max(rate/8000, 1)
	buf := make([]int16, k*(maxLag+window+maxLag))
	n := k * (maxLag + window)
	return &Concealer{k: k, history: buf[:n:n], cycle: buf[n:]}
}

// Good takes a frame that was decoded. After a loss it blends the frame's start
// with the repetition, in place.
func (c *Concealer) Good(pcm []int16) {
	if c.lag > 0 {
		n := min(mergeLen*c.k, len(pcm))
		for i := range n {
			w := int32(i+1) << 15 / int32(n+1)
			pcm[i] = int16((int32(pcm[i])*w + int32(c.next())*(1<<15-w)) >> 15)
		}
		c.lag = 0
	}
	c.remember(pcm)
}

// Conceal fills pcm in place of lost audio.
func (c *Concealer) Conceal(pcm []int16) {
	if c.lag == 0 {
		c.begin()
	}
	for i := range pcm {
		pcm[i] = c.next()
	}
}

func (c *Concealer) remember(pcm []int16) {
	h := c.history
	if len(pcm) >= len(h) {
		copy(h, pcm[len(pcm)-len(h):])
		return
	}
	copy(h, h[len(pcm):])
	copy(h[len(h)-len(pcm):], pcm)
}

// begin chooses the period and prepares the cycle.
func (c *Concealer) begin() {
	h := c.history
	c.lag, c.at, c.lost = c.findLag(), 0, 0
	c.cycle = c.cycle[:c.lag]
	start := len(h) - c.lag
	copy(c.cycle, h[start:])

	// The end of the period runs into the quarter before its start, so that it
	// meets its own beginning.
	quarter := c.lag / 4
	for j := range quarter {
		w := int32(j+1) << 15 / int32(quarter+1)
		own, before := int32(c.cycle[c.lag-quarter+j]), int32(h[start-quarter+j])
		c.cycle[c.lag-quarter+j] = int16((own*(1<<15-w) + before*w) >> 15)
	}

	// The period's first sample follows the one a period ago; what the stream
	// really ended on differs, and that difference is bent away.
	c.step = int32(h[len(h)-1]) - int32(h[start-1])
	c.bend = quarter
}

// next makes one sample.
func (c *Concealer) next() int16 {
	if c.lost >= silentLen*c.k {
		return 0
	}
	v := int32(c.cycle[c.at])
	if c.lost < c.bend {
		v += c.step * int32(c.bend-c.lost) / int32(c.bend+1)
		v = min(max(v, -32768), 32767)
	}
	if over := c.lost - holdLen*c.k; over > 0 {
		span := (silentLen - holdLen) * c.k
		v = v * int32(span-over) / int32(span)
	}
	if c.at++; c.at == c.lag {
		c.at = 0
	}
	c.lost++
	return int16(v)
}

// findLag finds the period, in samples: coarsely at 4 kHz, then around the best.
func (c *Concealer) findLag() int {
	stride := 2 * c.k
	best, top := maxLag*c.k, 0.0
	try := func(lag int) {
		if s := c.likeness(lag, stride); s > top {
			best, top = lag, s
		}
	}
	for lag := minLag * c.k; lag <= maxLag*c.k; lag += stride {
		try(lag)
	}
	for lag, end := max(best-stride+1, minLag*c.k), min(best+stride-1, maxLag*c.k); lag <= end; lag++ {
		try(lag)
	}
	return best
}

// likeness is the squared normalised correlation of the history's end with
// itself lag samples earlier; 0 when they point in opposite ways.
func (c *Concealer) likeness(lag, stride int) float64 {
	h := c.history
	var cross, energy int64
	for i := len(h) - window*c.k; i < len(h); i += stride {
		a, b := int64(h[i]), int64(h[i-lag])
		cross += a * b
		energy += b * b
	}
	if cross <= 0 || energy == 0 {
		return 0
	}
	return float64(cross) * float64(cross) / float64(energy)
}
