package signaling

import (
	"log/slog"
	"time"

	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// legEvents is the channel as its leg sees it: every method only posts.
type legEvents struct{ c *Channel }

var _ LegEvents = legEvents{}

// ChannelOf is the channel that a leg reports to, nil for what is none.
func ChannelOf(events LegEvents) *Channel {
	l, _ := events.(legEvents)
	return l.c
}

// start binds the leg to the channel, unless that ended before. Actor only.
func (c *Channel) start() {
	if c.state.Ended {
		return
	}
	if c.state.Outgoing {
		c.setState(Dialing)
	}
	c.started = true
	if !c.guard("start a leg", func() { c.leg.Start(legEvents{c}) }) {
		c.started = false // whatever it still reports is not waited for
		c.end(CauseTemporary)
		return
	}
	c.mediaChanged()
}

func (l legEvents) LegRinging() {
	l.c.whileLive(func() {
		if s := l.c.state.State; s == Down || s == Dialing {
			l.c.setState(Ringing)
		}
	})
}

func (l legEvents) LegProgress() { l.c.whileLive(l.c.mediaChanged) }

func (l legEvents) LegMedia() { l.c.whileLive(l.c.mediaChanged) }

func (l legEvents) LegAnswered() {
	l.c.whileLive(func() {
		if l.c.state.State == Up {
			return
		}
		l.c.opened = true
		l.c.mediaChanged()
		l.c.setState(Up)
		l.c.log.Info("channel answered", slog.String("codec", l.c.state.Codec), callID(&l.c.state))
	})
}

func (l legEvents) LegHeld(on bool) {
	l.c.whileLive(func() {
		if l.c.state.Held == on {
			return
		}
		l.c.state.Held = on
		t := event.ChannelUnhold
		if on {
			t = event.ChannelHold
		}
		l.c.emit(t, nil)
		if l.c.bridge != nil {
			l.c.bridge.hold(l.c, on)
		}
	})
}

func (l legEvents) LegDigit(digit byte, length time.Duration) {
	l.c.whileLive(func() {
		l.c.digit(digit, length)
		l.c.passDigit(digit, length, bySignalling)
	})
}

func (l legEvents) LegPort(ev mixer.Event) {
	switch ev.Kind {
	case mixer.DTMFEnd, mixer.DigitsDone, mixer.PlaybackDone, mixer.MediaTimeout, mixer.PortFailed, mixer.TransportError:
		l.c.whileLive(func() { l.c.portEvent(ev) })
	default: // says nothing to a channel
	}
}

func (l legEvents) LegEnded(cause Cause, peer bool) {
	over := legOver{cause, peer}
	l.c.postElse(
		func() { l.c.legEnds(over) },
		func() { l.c.lost.legOver.Store(&over) },
	)
}

// whileLive posts f for as long as the channel has not ended: what a leg says after
// that, a 200 that crossed our CANCEL for one, changes nothing.
func (c *Channel) whileLive(f func()) {
	c.post(func() {
		if !c.state.Ended {
			f()
		}
	})
}

// portEvent is what the mixer says of the channel's port. Actor only.
func (c *Channel) portEvent(ev mixer.Event) {
	switch ev.Kind {
	case mixer.DTMFEnd:
		c.digit(ev.Digit, ev.Duration)
		c.passDigit(ev.Digit, ev.Duration, byEvent)
	case mixer.DigitsDone:
		c.digitsSent()
	case mixer.PlaybackDone:
		c.playbackDone(ev)
	case mixer.MediaTimeout:
		c.log.Warn("no media from the party, call ended")
		c.end(CauseRequestedAbsent)
	case mixer.PortFailed, mixer.TransportError:
		c.log.Error("media failed, call ended", "err", ev.Err)
		c.end(CauseTemporary)
	default:
	}
}
