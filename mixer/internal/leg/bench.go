package leg

import (
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/doorbell"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/playout"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/reports"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/secure"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
)

// Bench is what a worker works with on its legs: the time of the tick, memory, and where
// what it finds goes. It belongs to the worker's thread.
type Bench struct {
	Index   int // of the worker
	Log     *slog.Logger
	Now     pace.Moment
	Memory  playout.Memory
	Batch   *rtp.Batch
	IO      *rtp.Exchange // nil where each socket is by itself
	Count   counters
	Out     event.Outbox
	Reports *reports.Service
	Bell    *doorbell.Bell // wakes whom the worker must not
	scratch

	Current  *Leg      // whose work is being done
	Speakers []*Leg    // wait for sendSpeakers
	Failing  []Failure // end at the next tick
}

// Failure is a leg that is to end.
type Failure struct {
	Leg *Leg
	Err error
}

// TakeFailure takes out why a leg is to fail, if it is.
func (w *Bench) TakeFailure(l *Leg) error {
	for i := range w.Failing {
		if w.Failing[i].Leg == l {
			err := w.Failing[i].Err
			w.Failing = append(w.Failing[:i], w.Failing[i+1:]...)
			return err
		}
	}
	return nil
}

// counters are a worker's own; they reach workerStats now and then.
type counters struct {
	In, Out, Dropped uint64
}

// Rescue ends the port whose work panicked.
func (w *Bench) Rescue() {
	r := recover() //nolint:revive // callers defer this method
	if r == nil {
		return
	}
	err := Panicked(r)
	if w.Current != nil {
		w.Current.FailSoon(w, err)
		w.Current = nil
		return
	}
	w.Batches.Drop()
	w.Log.Error("mixer worker panicked", "worker", w.Index, "err", err)
}

// SayFrames is how many legs outside rooms are encoded at once.
const SayFrames = 64

// Say encodes a frame of a leg's own, to be sent by sendSpeakers.
func (w *Bench) Say(l *Leg, pcm []int16) {
	if err := l.Ear.NeedOwn(l.Key); err != nil {
		l.FailSoon(w, err)
		return
	}
	source := l.Source
	if l.Taps != nil {
		pcm = l.MixHeard(w, pcm)
		if l.Taps.Injects(tap.Heard) {
			source = 0
		}
	}
	l.Ear.Own.Narrow(source)
	pause := l.out.Paused(w.Now.Tick)
	if pause {
		l.Ear.Own.Forget()
	}
	w.Batches.Encode(l.Ear.Own, pcm, pause, w.Now.Tick)
	l.Ear.Hearing = l.Ear.Own
	w.Speakers = append(w.Speakers, l)
	if len(w.Speakers) >= SayFrames {
		w.SendSpeakers()
	}
}

// SendSpeakers sends what was said, and frees the frames it was made of.
func (w *Bench) SendSpeakers() {
	defer w.Rescue()
	speaking := w.Current
	w.Current = nil
	w.Batches.Flush(w.Now.Tick)
	for i, l := range w.Speakers {
		if l == nil || l.Ear.Hearing == nil {
			continue // left over from a loop that a panic broke off
		}
		w.Current = l
		w.Speakers[i] = nil
		l.Send(w, l.Ear.Hearing)
		l.Ear.Hearing = nil
	}
	w.Speakers = w.Speakers[:0]
	w.ResetFrames()
	w.Current = speaking
}

// Panicked makes an error of what was recovered.
func Panicked(r any) error { return fmt.Errorf("panic: %v\n%s", r, debug.Stack()) }

// LongestPacket is the longest RTP packet that a worker takes from a socket, in bytes:
// the longest payload with room for header extensions and a tag. Where it does not fit
// the network's frames it comes in fragments, which the kernel joins.
const LongestPacket = playout.MaxPayload + 256

// Every one of them can be encrypted.
const _ = uint(secure.MaxPacket - LongestPacket)
