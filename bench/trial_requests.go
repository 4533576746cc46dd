package bench

import (
	"context"
	"fmt"

	"github.com/skygenesisenterprise/skybridge/bench/measure"
	"github.com/skygenesisenterprise/skybridge/bench/peers"
	"github.com/skygenesisenterprise/skybridge/bench/requests"
	"github.com/skygenesisenterprise/skybridge/bench/signalling"
	"github.com/skygenesisenterprise/skybridge/bench/table"
)

func (c *Comparison) api() requests.Runner {
	return requests.Runner{Core: c.Runner.Core, Server: peers.Skybridge{Program: c.Program}, Log: c.Runner.Log}
}

// requests measures how many requests of the API a core of Skybridge answers. Nobody else
// has such an API.
func (c *Comparison) requests(ctx context.Context, r *table.Report) ([]table.Bar, error) {
	for _, w := range requests.Works() {
		var paces []*signalling.Pace
		for range c.rounds() {
			p, err := c.asked(ctx, w)
			if err != nil {
				return nil, err
			}
			paces = append(paces, p)
		}
		r.Rates = append(r.Rates, rateOf(signalling.Work{Name: w.Name, Together: w.Together}, theSkybridge, paces))
	}
	return nil, nil
}

// asked is one run, once more if something was in the way of it.
func (c *Comparison) asked(ctx context.Context, w requests.Work) (best *signalling.Pace, err error) {
	for range 2 {
		p, err := c.api().Ask(ctx, w, c.plan())
		if err != nil {
			return nil, err
		}
		if err := c.say("%-36s %-10s %6.0f a second, %6.0f for a whole core (%5.1f µs each, %2.0f %% busy), p50 %v p99 %v, %d failed, client %2.0f %% %s",
			w.Name, theSkybridge, p.Rate(), p.Core(), microseconds(p.Each()), 100*p.Busy(), p.Took.Quantile(0.5), p.Took.Quantile(0.99),
			p.Failed, 100*p.Client, p.Doubt()); err != nil {
			return nil, err
		}
		if best == nil || p.Doubt() == "" {
			best = p
		}
		if p.Doubt() == "" {
			break
		}
	}
	return best, nil
}

// watching is how many watch what is told by WebSocket.
const watching = 1000

// fanout measures how long news take to all who watch by WebSocket.
func (c *Comparison) fanout(ctx context.Context, r *table.Report) ([]table.Bar, error) {
	events := 100
	if c.Short {
		events = 20
	}
	for _, news := range requests.AllNews() {
		s, err := c.api().Spread(ctx, news, watching, events)
		if err != nil {
			return nil, err
		}
		if s.Doubt() != "" {
			if err := c.say("%s: %s: once more", news.Name, s.Doubt()); err != nil {
				return nil, err
			}
			if s, err = c.api().Spread(ctx, news, watching, events); err != nil {
				return nil, err
			}
		}
		d := table.Delay{
			What:   fmt.Sprintf("%s: %d are told by WebSocket", news.Name, watching),
			Values: append(quantiles(s.Delays), table.Quantile{Name: "the last of all p50", Value: measure.Quantile(s.Last, 0.5)}),
			Note: fmt.Sprintf("%d times; %.1f ms of the server's core each, the subscribers %.0f %% busy%s",
				s.Events, milliseconds(s.Each), 100*s.Client, prefixed("; ", s.Doubt())),
		}
		r.Delays = append(r.Delays, d)
		if err := c.say("%s: p50 %v, p99 %v, %s", d.What, d.Values[0].Value, d.Values[1].Value, d.Note); err != nil {
			return nil, err
		}
	}
	r.How = append(r.How, fmt.Sprintf("**Requests of the API** are made by %d users at a time, each with a token and a connection kept open; of the time that", requests.Works()[0].Together),
		"news take by WebSocket a part is that of the subscribers, who share the other core.")
	return nil, nil
}

// joinAudio is the bar from the wish to join a room to the first sound of it, at p95.
const joinAudio = 400

// join measures how long a browser takes from the wish to join a room to what is said there.
func (c *Comparison) join(ctx context.Context, r *table.Report) ([]table.Bar, error) {
	joins := 200
	if c.Short {
		joins = 40
	}
	j, err := c.api().Join(ctx, joins)
	if err != nil {
		return nil, err
	}
	p50, p95 := measure.Quantile(j.First, 0.5), measure.Quantile(j.First, 0.95)
	where := fmt.Sprintf("at the median the offer is answered after %.1f ms, and there are keys %.1f ms later",
		milliseconds(measure.Quantile(j.Answered, 0.5)), milliseconds(measure.Quantile(j.Keyed, 0.5)))
	d := table.Delay{
		What: "join to first audio, by the API", Values: []table.Quantile{{Name: "p50", Value: p50}, {Name: "p95", Value: p95}},
		Note: fmt.Sprintf("%d joins; %s; %.1f ms of the server's core each%s", joins, where, milliseconds(j.Each), prefixed("; ", j.Doubt())),
	}
	r.Delays = append(r.Delays, d)
	bar := table.Bar{
		Part: "join", Workload: d.What, What: fmt.Sprintf("p95 ≤ %d ms", joinAudio), Value: milliseconds(p95), Limit: joinAudio, Unit: "ms", Where: where,
	}
	return []table.Bar{bar}, c.say("%s: p50 %v, p95 %v; %s", d.What, p50, p95, d.Note)
}

// prefixed is a text with what stands before it; "" of none.
func prefixed(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}
