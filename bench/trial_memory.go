package bench

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/client"
	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/peers"
	"github.com/skygenesisenterprise/skybridge/bench/table"
)

// memory measures what legs add, by the difference of many and few: of Skybridge what
// lives on the heap and in stacks, and what is resident; of Asterisk what is resident. An
// Asterisk that fails is said, and the comparison goes on.
func (c *Comparison) memory(ctx context.Context, r *table.Report) ([]table.Bar, error) {
	plan := load.Plan{Warm: time.Second, Measure: time.Second}
	m, err := c.Runner.Memory(ctx, peers.Skybridge{Program: c.Program}, OneRoom(client.PCMU, 200), 200, 1000, plan)
	if err != nil {
		return nil, err
	}
	held, resident := (m.Footprint.Live.Bytes+m.Footprint.Stacks.Bytes)/1024, m.Resident/1024
	told := fmt.Sprintf("Memory of %s: %.1f KiB a leg live, heap and stacks, and %.1f KiB resident with what is not yet collected, from %d to %d parties in one room.",
		theSkybridge, held, resident, m.Few, m.Many)
	r.How = append(r.How, told)
	if err := c.say("%s", told); err != nil {
		return nil, err
	}
	if err := c.memoryOfAsterisk(ctx, r, plan); err != nil {
		return nil, err
	}
	var split strings.Builder
	if err := m.Print(&split, math.Inf(1)); err != nil { // of the sum; who asked for it is not known of this server
		return nil, err
	}
	r.Splits = slices.Collect(strings.SplitSeq(strings.TrimSpace(split.String()), "\n"))
	const bar = "≤ 8 KiB a leg without codec state"
	return []table.Bar{
		{Part: "memory", Workload: "memory, heap and stacks", What: bar, Value: held, Limit: 8, Unit: "KiB", Where: m.most(false)},
		{Part: "memory", Workload: "memory, resident", What: bar, Value: resident, Limit: 8, Unit: "KiB", Where: m.most(true)},
	}, nil
}

func (c *Comparison) memoryOfAsterisk(ctx context.Context, r *table.Report, plan load.Plan) error {
	const few, many = 50, 200
	if c.skipped[theAsterisk] != "" {
		return nil
	}
	var bytes [2]int64
	for i, n := range []int{few, many} {
		s, err := c.Runner.Run(ctx, c.contender(theAsterisk), OneRoom(client.PCMU, n), plan)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			c.skipped["memory/"+theAsterisk] = err.Error()
			return c.say("memory, %s: skipped: %v", theAsterisk, firstLine(err.Error()))
		}
		bytes[i] = s.Memory * int64(n)
	}
	told := fmt.Sprintf("Memory of %s: %.1f KiB a leg resident, from %d to %d parties in one room.", theAsterisk, float64(bytes[1]-bytes[0])/(many-few)/1024, few, many)
	r.How = append(r.How, told)
	return c.say("%s", told)
}
