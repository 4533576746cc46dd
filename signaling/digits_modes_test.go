package signaling_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// modal is a party that has its digits in one way.
type modal struct {
	channel *signaling.Channel
	press   func(digit byte)
	// gets waits until the party has got so much; of tones on a machine that stands still the
	// rest may be one digit more.
	gets func(digits string, tones bool)
}

// A digit reaches the other party of a conversation once, however it comes and however that
// one has digits: as telephone-events, by signalling or as tones.
func TestDigitsAcrossModes(t *testing.T) {
	t.Parallel()
	const digits = "17*"
	modes := []struct {
		name string
		make func(t *testing.T, h *signaltest.House, name string) modal
	}{{"events", eventParty}, {"signalling", infoParty}, {"tones", toneParty}}
	for _, from := range modes {
		for _, to := range modes {
			t.Run(from.name+" to "+to.name, func(t *testing.T) {
				t.Parallel()
				h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
				a, b := from.make(t, h, "1001"), to.make(t, h, "1002")
				bridge := h.Engine.NewBridge(signaling.BridgeConfig{})
				defer bridge.Close()
				ok(t, bridge.Add(t.Context(), a.channel))
				ok(t, bridge.Add(t.Context(), b.channel))
				for i := range digits {
					a.press(digits[i])
					b.gets(digits[:i+1], from.name == "tones")
				}
				for _, c := range []*signaling.Channel{a.channel, b.channel} {
					c.Hangup(signaling.CauseNormal)
					h.Gone(c)
				}
			})
		}
	}
}

func answeredBy(t *testing.T, h *signaltest.House, l signaling.Leg, name string) *signaling.Channel {
	t.Helper()
	c, err := h.Engine.Incoming(signaling.Incoming{Leg: l, Tech: "Test", Resource: name})
	ok(t, err)
	ok(t, c.Answer(t.Context()))
	return c
}

func eventParty(t *testing.T, h *signaltest.House, name string) modal {
	t.Helper()
	p := h.Phone(g711.MuLaw(), 0)
	return modal{
		channel: answeredBy(t, h, h.Leg(name, p, signaltest.Script{}), name),
		press:   func(d byte) { p.Press(string(d)) },
		gets: func(want string, tones bool) {
			t.Helper()
			for n := len(want); ; n++ { // more than as many, where tones are heard twice
				if heard := p.HearsDigits(n); got(heard, tones) == want {
					return
				} else if !strings.HasPrefix(want, got(heard, tones)) {
					t.Fatalf("got %q, want %q", heard, want)
				}
			}
		},
	}
}

func infoParty(t *testing.T, h *signaltest.House, name string) modal {
	t.Helper()
	l := infoLeg{h.Leg(name, h.Phone(g711.MuLaw(), 0, signaltest.PhoneOptions{NoEvents: true}), signaltest.Script{}), make(chan string, 16)}
	all := ""
	return modal{
		channel: answeredBy(t, h, l, name),
		press:   func(d byte) { l.Digit(d) },
		gets: func(want string, tones bool) {
			t.Helper()
			for got(all, tones) != want {
				if all += signaltest.Receive(t, "a digit", l.digits); !strings.HasPrefix(want, got(all, tones)) {
					t.Fatalf("got %q, want %q", all, want)
				}
			}
		},
	}
}

func toneParty(t *testing.T, h *signaltest.House, name string) modal {
	t.Helper()
	_, p, c := tonal(t, h, name, 0)
	from := p.Heard()
	return modal{
		channel: c,
		press: func(d byte) { // twice, for a machine that stands still in the midst of one
			p.Sound(d)
			p.Sound(d)
		},
		gets: func(want string, _ bool) {
			t.Helper()
			pair := map[byte][2]float64{'1': {697, 1209}, '7': {852, 1209}, '*': {941, 1209}}[want[len(want)-1]]
			h.Eventually("the tones of "+want, func() bool { return sounded(p, from, pair[0], pair[1]) })
			from = p.Heard()
		},
	}
}

// got is digits, of tones without the same again.
func got(digits string, tones bool) string {
	if tones {
		return string(slices.Compact([]byte(digits)))
	}
	return digits
}
