package mixer

import (
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
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
func (p *Port) SetGain(db float64) error { return p.setGain(db, &p.leg.Gain) }

// SetVolume is SetGain for what the port hears, playbacks included.
func (p *Port) SetVolume(db float64) error { return p.setGain(db, &p.leg.Volume) }

func (p *Port) setGain(db float64, g *leg.Gain) error {
	if !(db >= MinGain && db <= MaxGain) { // nor NaN
		return fault.New(fault.Invalid, "mixer: a gain of %v dB is not within %d-%d", db, MinGain, MaxGain)
	}
	p.do(func(*leg.Bench) { g.Set(db); p.leg.Changed() })
	return nil
}
