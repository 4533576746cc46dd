package signaling_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/tone"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// clipOf is a clip of a tone.
func clipOf(t *testing.T, hz float64, d time.Duration) *mixer.Clip {
	t.Helper()
	c, err := mixer.NewClip(8000, tone.Sine(hz, 8000, d.Seconds(), 8000))
	ok(t, err)
	return c
}

func TestPlayback(t *testing.T) {
	t.Parallel()
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	stop := h.Events()
	p := h.Phone(g711.MuLaw(), 0)
	c, _ := h.CallUp("1001", p)

	whole, err := c.Play(t.Context(), clipOf(t, 500, 200*time.Millisecond), signaling.PlayOptions{Name: "whole"})
	ok(t, err)
	signaltest.Receive(t, "the end of the clip", whole.Done())
	if !whole.Completed() {
		t.Error("not completed")
	}
	if l := tone.Level(p.HearsSince(0, 150*time.Millisecond), 8000, 500); l < audible {
		t.Errorf("clip at %.1f dBFS", l)
	}

	replaced, err := c.Play(t.Context(), clipOf(t, 500, time.Hour/100), signaling.PlayOptions{Loop: true})
	ok(t, err)
	stopped, err := c.Play(t.Context(), clipOf(t, 700, time.Second), signaling.PlayOptions{Loop: true})
	ok(t, err)
	signaltest.Receive(t, "the end of what was replaced", replaced.Done())
	ok(t, c.Stop(t.Context(), replaced)) // is over, and no other is stopped
	hears(t, p, 700)
	ok(t, c.Stop(t.Context(), stopped))
	signaltest.Receive(t, "the end of what was stopped", stopped.Done())

	last, err := c.Play(t.Context(), clipOf(t, 900, time.Second), signaling.PlayOptions{Loop: true})
	ok(t, err)
	c.Hangup(signaling.CauseNormal)
	signaltest.Receive(t, "the end of the call's playback", last.Done())
	if replaced.Completed() || stopped.Completed() || last.Completed() {
		t.Error("completed what was not played to its end")
	}
	h.Gone(c)
	n := 0
	for _, typ := range types(stop(), c) {
		switch typ {
		case event.PlaybackStarted:
			n++
		case event.PlaybackFinished:
			n--
		default:
		}
	}
	if n != 0 {
		t.Errorf("%d playbacks started and did not finish", n)
	}
}

func TestPlaybackWithoutMedia(t *testing.T) {
	h := signaltest.New(t, nil)
	c := h.Call(h.Leg("1001", nil, signaltest.Script{}))
	_, err := c.Play(t.Context(), clipOf(t, 500, time.Second), signaling.PlayOptions{})
	kind(t, err, fault.Conflict)
	_, err = c.PlayTone(t.Context(), signaling.Tone{}, "none")
	kind(t, err, fault.Invalid)
	kind(t, c.Echo(t.Context(), true), fault.Conflict)
	kind(t, c.SendDigits(t.Context(), "1"), fault.Conflict)
	ok(t, c.StopPlay(t.Context()))
}

// What is played once comes once, and what repeats follows it.
func TestPlayTone(t *testing.T) {
	t.Parallel()
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	p := h.Phone(g711.MuLaw(), 0)
	c, _ := h.CallUp("1001", p)
	pb, err := c.PlayTone(t.Context(), signaling.Tone{
		Lead: clipOf(t, 500, 300*time.Millisecond), Loop: clipOf(t, 700, 100*time.Millisecond),
	}, "both")
	ok(t, err)
	pcm := p.HearsSince(0, 900*time.Millisecond)
	if l := tone.Lasting(pcm[:8*250], 8000, 500); l < audible {
		t.Errorf("lead at %.1f dBFS", l)
	}
	if l := tone.Lasting(pcm[8*400:], 8000, 700); l < audible {
		t.Errorf("loop at %.1f dBFS", l)
	}
	ok(t, c.StopPlay(t.Context()))
	signaltest.Receive(t, "the end", pb.Done())

	once, err := c.PlayTone(t.Context(), signaling.Tone{Lead: clipOf(t, 500, 100*time.Millisecond)}, "once")
	ok(t, err)
	signaltest.Receive(t, "the end", once.Done())
	if !once.Completed() {
		t.Error("a tone that is played once did not complete")
	}
	if math.IsInf(tone.RMS(pcm), 0) {
		t.Error("no sound")
	}
}

func TestDigits(t *testing.T) {
	t.Parallel()
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	stop := h.Events()
	p := h.Phone(g711.MuLaw(), 0)
	c, l := h.CallUp("1001", p)
	p.Press("42#")
	var got []byte
	for len(got) < 3 {
		got = append(got, signaltest.Receive(t, "a digit", c.Digits()))
	}
	l.Digit('*')
	got = append(got, signaltest.Receive(t, "a digit by signalling", c.Digits()))
	if string(got) != "42#*" {
		t.Errorf("digits %q", got)
	}

	first, err := c.StartDigits(t.Context(), "12", 60*time.Millisecond, 40*time.Millisecond)
	ok(t, err)
	second, err := c.StartDigits(t.Context(), "3", 60*time.Millisecond, 40*time.Millisecond)
	ok(t, err)
	signaltest.Receive(t, "the first digits to be sent", first)
	signaltest.Receive(t, "the second", second)
	if got := p.HearsDigits(3); got != "123" {
		t.Errorf("the party got %q", got)
	}
	kind(t, c.SendDigits(t.Context(), "1x"), fault.Invalid)
	long, err := c.StartDigits(t.Context(), "1111111111", time.Second, time.Second)
	ok(t, err)
	c.Hangup(signaling.CauseNormal)
	signaltest.Receive(t, "the end of digits that will not be sent", long)
	h.Gone(c)

	var digits []byte
	for _, e := range stop() {
		if d, is := e.Data.(signaling.DigitEvent); is {
			digits = append(digits, d.Digit)
			if d.Length < 50*time.Millisecond || d.Channel.ID != c.ID() {
				t.Errorf("event %+v", d)
			}
		}
	}
	if string(digits) != "42#*" {
		t.Errorf("events of %q", digits)
	}
}

// What nobody reads is bounded, and a conversation's digits are none for the plan.
func TestDigitsNobodyReads(t *testing.T) {
	h := signaltest.New(t, signaltest.NewMixer(t))
	c, l := h.CallUp("1001", nil)
	settle := func() { ok(t, c.Do(t.Context(), func() error { return nil })) }
	for n := range 100 {
		l.Digit('0' + byte(n%10))
	}
	settle()
	if got := <-c.Digits(); got != '6' || len(c.Digits()) != 63 {
		t.Errorf("the oldest of %d is %c", len(c.Digits())+1, got)
	}
	b := h.Engine.NewBridge(signaling.BridgeConfig{})
	defer b.Close()
	ok(t, b.Add(t.Context(), c))
	l.Digit('1')
	ok(t, b.Remove(t.Context(), c))
	if n := len(c.Digits()); n != 0 {
		t.Errorf("%d digits are left", n)
	}
	l.Digit('2')
	settle()
	if got := <-c.Digits(); got != '2' {
		t.Errorf("digit %c", got)
	}
}

// A party from which nothing comes, or whose media fails, is hung up.
func TestMediaThatFails(t *testing.T) {
	for _, ca := range []struct {
		ev   mixer.Event
		want signaling.Cause
	}{
		{mixer.Event{Kind: mixer.MediaTimeout}, signaling.CauseRequestedAbsent},
		{mixer.Event{Kind: mixer.PortFailed}, signaling.CauseTemporary},
		{mixer.Event{Kind: mixer.TransportError}, signaling.CauseTemporary},
	} {
		h := signaltest.New(t, nil)
		c, l := h.CallUp("1001", nil)
		l.Tell(func(e signaling.LegEvents) {
			e.LegPort(mixer.Event{Kind: mixer.FirstPacket})
			e.LegPort(ca.ev)
		})
		if s := h.Gone(c); s.Cause != ca.want {
			t.Errorf("%s ends with %d, want %d", ca.ev.Kind, s.Cause, ca.want)
		}
	}
}

func TestEarlyMediaIsOpenedOnce(t *testing.T) {
	t.Parallel()
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	l := h.Leg("1001", h.Phone(g711.MuLaw(), 0), signaltest.Script{})
	c := h.Call(l)
	if s := c.Snapshot(); s.Media || s.Codec != "ulaw" {
		t.Errorf("before: %+v", s)
	}
	ok(t, c.Progress(t.Context()))
	ok(t, c.Progress(t.Context()))
	if !c.Snapshot().Media {
		t.Error("no media after Progress")
	}
	f, err := c.Format(t.Context())
	ok(t, err)
	if f.Codec == nil || f.Codec.Name != "PCMU" {
		t.Errorf("format %s", f)
	}
	if got := l.Calls(); !slices.Equal(got, []string{"Start", "Progress"}) {
		t.Errorf("leg was told %v", got)
	}
}
