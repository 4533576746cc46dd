// Package signaltest has what tests of calls need: an engine with a real mixer,
// legs that do as they are told, and phones that speak and hear real RTP.
//
// Goroutines: two per Phone and one per Leg that ends, all over when the House's
// cleanup has run.
package signaltest

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/crew"
	"github.com/skygenesisenterprise/skybridge/internal/logtest"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// T is what this package needs of a *testing.T.
type T interface {
	Helper()
	Cleanup(f func())
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// patience bounds every wait; nothing waits so long unless it is broken.
const patience = time.Minute

// House is an engine with its mixer and one technology, "Test".
type House struct {
	T      T
	Engine *signaling.Engine
	Mixer  *mixer.Engine
	Tech   *Tech
	Log    *logtest.Log

	legs sync.WaitGroup
}

// NewMixer makes a mixer engine of one worker that lives as long as the test.
func NewMixer(t T, codecs ...*media.Codec) *mixer.Engine {
	t.Helper()
	cfg := mixer.Default()
	// Tests share the machine, and the race detector makes a tick ten times dearer.
	cfg.Workers, cfg.FIFO, cfg.Budget = 1, false, 0.95
	e, err := mixer.New(cfg, codecs, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("mixer: %v", err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("mixer: %v", err)
		}
	})
	return e
}

// New makes a house. Its cleanup hangs up what is left and checks that nothing
// stays: no channel, bridge, port, room or pair. mix may be nil where no media is
// wanted and nothing is bridged, as in a synctest bubble.
func New(t T, mix *mixer.Engine, change ...func(*signaling.Config)) *House {
	t.Helper()
	h := &House{T: t, Mixer: mix, Log: &logtest.Log{}}
	log := slog.New(slog.NewTextHandler(h.Log, nil))
	hands := crew.New(log)
	t.Cleanup(func() {
		hands.Close()
		hands.Wait()
	})
	cfg := signaling.Config{Mixer: mix, Log: log, Crew: hands}
	for _, f := range change {
		f(&cfg)
	}
	h.Engine = signaling.New(cfg)
	h.Tech = &Tech{house: h, endpoints: make(map[string]*Endpoint)}
	h.Engine.AddTech(h.Tech)
	t.Cleanup(h.close)
	return h
}

func (h *House) close() {
	h.T.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	drained := make(chan error, 1)
	go func() { drained <- h.Engine.Drain(ctx) }() // owned by close, which waits for it
	h.Engine.HangupAll(signaling.CauseNormal)
	if err := <-drained; err != nil {
		h.T.Errorf("channels are left: %v %+v", err, h.Engine.Channels())
		return
	}
	h.legs.Wait()
	// Whoever keeps a bridge for who is away closes it once it has seen the end of the channels.
	for limit := time.After(patience); len(h.Engine.Bridges()) > 0 && ctx.Err() == nil; {
		select {
		case <-limit:
			cancel()
		case <-time.After(time.Millisecond):
		}
	}
	for _, b := range h.Engine.Bridges() {
		h.T.Errorf("a bridge is left: %+v", b)
	}
	if h.Mixer == nil {
		return
	}
	h.Eventually("no port, room or pair is left", func() bool {
		s := h.Mixer.Stats()
		return s.Ports+s.Rooms+s.Pairs == 0
	})
}

// Eventually waits until a condition holds that nothing announces.
func (h *House) Eventually(what string, condition func() bool) {
	h.T.Helper()
	limit := time.After(patience)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-limit:
			h.T.Fatalf("not in time: %s", what)
			return
		}
	}
}

// Until waits for a state of a channel.
func (h *House) Until(c *signaling.Channel, what string, cond func(signaling.ChannelSnapshot) bool) signaling.ChannelSnapshot {
	h.T.Helper()
	ctx, cancel := context.WithTimeout(h.T.Context(), patience)
	defer cancel()
	s, err := c.Until(ctx, cond)
	if err != nil {
		h.T.Fatalf("%s did not become %s: %v; it is %+v", c.Name(), what, err, s)
	}
	return s
}

// Gone waits until a channel is gone and gives its last state.
func (h *House) Gone(c *signaling.Channel) signaling.ChannelSnapshot {
	h.T.Helper()
	Receive(h.T, c.Name()+" to go", c.Gone())
	return c.Snapshot()
}

// Receive takes the next value of a channel, or its closing.
func Receive[V any](t T, what string, from <-chan V) V {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case v := <-from:
		return v
	case <-timer.C:
		t.Fatalf("waited in vain for %s", what)
		panic("unreachable")
	}
}

// Events subscribes to every event from now on. Stop gives those that came so far.
func (h *House) Events() (stop func() []event.Event) {
	s := h.Engine.Bus().Subscribe(10000, nil)
	return func() []event.Event {
		s.Close()
		var all []event.Event
		for e := range s.Events() {
			all = append(all, e)
		}
		return all
	}
}
