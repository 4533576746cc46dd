package bench

import (
	"context"
	"fmt"

	"github.com/skygenesisenterprise/skybridge/bench/client"
	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/meeting"
	"github.com/skygenesisenterprise/skybridge/bench/meter"
	"github.com/skygenesisenterprise/skybridge/bench/peers"
	"github.com/skygenesisenterprise/skybridge/bench/webrtc"
)

// rooms are where meetings of browsers are.
func (r *Runner) rooms() meeting.Rooms { return meeting.Rooms{Core: r.Core, Log: r.Log} }

// Meet starts a server, has browsers do a workload in one room of it and ends it.
func (r *Runner) Meet(ctx context.Context, h peers.Hosting, w Workload, plan load.Plan) (s *Sample, err error) {
	if w.Room != w.Legs || w.Codecs != both(client.Opus) {
		return nil, fmt.Errorf("%s: browsers have one room, and Opus", w.Name)
	}
	err = r.rooms().Hold(ctx, h, func(c *meeting.Crowd) (err error) {
		s, err = r.talk(ctx, c, &w, plan)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s, %s: %w", h.Name(), w.Name, err)
	}
	s.Contender = h.Name()
	return s, nil
}

// talk has a workload's parties come, talk and listen.
func (r *Runner) talk(ctx context.Context, all *meeting.Crowd, w *Workload, plan load.Plan) (*Sample, error) {
	idle, err := meter.Of(all.PID())
	if err != nil {
		return nil, err
	}
	for range w.Legs {
		if err := all.Come(ctx, 0, false, webrtc.Section{Kind: webrtc.Audio, Direction: webrtc.SendRecv}); err != nil {
			return nil, err
		}
	}
	l, err := all.Take()
	if err != nil {
		return nil, err
	}
	if r.voices.speech == nil {
		r.voices.speech = r.Speech
	}
	for leg, c := range all.Clients {
		payloadType, level, ok := c.Takes()
		if !ok {
			return nil, fmt.Errorf("leg %d: nobody takes its Opus", leg)
		}
		stream, err := r.voices.of(w, leg, payloadType, level)
		if err != nil {
			return nil, err
		}
		// Two who say the same do not say it at the same time.
		if err := l.Say(leg, stream, 37*leg); err != nil {
			return nil, err
		}
	}
	for _, leg := range w.tapped() {
		l.Tap(leg)
	}
	result, spent, err := all.Run(ctx, plan)
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
	s.Wrong, err = listen(w, l.Tapped)
	return s, err
}
