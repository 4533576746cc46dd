package cn

import "math"

const (
	// glide is the share of the way to a new description that each 10 ms go.
	glide = 0.25
	// glideRate makes 10 ms of a sample rate.
	glideRate = 100
)

// Generator makes the noise of descriptions. The zero value makes silence.
type Generator struct {
	seed   uint32
	gain   float32 // of the excitation, now
	wanted float32
	order  int
	k      [MaxOrder]float32 // now
	want   [MaxOrder]float32
	back   [MaxOrder]float32 // the lattice's backward errors, one sample old
	begun  bool
}

// Set changes what the noise is like. Noise that is being made already comes to it
// within some 100 ms.
func (g *Generator) Set(d Description) {
	if d.Order >= g.order {
		g.order = d.Order
	}
	g.want = [MaxOrder]float32{}
	rest := 1.0 // of the power that the model adds to its excitation's
	for i, k := range d.Reflection[:d.Order] {
		g.want[i] = k
		rest *= 1 - float64(k)*float64(k)
	}
	level := 32767 * math.Pow(10, -float64(d.Level)/20)
	g.wanted = float32(level * math.Sqrt(max(rest, 0)))
	if d.Level >= 127 {
		g.wanted = 0
	}
	if !g.begun {
		g.begun, g.seed = true, 0x9e3779b9
		g.gain, g.k = g.wanted, g.want
	}
}

// Fill makes len(pcm) samples of noise at a sample rate in Hz.
func (g *Generator) Fill(pcm []int16, rate int) {
	step := max(rate/glideRate, 1)
	for len(pcm) > 0 {
		n := min(step, len(pcm))
		g.gain += glide * (g.wanted - g.gain)
		for i := range g.order {
			g.k[i] += glide * (g.want[i] - g.k[i])
		}
		g.make(pcm[:n])
		pcm = pcm[n:]
	}
}

// make runs white noise through the all-pole lattice.
func (g *Generator) make(pcm []int16) {
	k, back := g.k[:g.order], g.back[:g.order]
	for n := range pcm {
		f := g.gain * g.white()
		for i := len(k) - 1; i >= 0; i-- {
			f -= k[i] * back[i]
			if i+1 < len(back) {
				back[i+1] = back[i] + k[i]*f
			}
		}
		if len(back) > 0 {
			back[0] = f
		}
		pcm[n] = int16(math.Round(float64(min(max(f, -32768), 32767))))
	}
}

// white is uniformly distributed, with a variance of 1.
func (g *Generator) white() float32 {
	g.seed ^= g.seed << 13
	g.seed ^= g.seed >> 17
	g.seed ^= g.seed << 5
	return float32(int32(g.seed)) * (math.Sqrt2 * 1.2247449 / (1 << 31)) // √3 of full scale
}
