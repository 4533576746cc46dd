package signaling

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// legEvents is the channel as its leg sees it: every method only posts.
type legEvents struct{ c *Channel }

var _ LegEvents = legEvents{}

func (l legEvents) LegRinging() {
	l.c.post(func() {
		if l.c.state.State != Up {
			l.c.setState(Ringing)
		}
	})
}

func (l legEvents) LegProgress() {
	l.c.post(func() {
		l.c.describe()
		l.c.publish()
	})
}

func (l legEvents) LegAnswered() {
	l.c.post(func() {
		l.c.describe()
		l.c.setState(Up)
		l.c.log.Info("channel answered", "codec", l.c.state.Codec)
	})
}

func (l legEvents) LegMedia() {
	l.c.post(func() {
		l.c.describe()
		l.c.publish()
		if l.c.bridge != nil {
			l.c.bridge.refresh(l.c)
		}
	})
}

func (l legEvents) LegHeld(on bool) {
	l.c.post(func() {
		if l.c.state.Held == on {
			return
		}
		l.c.state.Held = on
		t := event.ChannelUnhold
		if on {
			t = event.ChannelHold
		}
		l.c.emit(t, nil)
	})
}

func (l legEvents) LegDigit(digit byte, length time.Duration) {
	l.c.post(func() { l.c.digit(digit, length) })
}

func (l legEvents) LegEnded(cause Cause, peer bool) {
	l.c.post(func() {
		l.c.legEnded = true
		if peer && !l.c.state.Ended {
			l.c.log.Debug("party hung up", "cause", int(cause))
		}
		l.c.end(cause)
	})
}

func (l legEvents) LegPort(ev mixer.Event) {
	l.c.post(func() { l.c.portEvent(ev) })
}

// DigitEvent is the data of ChannelDtmfReceived.
type DigitEvent struct {
	Channel ChannelSnapshot
	Digit   byte
	Length  time.Duration
}

func (c *Channel) digit(digit byte, length time.Duration) {
	c.emit(event.ChannelDtmfReceived, DigitEvent{Channel: c.state, Digit: digit, Length: length})
	for {
		select {
		case c.digits <- digit:
			return
		default:
		}
		select { // full: the oldest makes room
		case <-c.digits:
		default:
		}
	}
}
