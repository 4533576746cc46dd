package app

import (
	"cmp"
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

const (
	pinTries   = 3
	maxPIN     = 80 // digits that are read
	endOfPIN   = '#'
	askForPIN  = "conf-getpin"
	roomLocked = "conf-locked"
	wrongPIN   = "conf-invalidpin"
)

// askPIN asks for the PIN, ended by #, three times at most. It fails with fault.Forbidden, and
// with fault.TooMany for a caller who has guessed too often. A sound that is not there is a try in silence.
func (v *visit) askPIN(ctx context.Context) error {
	var typed []byte // while we still spoke
	now := v.ch.Snapshot()
	caller := now.Tech + "/" + now.Endpoint + "/" + now.Caller.Number
	for range pinTries {
		if len(typed) == 0 {
			var err error
			if typed, err = v.say(ctx, cmp.Or(v.bridge.Sounds["sound_get_pin"], askForPIN)); err != nil {
				return err
			}
		}
		said, err := v.readPIN(ctx, typed)
		if err != nil {
			return err
		}
		err = v.Rooms.Guard().Check(caller, v.number, v.pin, string(said))
		if err == nil || fault.Of(err) == fault.TooMany {
			return err
		}
		if typed, err = v.say(ctx, cmp.Or(v.bridge.Sounds["sound_invalid_pin"], wrongPIN)); err != nil {
			return err
		}
		if len(typed) == 1 && typed[0] == endOfPIN {
			typed = nil // it ended what we said, no PIN
		}
	}
	return fault.New(fault.Forbidden, "no right PIN in %d tries", pinTries)
}

// say plays a sound until its end or the first digit, which it gives.
func (v *visit) say(ctx context.Context, name string) (typed []byte, err error) {
	clip, err := v.Sounds.Sound(ctx, name, v.ch.Snapshot().Language)
	if err == nil {
		var pb *signaling.Playback
		if pb, err = v.ch.Play(ctx, clip, signaling.PlayOptions{Name: "sound:" + name}); err == nil {
			return v.listen(ctx, pb)
		}
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	v.call.Log().Warn("sound not played", "sound", name, "err", err)
	return nil, nil
}

func (v *visit) listen(ctx context.Context, pb *signaling.Playback) (typed []byte, err error) {
	select {
	case <-pb.Done():
		return nil, nil
	case d := <-v.ch.Digits():
		if err := v.ch.Stop(ctx, pb); err != nil {
			return nil, err
		}
		return []byte{d}, nil
	case <-ctx.Done():
		return nil, outplay(ctx, v.ch, pb)
	}
}

// readPIN reads digits up to #, those typed already first. Who pauses for too long has
// ended as well.
func (v *visit) readPIN(ctx context.Context, typed []byte) ([]byte, error) {
	reader := &program{Channel: v.ch}
	wait := v.call.ResponseTimeout()
	for len(typed) < maxPIN {
		if n := len(typed); n > 0 {
			if typed[n-1] == endOfPIN {
				return typed[:n-1], nil
			}
			wait = v.call.DigitTimeout()
		}
		d, came, err := reader.ReadDigit(ctx, wait)
		if err != nil {
			return nil, context.Cause(ctx)
		}
		if !came {
			break
		}
		typed = append(typed, d)
	}
	return typed, nil
}
