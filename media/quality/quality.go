// Package quality estimates how a conversation sounds from what the network did to
// it: the short form of the E-model, in which everything that a server cannot know
// (levels, noise, the telephones) has the default value of ITU-T G.107 Table 2.
//
// Narrowband codecs are rated by G.107, wideband ones by G.107.1, fullband ones by
// G.107.2. A codec's own numbers stand where it is defined (media.Impairment). What
// departs from the Recommendations:
//   - The impairment by delay is that of G.107 §7.4 on all three scales, stretched to
//     their length as G.107.2 stretches Idd.
//   - The burst ratio of G.107 counts on all three scales; G.107.1 knows random loss
//     only.
//
// G.113's numbers are for planning, and provisional: a rating compares calls and
// shows a change; it is no measurement of one call. The package starts no goroutine.
package quality

import (
	"math"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
)

// Path is what lay between a speaker and a listener.
type Path struct {
	// Loss is the share of packets that were lost or came too late, 0 to 1.
	Loss float64
	// BurstRatio is how long the losses were in a row, by how long they would have
	// been at random (G.107 §7.5); less than 1 means 1.
	BurstRatio float64
	// Delay is one way, from mouth to ear (G.107's Ta).
	Delay time.Duration
}

// BurstRatio is that of packets of which some were lost, in so many runs (G.107 §7.5):
// the mean length of a run, by that of losses at random.
func BurstRatio(packets, lost, runs uint32) float64 {
	return burstRatio(float64(packets), float64(lost), float64(runs))
}

func burstRatio(packets, lost, runs float64) float64 {
	if lost <= 0 || runs <= 0 || lost >= packets {
		return 1
	}
	return max(1, lost/runs*(1-lost/packets))
}

// Score is what the E-model makes of a path and a codec. Scores of one band compare;
// those of different bands do not.
type Score struct {
	Band media.Band
	// R is the transmission rating: 0 to 93.2 narrowband, 129 wideband, 148 fullband.
	R float64
	// MOS is the mean opinion score of a conversation, 1 to 4.5 (P.800.1's MOS-CQE of
	// the band).
	MOS float64
}

// scale is what differs between the models.
type scale struct {
	top     float64 // R without any impairment but the default ones
	ceiling float64 // what Ie,eff comes to when all is lost
	stretch float64 // R by that of the narrowband scale with the same MOS
}

var scales = [...]scale{
	media.Narrowband: {top: 93.2, ceiling: 95, stretch: 1},    // G.107 §7.7, (7-29), Annex B
	media.Wideband:   {top: 129, ceiling: 95, stretch: 1.29},  // G.107.1 §7.2, (7-15), Annex A
	media.Fullband:   {top: 148, ceiling: 132, stretch: 1.48}, // G.107.2 §7.2, §7.5, Annex A
}

// Rate gives the score of a codec over a path. ok is false for a codec of which
// nothing is known.
func Rate(codec media.Impairment, p Path) (s Score, ok bool) {
	if !codec.Known() || int(codec.Band) >= len(scales) {
		return Score{}, false
	}
	of := scales[codec.Band]
	r := of.top - of.stretch*delayImpairment(p.Delay) - lossImpairment(of, codec, p)
	r = min(max(r, 0), of.top)
	return Score{Band: codec.Band, R: r, MOS: meanOpinion(r / of.stretch)}, true
}

// lossImpairment is the effective equipment impairment factor Ie,eff (G.107 (7-29)).
func lossImpairment(of scale, codec media.Impairment, p Path) float64 {
	percent := 100 * min(max(p.Loss, 0), 1)
	burst := max(p.BurstRatio, 1)
	return codec.Ie + (of.ceiling-codec.Ie)*percent/(percent/burst+codec.Bpl)
}

// meanOpinion is the mean opinion score of a rating of the narrowband scale (G.107
// (B-4)). The polynomial runs under 1 below 6.5.
func meanOpinion(r float64) float64 {
	switch {
	case r <= 0:
		return 1
	case r >= 100:
		return 4.5
	}
	return max(1, 1+0.035*r+r*(r-60)*(100-r)*7e-6)
}

// Default values of G.107 Table 2, and what they make of the signal-to-noise ratio:
// No is −61.18 dBm0p and the circuit's share of R 94.77 (§7.2).
const (
	echoLossRating = 65.0  // TELR, dB
	weightedEcho   = 110.0 // WEPL, dB
	ratio          = 94.7688
)

// undelayed is what listener echo costs without delay; the 93.2 contain it.
var undelayed = listenerEcho(0)

// delayImpairment is Id of G.107 §7.4 with the default values, less what a path
// without delay has of it. All delay is taken for that between the two parties: T is
// Ta, and Tr twice that. §7.4 runs a little under 0 in the first milliseconds.
func delayImpairment(delay time.Duration) float64 {
	ta := float64(max(delay, 0)) / float64(time.Millisecond)
	return max(0, talkerEcho(ta)+listenerEcho(2*ta)-undelayed+absoluteDelay(ta))
}

// talkerEcho is Idte (7-19 to 7-24) for a sidetone within 9 to 20 dB, t in ms.
func talkerEcho(t float64) float64 {
	variation := echoLossRating - 40*math.Log10((1+t/10)/(1+t/150)) + 6*math.Exp(-0.3*t*t)
	half := (ratio - (80 + 2.5*(variation-14))) / 2
	return (half + math.Sqrt(half*half+100) - 1) * (1 - math.Exp(-t))
}

// listenerEcho is Idle (7-25, 7-26), t there and back in ms.
func listenerEcho(t float64) float64 {
	half := (ratio - 10.5*(weightedEcho+7)*math.Pow(t+1, -0.25)) / 2
	return half + math.Sqrt(half*half+169)
}

// absoluteDelay is Idd (7-27, 7-28) for usual sensitivity: sT 1 and mT 100 ms.
func absoluteDelay(t float64) float64 {
	if t <= 100 {
		return 0
	}
	x := math.Log2(t / 100)
	sixth := func(v float64) float64 { return math.Pow(1+math.Pow(v, 6), 1.0/6) }
	return 25 * (sixth(x) - 3*sixth(x/3) + 2)
}
