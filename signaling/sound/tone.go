package sound

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer"
)

// indications are the tones by name (ITU-T E.180, the North American plan).
var indications = map[string]string{
	"dial":       "350+440",
	"busy":       "480+620/500,0/500",
	"ring":       "440+480/2000,0/4000",
	"congestion": "480+620/250,0/250",
	"beep":       "1000/200,0/800",
}

const (
	toneRate    = 8000
	tonePeak    = 7000 // per frequency; two make −7 dBFS
	maxToneSpec = 256
	maxTone     = 30 * time.Second
)

// Tone gives a looping clip of a tone: a name (dial, busy, ring, congestion), or
// Asterisk's list of FREQUENCY[+FREQUENCY][/MILLISECONDS], 0 being silence.
func (l *Library) Tone(spec string) (*mixer.Clip, error) {
	l.mu.Lock()
	clip, ok := l.tones[spec]
	l.mu.Unlock()
	if ok {
		return clip, nil
	}
	list := spec
	if named, ok := indications[strings.ToLower(spec)]; ok {
		list = named
	}
	pcm, err := synthesize(list)
	if err != nil {
		return nil, err
	}
	if clip, err = mixer.NewClip(toneRate, pcm); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.tones) >= maxKept {
		clear(l.tones)
	}
	l.tones[spec] = clip
	return clip, nil
}

// synthesize makes one round of a tone list. Steady tones take a second, in which
// whole frequencies come round exactly.
func synthesize(list string) ([]int16, error) {
	if len(list) > maxToneSpec {
		return nil, fault.New(fault.TooLarge, "tone list of %d characters, at most %d", len(list), maxToneSpec)
	}
	var pcm []int16
	for part := range strings.SplitSeq(strings.TrimPrefix(list, "!"), ",") {
		tones, length, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(part), "!"), "/")
		ms := 1000
		if length != "" {
			n, err := strconv.Atoi(length)
			if err != nil || n < 1 || n > int(maxTone.Milliseconds()) {
				return nil, fault.New(fault.Invalid, "tone %q: length %q", part, length)
			}
			ms = n
		}
		var steps []float64
		for f := range strings.SplitSeq(tones, "+") {
			hz, err := strconv.ParseFloat(f, 64)
			if err != nil || hz < 0 || hz > toneRate/2 {
				return nil, fault.New(fault.Invalid, "tone %q: frequency %q", part, f)
			}
			if hz > 0 {
				steps = append(steps, 2*math.Pi*hz/toneRate)
			}
		}
		if len(steps) > 4 {
			return nil, fault.New(fault.Invalid, "tone %q: more than 4 frequencies", part)
		}
		for i := range ms * toneRate / 1000 {
			v := 0.0
			for _, step := range steps {
				v += tonePeak * math.Sin(step*float64(i))
			}
			pcm = append(pcm, int16(v))
		}
		if len(pcm) > int(maxTone.Seconds())*toneRate {
			return nil, fault.New(fault.TooLarge, "tone list longer than %v", maxTone)
		}
	}
	return pcm, nil
}
