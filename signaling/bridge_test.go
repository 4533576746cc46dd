package signaling_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// technology checks how a bridge joins how many.
func technology(t *testing.T, b *signaling.Bridge, want string, members int) {
	t.Helper()
	if s := b.Snapshot(); s.Technology != want || len(s.Channels) != members {
		t.Fatalf("%d members in a %s, want %d in a %s", len(s.Channels), s.Technology, members, want)
	}
}

func TestBridgeTechnologyFollowsItsMembers(t *testing.T) {
	t.Parallel()
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	b := h.Engine.NewBridge(signaling.BridgeConfig{Name: "b", Creator: "test"})
	defer b.Close()
	var channels []*signaling.Channel
	technology(t, b, "simple_bridge", 0)
	for n, want := range []string{"simple_bridge", "simple_bridge", "softmix", "softmix"} {
		c, _ := h.CallUp(fmt.Sprint(n), h.Phone(g711.MuLaw(), 0))
		channels = append(channels, c)
		ok(t, b.Add(t.Context(), c))
		ok(t, b.Add(t.Context(), c)) // is there already
		technology(t, b, want, n+1)
	}
	for _, left := range []int{3, 2, 1, 0} {
		ok(t, b.Remove(t.Context(), channels[left]))
		ok(t, b.Remove(t.Context(), channels[left])) // is not there any more
		technology(t, b, map[bool]string{true: "softmix", false: "simple_bridge"}[left > 2], left)
	}
	if s := h.Mixer.Stats(); s.Rooms+s.Pairs > 0 {
		h.Eventually("an empty bridge costs the mixer nothing", func() bool {
			s := h.Mixer.Stats()
			return s.Rooms+s.Pairs == 0
		})
	}
}

func TestAConferenceIsAlwaysMixed(t *testing.T) {
	t.Parallel()
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	b := h.Engine.NewBridge(signaling.BridgeConfig{AlwaysMix: true})
	defer b.Close()
	technology(t, b, "softmix", 0)
	c, _ := h.CallUp("1001", h.Phone(g711.MuLaw(), 0))
	ok(t, b.Add(t.Context(), c))
	technology(t, b, "softmix", 1)
	if s := h.Mixer.Stats(); s.Rooms != 1 || s.Pairs != 0 {
		t.Errorf("mixer has %d rooms and %d pairs", s.Rooms, s.Pairs)
	}
}

// Who is refused stays where they were.
func TestARefusedChannelStays(t *testing.T) {
	t.Parallel()
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	a, _ := h.CallUp("1001", h.Phone(g711.MuLaw(), 0))
	b, _ := h.CallUp("1002", h.Phone(g711.MuLaw(), 0))
	home := h.Engine.NewBridge(signaling.BridgeConfig{})
	defer home.Close()
	full := h.Engine.NewBridge(signaling.BridgeConfig{Max: 1})
	closed := h.Engine.NewBridge(signaling.BridgeConfig{})
	closed.Close()
	defer full.Close()
	ok(t, full.Add(t.Context(), a))
	ok(t, home.Add(t.Context(), b))

	err := full.Add(t.Context(), b)
	kind(t, err, fault.Full)
	if fault.CodeOf(err) != "room_full" {
		t.Errorf("code %s", fault.CodeOf(err))
	}
	kind(t, closed.Add(t.Context(), b), fault.Gone)
	if s := b.Snapshot(); s.Bridge != home.ID() {
		t.Errorf("is in bridge %q", s.Bridge)
	}
	technology(t, home, "simple_bridge", 1)

	ok(t, full.Remove(t.Context(), a))
	ok(t, full.Add(t.Context(), b)) // leaves home for it
	technology(t, home, "simple_bridge", 0)
	technology(t, full, "simple_bridge", 1)
	a.Hangup(signaling.CauseNormal)
	h.Gone(a)
	kind(t, home.Add(t.Context(), a), fault.Gone)
}

// Everybody has left before the bridge is destroyed, and stays up.
func TestCloseOfABridge(t *testing.T) {
	t.Parallel()
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	b := h.Engine.NewBridge(signaling.BridgeConfig{})
	var channels []*signaling.Channel
	for n := range 3 {
		c, _ := h.CallUp(fmt.Sprint(n), h.Phone(g711.MuLaw(), 0))
		channels = append(channels, c)
		ok(t, b.Add(t.Context(), c))
	}
	release := block(t, channels[0]) // slow
	events := h.Engine.Bus().Subscribe(1000, func(e *event.Event) bool { return e.Bridge == string(b.ID()) })
	defer events.Close()
	b.Close()
	if _, err := h.Engine.Bridge(b.ID()); err != nil {
		t.Error("destroyed with a member")
	}
	release()
	var got []event.Type
	for len(got) < 4 {
		got = append(got, signaltest.Receive(t, "events", events.Events()).Type)
	}
	left := event.ChannelLeftBridge
	if want := []event.Type{left, left, left, event.BridgeDestroyed}; !slices.Equal(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
	for _, c := range channels {
		if s := c.Snapshot(); s.Ended || s.Bridge != "" {
			t.Errorf("%s is %+v", c.Name(), s)
		}
	}
	_, err := h.Engine.Bridge(b.ID())
	kind(t, err, fault.NotFound)
}

// A third party whose codec cannot be mixed is refused, and the two talk on.
// The house's end would find a pair that nobody is in and nobody closes.
func TestAPairEndsWhenBothLeaveAtOneTime(t *testing.T) {
	t.Parallel()
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	for range 100 {
		b := h.Engine.NewBridge(signaling.BridgeConfig{Pair: true})
		var both [2]*signaling.Channel
		for i := range both {
			both[i], _ = h.CallUp("1001", nil)
			ok(t, b.Add(t.Context(), both[i]))
		}
		for _, c := range both {
			c.Hangup(signaling.CauseNormal)
		}
		for _, c := range both {
			h.Gone(c)
		}
	}
}

func TestAnArrangementThatFailsIsTakenBack(t *testing.T) {
	t.Parallel()
	passed := *g711.MuLaw()
	passed.Name, passed.ConfName, passed.PayloadType = "X-PASSED", "passed", 97
	passed.NewDecoder, passed.NewEncoder = nil, nil
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	b := h.Engine.NewBridge(signaling.BridgeConfig{})
	defer b.Close()
	phones := []*signaltest.Phone{h.Phone(g711.MuLaw(), 500), h.Phone(g711.MuLaw(), 700)}
	for n, p := range phones {
		c, _ := h.CallUp(fmt.Sprint(n), p)
		ok(t, b.Add(t.Context(), c))
	}
	odd := h.Phone(g711.MuLaw(), 0)
	odd.Offer(&passed)
	c, _ := h.CallUp("odd", odd)
	kind(t, b.Add(t.Context(), c), fault.Unsupported)
	technology(t, b, "simple_bridge", 2)
	if s := c.Snapshot(); s.Bridge != "" || s.Ended {
		t.Errorf("the odd one is %+v", s)
	}
	hears(t, phones[0], 700)
	hears(t, phones[1], 500)
}

func TestARoomThatFailsEndsItsCalls(t *testing.T) {
	t.Parallel()
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	b := h.Engine.NewBridge(signaling.BridgeConfig{AlwaysMix: true})
	defer b.Close()
	other, _ := h.CallUp("other", h.Phone(g711.MuLaw(), 0))
	var channels []*signaling.Channel
	for n := range 2 {
		c, _ := h.CallUp(fmt.Sprint(n), h.Phone(g711.MuLaw(), 0))
		channels = append(channels, c)
		ok(t, b.Add(t.Context(), c))
	}
	b.FailRoom(errors.New("broken"))
	for _, c := range channels {
		if s := h.Gone(c); s.Cause != signaling.CauseTemporary {
			t.Errorf("ended with %d", s.Cause)
		}
	}
	if other.Snapshot().Ended || h.Log.Count("broken") != 1 {
		t.Errorf("log:\n%s", h.Log)
	}
}

// Channels come, go, hang up and change bridges while these are closed; nothing is
// left (the house checks) and nothing races.
func TestBridgesUnderStress(t *testing.T) {
	t.Parallel()
	const channels, moves = 12, 60
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	var mu sync.Mutex
	bridges := make([]*signaling.Bridge, 3)
	pick := func(n int) *signaling.Bridge {
		mu.Lock()
		defer mu.Unlock()
		if b := bridges[n]; b != nil {
			return b
		}
		bridges[n] = h.Engine.NewBridge(signaling.BridgeConfig{AlwaysMix: n == 0})
		return bridges[n]
	}
	drop := func(n int) {
		mu.Lock()
		b := bridges[n]
		bridges[n] = nil
		mu.Unlock()
		if b != nil {
			b.Close()
		}
	}
	var wg sync.WaitGroup
	for n := range channels {
		c, l := h.CallUp(fmt.Sprint(n), h.Phone(g711.MuLaw(), 0))
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(1, uint64(n))) //nolint:gosec // not secret
			for range moves {
				var err error
				switch b := pick(rng.IntN(3)); rng.IntN(12) {
				case 0:
					err = b.Remove(context.Background(), c)
				case 1:
					drop(rng.IntN(3))
				case 2:
					err = c.Mute(context.Background(), rng.IntN(2) == 0)
				case 3:
					err = c.Echo(context.Background(), true)
				case 4:
					l.Tell(signaling.LegEvents.LegMedia)
				default:
					err = b.Add(context.Background(), c)
				}
				if err != nil && fault.Of(err) != fault.Gone {
					t.Error(err)
				}
			}
			if n%2 == 0 {
				c.Hangup(signaling.CauseNormal)
			} else {
				l.End(signaling.CauseNormal, true)
			}
		})
	}
	wg.Wait()
	for n := range bridges {
		drop(n)
	}
}
