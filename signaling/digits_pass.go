package signaling

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// came is how a digit came from its party.
type came uint8

const (
	byEvent      came = iota // a telephone-event, which the mixer passes on by itself
	bySignalling             // SIP INFO
	byTone                   // in the audio, which goes on to the other party
)

// The lengths of a digit that is passed on.
const (
	minPassed = 40 * time.Millisecond
	maxPassed = 10 * time.Second
)

// passDigit hands a digit to the other party of a conversation of two, unless the
// mixer has done so. A conference's digits are the conference's. Actor only.
func (c *Channel) passDigit(digit byte, length time.Duration, how came) {
	b := c.bridge
	if b == nil || !b.converses() {
		return
	}
	other := b.other(c)
	if other == nil {
		return
	}
	pass := func() {
		p := other.port()
		if other.state.Ended || other.bridge != b || p == nil {
			return
		}
		if how == byEvent && p.Media().SendEvents.ClockRate != 0 {
			return
		}
		if how == byTone && p.Media().SendEvents.ClockRate == 0 && other.inband() {
			return // it hears the tone
		}
		err := other.sendDigits(string(digit), min(max(length, minPassed), maxPassed), DigitGap)
		switch {
		case err == nil:
			other.sending = append(other.sending, make(chan struct{})) // nobody waits for it
		case fault.Of(err) != fault.Unsupported:
			other.log.Info("digit not passed on", "err", err)
		}
	}
	if how == byEvent {
		other.post(pass)
		return
	}
	other.post(func() {
		other.whenHere(func(release func()) {
			pass()
			release()
		})
	})
}

// converses reports whether two members are a conversation: digits, T.38 and who is connected go
// from one to the other. In a conference and in a holding bridge they do not.
func (b *Bridge) converses() bool { return !b.cfg.AlwaysMix && !b.cfg.Types.Holding }

// other is the second of two members, or nil.
func (b *Bridge) other(c *Channel) *Channel {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.in.Other(c)
}
