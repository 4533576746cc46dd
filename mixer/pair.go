package mixer

import (
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/mailbox"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/worker"
)

// Pair is a conversation of two ports. What goes from one to the other is relayed
// as it comes when both speak the same codec and nothing needs PCM, and decoded
// and encoded otherwise; the worker chooses again whenever that changes.
type Pair struct {
	engine *Engine
	mail   mailbox.Box[worker.Worker]
	link   worker.Pair // the worker's side
	rests  time.Time   // the balancer's: until when the pair stays where it is

	mu      sync.Mutex
	video   *Pair // of the ports' videos; nil as long as there were none
	closed  bool
	members int
}

// PairMode is how one direction of a pair works.
type PairMode = leg.Mode

// The modes of a direction.
const (
	// PairIdle: there are not two ports, or nothing is to be sent.
	PairIdle = leg.Idle
	// PairRelay: packets pass as they come, with new headers.
	PairRelay = leg.Relay
	// PairPCM: frames are decoded, or made (silence, playback), and encoded.
	PairPCM = leg.PCM
)

// enter takes a place in the pair.
func (p *Pair) enter() error {
	if p.link.Home.At.Load().Budget.Overloaded() {
		return errOverloaded
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return errPairClosed
	case p.members == 2:
		return fault.New(fault.Full, "mixer: pair has two ports")
	}
	p.members++
	return nil
}

var errPairClosed = fault.New(fault.Gone, "mixer: pair closed")

func (p *Pair) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

func (p *Pair) exit() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.members--
}

// Modes is how each direction works now: from the port that came first to the
// other, and back.
func (p *Pair) Modes() (forth, back PairMode) { return p.link.Stats.Load() }

// Close ends the pair; its ports become idle. It may be called again.
func (p *Pair) Close() {
	p.engine.forget(p)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.closed = true
	if p.video != nil {
		p.video.Close()
	}
	p.mail.Post(func(w *worker.Worker) *worker.Worker { p.link.Close(w); return nil })
}
