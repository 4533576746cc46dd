// Package faxdetect tells that a channel's party is a facsimile machine, by the calling
// tone in what it says (fax_detect), so that the call can go on at the plan's extension
// for that.
//
// Goroutines: one per Watch, which ends once something was told, with the channel's media
// or when the time is over.
package faxdetect

import (
	"context"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/media/fax"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

// Extension is where a facsimile goes on in the plan.
const Extension = "fax"

// Watch listens to the party from its answer on, for as long as within says (0 is the whole
// call), and calls heard once it calls as a facsimile machine does.
func Watch(c *signaling.Channel, within time.Duration, heard func()) {
	go func() { // owned by the channel, whose end ends it
		defer guard.Recover(c.Log(), "the detector of facsimiles")
		if listen(c, within) {
			heard()
		}
	}()
}

// listen reports whether a calling tone was heard in time.
func listen(c *signaling.Channel, within time.Duration) bool {
	ctx := c.Live()
	s, err := c.Until(ctx, func(s signaling.ChannelSnapshot) bool { return s.Ended || s.State == signaling.Up && s.Media })
	if err != nil || s.Ended {
		return false
	}
	if within > 0 {
		timed, cancel := context.WithTimeout(ctx, within)
		defer cancel()
		ctx = timed
	}
	tap, err := c.Tap(ctx, mixer.TapConfig{In: true, SampleRate: fax.Rate, Unmuted: true})
	if err != nil {
		c.Log().Info("facsimiles are not heard", "err", err)
		return false
	}
	defer tap.Close()
	var d fax.Detector
	var b mixer.TapBlock
	for tap.Read(ctx, &b) == nil { // an error is the end
		if d.Write(b.Said) {
			return true
		}
	}
	return false
}

// Send has a facsimile go on at the plan's extension for it, if its context has one. The
// extension that it came to is kept in FAXEXTEN, as Asterisk does.
func Send(c *signaling.Channel, exists func(context, exten string) bool) {
	at := c.Snapshot().Dialplan
	if at.Exten == Extension || !exists(at.Context, Extension) {
		c.Log().Info("facsimile heard, and nowhere to go with it", "context", at.Context)
		return
	}
	c.Vars().Set("FAXEXTEN", at.Exten)
	if err := c.Goto(dialplan.Position{Context: at.Context, Exten: Extension, Priority: 1}); err != nil {
		c.Log().Info("facsimile heard, and not sent on", "err", err)
		return
	}
	c.Log().Info("facsimile heard", "context", at.Context, "exten", Extension)
}
