package sound

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/dtmf"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// indications are the tones by name, as Asterisk's indications.conf has them for
// North America.
var indications = map[string]string{
	"dial":        dtmf.ToneDial,
	"ring":        dtmf.ToneRingback,
	"busy":        dtmf.ToneBusy,
	"congestion":  dtmf.ToneCongestion,
	"callwaiting": dtmf.ToneCallWait,
	"record":      dtmf.ToneRecord,
	"beep":        dtmf.ToneBeep,
	"dialrecall":  "!350+440/100,!0/100,!350+440/100,!0/100,!350+440/100,!0/100,350+440",
	"info":        "!950/330,!1400/330,!1800/330,0",
	"stutter": "!350+440/100,!0/100,!350+440/100,!0/100,!350+440/100,!0/100," +
		"!350+440/100,!0/100,!350+440/100,!0/100,!350+440/100,!0/100,350+440",
}

const (
	toneRate  = 8000 // Hz
	toneLevel = -13  // dBFS, per frequency
	maxSpec   = 1024 // characters
)

// Tone gives a tone: a name (dial, ring, busy, congestion ...), or Asterisk's list
// of FREQUENCY[+FREQUENCY][/MILLISECONDS], where a part with ! is played once. It
// fails with fault.Invalid.
func (l *Library) Tone(spec string) (signaling.Tone, error) {
	if len(spec) > maxSpec {
		return signaling.Tone{}, fault.New(fault.Invalid, "tone list of %d characters, at most %d", len(spec), maxSpec)
	}
	list := cadence(spec)
	cached, err := l.cache.get("tone "+list, stamp{}, func() (entry, error) { return renderTone(list) })
	return cached.tone, err
}

// cadence is the list of a tone by its name, or the list itself.
func cadence(spec string) string {
	if named, ok := indications[strings.ToLower(strings.TrimSpace(spec))]; ok {
		return named
	}
	return spec
}

func renderTone(list string) (entry, error) {
	lead, loop, err := synthesize(list)
	if err != nil {
		return entry{}, err
	}
	e := entry{bytes: 2 * (len(lead) + len(loop))}
	if e.tone.Lead, err = toneClip(lead); err != nil {
		return entry{}, err
	}
	if e.tone.Loop, err = toneClip(loop); err != nil {
		return entry{}, err
	}
	return e, nil
}

// synthesize gives the PCM of a list at toneRate: what comes once, and what repeats.
func synthesize(list string) (lead, loop []int16, err error) {
	tones, err := dtmf.ParseTones(list)
	if err != nil {
		return nil, nil, err
	}
	lead, loop = tones.Clip(toneRate, toneLevel)
	return lead, loop, nil
}

// toneClip is the clip of PCM, nil where there is none.
func toneClip(pcm []int16) (*mixer.Clip, error) {
	if len(pcm) == 0 {
		return nil, nil
	}
	return mixer.NewClip(toneRate, pcm)
}
