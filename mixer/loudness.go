package mixer

import (
	"math"

	"github.com/skygenesisenterprise/skybridge/media/dsp"
)

// gain is what SetGain asked for, and how far that has come.
type gain struct {
	db       int
	want, is int32 // in the units of dsp.Unity
	limiter  dsp.Limiter
	limit    int32 // its gain
}

func newGain() gain {
	return gain{want: dsp.Unity, is: dsp.Unity, limiter: dsp.NewLimiter(), limit: dsp.Unity}
}

// set asks for a gain in dB.
func (g *gain) set(db float64) {
	g.want, g.db = int32(math.Round(math.Pow(10, db/20)*dsp.Unity)), int(math.Round(db))
}

// plain reports whether there is nothing to apply.
func (g *gain) plain() bool {
	return g.want == dsp.Unity && g.is == dsp.Unity && g.limit == dsp.Unity
}

// apply brings a voice to the gain. A change takes a frame.
func (g *gain) apply(pcm []int16) {
	if g.plain() {
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
