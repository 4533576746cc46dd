package music

import (
	"math"
	"sync"

	"github.com/skygenesisenterprise/skybridge/mixer"
)

// The built-in music: four chords, arpeggiated, each note a soft sine that fades.
const (
	toneRate  = 16000
	noteTime  = 0.5  // seconds
	notePeak  = 2200 // of 32768, −24 dBFS for the loudest note
	noteDecay = 2.2  // per second
)

// chords are C, a, F, G in notes above C3, broken upwards and down again.
var chords = [][]int{
	{12, 16, 19, 24, 19, 16}, {9, 12, 16, 21, 16, 12}, {5, 9, 12, 17, 12, 9}, {7, 11, 14, 19, 14, 11},
}

// builtIn is the clip, made once.
var builtIn = sync.OnceValue(func() *mixer.Clip {
	const c3 = 130.8128
	per := int(noteTime * toneRate)
	total := 0
	for _, chord := range chords {
		total += per * len(chord)
	}
	mix := make([]float64, total)
	at := 0
	for _, chord := range chords {
		for _, note := range chord {
			hz := c3 * math.Pow(2, float64(note)/12)
			// A note rings on into the next ones, round the end too, so that it loops.
			for i := range 4 * per {
				t := float64(i) / toneRate
				swell := min(t/0.03, 1) * max(0, 1-float64(i)/float64(4*per))
				v := math.Sin(2*math.Pi*hz*t) + 0.25*math.Sin(4*math.Pi*hz*t)
				mix[(at+i)%total] += notePeak * swell * math.Exp(-noteDecay*t) * v
			}
			at += per
		}
	}
	pcm := make([]int16, total)
	for i, v := range mix {
		pcm[i] = int16(math.Round(max(min(v, 32767), -32768)))
	}
	clip, err := mixer.NewClip(toneRate, pcm)
	if err != nil {
		panic("music: " + err.Error()) // the rate is one of ours
	}
	return clip
})
