package resolver

import (
	"context"
	"time"

	"github.com/miekg/dns"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
)

// flight is a question under way, for all who wait for its answer.
type flight struct {
	done chan struct{}
	e    *entry // set before done is closed
}

// ask gives the records of a question, from the cache or from a server; none and no
// error says that there is none. The error is fault.Unreachable when the servers
// failed, fault.Timeout when ctx was over first, fault.Unavailable past the limits.
func (r *Resolver) ask(ctx context.Context, q question) ([]dns.RR, error) {
	now := r.cfg.Now()
	r.mu.Lock()
	known := r.cache.get(q)
	old := known.stale(now, r.cfg.Stale)
	if known.fresh(now) {
		r.mu.Unlock()
		if old || now.Before(known.until) {
			return known.records, nil
		}
		return nil, known.err
	}
	f, err := r.join(q)
	r.mu.Unlock()
	if err != nil {
		if old {
			return known.records, nil
		}
		return nil, err
	}
	var impatient <-chan time.Time
	if old {
		t := time.NewTimer(r.cfg.StaleAfter)
		defer t.Stop()
		impatient = t.C
	}
	select {
	case <-f.done:
		if f.e.failures == 0 {
			return f.e.records, nil
		}
		if old {
			return known.records, nil
		}
		return nil, f.e.err
	case <-impatient: // the question goes on without us
		return known.records, nil
	case <-ctx.Done():
		return nil, fault.New(fault.Timeout, "sip: look up %s: %w", q.name, ctx.Err())
	}
}

// askFor is ask with patience of its own; the question goes on when that is over.
func (r *Resolver) askFor(ctx context.Context, patience time.Duration, q question) ([]dns.RR, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return r.ask(ctx, q)
}

// prefetch begins questions whose answers are going to be asked for.
func (r *Resolver) prefetch(qs ...question) {
	now := r.cfg.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, q := range qs {
		if !r.cache.get(q).fresh(now) {
			_, _ = r.join(q) // whoever asks for it hears why not
		}
	}
}

// join is the flight of a question, begun if there is none; r.mu is held.
func (r *Resolver) join(q question) (*flight, error) {
	if f := r.flights[q]; f != nil {
		return f, nil
	}
	if r.closed || len(r.flights) >= r.cfg.Questions+r.cfg.Waiting {
		return nil, fault.New(fault.Unavailable, "sip: look up %s: too many names are being looked up", q.name)
	}
	f := &flight{done: make(chan struct{})}
	r.flights[q] = f
	r.wg.Go(func() { // owned by r, ended by Close
		defer guard.Recover(r.log, "lookup")
		r.fly(q, f)
	})
	return f, nil
}

// fly asks a question and tells those who wait.
func (r *Resolver) fly(q question, f *flight) {
	ctx, cancel := context.WithTimeout(r.ctx, r.cfg.LookupTimeout)
	defer cancel()
	var records []dns.RR
	var ttl time.Duration
	err := unreachable("look up %s: panicked", q.name)
	guard.Do(r.log, "lookup", func() { records, ttl, err = r.askServers(ctx, q) })
	now := r.cfg.Now()
	r.mu.Lock()
	e := &entry{q: q, records: records, until: now.Add(ttl)}
	if err != nil {
		e = r.failed(q, now, err)
	}
	r.cache.put(e)
	f.e = e
	delete(r.flights, q)
	r.mu.Unlock()
	close(f.done)
}

// failed is the entry of a question that the servers failed to answer: what was known
// stays. r.mu is held.
func (r *Resolver) failed(q question, now time.Time, err error) *entry {
	e := &entry{q: q, failures: 1, err: err}
	if known := r.cache.get(q); known != nil {
		e.records, e.until, e.failures = known.records, known.until, known.failures+1
	}
	pause := r.cfg.MaxFailureTTL
	if n := e.failures - 1; n < 16 {
		pause = min(r.cfg.FailureTTL<<n, pause)
	}
	e.retry = now.Add(pause)
	return e
}

// askServers asks for a slot, then the servers, and follows aliases that lead out of
// an answer, none longer than maxAliases.
func (r *Resolver) askServers(ctx context.Context, q question) ([]dns.RR, time.Duration, error) {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return nil, 0, unreachable("look up %s: too many names are being looked up", q.name)
	}
	ttl, asked := r.cfg.MaxTTL, q
	for range maxAliases {
		m, err := r.exchange(ctx, asked)
		if err != nil {
			return nil, 0, unreachable("look up %s: %w", q.name, err)
		}
		x := extract(m, asked)
		ttl = min(ttl, x.ttl)
		switch {
		case len(x.records) > 0:
			return x.records, max(ttl, r.cfg.MinTTL), nil
		case x.next == "":
			return nil, max(min(ttl, r.cfg.NegativeTTL), r.cfg.MinTTL), nil
		}
		asked.name = x.next
	}
	return nil, 0, unreachable("look up %s: an alias of an alias of an alias without end", q.name)
}
