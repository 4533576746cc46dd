// Package faxdetect tells that a channel's party is a facsimile machine, by the calling
// tone in what it says or by its asking for T.38 (fax_detect, faxdetect), so that the call
// can go on at the plan's extension for that.
//
// Goroutines: one per Watch of the tone, which ends once something was told, with the
// channel's media or when the time is over.
package faxdetect

import (
	"context"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/media/fax"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

// Extension is where a facsimile goes on in the plan.
const Extension = "fax"

// Rules say by what a facsimile is known. The zero value has none looked for.
type Rules struct {
	Tone   bool          // by the calling tone
	Asks   bool          // by its asking for T.38
	Within time.Duration // after the answer; 0 is the whole call
}

// Watch has a facsimile that calls go on at the plan's extension for it, once. What it
// returns is to be called when the party asks for T.38 and nobody else could have it.
func Watch(c *signaling.Channel, r Rules, exists func(context, exten string) bool) (asked func()) {
	var once sync.Once
	send := func() (sent bool) {
		once.Do(func() { sent = Send(c, exists) })
		return sent
	}
	if r.Tone {
		go func() { // owned by the channel, whose end ends it
			defer guard.Recover(c.Log(), "the detector of facsimiles")
			listen(c, r.Within, send)
		}()
	}
	return func() {
		if r.Asks && c.Snapshot().State == signaling.Up && (r.Within == 0 || upFor(c) < r.Within) {
			send()
		}
	}
}

// upFor is how long a channel has been answered.
func upFor(c *signaling.Channel) time.Duration {
	s := c.Snapshot()
	return c.Age() - s.Answered.Sub(s.Created)
}

// listen calls sent once a calling tone is heard in time. Where that has sent the channel on, its
// audio is given back when it has left whom it talks to: else it would go past us for a moment.
func listen(c *signaling.Channel, within time.Duration, sent func() bool) {
	ctx := c.Live()
	s, err := c.Until(ctx, func(s signaling.ChannelSnapshot) bool { return s.Ended || s.State == signaling.Up && s.Media })
	if err != nil || s.Ended {
		return
	}
	timed := ctx
	if within > 0 {
		var cancel context.CancelFunc
		timed, cancel = context.WithTimeout(ctx, within-upFor(c))
		defer cancel()
	}
	tap, err := c.Tap(timed, mixer.TapConfig{In: true, SampleRate: fax.Rate, Unmuted: true})
	if err != nil {
		c.Log().Info("facsimiles are not heard", "err", err)
		return
	}
	defer tap.Close()
	var d fax.Detector
	var b mixer.TapBlock
	for tap.Read(timed, &b) == nil { // an error is the end
		if d.Write(b.Said) {
			if with := c.Snapshot().Bridge; sent() && with != "" {
				_, _ = c.Until(ctx, func(s signaling.ChannelSnapshot) bool { return s.Ended || s.Bridge != with }) // an error is its end
			}
			return
		}
	}
}

// Send has a facsimile go on at the plan's extension for it, if its context has one. The
// extension that it came to is kept in FAXEXTEN, as Asterisk does. It reports whether it goes.
func Send(c *signaling.Channel, exists func(context, exten string) bool) bool {
	at := c.Snapshot().Dialplan
	if at.Exten == Extension || !exists(at.Context, Extension) {
		c.Log().Info("facsimile heard, and nowhere to go with it", "context", at.Context)
		return false
	}
	c.Vars().Set("FAXEXTEN", at.Exten)
	if err := c.Goto(dialplan.Position{Context: at.Context, Exten: Extension, Priority: 1}); err != nil {
		c.Log().Info("facsimile heard, and not sent on", "err", err)
		return false
	}
	c.Log().Info("facsimile heard", "context", at.Context, "exten", Extension)
	return true
}
