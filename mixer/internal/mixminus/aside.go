package mixminus

import (
	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
)

// Aside is the mix of one listener who hears something else than all others: a sum of its
// own, with its own filters and its own limiter, so that what is whispered to it changes no
// bit of what anybody else hears.
type Aside struct {
	tree Tree
	at   int // its rate
}

// NewAside is a mix for a listener at a rate.
func NewAside(at int) *Aside {
	a := &Aside{tree: NewTree(), at: at}
	a.tree.Heard[at] = true
	return a
}

// Rate is the place of the listener's rate in rates.Hz.
func (a *Aside) Rate() int { return a.at }

// Build makes the filters for the rates that may be spoken at.
func (a *Aside) Build(spoken [rates.Count]bool) {
	a.tree.Spoken = spoken
	a.tree.Build()
}

// Begin starts a frame on a bus, which is the listener's until Mix.
func (a *Aside) Begin(b *Bus) { a.tree.Begin(b) }

// Total ends what is said: what is played comes after it.
func (a *Aside) Total(b *Bus) { a.tree.Total(b) }

// Mix writes what the listener hears.
func (a *Aside) Mix(b *Bus, pcm []int16) {
	b.Minus(pcm, a.at, nil, a.tree.Gain(b.Peak(a.at)))
}

// fadesPerSecond makes a fade of 5 ms.
const fadesPerSecond = 200

// FadeIn lets a frame at a rate in Hz begin from silence, in 5 ms.
func FadeIn(pcm []int16, hz int) { dsp.FadeIn(pcm[:hz/fadesPerSecond]) }

// FadeOut ends a frame at a rate in Hz within 5 ms; what follows in it is silence.
func FadeOut(pcm []int16, hz int) {
	n := hz / fadesPerSecond
	dsp.FadeOut(pcm[:n])
	clear(pcm[n:])
}

// Cross goes from one frame at a rate in Hz to another within 5 ms, in the latter.
func Cross(from, to []int16, hz int) {
	n := hz / fadesPerSecond
	dsp.FadeIn(to[:n])
	dsp.FadeOut(from[:n])
	for i, v := range from[:n] {
		to[i] = int16(min(max(int32(to[i])+int32(v), -32768), 32767))
	}
}
