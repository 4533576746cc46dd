package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/measure"
	"github.com/skygenesisenterprise/skybridge/bench/meeting"
	"github.com/skygenesisenterprise/skybridge/bench/meter"
	"github.com/skygenesisenterprise/skybridge/bench/peers"
	"github.com/skygenesisenterprise/skybridge/bench/table"
	"github.com/skygenesisenterprise/skybridge/bench/webrtc"
)

// film is a workload of video, and how long it takes until all is forwarded.
type film struct {
	meeting.Forwarding
	warm   time.Duration
	rounds int
}

// films are those of the comparison: the receivers say what their networks carry, of which both
// servers are told; and once more with the feedback that browsers send besides, by which Skybridge
// finds out itself, which takes it some time.
func (c *Comparison) films() []film {
	f := meeting.Forwarding{Publishers: 10, Receivers: 40, Film: webrtc.Camera()}
	again := f
	again.Feedback = true
	if c.Short {
		return []film{{f, 6 * time.Second, 1}}
	}
	return []film{{f, 6 * time.Second, c.rounds()}, {again, 20 * time.Second, 1}}
}

// forwarding measures what a packet of video costs that is forwarded, beside Janus's VideoRoom, in
// turn.
func (c *Comparison) forwarding(ctx context.Context, r *table.Report) (bars []table.Bar, err error) {
	for _, f := range c.films() {
		runs := make(map[string][]*meeting.Forwarded)
		for range f.rounds {
			for _, who := range []string{theSkybridge, theJanus} {
				if err := c.forward(ctx, who, f, runs); err != nil {
					return nil, err
				}
			}
		}
		rows := map[string]*table.Forwarded{theSkybridge: forwardedRow(f, runs[theSkybridge]), theJanus: forwardedRow(f, runs[theJanus])}
		cost, wrong := make(map[string]float64), ""
		for _, who := range []string{theSkybridge, theJanus} {
			if row := rows[who]; row != nil {
				row.Server = who
				r.Forwarded = append(r.Forwarded, *row)
				cost[who] = microseconds(row.CPU)
				if row.Note != "" {
					wrong = who + ": " + row.Note
				}
			}
		}
		b := compared(f.Name(), "≤ 1.2 × Janus's, a packet", cost[theSkybridge], cost[theJanus], 1.2, c.skipped[theJanus])
		b.Part, b.Invalid = "video", wrong
		bars = append(bars, b)
	}
	return bars, nil
}

// forward is one contestant's run, taken again if the machine was in its way or not all was
// forwarded.
func (c *Comparison) forward(ctx context.Context, who string, f film, runs map[string][]*meeting.Forwarded) error {
	if c.skipped[who] != "" {
		return nil
	}
	plan := load.Plan{Warm: f.warm, Measure: c.plan().Measure}
	var best *meeting.Forwarded
	for try := 0; try < 2 && (best == nil || cmp.Or(best.Wrong(), besides(best)) != ""); try++ {
		s, err := c.Runner.rooms().Forward(ctx, c.hosting(who, true), f.Forwarding, plan)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && (who == theSkybridge || !errors.Is(err, peers.ErrUnavailable)):
			return err
		case err != nil:
			c.skipped[who] = err.Error()
			return c.say("%s: skipped: %v", who, err)
		}
		if err := c.say("%-32s %-10s %6.2f µs a packet, %.0f a second, %5.1f %% came to each at least, the client %v late", f.Name(), who,
			microseconds(s.Packet()), s.Rate(), 100*min(1, s.Least), s.ClientLate); err != nil {
			return err
		}
		if best == nil || betterForwarded(s, best) {
			best = s
		}
	}
	runs[who] = append(runs[who], best)
	return nil
}

// besides says what was in the way of a run that is not the server's; "" for nothing.
func besides(s *meeting.Forwarded) string {
	switch {
	case s.Stolen > meter.MostStolen:
		return fmt.Sprintf("%.0f %% of the core was stolen", 100*s.Stolen)
	case s.ClientLate > mostLate:
		return fmt.Sprintf("the client was %.1f ms late", milliseconds(s.ClientLate))
	case s.Unsent > 0:
		return fmt.Sprintf("%d packets were not sent", s.Unsent)
	}
	return ""
}

// betterForwarded tells which of two runs of the same says more.
func betterForwarded(s, than *meeting.Forwarded) bool {
	if good := s.Wrong() == ""; good != (than.Wrong() == "") {
		return good
	}
	if free := besides(s) == ""; free != (besides(than) == "") {
		return free
	}
	return s.Least > than.Least
}

// forwardedRow is the runs' medians; nil if there are none. Its note is why they count for
// nothing.
func forwardedRow(f film, runs []*meeting.Forwarded) *table.Forwarded {
	if len(runs) == 0 {
		return nil
	}
	row := &table.Forwarded{Workload: f.Name(), Runs: len(runs)}
	var cost, rate, least, memory []float64
	for _, s := range runs {
		if why := cmp.Or(s.Wrong(), besides(s)); why != "" {
			row.Note = why
		}
		cost, rate = append(cost, microseconds(s.Packet())), append(rate, s.Rate())
		least, memory = append(least, s.Least), append(memory, float64(s.RSS))
	}
	row.CPU = time.Duration(measure.Median(cost) * float64(time.Microsecond))
	row.PerSecond, row.Least, row.Memory = measure.Median(rate), measure.Median(least), int64(measure.Median(memory))
	return row
}
