package ring

import (
	"log/slog"
	"math/rand/v2"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/doorbell"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// started is a Bell that ends with the test.
func started(t testing.TB) *doorbell.Bell {
	t.Helper()
	b := new(doorbell.Bell)
	if err := b.Start(slog.New(slog.NewTextHandler(t.Output(), nil))); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// Values of several writers arrive once each and, of one writer, in order; a full
// queue refuses.
func TestQueue(t *testing.T) {
	type value struct{ writer, number int }
	q := NewQueue[value](64, started(t))
	stop, done := make(chan struct{}), make(chan struct{})
	const writers, each = 3, 5000
	got := make([]int, writers)
	go func() { // ended by stop, awaited below
		defer close(done)
		q.Run(stop, func(v *value) {
			if v.number != got[v.writer] {
				t.Errorf("writer %d: value %d after %d", v.writer, v.number, got[v.writer]-1)
			}
			got[v.writer] = v.number + 1
		})
	}()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Add(1)
		go func() { // ends after its values, awaited below
			defer wg.Done()
			for i := 0; i < each; {
				if !q.Push(&value{w, i}) {
					runtime.Gosched() // where one processor is for all
					continue
				}
				i++
			}
		}()
	}
	wg.Wait()
	close(stop)
	<-done
	for w, n := range got {
		if n != each {
			t.Errorf("writer %d: %d values", w, n)
		}
	}
	for range 64 {
		if !q.Push(&value{}) {
			t.Fatal("refused before it was full")
		}
	}
	if q.Push(&value{}) {
		t.Error("accepted when full")
	}
}

// soon bounds what must happen, also on a machine that is busy with something else.
const soon = 2 * time.Minute

// A reader that rests is woken by every value, however soon the value follows its rest.
func TestQueueWakes(t *testing.T) {
	q := NewQueue[int](64, started(t))
	stop, done := make(chan struct{}), make(chan struct{})
	var got atomic.Int64
	go func() { // ended by stop, awaited below
		defer close(done)
		q.Run(stop, func(v *int) {
			got.Store(int64(*v))
			dawdle(rand.IntN(200))
		})
	}()
	limit := time.Now().Add(soon)
	for i := 1; i <= 10000; i++ {
		if !q.Push(&i) {
			t.Fatal("refused while nobody is behind")
		}
		for got.Load() != int64(i) {
			if runtime.Gosched(); time.Now().After(limit) {
				t.Fatalf("value %d is not delivered", i)
			}
		}
		dawdle(rand.IntN(200)) // the next one comes at any moment of the reader's way to its rest
	}
	close(stop)
	<-done
}

// dawdle takes a few nanoseconds n times.
func dawdle(n int) {
	var spun atomic.Int64
	for range n {
		spun.Add(1)
	}
}

// Writers go on while the Bell closes and the reader stops: nothing is lost that was pushed
// before stop.
func TestQueueOutlivesItsBell(t *testing.T) {
	for range 100 {
		b := new(doorbell.Bell)
		if err := b.Start(slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
		q := NewQueue[int](256, b)
		stop, done := make(chan struct{}), make(chan struct{})
		got := 0
		go func() { // ended by stop, awaited below
			defer close(done)
			q.Run(stop, func(*int) { got++ })
		}()
		const writers, each = 3, 50
		var wg sync.WaitGroup
		for range writers {
			wg.Go(func() { // ends after its values, awaited below
				for i := range each {
					if !q.Push(&i) {
						t.Error("refused, with room for all")
					}
				}
			})
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
		close(stop)
		<-done
		if got != writers*each {
			t.Fatalf("%d values of %d", got, writers*each)
		}
	}
}

func TestQueueAllocatesNothing(t *testing.T) {
	for name, bell := range map[string]*doorbell.Bell{"bell": started(t), "none": nil} {
		q := NewQueue[[64]byte](64, bell)
		var v [64]byte
		if n := testing.AllocsPerRun(1000, func() {
			q.reader.Rests() // as one who waits
			if !q.Push(&v) || !q.Pop(&v) {
				t.Error("the queue is full, or empty")
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations for each Push", name, n)
		}
	}
}

// What a Push costs a worker, which sleeps in between as its reader does. A burst is what it
// pushes in one tick.
func BenchmarkQueue(b *testing.B) {
	q := NewQueue[[64]byte](1024, started(b))
	stop, done := make(chan struct{}), make(chan struct{})
	go func() { // ended by stop, awaited below
		defer close(done)
		q.Run(stop, func(*[64]byte) {})
	}()
	for _, burst := range []int{1, 16} {
		b.Run("burst="+strconv.Itoa(burst), func(b *testing.B) {
			clock, err := pace.NewClock()
			if err != nil {
				b.Fatal(err)
			}
			var spent int64
			ended := make(chan struct{})
			go func() { // ends after its bursts, awaited below; its thread ends with it
				defer close(ended)
				runtime.LockOSThread()
				b.Logf("scheduling: %s", pace.Schedule(true, 10))
				var v [64]byte
				for range b.N {
					pace.SleepUntil(clock.Now() + int64(200*time.Microsecond))
					from := pace.ThreadTime()
					for range burst {
						q.Push(&v)
					}
					spent += pace.ThreadTime() - from
				}
			}()
			<-ended
			b.ReportMetric(float64(spent)/float64(b.N*burst), "ns/push")
		})
	}
	close(stop)
	<-done
}
