// Package qualify asks contacts with OPTIONS whether they are there, again and
// again, and measures how long the answer takes (chan_pjsip's qualify).
//
// Goroutines: one scheduler per Qualifier, and one for each probe under way, of
// which there are at most Config.Concurrent; all started after New and ended by
// Stop.
package qualify

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/internal/deadline"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Status is what is known of a contact.
type Status uint8

// The statuses, by the names that `pjsip show contacts` prints.
const (
	NonQual Status = iota // nobody asks
	Unknown               // asked for the first time
	Avail
	Unavail
)

var statusNames = [...]string{"NonQual", "Unknown", "Avail", "Unavail"}

// String is the status as Asterisk prints it.
func (s Status) String() string { return statusNames[s] }

// Result is the outcome of a probe.
type Result struct {
	Status Status
	RTT    time.Duration // of the last answer; 0 when there was none
	At     time.Time     // when the probe ended
	Err    error         // why Unavail
}

// Sender sends a request and waits for its final response; *sip.Server is one.
// A response of 300 and more comes with an error.
type Sender interface {
	Request(context.Context, sip.Outbound) (*message.Response, error)
}

// Target is what to probe and how.
type Target struct {
	// Outbound makes the request for a probe: Method is set to OPTIONS. An error
	// makes the target Unavail.
	Outbound func() (sip.Outbound, error)
	// Every is the time between probes, Timeout how long an answer may take.
	Every, Timeout time.Duration
	// First bounds the random delay of the first probe.
	First time.Duration
	// Only2xx counts a response of 300 and more as no answer (qualify_2xx_only).
	Only2xx bool
	// Report takes each result, one after the other. It must not block. One may
	// still come while Forget returns.
	Report func(Result)
}

// Config bounds a Qualifier.
type Config struct {
	// Concurrent is the most probes under way; later ones wait.
	Concurrent int
	// Jitter spreads the time between probes by this part of it, up and down, so
	// that contacts which came together do not stay together.
	Jitter float64
}

// Default is the usual configuration.
func Default() Config { return Config{Concurrent: 64, Jitter: 0.1} }

// Validate tells what is wrong with the configuration.
func (c Config) Validate() error {
	if c.Concurrent < 1 || c.Jitter < 0 || c.Jitter >= 1 {
		return fault.New(fault.Invalid, "qualify: concurrent (%d) must be at least 1 and jitter (%v) in [0, 1)", c.Concurrent, c.Jitter)
	}
	return nil
}

// Qualifier probes targets. It is safe for concurrent use.
type Qualifier struct {
	cfg    Config
	sender Sender
	log    *slog.Logger

	ctx    context.Context
	cancel context.CancelFunc
	wake   chan struct{}
	slots  chan struct{}
	wg     sync.WaitGroup

	mu      sync.Mutex
	targets map[string]*watch
	plan    deadline.Set[string]
}

// watch is a target being watched; the Qualifier's mutex guards it.
type watch struct {
	Target
	busy bool // a probe is under way
}

// New makes a Qualifier and starts it.
func New(cfg Config, sender Sender, log *slog.Logger) (*Qualifier, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	q := &Qualifier{
		cfg: cfg, sender: sender, log: log, ctx: ctx, cancel: cancel,
		wake:    make(chan struct{}, 1),
		slots:   make(chan struct{}, cfg.Concurrent),
		targets: make(map[string]*watch),
	}
	q.wg.Go(func() { // owned by q, ended by Stop
		for ctx.Err() == nil { // what panicked is out of the plan
			guard.Do(log, "probe scheduler", q.schedule)
		}
	})
	return q, nil
}

// Stop ends all probes and waits for them.
func (q *Qualifier) Stop() {
	q.cancel()
	q.wg.Wait()
}

// Watch begins to probe a target, or changes one that is probed: its next probe
// then comes when it would have come.
func (q *Qualifier) Watch(id string, t Target) {
	q.mu.Lock()
	defer q.mu.Unlock()
	w := q.targets[id]
	if w == nil {
		w = &watch{}
		q.targets[id] = w
	}
	replan := w.Every != t.Every && !w.busy // a probe that ends plans by itself
	w.Target = t
	if replan {
		q.plan.Put(id, time.Now().Add(upTo(t.First)))
		q.nudge()
	}
}

// Forget ends the probing of a target.
func (q *Qualifier) Forget(id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.targets, id)
	q.plan.Drop(id)
}

// Watched is the number of targets.
func (q *Qualifier) Watched() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.targets)
}

// nudge makes the scheduler look at the plan again.
func (q *Qualifier) nudge() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *Qualifier) schedule() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-q.ctx.Done():
			return
		case <-q.wake:
		case <-timer.C:
		}
		for {
			id, w, t, wait := q.next()
			if w == nil {
				timer.Reset(wait)
				break
			}
			select {
			case q.slots <- struct{}{}:
			case <-q.ctx.Done():
				return
			}
			q.wg.Go(func() { // owned by q, ended by Stop
				defer func() { <-q.slots }()
				defer guard.Recover(q.log, "probe")
				q.probe(id, w, t)
			})
		}
	}
}

// next takes a target that is due out of the plan, or tells how long to wait.
func (q *Qualifier) next() (id string, w *watch, t Target, wait time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	if id, ok := q.plan.Due(now); ok {
		w := q.targets[id]
		w.busy = true
		return id, w, w.Target, 0
	}
	at, ok := q.plan.Next()
	if !ok {
		return "", nil, Target{}, time.Hour // until a Watch nudges
	}
	return "", nil, Target{}, at.Sub(now)
}

// probe asks once, reports, and plans the next time.
func (q *Qualifier) probe(id string, w *watch, t Target) {
	defer q.replan(id, w, time.Now())
	r := q.ask(&t)
	q.mu.Lock()
	watched := q.targets[id] == w && q.ctx.Err() == nil
	report := w.Report
	q.mu.Unlock()
	if watched {
		report(r)
	}
}

// replan plans the next probe of a target after one that has ended.
func (q *Qualifier) replan(id string, w *watch, began time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if w.busy = false; q.targets[id] == w {
		q.plan.Put(id, began.Add(q.spread(w.Every)))
		q.nudge()
	}
}

func (q *Qualifier) ask(t *Target) Result {
	out, err := t.Outbound()
	if err != nil {
		return Result{Status: Unavail, At: time.Now(), Err: err}
	}
	out.Method = "OPTIONS"
	ctx, cancel := context.WithTimeout(q.ctx, t.Timeout)
	defer cancel()
	began := time.Now()
	resp, err := q.sender.Request(ctx, out)
	r := Result{Status: Avail, At: time.Now()}
	switch {
	case resp == nil && err == nil:
		r.Status, r.Err = Unavail, fault.New(fault.Unreachable, "qualify: no answer")
	case resp == nil, t.Only2xx && resp.Status() >= 300:
		r.Status, r.Err = Unavail, fmt.Errorf("qualify: %w", err)
	default:
		r.RTT = r.At.Sub(began)
	}
	return r
}

// spread is a time about d.
func (q *Qualifier) spread(d time.Duration) time.Duration {
	j := time.Duration(q.cfg.Jitter * float64(d))
	return d - j + upTo(2*j)
}

// upTo is a random time below d.
func upTo(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return rand.N(d)
}
