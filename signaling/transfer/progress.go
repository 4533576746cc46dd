package transfer

import (
	"context"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dial"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// Step is how far a transferred call has come, as a SIP status.
type Step int

// The steps that are none of a failure.
const (
	Trying   Step = 100
	Ringing  Step = 180
	Early    Step = 183
	Answered Step = 200
)

// Final reports whether nothing follows.
func (s Step) Final() bool { return s >= 200 }

const (
	// maxProgress bounds how long a transferred call is followed.
	maxProgress = 3 * time.Minute
	// progressQueue holds what happens to one channel; who loses some misses a step at most.
	progressQueue = 64
)

// Follow tells how a channel that is about to be transferred fares: each step once, in order,
// and one final one. tell must not wait for the channel. stop ends it without a word.
func (s *Service) Follow(c *signaling.Channel, tell func(Step)) (stop func()) {
	id := string(c.ID())
	sub := s.cfg.Engine.Bus().Subscribe(progressQueue, func(e *event.Event) bool {
		if d, ok := e.Data.(dial.Event); ok {
			return string(d.Caller) == id
		}
		return e.Channel == id
	})
	ctx, cancel := context.WithTimeout(context.Background(), maxProgress)
	go func() { // owned by the transfer; ended by a final step, by stop or in time
		defer guard.Recover(c.Log(), "a transfer's progress")
		defer sub.Close()
		defer cancel()
		follow(ctx, sub, c.Ended, tell)
	}()
	return cancel
}

func follow(ctx context.Context, sub *event.Subscription, ended func() bool, tell func(Step)) {
	var told, last Step
	for {
		select {
		case e := <-sub.Events():
			step := stepOf(&e)
			switch {
			case step >= 300: // the plan may try somebody else
				last = step
				continue
			case step == 0 && !ended():
				continue
			case step == 0:
				step = max(last, Step(480))
				if last == 0 {
					step = 487
				}
			}
			if step > told && (step != Early || told < Ringing) {
				told = step
				tell(step)
			}
			if step.Final() {
				return
			}
		case <-ctx.Done():
			if ctx.Err() == context.DeadlineExceeded {
				tell(408)
			}
			return
		}
	}
}

// stepOf is what an event of a transferred channel, or of one that it dials, tells; 0 for
// nothing.
func stepOf(e *event.Event) Step {
	switch e.Type {
	case event.Dial:
		return stepOfDial(e.Data)
	case event.PlaybackStarted: // an announcement, a mailbox: somebody has taken the call
		if name, ok := e.Data.(string); ok && !strings.HasPrefix(name, "tone:") {
			return Answered
		}
	case event.ChannelEnteredBridge:
		if b, ok := e.Data.(signaling.BridgeEvent); ok && b.Channel.Dialplan.App != "Dial" {
			return Answered // a conference
		}
	}
	return 0
}

func stepOfDial(data any) Step {
	d, ok := data.(dial.Event)
	if !ok {
		return 0
	}
	switch d.Status {
	case "RINGING":
		return Ringing
	case "PROGRESS":
		return Early
	case string(dial.Answer):
		return Answered
	case string(dial.Busy):
		return 486
	case string(dial.NoAnswer):
		return 480
	case string(dial.Unavailable):
		return 404
	case string(dial.Congestion):
		return 503
	}
	return 0
}
