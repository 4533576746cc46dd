package signaling

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/media/dtmf"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling/internal/tones"
)

// InbandParty is a Leg whose party may have digits as tones in its audio (dtmf_mode
// inband and auto).
type InbandParty interface {
	// Inband reports whether it has, by what is negotiated now; safe from any
	// goroutine.
	Inband() bool
}

// inband reports whether digits are tones in the party's audio. Actor only.
func (c *Channel) inband() bool {
	p, ok := c.leg.(InbandParty)
	return ok && p.Inband()
}

// listenInband begins to look for digits in what the party says, or ends that. Actor
// only.
func (c *Channel) listenInband() {
	port := c.port()
	switch want := port != nil && !c.state.Ended && c.inband(); {
	case want == (c.tones != nil):
	case want:
		tap, err := port.Tap(tones.Tap())
		if err != nil {
			c.log.Warn("digits in the audio are not heard", "err", err)
			return
		}
		c.tones = tap
		go c.hearTones(tap) // owned by the channel; ends with the tap, which ends with the port
	default:
		c.tones.Close()
		c.tones = nil
	}
}

// hearTones tells the digits that are in the party's audio.
func (c *Channel) hearTones(tap *mixer.Tap) {
	defer guard.Recover(c.log, "the detector of digits")
	tones.Listen(tap, func(ev dtmf.Event) {
		c.whileLive(func() {
			c.digit(ev.Digit, ev.Duration)
			c.passDigit(ev.Digit, ev.Duration, byTone)
		})
	})
}

// soundDigits plays digits to the party as tones, in place of what it hears.
// PlaybackDone follows. Actor only.
func (c *Channel) soundDigits(digits string, length, gap time.Duration) error {
	p := c.port()
	if p == nil {
		return fault.New(fault.Conflict, "channel %s has no media yet", c.name)
	}
	clip, err := tones.Clip(digits, length, gap)
	if err != nil {
		return err
	}
	if err := p.Play(clip, mixer.PlayOptions{Token: tonesToken}); err != nil {
		return err
	}
	c.finishPlayback(false) // it makes way
	return nil
}

// tonesToken is that of digits that are played to the party.
const tonesToken = "dtmf"
