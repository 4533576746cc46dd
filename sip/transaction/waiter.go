package transaction

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Waiter is a Listener that waits for one final response.
type Waiter struct{ result chan outcome }

type outcome struct {
	r   *message.Response
	err error
}

// NewWaiter makes a Waiter for one request.
func NewWaiter() *Waiter { return &Waiter{result: make(chan outcome, 1)} }

// Response implements Listener.
func (w *Waiter) Response(_ *Client, r *message.Response) {
	if r.Status() >= 200 {
		w.put(outcome{r: r})
	}
}

// Failed implements Listener.
func (w *Waiter) Failed(err error) { w.put(outcome{err: err}) }

func (w *Waiter) put(o outcome) {
	select {
	case w.result <- o:
	default: // the 2xx of another fork: only the first is waited for
	}
}

// Wait waits for the final response, or for ctx: fault.Timeout.
func (w *Waiter) Wait(ctx context.Context) (*message.Response, error) {
	select {
	case o := <-w.result:
		return o.r, o.err
	case <-ctx.Done():
		return nil, fault.New(fault.Timeout, "sip: no answer yet: %w", ctx.Err())
	}
}
