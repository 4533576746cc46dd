package event_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

func every(event.Type) bool { return true }

// A reader goes on from where it was, is told of what it missed, and of levels has the newest
// of each bridge alone.
func TestAfter(t *testing.T) {
	b := event.NewBus(time.Now)
	publish := func(t event.Type, bridge string) { b.Publish(event.Event{Type: t, Bridge: bridge}) }
	seqs := func(after uint64, limit int, want func(event.Type) bool) (got []uint64, p event.Page) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		p = b.After(ctx, after, limit, want)
		for _, e := range p.Events {
			got = append(got, e.Seq)
		}
		return got, p
	}
	is := func(got []uint64, want ...uint64) {
		t.Helper()
		if len(got) != len(want) {
			t.Fatalf("events %v, want %v", got, want)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("events %v, want %v", got, want)
			}
		}
	}
	got, p := seqs(0, 10, every)
	if is(got); p.Next != 0 || p.Gap {
		t.Errorf("%+v", p)
	}
	publish(event.BridgeCreated, "a") // 1
	publish(event.BridgeLevels, "a")  // 2
	publish(event.BridgeLevels, "b")  // 3
	publish(event.BridgeLevels, "a")  // 4
	publish(event.Dial, "")           // 5
	got, p = seqs(0, 10, every)
	if is(got, 1, 3, 4, 5); p.Next != 5 {
		t.Errorf("%+v", p)
	}
	got, p = seqs(0, 2, every)
	if is(got, 1, 3); p.Next != 3 {
		t.Errorf("%+v", p)
	}
	for _, limit := range []int{1, 0, -1} {
		got, p = seqs(0, limit, every)
		if is(got, 1); p.Next != 1 {
			t.Errorf("limit %d: %+v", limit, p)
		}
	}
	got, p = seqs(1, 10, func(t event.Type) bool { return t == event.Dial })
	if is(got, 5); p.Next != 5 {
		t.Errorf("%+v", p)
	}
	publish(event.BridgeDestroyed, "a") // 6, and its levels are gone
	got, _ = seqs(1, 10, every)
	is(got, 3, 5, 6)
	for range event.Kept {
		publish(event.Dial, "")
	}
	got, p = seqs(5, 1, every)
	if is(got, 7); !p.Gap {
		t.Errorf("no gap: %+v", p)
	}
	got, p = seqs(7, 1, every)
	if is(got, 8); p.Gap {
		t.Errorf("a gap: %+v", p)
	}
	// Whose number is of a server that has ended begins anew, and is told.
	got, p = seqs(1<<40, 2, func(t event.Type) bool { return t == event.BridgeLevels })
	if is(got, 3); !p.Gap {
		t.Errorf("no gap: %+v", p)
	}
}

// Who waits is woken by what it wants, and by nothing else.
func TestAfterWaits(t *testing.T) {
	b := event.NewBus(time.Now)
	got := make(chan event.Page)
	for range 2 {
		go func() { // ends with the event, awaited below
			got <- b.After(context.Background(), 0, 10, func(t event.Type) bool { return t == event.Dial })
		}()
	}
	b.Publish(event.Event{Type: event.ChannelCreated})
	b.Publish(event.Event{Type: event.Dial})
	for range 2 {
		if p := <-got; len(p.Events) != 1 || p.Events[0].Seq != 2 || p.Next != 2 {
			t.Errorf("%+v", p)
		}
	}
}

// What a reader does not want neither wakes it nor costs it a reading of the history, and is
// no gap: it goes on from the last event that it need not know.
func TestAfterSleepsThroughTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := event.NewBus(time.Now)
		asked := 0
		dials := func(t event.Type) bool { asked++; return t == event.Dial }
		got := make(chan event.Page, 1)
		ctx, cancel := context.WithCancel(t.Context())
		wait := func(after uint64) {
			go func() { got <- b.After(ctx, after, 10, dials) }() // ends with the event or ctx
			synctest.Wait()
			asked = 0
		}
		wait(0)
		for range 2 * event.Kept {
			b.Publish(event.Event{Type: event.ChannelCreated})
		}
		synctest.Wait()
		if asked != 2*event.Kept {
			t.Errorf("asked %d times of %d events", asked, 2*event.Kept)
		}
		b.Publish(event.Event{Type: event.Dial})
		if p := <-got; len(p.Events) != 1 || p.Gap || p.Next != 2*event.Kept+1 {
			t.Errorf("%+v", p)
		}
		wait(2*event.Kept + 1)
		for range 2 * event.Kept {
			b.Publish(event.Event{Type: event.ChannelCreated})
		}
		cancel()
		if p := <-got; len(p.Events) != 0 || p.Gap || p.Next != 4*event.Kept+1 {
			t.Errorf("%+v", p)
		}
	})
}

// Publishing costs those who wait for something else a question each.
func BenchmarkPublishToPollers(bench *testing.B) {
	b := event.NewBus(time.Now)
	ctx, cancel := context.WithCancel(context.Background())
	const pollers = 100
	done := make(chan event.Page, pollers)
	for range pollers {
		go func() { // ends with ctx, awaited below
			done <- b.After(ctx, 0, 10, func(t event.Type) bool { return t == event.Dial })
		}()
	}
	bench.ReportAllocs()
	for bench.Loop() {
		b.Publish(event.Event{Type: event.ChannelCreated})
	}
	cancel()
	for range pollers {
		<-done
	}
}
