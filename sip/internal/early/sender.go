package early

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/internal/repeat"
)

// queued bounds the responses that wait until the one before them is acknowledged.
const queued = 16

// Config is what a Sender works with. None of its functions may call the Sender.
type Config struct {
	// CSeq is that of the INVITE.
	CSeq uint32
	// T1 is the first pause before a response is repeated; 64·T1 is when it is given up.
	T1    time.Duration
	After func(time.Duration, func()) *time.Timer
	// Send sends a response for the first time, Again once more.
	Send  func(status int, raw []byte) error
	Again func(raw []byte)
	// Lost is called when a response was never acknowledged: the Sender has stopped, and
	// the INVITE is to be refused (RFC 3262 §3).
	Lost func()
}

// Response is a provisional response to be sent reliably.
type Response struct {
	Status int
	// Described says that it has a description.
	Described bool
	// Compose encodes it with an RSeq.
	Compose func(rseq uint32) ([]byte, error)
}

// Sender sends our provisional responses to one INVITE reliably: each waits until the
// one before it is acknowledged.
type Sender struct {
	c Config

	mu      sync.Mutex
	rseq    uint32             // of the last response
	pending *repeat.Repetition // of that, until it is acknowledged
	open    bool               // it has a description, and is not acknowledged
	acked   bool               // it is acknowledged
	queue   []Response
	final   func()
	stopped bool
}

// NewSender makes a Sender; the first RSeq is a random one (RFC 3262 §3).
func NewSender(c Config) *Sender { return &Sender{c: c, rseq: rand.Uint32N(1 << 30), acked: true} }

// Progress sends a response, or has it wait for its turn. The error is fault.Conflict
// once a final response is on its way, fault.TooMany when too many wait, or that of
// sending it.
func (s *Sender) Progress(r Response) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.stopped || s.final != nil:
		return fault.New(fault.Conflict, "sip: INVITE is answered already")
	case s.pending == nil:
		return s.launch(r)
	case len(s.queue) == queued:
		return fault.New(fault.TooMany, "sip: %d provisional responses wait to be acknowledged", queued)
	}
	s.queue = append(s.queue, r)
	return nil
}

// launch sends a response; s.mu is held.
func (s *Sender) launch(r Response) error {
	raw, err := r.Compose(s.rseq + 1)
	if err != nil {
		return err
	}
	s.rseq++
	s.acked, s.open = false, r.Described
	s.pending = repeat.Start(repeat.Config{
		First: s.c.T1, Life: 64 * s.c.T1, After: s.c.After,
		Send:   func() { s.c.Again(raw) },
		GiveUp: s.lost,
	})
	if err := s.c.Send(r.Status, raw); err != nil {
		s.pending.Stop()
		s.pending, s.open = nil, false
		return err
	}
	return nil
}

func (s *Sender) lost() {
	s.mu.Lock()
	lost := !s.stopped && s.pending != nil && !s.acked
	if lost {
		s.stop()
	}
	s.mu.Unlock()
	if lost {
		s.c.Lost()
	}
}

// Acknowledge takes what a PRACK acknowledges and reports whether that waited for it:
// if not, the PRACK is refused with 481. Proceed is due when the PRACK is answered.
func (s *Sender) Acknowledge(a RAck) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.acked || a.Method != "INVITE" || a.CSeq != s.c.CSeq || a.RSeq != s.rseq {
		return false
	}
	s.acked, s.open = true, false
	if s.pending != nil {
		s.pending.Stop()
	}
	return true
}

// Proceed sends what waited for an acknowledgement.
func (s *Sender) Proceed() {
	s.mu.Lock()
	if !s.acked || s.stopped {
		s.mu.Unlock()
		return
	}
	s.pending = nil
	for len(s.queue) > 0 && s.pending == nil {
		next := s.queue[0]
		s.queue = s.queue[1:]
		if s.final != nil && !next.Described {
			continue // the final response says more
		}
		// One that cannot be sent any more is of a call that is over.
		_ = s.launch(next)
	}
	var final func()
	if s.pending == nil {
		final = s.final
	}
	if final != nil {
		s.stop()
	}
	s.mu.Unlock()
	if final != nil {
		final()
	}
}

// Final reports whether a 2xx may go out at once: not as long as a description waits to
// be acknowledged (RFC 3262 §3). Then later runs when it may, unless Stop comes first.
func (s *Sender) Final(later func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	wait := s.open || s.pending != nil && s.acked // a PRACK is being answered
	for _, r := range s.queue {
		wait = wait || r.Described
	}
	if wait && !s.stopped {
		s.final = later
		return false
	}
	s.stop()
	return true
}

// Open reports whether a description waits to be acknowledged.
func (s *Sender) Open() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// Stop ends the repetition for a final response; the PRACK of the last one may still
// come (RFC 3262 §3).
func (s *Sender) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
}

func (s *Sender) stop() {
	s.stopped, s.queue, s.final = true, nil, nil
	if s.pending != nil {
		s.pending.Stop()
		s.pending = nil
	}
}
