package leg

import (
	"math"

	"github.com/skygenesisenterprise/skybridge/media/dsp"
)

// Gain is what SetGain asked for, and how far that has come.
type Gain struct {
	DB       int
	want, is int32 // in the units of dsp.Unity
	limiter  dsp.Limiter
	limit    int32 // its gain
}

func newGain() Gain {
	return Gain{want: dsp.Unity, is: dsp.Unity, limiter: dsp.NewLimiter(), limit: dsp.Unity}
}

// Set asks for a gain in dB.
func (g *Gain) Set(db float64) {
	g.want, g.DB = int32(math.Round(math.Pow(10, db/20)*dsp.Unity)), int(math.Round(db))
}

// Plain reports whether there is nothing to apply.
func (g *Gain) Plain() bool {
	return g.want == dsp.Unity && g.is == dsp.Unity && g.limit == dsp.Unity
}

// Apply brings a voice to the gain. A change takes a frame.
func (g *Gain) Apply(pcm []int16) {
	if g.Plain() {
		return
	}
	peak := int32(0)
	for _, v := range pcm {
		peak = max(peak, int32(v), -int32(v))
	}
	from, to := g.limiter.Next(scaled(peak, g.want))
	dsp.Scale(pcm, scaled(g.is, from), scaled(g.want, to))
	g.is, g.limit = g.want, to
}

// scaled is a value at a gain.
func scaled(v, gain int32) int32 { return int32(int64(v) * int64(gain) / dsp.Unity) }
