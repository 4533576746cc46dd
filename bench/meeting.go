package bench

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/skygenesisenterprise/skybridge/bench/client"
	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/measure"
	"github.com/skygenesisenterprise/skybridge/bench/meter"
	"github.com/skygenesisenterprise/skybridge/bench/peers"
	"github.com/skygenesisenterprise/skybridge/bench/webrtc"
)

// Meet starts a server, has browsers do a workload in one room of it and ends it.
func (r *Runner) Meet(ctx context.Context, h peers.Hosting, w Workload, plan load.Plan) (s *Sample, err error) {
	if w.Room != w.Legs || w.Codecs != both(client.Opus) {
		return nil, fmt.Errorf("%s: browsers have one room, and Opus", w.Name)
	}
	err = r.meeting(ctx, h, func(m peers.Meeting) (err error) {
		s, err = r.talk(ctx, m, &w, plan)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s, %s: %w", h.Name(), w.Name, err)
	}
	s.Contender = h.Name()
	return s, nil
}

// meeting has a server run for as long as something is done with it.
func (r *Runner) meeting(ctx context.Context, h peers.Hosting, do func(peers.Meeting) error) (err error) {
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	m, err := h.Open(ctx, peers.Place{Core: r.Core, Dir: dir, Log: r.Log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	return do(m)
}

// crowd is clients that have come into a room, and their load.
type crowd struct {
	clients []*webrtc.Client
	*webrtc.Load
}

// come has another client come in; it is closed with the crowd.
func (c *crowd) come(ctx context.Context, r *Runner, m peers.Meeting, watches int, sections ...webrtc.Section) error {
	x, err := webrtc.NewClient(webrtc.Config{Address: m.Address(), Log: r.Log}, sections...)
	if err != nil {
		return err
	}
	c.clients = append(c.clients, x)
	if err := m.Enter(ctx, x, watches); err != nil {
		return fmt.Errorf("client %d: %w", len(c.clients)-1, err)
	}
	return nil
}

// take takes the clients' sockets over.
func (c *crowd) take() (err error) {
	c.Load, err = webrtc.Take(c.clients)
	return err
}

func (c *crowd) close() (err error) {
	if c.Load != nil {
		err = c.Load.Close()
	}
	for _, x := range c.clients {
		err = errors.Join(err, x.Close())
	}
	return err
}

// talk has a workload's parties come, talk and listen.
func (r *Runner) talk(ctx context.Context, m peers.Meeting, w *Workload, plan load.Plan) (_ *Sample, err error) {
	idle, err := meter.Of(m.PID())
	if err != nil {
		return nil, err
	}
	var all crowd
	defer func() { err = errors.Join(err, all.close()) }()
	for range w.Legs {
		if err := all.come(ctx, r, m, 0, webrtc.Section{Kind: webrtc.Audio, Direction: webrtc.SendRecv}); err != nil {
			return nil, err
		}
	}
	if err := all.take(); err != nil {
		return nil, err
	}
	if r.voices.speech == nil {
		r.voices.speech = r.Speech
	}
	for leg, c := range all.clients {
		payloadType, level, ok := c.Takes()
		if !ok {
			return nil, fmt.Errorf("leg %d: nobody takes its Opus", leg)
		}
		stream, err := r.voices.of(w, leg, payloadType, level)
		if err != nil {
			return nil, err
		}
		// Two who say the same do not say it at the same time.
		if err := all.Say(leg, stream, 37*leg); err != nil {
			return nil, err
		}
	}
	for _, leg := range w.tapped() {
		all.Tap(leg)
	}
	if err := meter.Settle(ctx, m.PID()); err != nil {
		return nil, err
	}
	result, spent, err := r.run(ctx, m, &all, plan)
	if err != nil {
		return nil, err
	}
	s := &Sample{
		Workload: w.Name, Legs: w.Legs,
		CPU: perLeg(spent.CPU, spent.Time, w.Legs), Step: perLeg(spent.Step, spent.Time, w.Legs), Stolen: spent.Stolen,
		From: spent.From, Until: spent.Until,
		Share: result.Share(), Gap: result.Gaps.Quantile(0.99), Largest: result.Gaps.Max,
		Memory:     (spent.RSS - idle.RSS) / int64(w.Legs),
		ClientLate: result.Late.Quantile(0.99), Unsent: result.Unsent,
	}
	s.Wrong, err = listen(w, all.Tapped)
	return s, err
}

// run runs a crowd's load and gives what the server used.
func (r *Runner) run(ctx context.Context, m peers.Meeting, all *crowd, plan load.Plan) (*webrtc.Result, *meter.Spent, error) {
	program, err := measure.NewProgram(m.PID())
	if err != nil {
		return nil, nil, err
	}
	var result *webrtc.Result
	spent, err := r.timed(&program, all.Clock(), func(at func()) (err error) {
		result, err = all.Run(ctx, plan, at)
		return err
	})
	return result, spent, err
}
