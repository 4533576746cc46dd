package mixer

import (
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/playout"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/reports"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/secure"
)

// bench is what a worker works with on its legs: the time of the tick, memory, and where
// what it finds goes. It belongs to the worker's thread.
type bench struct {
	index   int // of the worker
	log     *slog.Logger
	now     pace.Moment
	memory  playout.Memory
	batch   *rtp.Batch
	count   counters
	out     event.Outbox
	reports *reports.Service
	scratch

	current  *leg      // whose work is being done
	speakers []*leg    // wait for sendSpeakers
	failing  []failure // end at the next tick
}

type failure struct {
	leg *leg
	err error
}

// counters are a worker's own; they reach workerStats now and then.
type counters struct {
	in, out, dropped uint64
}

// rescue ends the port whose work panicked.
func (w *bench) rescue() {
	r := recover() //nolint:revive // callers defer this method
	if r == nil {
		return
	}
	err := panicked(r)
	if w.current != nil {
		w.current.failSoon(w, err)
		w.current = nil
		return
	}
	w.batches.Drop()
	w.log.Error("mixer worker panicked", "worker", w.index, "err", err)
}

// sayFrames is how many legs outside rooms are encoded at once.
const sayFrames = 64

// say encodes a frame of a leg's own, to be sent by sendSpeakers.
func (w *bench) say(l *leg, pcm []int16) {
	if err := l.ear.NeedOwn(l.key); err != nil {
		l.failSoon(w, err)
		return
	}
	if l.taps != nil {
		pcm = l.mixHeard(w, pcm)
	}
	pause := l.out.Paused(w.now.Tick)
	if pause {
		l.ear.Own.Forget()
	}
	w.batches.Encode(l.ear.Own, pcm, pause, w.now.Tick)
	l.ear.Hearing = l.ear.Own
	w.speakers = append(w.speakers, l)
	if len(w.speakers) >= sayFrames {
		w.sendSpeakers()
	}
}

// sendSpeakers sends what was said, and frees the frames it was made of.
func (w *bench) sendSpeakers() {
	defer w.rescue()
	speaking := w.current
	w.current = nil
	w.batches.Flush(w.now.Tick)
	for i, l := range w.speakers {
		if l == nil || l.ear.Hearing == nil {
			continue // left over from a loop that a panic broke off
		}
		w.current = l
		w.speakers[i] = nil
		l.send(w, l.ear.Hearing)
		l.ear.Hearing = nil
	}
	w.speakers = w.speakers[:0]
	w.resetFrames()
	w.current = speaking
}

// panicked makes an error of what was recovered.
func panicked(r any) error { return fmt.Errorf("panic: %v\n%s", r, debug.Stack()) }

// longestPacket is the longest RTP packet that a worker takes from a socket, in bytes:
// the longest payload with room for header extensions and a tag. Where it does not fit
// the network's frames it comes in fragments, which the kernel joins.
const longestPacket = playout.MaxPayload + 256

// Every one of them can be encrypted.
const _ = uint(secure.MaxPacket - longestPacket)
