package app

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/dtmf"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

const (
	dtmfGap  = 250 * time.Millisecond // Asterisk's default between digits
	dtmfRate = 8000                   // Hz, of digits that are sent as sound
)

// sendDTMF is SendDTMF(digits[,gap in ms[,length in ms]]). It returns when the
// last digit has been sent. A party without telephone-event gets tones.
func (s *Services) sendDTMF(ctx context.Context, c *dialplan.Call, args string) error {
	parts := argument.Split(args, 4)
	digits, wrong := dialable(argument.At(parts, 0))
	if wrong != "" {
		c.Log().Warn("SendDTMF leaves out what is no digit", "characters", len(wrong))
	}
	if digits == "" {
		return nil
	}
	gap := milliseconds(argument.At(parts, 1), dtmfGap)
	length := milliseconds(argument.At(parts, 2), signaling.DigitLength)
	ch := channelOf(c)
	done, err := ch.StartDigits(ctx, digits, length, gap)
	if fault.Of(err) == fault.Unsupported {
		return sendTones(ctx, ch, digits, length, gap)
	}
	if err != nil {
		return err
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// dialable keeps the digits of what SendDTMF was given: W is a long pause, f the
// hook flash.
func dialable(text string) (digits, wrong string) {
	var good, bad strings.Builder
	for _, r := range text {
		switch {
		case r == 'W':
			good.WriteString("ww")
		case r == 'w' || r == '*' || r == '#' || r >= '0' && r <= '9':
			good.WriteRune(r)
		case r >= 'a' && r <= 'd' || r >= 'A' && r <= 'D':
			good.WriteString(strings.ToUpper(string(r)))
		case r == 'f' || r == 'F':
			good.WriteByte(dtmf.FlashDigit)
		default:
			bad.WriteRune(r)
		}
	}
	return good.String(), bad.String()
}

func milliseconds(text string, otherwise time.Duration) time.Duration {
	ms, err := strconv.ParseUint(strings.TrimSpace(text), 10, 31)
	if err != nil || ms == 0 {
		return otherwise
	}
	return time.Duration(ms) * time.Millisecond
}

// sendTones sends digits as sound.
func sendTones(ctx context.Context, ch *signaling.Channel, digits string, length, gap time.Duration) error {
	pcm, err := dtmf.DigitsClip(digits, dtmfRate, length, gap)
	if err != nil {
		return err
	}
	clip, err := mixer.NewClip(dtmfRate, pcm)
	if err != nil {
		return err
	}
	pb, err := ch.Play(ctx, clip, signaling.PlayOptions{Name: "dtmf"})
	if err != nil {
		return err
	}
	return outplay(ctx, ch, pb)
}
