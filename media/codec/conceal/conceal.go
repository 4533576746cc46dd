// Package conceal makes up audio in place of lost frames for the codecs whose
// format has no concealment of its own (G.711, G.722, L16).
//
// It is the waveform repetition of ITU-T G.711 Appendix I: at a loss it finds the
// pitch period by normalised correlation and repeats it with its seam blended; later it
// takes two and then three periods, so that no buzz comes of one; from 10 ms on it
// fades, to nothing at 60 ms. What comes after a loss is blended with the repetition, the
// longer the loss was, up to 10 ms. Three things differ. The appendix delays all audio by
// 3.75 ms to blend the beginning, where this bends the step away that is left. Of frames
// of 20 ms one alone is lost most often: so the second period, and the longer blend,
// come after 20 ms instead of 10, which is nearer to the speech that was lost (by 0.3 dB
// of log-spectral distance at 20 % of loss). And while the repetition fades the background of
// the speech comes in, with its level and spectrum, and stays for as long as there is
// a loss.
//
// It starts no goroutine.
package conceal

import "github.com/skygenesisenterprise/skybridge/media/codec/cn"

// Lengths in samples at 8 kHz; they scale with the rate.
const (
	minLag    = 40  // 200 Hz
	maxLag    = 120 // 66 Hz
	window    = 160 // correlated at each lag
	holdLen   = 80  // 10 ms at full level
	stepLen   = 160 // 20 ms from one period to the next
	silentLen = 480 // nothing of the voice from 60 ms on
	mergeLen  = 32  // 4 ms blended into the first good frame, and for each 10 ms lost
	mergeMost = 80  // after 20 as much more, up to 10 ms

	maxPeriods = 3
	// historyLen holds the periods, the quarter before them, and what is correlated.
	historyLen = maxPeriods*maxLag + maxLag/4
)

// Concealer follows one decoded stream. It is used by one goroutine at a time.
type Concealer struct {
	k       int     // rate / 8000
	history []int16 // the newest samples, newest last
	cycle   []int16 // the periods that are repeated during a loss
	lag     int     // the length of one; 0 while nothing is lost
	periods int     // in cycle
	at      int     // next sample of cycle
	from    int     // next sample of the cycle before it that is blended out
	blend   int     // samples until it is gone
	over    int     // samples that are blended
	lost    int     // samples made up since the loss began
	step    int32   // jump at the start of the loss that is still to be bent away
	bend    int     // samples over which it is bent away

	background background
	noise      cn.Generator
	noisy      [noiseLen]int16
	noiseAt    int // next sample of noisy
}

// New makes a Concealer for PCM of the given rate in Hz, a multiple of 8000.
func New(rate int) *Concealer {
	k := max(rate/8000, 1)
	buf := make([]int16, k*(historyLen+maxPeriods*maxLag+backgroundLen))
	n := k * historyLen
	last := len(buf) - k*backgroundLen
	return &Concealer{k: k, history: buf[:n:n], cycle: buf[n:last:last], background: background{pcm: buf[last:][:0]}}
}

// Good takes a frame that was decoded. After a loss it blends the frame's start
// with the repetition, in place.
func (c *Concealer) Good(pcm []int16) {
	if c.lag > 0 {
		more := max(c.lost-stepLen*c.k, 0) / (holdLen * c.k)
		n := min(min(mergeLen*(1+more), mergeMost)*c.k, len(pcm))
		for i := range n {
			w := int32(i+1) << 15 / int32(n+1)
			pcm[i] = int16((int32(pcm[i])*w + int32(c.next())*(1<<15-w)) >> 15)
		}
		c.lag = 0
	}
	c.background.listen(pcm)
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
	c.lag, c.lost, c.blend = c.findLag(), 0, 0
	c.take(1)
	c.at = 0

	// The period's first sample follows the one a period ago; what the stream
	// really ended on differs, and that difference is bent away.
	c.step = int32(h[len(h)-1]) - int32(h[len(h)-1-c.lag])
	c.bend = c.lag / 4

	c.noise, c.noiseAt = cn.Generator{}, noiseLen
	c.noise.Set(c.background.describe())
}

// take makes the cycle of the last periods.
func (c *Concealer) take(periods int) {
	h := c.history
	c.periods = periods
	n := periods * c.lag
	start := len(h) - n
	c.cycle = c.cycle[:n]
	copy(c.cycle, h[start:])

	// Its end runs into the quarter of a period before its start, so that it meets its
	// own beginning.
	quarter := c.lag / 4
	for j := range quarter {
		w := int32(j+1) << 15 / int32(quarter+1)
		own, before := int32(c.cycle[n-quarter+j]), int32(h[start-quarter+j])
		c.cycle[n-quarter+j] = int16((own*(1<<15-w) + before*w) >> 15)
	}
}

// widen takes one more period into the cycle: the oldest is heard next, from where
// the voice is in it, blended for a quarter with what would have come.
func (c *Concealer) widen() {
	at := c.at % c.lag
	c.from, c.over = at, c.lag/4
	c.blend = c.over
	c.take(c.periods + 1)
	c.at = at
}

// next makes one sample.
func (c *Concealer) next() int16 {
	if c.lost >= silentLen*c.k {
		return c.hiss()
	}
	if c.lost > 0 && c.lost%(stepLen*c.k) == 0 && c.periods < maxPeriods {
		c.widen()
	}
	v := int32(c.cycle[c.at])
	if c.blend > 0 { // the newest period goes on as if nothing had been taken in
		old := int32(c.cycle[len(c.cycle)-c.lag+c.from])
		v += (old - v) * int32(c.blend) / int32(c.over+1)
		c.blend--
		if c.from++; c.from == c.lag {
			c.from = 0
		}
	}
	if c.lost < c.bend {
		v += c.step * int32(c.bend-c.lost) / int32(c.bend+1)
		v = min(max(v, -32768), 32767)
	}
	if over := c.lost - holdLen*c.k; over > 0 {
		span := int32((silentLen - holdLen) * c.k)
		v = (v*(span-int32(over)) + int32(c.hiss())*int32(over)) / span
	}
	if c.at++; c.at == len(c.cycle) {
		c.at = 0
	}
	c.lost++
	return int16(v)
}

// hiss is one sample of the background.
func (c *Concealer) hiss() int16 {
	if c.noiseAt == noiseLen {
		c.noise.Fill(c.noisy[:], 8000*c.k)
		c.noiseAt = 0
	}
	v := c.noisy[c.noiseAt]
	c.noiseAt++
	return v
}
