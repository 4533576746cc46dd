package actor_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/skygenesisenterprise/skybridge/internal/actor"
)

func TestFunctionsRunInOrderOnOneGoroutine(t *testing.T) {
	a := actor.Start(1000, func(err error) { t.Error(err) })
	var seen []int
	for i := range 500 {
		if err := a.Post(func() { seen = append(seen, i) }); err != nil {
			t.Fatal(err)
		}
	}
	a.Stop()
	<-a.Done()
	for i, n := range seen {
		if n != i {
			t.Fatalf("position %d ran %d", i, n)
		}
	}
	if len(seen) != 500 {
		t.Fatalf("%d functions ran, 500 were accepted", len(seen))
	}
	if err := a.Post(func() {}); !errors.Is(err, actor.ErrStopped) {
		t.Errorf("post after the end: %v", err)
	}
	if err := a.Do(context.Background(), func() error { return nil }); !errors.Is(err, actor.ErrStopped) {
		t.Errorf("do after the end: %v", err)
	}
}

func TestAFullMailboxRefusesAndCounts(t *testing.T) {
	a := actor.Start(2, func(error) {})
	gate := make(chan struct{})
	running := make(chan struct{})
	if err := a.Post(func() { close(running); <-gate }); err != nil {
		t.Fatal(err)
	}
	<-running
	for range 2 {
		if err := a.Post(func() {}); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Post(func() {}); !errors.Is(err, actor.ErrFull) || a.Refused() != 1 {
		t.Errorf("post to a full mailbox: %v, %d refused", err, a.Refused())
	}
	close(gate)
	a.Stop()
	<-a.Done()
}

func TestAPanicIsReportedAndTheActorGoesOn(t *testing.T) {
	var mu sync.Mutex
	var reported error
	a := actor.Start(8, func(err error) { mu.Lock(); reported = err; mu.Unlock() })
	if err := a.Do(context.Background(), func() error { panic("boom") }); err == nil {
		t.Error("a request that panicked gave no error")
	}
	if err := a.Do(context.Background(), func() error { return nil }); err != nil {
		t.Errorf("after the panic: %v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if reported == nil || !strings.Contains(reported.Error(), "boom") || !strings.Contains(reported.Error(), "actor_test.go") {
		t.Errorf("reported %v", reported)
	}
	a.Stop()
	<-a.Done()
}

// An actor with nothing to do has no goroutine, which would be left over at the end of
// the bubble, and takes work again.
func TestAnIdleActorHasNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := actor.Start(2, func(err error) { t.Error(err) })
		for range 3 {
			ran := false
			if err := a.Post(func() { ran = true }); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if !ran {
				t.Error("not run")
			}
		}
		select {
		case <-a.Done():
			t.Error("done before Stop")
		default:
		}
	})
}

// Whoever asks before or after the end learns of it.
func TestDone(t *testing.T) {
	for _, asksFirst := range []bool{true, false} {
		a := actor.Start(2, func(err error) { t.Error(err) })
		gate := make(chan struct{})
		if err := a.Post(func() { <-gate }); err != nil {
			t.Fatal(err)
		}
		if asksFirst {
			done := a.Done()
			a.Stop()
			select {
			case <-done:
				t.Error("done while it works")
			default:
			}
			close(gate)
			<-done
			continue
		}
		a.Stop()
		close(gate)
		<-a.Done()
	}
}

func TestDoEndsWithItsContext(t *testing.T) {
	a := actor.Start(8, func(error) {})
	gate := make(chan struct{})
	if err := a.Post(func() { <-gate }); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := a.Do(ctx, func() error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(gate)
	a.Stop()
	a.Stop()
	<-a.Done()
}
