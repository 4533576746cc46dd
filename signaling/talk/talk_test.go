package talk_test

import (
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
	"github.com/skygenesisenterprise/skybridge/signaling/talk"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Talking begins with the first block that is loud enough and is over after the silence,
// which does not count; a pause that is shorter is part of it.
func TestDetector(t *testing.T) {
	d := talk.NewDetector(talk.Config{Silence: 200 * time.Millisecond, Level: 300})
	var told []string
	at := 0
	take := func(blocks int, level int16) {
		pcm := slices.Repeat([]int16{level, -level}, 80)
		for range blocks {
			began, ended, lasted := d.Take(pcm, 20*time.Millisecond)
			at++
			if began {
				told = append(told, "began at "+(time.Duration(at)*20*time.Millisecond).String())
			}
			if ended {
				told = append(told, "lasted "+lasted.String())
			}
		}
	}
	take(10, 299)
	take(5, 300)
	take(9, 0)
	take(1, 5000)
	take(30, 10)
	take(3, 400)
	take(10, 0)
	want := []string{"began at 220ms", "lasted 300ms", "began at 1.12s", "lasted 60ms"}
	if !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	pcm := make([]int16, 160)
	if n := testing.AllocsPerRun(100, func() { d.Take(pcm, 20*time.Millisecond) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A channel that talks says so, until nobody listens any more.
func TestRegistry(t *testing.T) {
	t.Parallel()
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	r := talk.NewRegistry()
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	sub := h.Engine.Bus().Subscribe(16, func(e *event.Event) bool {
		_, is := e.Data.(talk.Event)
		return is
	})
	defer sub.Close()
	p := h.Phone(g711.MuLaw(), 0)
	c, _ := h.CallUp("1001", p)
	cfg := talk.Config{Silence: 100 * time.Millisecond, Level: 300}
	if err := r.Set(t.Context(), c, talk.Default()); err != nil {
		t.Fatal(err)
	}
	if err := r.Set(t.Context(), c, cfg); err != nil { // in place of the first
		t.Fatal(err)
	}
	for range 2 {
		p.Say(700)
		if e := signaltest.Receive(t, "an event", sub.Events()); e.Type != event.ChannelTalkingStarted || e.Channel != string(c.ID()) {
			t.Errorf("%+v", e)
		}
		p.Say(0)
		e := signaltest.Receive(t, "an event", sub.Events())
		if data, _ := e.Data.(talk.Event); e.Type != event.ChannelTalkingFinished || data.Duration <= 0 || data.Channel.ID != c.ID() {
			t.Errorf("%+v", e)
		}
	}
	r.Remove(c)
	r.Remove(c)
	silent, _ := h.CallUp("1002", nil)
	if err := r.Set(t.Context(), silent, cfg); fault.Of(err) != fault.Conflict {
		t.Errorf("without media: %v", err)
	}
	for _, bad := range []talk.Config{{}, {Silence: time.Second}, {Silence: 2 * time.Hour, Level: 1}, {Silence: 1, Level: 40000}} {
		if err := r.Set(t.Context(), c, bad); fault.Of(err) != fault.Invalid {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	// Its end ends the listening.
	if err := r.Set(t.Context(), c, cfg); err != nil {
		t.Fatal(err)
	}
	c.Hangup(signaling.CauseNormal)
	h.Gone(c)
}
