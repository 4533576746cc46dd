package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/client"
	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/measure"
	"github.com/skygenesisenterprise/skybridge/bench/peers"
	"github.com/skygenesisenterprise/skybridge/bench/table"
)

// The names of trials, by which bars find their figures.
const (
	inOneRoom    = "room"
	inRooms      = "rooms"
	relayed      = "relay"
	opusRoom     = "opus-room"
	opusRooms    = "opus-rooms"
	opusToPCMU   = "opus-PCMU"
	g722ToPCMU   = "G722-PCMU"
	inBrowsers   = "browsers"
	sameLoad     = "browsers-40"
	browsersName = "browsers' Opus, one room, 3 talk"
	janusOpus    = 40 // parties: about two thirds of what one core carried elsewhere
	opusSpeaks   = 40
	transcoding  = 60
)

// trials are the workloads of the comparison.
func trials() []trial {
	return []trial{
		{inOneRoom, OneRoom(client.PCMU, 500), []string{theFloor, theSkybridge, theAsterisk}, nil},
		{inRooms, SmallRooms(client.PCMU, 400), []string{theFloor, theSkybridge, theAsterisk}, nil},
		{relayed, Calls(client.PCMU, client.PCMU, 400), []string{theFloor, theSkybridge, theAsterisk, theRTPEngine}, nil},
		{opusRoom, OneRoom(client.Opus, 300).Secured(), []string{theFloor, theSkybridge, theJanus}, map[string]int{theJanus: janusOpus}},
		{opusRooms, SmallRooms(client.Opus, opusSpeaks), []string{theSkybridge, theJanus, theCodecs}, nil},
		{opusToPCMU, Calls(client.Opus, client.PCMU, transcoding), []string{theSkybridge, theAsterisk, theRTPEngine, theCodecs, theRelay}, nil},
		{g722ToPCMU, Calls(client.G722, client.PCMU, transcoding), []string{theSkybridge, theAsterisk, theRTPEngine, theCodecs, theRelay}, nil},
		{inBrowsers, OneRoom(client.Opus, 300).InBrowsers(), []string{theSkybridge, theJanus}, map[string]int{theJanus: janusOpus}},
		{sameLoad, OneRoom(client.Opus, janusOpus).InBrowsers().named("as many of both"), []string{theSkybridge, theJanus}, nil},
	}
}

// Run measures everything.
func (c *Comparison) Run(ctx context.Context) (*table.Report, error) {
	c.began, c.found, c.bounded = time.Now(), make(map[string]int), make(map[string]bool)
	all := trials()
	if err := c.measureAll(ctx, all); err != nil {
		return nil, err
	}
	r := &table.Report{Machine: machine(), Version: c.Version, Date: c.began.Format("2 January 2006"), Partial: len(c.Only) > 0}
	r.How = c.how()
	bars := c.costBars()
	for _, further := range []struct {
		name string
		run  func(context.Context, *table.Report) ([]table.Bar, error)
	}{
		{"video", c.forwarding}, {"latency", c.latency}, {"lateness", c.lateness}, {"memory", c.memory}, {"signalling", c.signalling}, {"requests", c.requests}, {"fanout", c.fanout}, {"join", c.join}, {"largest", c.largestLoads},
	} {
		if !c.wants(further.name) {
			continue
		}
		more, err := further.run(ctx, r)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", further.name, err)
		}
		bars = append(bars, more...)
	}
	c.rows(r, all)
	r.Bars = bars
	if err := c.profiles(ctx, r); err != nil {
		return nil, err
	}
	return r, c.say("done")
}

// cpu is the median cost of a leg in 20 ms, in µs; 0 if there is none.
func (c *Comparison) cpu(trial, who string) float64 {
	var values []float64
	for _, s := range c.results[trial+"/"+who] {
		values = append(values, microseconds(s.CPU))
	}
	return measure.Median(values)
}

// latency measures how long sound takes through a room and through a relayed call.
func (c *Comparison) latency(ctx context.Context, r *table.Report) ([]table.Bar, error) {
	plan := load.Plan{Warm: time.Second, Measure: 12 * time.Second}
	if c.Short {
		plan.Measure = 4 * time.Second
	}
	middle, tail := make(map[string]float64), make(map[string]float64)
	var bars []table.Bar
	for _, w := range []Workload{OneRoom(client.PCMU, 40), Calls(client.PCMU, client.PCMU, 24)} {
		for _, who := range []string{theSkybridge, theAsterisk, theJanus, theRTPEngine} {
			if w.Room == 0 && who == theJanus || w.Room != 0 && who == theRTPEngine || c.skipped[who] != "" {
				continue
			}
			marked, err := Marked(w)
			if err != nil {
				return nil, err
			}
			s, err := c.quiet(ctx, c.contender(who), marked, plan)
			switch {
			case ctx.Err() != nil || err != nil && who == theSkybridge:
				return nil, err
			case err != nil || len(s.Latency) == 0:
				c.skipped["latency/"+who] = fmt.Sprint(err)
				continue
			}
			what := "added latency, " + w.Name + ", " + who
			r.Delays = append(r.Delays, table.Delay{What: what, Note: fmt.Sprintf("%d marks heard, %d not; the client p99 %v late", len(s.Latency), s.Missed, s.ClientLate), Values: quantiles(s.Latency)})
			p50, p99 := milliseconds(measure.Quantile(s.Latency, 0.5)), milliseconds(measure.Quantile(s.Latency, 0.99))
			if err := c.say("%s: p50 %.1f ms, p99 %.1f ms", what, p50, p99); err != nil {
				return nil, err
			}
			middle[w.Name+who], tail[w.Name+who] = p50, p99
			if who == theSkybridge {
				bar := table.Bar{Part: "latency", Workload: "added latency, " + w.Name, What: "p50 ≤ 12 ms", Value: p50, Limit: 12, Unit: "ms"}
				bar.Where = fmt.Sprintf("ticks began %.2f ms late at p50, %.2f ms at p99",
					milliseconds(s.Late.Quantile(0.5)), milliseconds(s.Late.Quantile(0.99)))
				bars = append(bars, bar)
				bar.What, bar.Value, bar.Limit = "p99 ≤ 24 ms", p99, 24
				bars = append(bars, bar)
			}
		}
	}
	room, calls := OneRoom(client.PCMU, 40).Name, Calls(client.PCMU, client.PCMU, 24).Name
	bars = append(bars, compared("added latency, "+room, "p50 below Asterisk's", middle[room+theSkybridge], middle[room+theAsterisk], 1, c.skipped[theAsterisk]),
		compared("added latency, "+room, "p99 below Asterisk's", tail[room+theSkybridge], tail[room+theAsterisk], 1, c.skipped[theAsterisk]))
	// No bar of the workload's, but the same question: of a relayed call each of our packets
	// waits for a tick of 5 ms, which others do not have.
	for _, peer := range []struct{ who, name string }{{theAsterisk, "Asterisk's"}, {theRTPEngine, "rtpengine's"}} {
		who, name := peer.who, peer.name
		b := compared("added latency, "+calls, "p50 below "+name, middle[calls+theSkybridge], middle[calls+who], 1, c.skipped[who])
		b.Where = "a packet waits for the next tick of 5 ms"
		bars = append(bars, b)
	}
	r.How = append(r.How, "A relayed call's packet waits for the next tick of 5 ms, 2.5 ms at the middle; Asterisk and rtpengine wake for each one.")
	return bars, nil
}

// quiet runs a workload, and once more if the machine was in the way.
func (c *Comparison) quiet(ctx context.Context, who peers.Contender, w Workload, plan load.Plan) (*Sample, error) {
	s, err := c.Runner.Run(ctx, who, w, plan)
	if err != nil || s.Disturbed() == "" {
		return s, err
	}
	if err := c.say("%s, %s: %s: once more", w.Name, who.Name(), s.Disturbed()); err != nil {
		return nil, err
	}
	again, err := c.Runner.Run(ctx, who, w, plan)
	if err != nil || again.better(s) {
		return again, err
	}
	return s, nil
}

func quantiles(values []time.Duration) []table.Quantile {
	return []table.Quantile{{Name: "p50", Value: measure.Quantile(values, 0.5)}, {Name: "p99", Value: measure.Quantile(values, 0.99)}}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
