// Package tones has digits that are tones in the audio: heard in what a party says, and
// made for one to hear (ITU-T Q.23, Q.24).
package tones

import (
	"context"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/dtmf"
	"github.com/skygenesisenterprise/skybridge/mixer"
)

// Tap is what Listen wants to be given: what the party says, also while it is muted.
func Tap() mixer.TapConfig {
	return mixer.TapConfig{In: true, SampleRate: dtmf.DetectorRate, Unmuted: true}
}

// Listen tells the digits in a tap, each as it ends, until the tap does. It closes the tap.
func Listen(tap *mixer.Tap, tell func(dtmf.Event)) {
	defer tap.Close()
	detector := dtmf.NewDetector()
	ended := func(ev dtmf.Event) {
		if ev.Kind == dtmf.End {
			tell(ev)
		}
	}
	var b mixer.TapBlock
	for tap.Read(context.Background(), &b) == nil { // an error is the end
		for _, ev := range detector.Write(b.Said) {
			ended(ev)
		}
	}
	if ev, ok := detector.Flush(); ok {
		ended(ev)
	}
}

// Clip is digits (0-9, *, #, A-D, w for a pause) as tones of a length, with a gap between
// them. It fails with fault.Invalid.
func Clip(digits string, length, gap time.Duration) (*mixer.Clip, error) {
	pcm, err := dtmf.DigitsClip(digits, dtmf.DetectorRate, length, gap)
	if err != nil {
		return nil, err
	}
	return mixer.NewClip(dtmf.DetectorRate, pcm)
}
