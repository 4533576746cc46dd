package signaling_test

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/tone"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// toneLeg is a party whose digits are tones, while it says so.
type toneLeg struct {
	*signaltest.Leg
	tones *atomic.Bool
}

func (l toneLeg) Inband() bool { return l.tones.Load() }

// tonal calls with a phone that knows no telephone-event.
func tonal(t *testing.T, h *signaltest.House, name string, hz float64) (toneLeg, *signaltest.Phone, *signaling.Channel) {
	t.Helper()
	p := h.Phone(g711.MuLaw(), hz, signaltest.PhoneOptions{NoEvents: true})
	l := toneLeg{h.Leg(name, p, signaltest.Script{}), new(atomic.Bool)}
	l.tones.Store(true)
	c, err := h.Engine.Incoming(signaling.Incoming{Leg: l, Tech: "Test", Resource: name})
	ok(t, err)
	ok(t, c.Answer(t.Context()))
	return l, p, c
}

// Digits in the audio are heard, alone and in a conversation, in which they reach who
// takes telephone-events as those; who is to hear tones is played them.
func TestDigitsAsTones(t *testing.T) {
	t.Parallel()
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	l, p, c := tonal(t, h, "1001", 0)
	last := byte(0)
	for _, want := range []byte("1*D") {
		p.Sound(want)
		got := signaltest.Receive(t, "a digit", c.Digits())
		for got == last { // its rest
			got = signaltest.Receive(t, "a digit", c.Digits())
		}
		if got != want {
			t.Errorf("heard %c, want %c", got, want)
		}
		last = got
	}

	b := h.Engine.NewBridge(signaling.BridgeConfig{})
	defer b.Close()
	other := join(t, h, b, "1002", g711.MuLaw(), 0)
	ok(t, b.Add(t.Context(), c))
	for i, want := range []string{"7", "73"} {
		p.Sound(want[i])
		h.Eventually("the other got "+want, func() bool {
			got := slices.Compact([]byte(other.HearsDigits(i + 1)))
			return strings.TrimLeft(string(got), "D") == want // the rest of the last one
		})
	}
	from := p.Heard()
	other.Press("5")
	h.Eventually("the tones of 5", func() bool { return sounded(p, from, 770, 1336) })

	done, err := c.StartDigits(t.Context(), "0", 100*time.Millisecond, 20*time.Millisecond)
	ok(t, err)
	signaltest.Receive(t, "the end of what was sent", done)

	// What the party says of itself may change in the call.
	l.tones.Store(false)
	l.Tell(signaling.LegEvents.LegMedia)
	ok(t, b.Remove(t.Context(), c))
	ok(t, c.Echo(t.Context(), true))
	from = p.Heard()
	p.Sound('9')
	h.Eventually("its own tones", func() bool { return sounded(p, from, 852, 1477) })
	l.Digit('2')
	if got := signaltest.Receive(t, "a digit", c.Digits()); got != '2' {
		t.Errorf("heard %c of a party that has no tones", got)
	}
}

// Between two who have digits as tones nothing is added to the audio.
func TestTonesPassAsTheyAre(t *testing.T) {
	t.Parallel()
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	_, p, c := tonal(t, h, "1001", 0)
	_, q, d := tonal(t, h, "1002", 0)
	b := h.Engine.NewBridge(signaling.BridgeConfig{})
	defer b.Close()
	ok(t, b.Add(t.Context(), c))
	ok(t, b.Add(t.Context(), d))
	from := q.Heard()
	p.Sound('8')
	if got := signaltest.Receive(t, "a digit", c.Digits()); got != '8' {
		t.Errorf("heard %c", got)
	}
	h.Eventually("the tones of 8", func() bool { return sounded(q, from, 852, 1336) })
	from = q.Heard()
	p.Say(2000) // after which there is nothing of the digit any more
	h.Eventually("what comes after it", func() bool { return sounded(q, from, 2000) })
	if level := tone.Level(q.Hears(300*time.Millisecond), 8000, 852); level > -45 {
		t.Errorf("the digit comes twice: %.1f dBFS", level)
	}
}

// sounded tells whether a phone has heard frequencies together, for 60 ms in a row, from
// a sample on.
func sounded(p *signaltest.Phone, from int, hz ...float64) bool {
	const length, step = 480, 80
	pcm := p.HearsSince(from, 60*time.Millisecond)
	for ; len(pcm) >= length; pcm = pcm[step:] {
		if !slices.ContainsFunc(hz, func(hz float64) bool { return tone.Level(pcm[:length], 8000, hz) < -30 }) {
			return true
		}
	}
	return false
}
