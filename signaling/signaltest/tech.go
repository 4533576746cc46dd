package signaltest

import (
	"context"
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// Tech is the technology "Test". Its endpoints are made by Endpoint.
type Tech struct {
	house *House

	mu        sync.Mutex
	endpoints map[string]*Endpoint
}

var _ signaling.Tech = (*Tech)(nil)

// Endpoint is somebody who can be dialled.
type Endpoint struct {
	// Script is what each of its legs does; Phone makes their media. Both may be
	// empty.
	Script Script
	Phone  func() *Phone
	// Hidden is a party whose media is not there before Leg.Show.
	Hidden bool
	// Err, where set, is why it cannot be dialled.
	Err error

	legs chan *Leg
}

// Endpoint makes an endpoint dialable as Test/name.
func (t *Tech) Endpoint(name string, e Endpoint) *Endpoint {
	e.legs = make(chan *Leg, 64)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.endpoints[name] = &e
	return &e
}

// Legs gives the legs that were made by dialling, in order, started or not.
func (e *Endpoint) Legs() <-chan *Leg { return e.legs }

// Leg waits for the next leg that was made by dialling, and for its start.
func (e *Endpoint) Leg(t T) *Leg {
	t.Helper()
	l := Receive(t, "a leg", e.legs)
	Receive(t, "its start", l.Started())
	return l
}

// Name is "Test".
func (t *Tech) Name() string { return "Test" }

// Dial makes a leg of an endpoint.
func (t *Tech) Dial(_ context.Context, req signaling.DialRequest) (signaling.Leg, error) {
	t.mu.Lock()
	e := t.endpoints[req.Resource]
	t.mu.Unlock()
	switch {
	case e == nil:
		return nil, fault.New(fault.NotFound, "no endpoint %q", req.Resource)
	case e.Err != nil:
		return nil, e.Err
	}
	var phone *Phone
	if e.Phone != nil {
		phone = e.Phone()
	}
	l := t.house.Leg(req.Resource, phone, e.Script)
	l.Request = req
	l.hide(e.Hidden)
	e.legs <- l
	return l, nil
}

// Endpoints lists nothing: no test asks.
func (t *Tech) Endpoints() []signaling.EndpointSnapshot { return nil }

// Scripts of called parties.

// Answers rings and answers at once.
func Answers(l *Leg) {
	l.Ringing()
	l.Answered()
}

// Rings rings for ever.
func Rings(l *Leg) { l.Ringing() }

// Refuses ends with a cause at once.
func Refuses(cause signaling.Cause) func(*Leg) {
	return func(l *Leg) { l.End(cause, true) }
}
