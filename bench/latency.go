package bench

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/client"
	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/measure"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
)

// What marks are: 60 ms of a tone, every 400 ms, from all parties in turn, whose packets
// have different places in the 20 ms.
const (
	markHertz     = 1000
	markLevel     = -12
	markFrames    = 3
	markEvery     = 20
	markEveryCall = 4    // calls do not hear each other
	markThreshold = 1500 // samples of which the tone has in its first quarter of a period
)

// Marked is a workload on G.711 without anyone who talks, in which marks are listened for.
func Marked(w Workload) (Workload, error) {
	loud, err := encode(g711.MuLaw(), measure.Sine(markHertz, g711.MuLaw().SampleRate, g711.MuLaw().FrameSamples(), markLevel))
	if err != nil {
		return Workload{}, err
	}
	w.Marks = &load.Marks{Loud: loud[0], Every: markEvery, Frames: markFrames, Legs: w.Legs, Stride: load.Evenly(w.Legs)}
	if w.Room == 0 {
		w.Marks.Every = markEveryCall
	}
	w.Codecs = both(client.PCMU)
	return w, nil
}

// latencies is how long marks took to those who are listened to and should hear them.
func latencies(w *Workload, l *load.Load, marks []measure.Mark) (found []time.Duration, missed int, err error) {
	// The last marks may be on their way when the counting ends.
	end := int64(0)
	for _, m := range marks {
		end = max(end, m.At-int64(measure.Beyond))
	}
	for _, leg := range w.tapped() {
		m, err := codecOf(w.codec(leg))
		if err != nil {
			return nil, 0, err
		}
		heard, err := decode(m, l.Tapped(leg))
		if err != nil {
			return nil, 0, err
		}
		var meant []measure.Mark
		for _, mark := range marks {
			if mark.At <= end && w.together(leg, mark.Leg) {
				meant = append(meant, mark)
			}
		}
		f, n := measure.Latencies(meant, leg, heard, m.SampleRate, markThreshold)
		found, missed = append(found, f...), missed+n
	}
	return found, missed, nil
}

// together tells whether two legs are in one room or call.
func (w *Workload) together(a, b int) bool {
	if w.Room == 0 {
		return a/2 == b/2
	}
	return a/w.Room == b/w.Room
}
