package mixer

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// hog works for as long as it may: the rest of a server that has far too much to do. It
// makes garbage at a rate, in bytes of each 100 µs or so of its time.
type hog struct {
	kept    [256][]byte
	sum     uint64
	garbage int
}

func (h *hog) work(i int) {
	for k := range uint64(100_000) {
		h.sum = h.sum*6364136223846793005 + k
	}
	for made := 0; made < h.garbage; made += 512 {
		h.kept[(i+made)%len(h.kept)] = make([]byte, 512)
	}
}

// BenchmarkTickLateness tells how late the ticks of real workers start that compute for
// 80 % of their time, while four goroutines work all the time and make garbage beside a
// live heap of 64 MB: p50-µs, p99-µs and p99.9-µs, each an upper bound to the next power of
// two. An operation is a tick; for the last figure to mean something take 20,000 of them
// (-benchtime 20000x). Workers that the machine gives real-time scheduling are counted in
// fifo-workers; what other processes on it do shows in the figures.
func BenchmarkTickLateness(b *testing.B) {
	for _, tt := range []struct {
		name    string
		fifo    bool
		garbage int // of each hog in 100 µs, bytes
		percent int // GOGC
	}{
		{"fifo/gogc=100", true, 1 << 10, 100},
		{"fifo/gogc=400", true, 1 << 10, 400},
		{"fifo/much_garbage/gogc=100", true, 64 << 10, 100},
		{"fifo/much_garbage/gogc=400", true, 64 << 10, 400},
		{"normal/gogc=400", false, 1 << 10, 400},
	} {
		b.Run(tt.name, func(b *testing.B) {
			defer debug.SetGCPercent(debug.SetGCPercent(tt.percent))
			cfg := Default()
			cfg.FIFO, cfg.Workers = tt.fifo, max(runtime.NumCPU()/2, 1)
			benchmarkLateness(b, cfg, tt.garbage)
		})
	}
}

// workShare is the part of its time that each worker computes.
const workShare = 0.8

func benchmarkLateness(b *testing.B, cfg Config, garbage int) {
	e, err := New(cfg, testCodecs(), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	codec := newProbe(8000).codec
	codec.NewEncoder = func(media.EncoderConfig) (media.Encoder, error) { return &burner{clock: e.clock}, nil }
	for range pace.TicksPerFrame * len(e.workers) { // one room a tick
		benchmarkRoom(b, e, &codec)
	}
	heap := make([][]byte, 1<<14) // live
	for i := range heap {
		heap[i] = make([]byte, 4096)
	}
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go func() { // ended by stop, awaited below
			defer wg.Done()
			for h, i := (&hog{garbage: garbage}), 0; !stop.Load(); i++ {
				h.work(i)
			}
		}()
	}
	due := e.clock.Now() + 200*int64(pace.Tick) // the first second is for the hogs to begin
	pace.SleepUntil(due)
	before, cycles := lateness(e), cyclesOf()
	for b.Loop() {
		due += int64(pace.Tick)
		pace.SleepUntil(due)
	}
	after := lateness(e)
	stop.Store(true)
	wg.Wait()
	var all WorkerStats
	fifo, busy := 0, 0.0
	for _, w := range e.Stats().Workers {
		if w.Scheduling == "fifo" {
			fifo++
		}
		busy = max(busy, w.Busy)
	}
	for i := range all.Lateness {
		all.Lateness[i] = after[i] - before[i]
	}
	for _, q := range []float64{0.5, 0.99, 0.999} {
		b.ReportMetric(float64(all.LatenessQuantile(q).Microseconds()), fmt.Sprintf("p%v-µs", 100*q))
	}
	n, over := 0.0, 0.0
	for i, v := range all.Lateness {
		if n += float64(v); i > 10 { // 1024 µs
			over += float64(v)
		}
	}
	b.ReportMetric(100*over/max(n, 1), "%over-1ms")
	b.ReportMetric(float64(cyclesOf()-cycles), "gc-cycles")
	b.ReportMetric(float64(fifo), "fifo-workers")
	b.ReportMetric(100*busy, "%busy")
	b.ReportMetric(0, "ns/op")
	if err := e.Close(); err != nil {
		b.Fatal(err)
	}
	runtime.KeepAlive(heap)
}

// burner is an encoder that takes its time.
type burner struct{ clock pace.Clock }

func (e *burner) Encode(dst []byte, _ []int16) (int, error) {
	for until := e.clock.Now() + int64(workShare*float64(pace.Tick)); e.clock.Now() < until; {
	}
	return 16, nil
}

func (e *burner) CopyFrom(media.Encoder) {}
func (e *burner) Close()                 {}

// benchmarkRoom is a room with one member, who hears silence.
func benchmarkRoom(b *testing.B, e *Engine, codec *media.Codec) {
	room, err := e.NewRoom(RoomConfig{})
	if err != nil {
		b.Fatal(err)
	}
	port, err := e.NewPort(PortConfig{Transport: NewRing()})
	if err != nil {
		b.Fatal(err)
	}
	m := mediaOf(formatOf(codec))
	if err := errors.Join(port.SetMedia(m), port.Join(room, JoinOptions{})); err != nil {
		b.Fatal(err)
	}
}

// cyclesOf is how often garbage was collected.
func cyclesOf() uint32 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.NumGC
}

// lateness is the ticks of all workers together.
func lateness(e *Engine) (all [LatenessBuckets]uint64) {
	for _, w := range e.Stats().Workers {
		for i, n := range w.Lateness {
			all[i] += n
		}
	}
	return all
}
