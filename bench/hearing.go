package bench

import (
	"fmt"

	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/measure"
)

// margins are how far below what it was sent at a tone may be to be heard, and must be not
// to be, in dB, and the share of the time for which it is to be heard. A server may lower
// all of a room that is too loud together; speech has a little of every pilot, and those
// who pause may give their place to others.
type margins struct{ heard, unheard, share float64 }

var (
	ofTones  = margins{15, 25, 0.5}
	ofPilots = margins{12, 10, 0.2}
)

// enough is how many of a room's talkers are to be heard: a server may choose the loudest. Who
// is one of them hears one less.
const enough = 3

// listen says what is wrong with what legs hear: nothing, when each hears whom it talks
// with, or some of them, and not itself.
func listen(w *Workload, tapped func(leg int) []load.Packet) (wrong []string, err error) {
	for _, leg := range w.tapped() {
		m, err := codecOf(w.codec(leg))
		if err != nil {
			return nil, err
		}
		heard, err := decode(m, tapped(leg))
		if err != nil {
			return nil, err
		}
		var pcm []int16
		for _, h := range heard {
			pcm = append(pcm, h.PCM...)
		}
		if why := misheard(w, leg, pcm, m.SampleRate); why != "" {
			wrong = append(wrong, fmt.Sprintf("leg %d %s", leg, why))
		}
	}
	return wrong, nil
}

// misheard says what is wrong with what a leg hears, "" for nothing.
func misheard(w *Workload, leg int, pcm []int16, rate int) string {
	talkers, level, m := w.others(leg), float64(toneLevel), ofTones
	if w.speaks() {
		level, m = pilotLevel, ofPilots
	}
	found := 0
	for _, other := range talkers {
		if measure.Tone(pcm, rate, w.tone(other), m.share) > level-m.heard {
			found++
		}
	}
	wanted := enough
	if w.talks(leg) {
		wanted--
	}
	if found < min(wanted, len(talkers)) {
		return fmt.Sprintf("hears %d of %d talkers, at %.0f dBFS", found, len(talkers), measure.RMS(pcm))
	}
	if own := measure.Tone(pcm, rate, w.tone(leg), 0.5); w.talks(leg) && own > level-m.unheard {
		return fmt.Sprintf("hears itself, at %.0f dBFS", own)
	}
	return ""
}
