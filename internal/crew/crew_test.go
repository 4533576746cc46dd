package crew

import (
	"log/slog"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// wait lets virtual time pass, and all that happens in it.
func wait(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func (c *Crew) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.idle)
}

// Everything that is given runs, side by side, and after Close nothing more.
func TestDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(slog.New(slog.DiscardHandler))
		all := make(chan struct{})
		var ran sync.WaitGroup
		for range 1000 {
			ran.Add(1)
			if !c.Do(func() { <-all; ran.Done() }) {
				t.Error("refused")
			}
		}
		close(all) // not before all of them have begun
		ran.Wait()
		synctest.Wait()
		if n := c.waiting(); n != most {
			t.Errorf("%d wait for more, want %d", n, most)
		}
		c.Close()
		c.Wait()
		if c.Do(func() { t.Error("runs after Close") }) {
			t.Error("taken after Close")
		}
	})
}

// Who has worked works again, and who is not needed goes.
func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(slog.New(slog.DiscardHandler))
		defer func() { c.Close(); c.Wait() }()
		together := func(n int) {
			gate := make(chan struct{})
			var ran sync.WaitGroup
			for range n {
				ran.Add(1)
				c.Do(func() { <-gate; ran.Done() })
			}
			close(gate)
			ran.Wait()
			synctest.Wait()
		}
		together(8)
		for range 10 {
			together(8)
		}
		if n := c.waiting(); n != 8 {
			t.Errorf("%d wait, want 8", n)
		}
		for range 3 {
			together(2)
			wait(pause)
		}
		if n := c.waiting(); n != 2 {
			t.Errorf("%d wait, want 2", n)
		}
		wait(3 * pause)
		if n := c.waiting(); n != 0 {
			t.Errorf("%d wait for nothing", n)
		}
		together(1)
		if n := c.waiting(); n != 1 {
			t.Errorf("%d wait, want 1", n)
		}
	})
}

// A function that ends its goroutine, or panics, takes nobody with it.
func TestGoexit(t *testing.T) {
	c := New(slog.New(slog.DiscardHandler))
	c.Do(runtime.Goexit)
	c.Do(func() { panic("broken") })
	done := make(chan struct{})
	c.Do(func() { close(done) })
	<-done
	c.Close()
	c.Wait()
}

// BenchmarkDo is a function that needs 16 KiB of stack, beside go.
func BenchmarkDo(b *testing.B) {
	c := New(slog.New(slog.DiscardHandler))
	defer c.Close()
	done := make(chan byte)
	work := func() { done <- deep(12) }
	for name, do := range map[string]func(func()){"crew": func(f func()) { c.Do(f) }, "go": func(f func()) { go f() }} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				do(work)
				<-done
			}
		})
	}
}

//go:noinline
func deep(n int) byte {
	var room [1024]byte
	if n == 0 {
		return room[0]
	}
	return deep(n-1) + room[n]
}
