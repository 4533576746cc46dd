package signaling

import (
	"context"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// The shapes of a digit that is sent without further wishes.
const (
	DigitLength = 100 * time.Millisecond
	DigitGap    = 100 * time.Millisecond
)

// DigitEvent is the data of ChannelDtmfReceived.
type DigitEvent struct {
	Channel ChannelSnapshot
	Digit   byte
	Length  time.Duration
}

// Digits gives the DTMF digits that the party sends, one byte each. What nobody
// reads is dropped, oldest first, and all of it when the channel leaves a bridge:
// digits of a conversation are none for the dialplan.
func (c *Channel) Digits() <-chan byte { return c.digits }

func (c *Channel) digit(digit byte, length time.Duration) {
	c.emit(event.ChannelDtmfReceived, DigitEvent{Channel: c.state, Digit: digit, Length: length})
	c.digits.Put(digit)
}

// SendDigits sends DTMF digits to the party, one after another, in the usual
// shape. It returns at once; StartDigits tells more.
func (c *Channel) SendDigits(ctx context.Context, digits string) error {
	_, err := c.StartDigits(ctx, digits, DigitLength, DigitGap)
	return err
}

// StartDigits sends DTMF digits (0-9, *, #, A-D, w for a pause of half a second)
// of a length, with a gap between them. done is closed when all have been sent or
// will not be any more. The error is of kind fault.Gone, fault.Conflict (no media
// yet), fault.Invalid, fault.TooMany, or fault.Unsupported when the party takes
// digits in no way.
func (c *Channel) StartDigits(ctx context.Context, digits string, length, gap time.Duration) (done <-chan struct{}, err error) {
	return withAudio(ctx, c, func(_ *mixer.Port, release func()) (<-chan struct{}, error) {
		if err := c.sendDigits(digits, length, gap); err != nil {
			return nil, err
		}
		sent := make(chan struct{})
		c.sending = append(c.sending, sent)
		release()
		return sent, nil
	}, func(<-chan struct{}) {}) // what was begun goes on
}

// sendDigits sends digits as telephone-events, by signalling to a party that takes none,
// or as tones to one that has them so. DigitsDone or digitsSent follows. Actor only.
func (c *Channel) sendDigits(digits string, length, gap time.Duration) error {
	p := c.port()
	if p == nil {
		return fault.New(fault.Conflict, "channel %s has no media yet", c.name)
	}
	err := p.SendDigits(digits, length, gap)
	if other, ok := c.leg.(DigitSender); ok && fault.Of(err) == fault.Unsupported {
		err = other.SendDigits(digits, length, gap, func() { c.post(c.digitsSent) })
	}
	if fault.Of(err) == fault.Unsupported && c.inband() {
		return c.soundDigits(digits, length, gap)
	}
	return err
}

// digitsSent ends the oldest StartDigits under way; the mixer reports in order.
func (c *Channel) digitsSent() {
	if len(c.sending) > 0 {
		close(c.sending[0])
		c.sending = c.sending[1:]
	}
}

// stopSending ends what is played and sent to the party. Actor only.
func (c *Channel) stopSending() {
	for len(c.sending) > 0 {
		c.digitsSent()
	}
	c.stopPlayback()
}
