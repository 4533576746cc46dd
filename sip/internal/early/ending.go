package early

import (
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Ending is how an INVITE of the peer's ends: once, by our answer or by what the peer did
// meanwhile.
type Ending struct {
	done chan struct{}

	mu             sync.Mutex
	claimed, taken bool
	err            error
	by             *message.Request
}

// NewEnding is that of an INVITE which has just come.
func NewEnding() *Ending { return &Ending{done: make(chan struct{})} }

// Claim makes the caller the one who answers; until the answer is taken to be sent, the
// peer may still end the INVITE. The error is why it has ended, or fault.Conflict.
func (e *Ending) Claim() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.claimed {
		return e.refusal()
	}
	e.claimed = !e.taken
	return e.open()
}

// Take makes the caller the one who ends the INVITE, and who closes it. because is why it
// ends, if not by our answer, and by which request. The errors are those of Claim.
func (e *Ending) Take(because error, by *message.Request) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.open(); err != nil {
		return err
	}
	e.taken, e.err, e.by = true, because, by
	return nil
}

// Open is nil until the INVITE is taken, then the error of Claim.
func (e *Ending) Open() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.open()
}

func (e *Ending) open() error {
	if e.taken {
		return e.refusal()
	}
	return nil
}

func (e *Ending) refusal() error {
	if e.err != nil {
		return e.err
	}
	return fault.New(fault.Conflict, "sip: INVITE is answered already")
}

// Fail says why our answer was none after all.
func (e *Ending) Fail(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.err = err
}

// Because is why it ended, nil before that and after an answer of ours, and by which
// request.
func (e *Ending) Because() (error, *message.Request) { //nolint:revive,staticcheck // the error is the value
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err, e.by
}

// Close ends the wait of those who watch Done.
func (e *Ending) Close() { close(e.done) }

// Done is closed by Close.
func (e *Ending) Done() <-chan struct{} { return e.done }
