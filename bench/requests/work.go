package requests

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/measure"
	"github.com/skygenesisenterprise/skybridge/bench/signalling"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
)

// Work is one thing that many users ask of the API again and again.
type Work struct {
	Name string
	// Together is how many users there are, each with one request at a time.
	Together int
	// prepare is done for each user before; ask does it once and gives the status that tells of
	// a failure, 0 of none.
	prepare func(*asker) error
	ask     func(*asker) (status int, err error)
}

// together is how many ask at a time: enough to keep a core busy.
const together = 16

// standing is how many calls of their own users have who look at calls.
const standing = 10

// Works are what is measured.
func Works() []Work {
	one := func(path string) func(*asker) (int, error) {
		return func(a *asker) (int, error) { return a.get(path) }
	}
	return []Work{
		{"GET /healthz, without a token", together, (*asker).stranger, one("/healthz")},
		{fmt.Sprintf("GET /calls, %d of one's own", standing), together, (*asker).rings, one(base + "/calls")},
		{"GET /calls/{id}", together, (*asker).rings, func(a *asker) (int, error) { return a.get(a.call) }},
		{"POST /calls to a browser, and its end", together, (*asker).called, (*asker).rung},
	}
}

// asker is a user that works.
type asker struct {
	*user
	callee string
	body   []byte // of POST /calls
	call   string // path of the latest call
	took   measure.Histogram
	failed map[int]uint64
}

func (a *asker) stranger() error {
	a.token = ""
	return nil
}

// called has a browser be there that calls ring.
func (a *asker) called() error {
	callee, err := a.house.user(a.callee)
	if err != nil {
		return err
	}
	a.body = fmt.Appendf(nil, `{"participants":["WebRTC/%s"],"call_type":"audio","timeout":600}`, a.callee)
	_, err = a.house.listen(callee, "signaling", nil)
	return err
}

// rings has calls of the user's ring.
func (a *asker) rings() error {
	if err := a.called(); err != nil {
		return err
	}
	for range standing {
		if err := a.dial(); err != nil {
			return err
		}
	}
	return nil
}

func (a *asker) dial() error {
	status, err := a.do(http.MethodPost, base+"/calls", a.body)
	if err == nil && status != http.StatusCreated {
		err = fmt.Errorf("POST /calls: %d: %s", status, a.got.Body())
	}
	a.call = string(a.got.Header.Peek("Location"))
	return err
}

func (a *asker) get(path string) (int, error) {
	status, err := a.do(http.MethodGet, path, nil)
	return unless(http.StatusOK, status), err
}

// rung calls a browser and hangs up.
func (a *asker) rung() (int, error) {
	status, err := a.do(http.MethodPost, base+"/calls", a.body)
	if err != nil || status != http.StatusCreated {
		return status, err
	}
	a.call = string(a.got.Header.Peek("Location"))
	status, err = a.do(http.MethodPost, a.call+"/end", nil)
	return unless(http.StatusOK, status), err
}

func unless(want, status int) int {
	if status == want {
		return 0
	}
	return status
}

// Ask starts a server and has users ask as fast as it answers.
func (r Runner) Ask(ctx context.Context, w Work, plan load.Plan) (_ *signalling.Pace, err error) {
	h, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	askers := make([]*asker, w.Together)
	for i := range askers {
		u, err := h.user(fmt.Sprintf("asker%d", i))
		if err != nil {
			return nil, err
		}
		askers[i] = &asker{user: u, callee: fmt.Sprintf("called%d", i), failed: make(map[int]uint64)}
		if err := w.prepare(askers[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", w.Name, err)
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var working sync.WaitGroup
	var counts atomic.Bool
	for _, a := range askers {
		working.Go(func() { // ended by cancel below
			defer guard.Recover(r.Log, "who asks the API", func() { cancel(errors.New("panic")) })
			if err := a.work(ctx, &w, &counts); err != nil {
				cancel(err)
			}
		})
	}
	spent, client, err := h.window(ctx, plan, &counts)
	if err == nil {
		err = context.Cause(ctx)
	}
	cancel(nil)
	working.Wait()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", w.Name, err)
	}
	p := &signalling.Pace{
		Contender: r.Server.Name(), Work: w.Name, Time: spent.Time, CPU: spent.CPU,
		Client: client, Stolen: spent.Stolen, Failures: make(map[int]uint64),
	}
	for _, a := range askers {
		p.Took.Merge(&a.took)
		p.Done += a.took.Count
		for status, n := range a.failed {
			p.Failures[status] += n
			p.Failed += n
		}
	}
	return p, nil
}

// work asks until ctx ends.
func (a *asker) work(ctx context.Context, w *Work, counts *atomic.Bool) error {
	for ctx.Err() == nil {
		began := time.Now()
		status, err := w.ask(a)
		if err != nil {
			return err
		}
		switch {
		case !counts.Load():
		case status != 0:
			a.failed[status]++
		default:
			a.took.Add(time.Since(began))
		}
	}
	return nil
}
