package mixer

import (
	"math"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
)

// The gains that SetGain takes, in dB.
const (
	MinGain = -60
	MaxGain = 24
)

// SetGain makes what the port says louder or softer, by MinGain to MaxGain dB, in rooms
// and in pairs, which then decode and encode. A voice that is made louder stays below full
// scale by a limiter of its own. It stays for the port's life, and goes for who is among
// the loudest too; who speaks at all is told by what comes in. The error is of kind
// fault.Invalid.
func (p *Port) SetGain(db float64) error { return p.setGain(db, &p.leg.gain) }

// SetVolume is SetGain for what the port hears, playbacks included.
func (p *Port) SetVolume(db float64) error { return p.setGain(db, &p.leg.volume) }

func (p *Port) setGain(db float64, g *gain) error {
	if !(db >= MinGain && db <= MaxGain) { // nor NaN
		return fault.New(fault.Invalid, "mixer: a gain of %v dB is not within %d-%d", db, MinGain, MaxGain)
	}
	factor := int32(math.Round(math.Pow(10, db/20) * dsp.Unity))
	p.post(func(w *worker) *worker {
		g.want, g.db = factor, int(math.Round(db))
		p.leg.changed(w)
		return nil
	})
	return nil
}

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
