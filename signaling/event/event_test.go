package event_test

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

func TestSequenceIsSharedAndFiltered(t *testing.T) {
	b := event.NewBus(time.Now)
	all := b.Subscribe(8, nil)
	calls := b.Subscribe(8, func(e *event.Event) bool { return e.Type == event.Dial })
	defer all.Close()
	defer calls.Close()

	b.Publish(event.Event{Type: event.ChannelCreated, Channel: "1"})
	b.Publish(event.Event{Type: event.Dial, Channel: "1"})

	for want := uint64(1); want <= 2; want++ {
		if e := <-all.Events(); e.Seq != want {
			t.Fatalf("seq %d, want %d", e.Seq, want)
		}
	}
	if e := <-calls.Events(); e.Seq != 2 || e.Type != event.Dial {
		t.Fatalf("filtered subscriber got %+v", e)
	}
}

func TestOverflowIsCountedAndNeverWaits(t *testing.T) {
	b := event.NewBus(time.Now)
	slow := b.Subscribe(2, nil)
	for range 5 {
		b.Publish(event.Event{Type: event.Dial})
	}
	if slow.Lost() != 3 {
		t.Fatalf("lost %d, want 3", slow.Lost())
	}
	slow.Close()
	slow.Close() // a second close is harmless
	b.Publish(event.Event{Type: event.Dial})
	var got int
	for range slow.Events() {
		got++
	}
	if got != 2 || b.Seq() != 6 {
		t.Fatalf("got %d events, newest seq %d", got, b.Seq())
	}
}

func TestWhatIsAttachedIsCalledInOrder(t *testing.T) {
	b := event.NewBus(time.Now)
	var seen []uint64
	b.Attach(func(e *event.Event) { seen = append(seen, e.Seq) })
	for range 3 {
		b.Publish(event.Event{Type: event.Dial})
	}
	if len(seen) != 3 || seen[0] != 1 || seen[2] != 3 {
		t.Fatalf("told of %v", seen)
	}
}
