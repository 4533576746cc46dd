package benching

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/skygenesisenterprise/skybridge/bench"
	"github.com/skygenesisenterprise/skybridge/bench/client"
	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/peers"
	"github.com/skygenesisenterprise/skybridge/cmd/skybridge/internal/usage"
)

// memoryCommand says what a call's memory is used for.
func memoryCommand(p Program) *cobra.Command {
	var legs int
	var least float64
	c := &cobra.Command{
		Use: "memory", Short: "Measure what a party in a room adds to the server's memory, and what for", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if legs < 20 || legs > load.MaxLegs {
				return usage.Wrap(fmt.Errorf("--legs %d: 20 to %d can be had", legs, load.MaxLegs))
			}
			self, r, err := p.measuring(cmd, "info")
			if err != nil {
				return err
			}
			m, err := r.Memory(cmd.Context(), peers.Skybridge{Program: self, Env: []string{"GODEBUG=memprofilerate=512"}},
				bench.OneRoom(client.PCMU, legs), legs/5, legs, load.Plan{Warm: time.Second, Measure: time.Second})
			if err != nil {
				return err
			}
			return m.Print(cmd.OutOrStdout(), least)
		},
	}
	c.Flags().IntVar(&legs, "legs", 1000, "how many parties, beside a fifth of that")
	c.Flags().Float64Var(&least, "least", 32, "leave out who takes fewer bytes a party")
	return c
}
