package mixminus

import (
	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
)

// Bus is the memory for one frame of a room. A worker has one for all its rooms,
// which come one after the other, so that it stays in the cache. It wants to be
// allocated by itself: then its arrays begin at a cache line.
type Bus struct {
	sum     [rates.Count][rates.MaxFrame]int32 // what was said at each rate
	total   [rates.Count][rates.MaxFrame]int32 // what was said anywhere, at each rate
	bridged [rates.MaxFrame]int32
	plain   [rates.Count][rates.MaxFrame]int16 // total for those who only listen

	said  [rates.Count]bool // sum has something
	mixed [rates.Count]bool // plain is made
}

// Gain goes in a frame from one value to another, in the units of dsp.Limiter.
type Gain struct{ From, To int32 }

// Say adds what somebody said to the sum of its own rate.
func (b *Bus) Say(at int, pcm []int16) {
	b.said[at] = true
	dsp.Accumulate(b.sum[at][:], pcm)
}

// Play adds PCM to the total at one rate. It is for after Tree.Total.
func (b *Bus) Play(at int, pcm []int16) { dsp.Accumulate(b.total[at][:], pcm) }

// Peak is the largest magnitude in the total.
func (b *Bus) Peak(at int) int32 { return dsp.Peak(b.total[at][:rates.Frame(at)]) }

// PeakMinus is the largest magnitude in the total without somebody's own samples.
func (b *Bus) PeakMinus(at int, own []int16) int32 { return dsp.PeakMinus(b.total[at][:], own) }

// Minus writes into pcm the total without somebody's own samples, at a gain. own
// is nil for who said nothing.
func (b *Bus) Minus(pcm []int16, at int, own []int16, g Gain) {
	dsp.MixRamp(pcm, b.total[at][:], own, g.From, g.To)
}

// Plain is the total for those who said nothing, made when it is first asked for.
// It stays until the next Begin.
func (b *Bus) Plain(at int, g Gain) []int16 {
	pcm := b.plain[at][:rates.Frame(at)]
	if !b.mixed[at] {
		b.mixed[at] = true
		b.Minus(pcm, at, nil, g)
	}
	return pcm
}
