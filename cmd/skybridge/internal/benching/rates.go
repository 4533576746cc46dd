package benching

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/skygenesisenterprise/skybridge/bench"
	"github.com/skygenesisenterprise/skybridge/bench/peers"
	"github.com/skygenesisenterprise/skybridge/bench/signalling"
	"github.com/skygenesisenterprise/skybridge/cmd/skybridge/internal/usage"
)

// rates is what the commands that measure signalling are told.
type rates struct {
	asterisk string
	measure  time.Duration
	rounds   int
}

// ratesCommands measure how many registrations and calls one core carries out.
func ratesCommands(p Program) []*cobra.Command {
	kinds := []struct {
		use, short string
		work       []signalling.Work
	}{
		{"registrations", "Measure registrations with a password per second, on one core, beside Asterisk", []signalling.Work{signalling.Registrations(false), signalling.Registrations(true)}},
		{"calls", "Measure calls per second, from INVITE to BYE, on one core, beside Asterisk", []signalling.Work{signalling.SetUps(false), signalling.SetUps(true)}},
	}
	var all []*cobra.Command
	for _, k := range kinds {
		var o rates
		c := &cobra.Command{
			Use: k.use, Short: k.short, Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd, p, k.work) },
		}
		f := c.Flags()
		f.DurationVar(&o.measure, "for", 4*time.Second, "how long a run counts")
		f.IntVar(&o.rounds, "rounds", 3, "how many runs of each, in turn")
		f.StringVar(&o.asterisk, "asterisk-root", filepath.Join(cache(), "asterisk22"), "folder that has an Asterisk 22; empty for Skybridge alone")
		all = append(all, c)
	}
	return all
}

func (o *rates) run(cmd *cobra.Command, p Program, work []signalling.Work) error {
	if o.measure < time.Second || o.measure > time.Hour || o.rounds < 1 || o.rounds > 100 {
		return usage.Wrap(fmt.Errorf("--for %v, --rounds %d: a second to an hour, and 1 to 100 can be had", o.measure, o.rounds))
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	self, r, err := p.measuring(cmd, "error")
	if err != nil {
		return err
	}
	x := bench.Comparison{Runner: r, Program: self, Asterisk: o.asterisk, Out: cmd.ErrOrStderr(), Version: "Skybridge " + p.Version}
	report, err := x.Signalling(ctx, work, o.rounds, o.measure)
	if err != nil {
		return err
	}
	if err := report.Text(cmd.OutOrStdout()); err != nil {
		return err
	}
	if missed := report.Missed(); len(missed) > 0 {
		return fmt.Errorf("bars are not met: %s", strings.Join(missed, "; "))
	}
	return nil
}

// soakCommand looks whether calls leave anything behind.
func soakCommand(p Program) *cobra.Command {
	var calls, before int
	var rest time.Duration
	c := &cobra.Command{
		Use: "soak", Short: "Place many calls and see what they leave behind in the server", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if calls < 2 || before < 2 || rest < 0 || rest > time.Hour {
				return usage.Wrap(fmt.Errorf("--calls %d, --before %d, --rest %v: two calls at the least, and an hour's rest at the most", calls, before, rest))
			}
			self, r, err := p.measuring(cmd, "error")
			if err != nil {
				return err
			}
			s, err := signalling.Runner{Core: r.Core, Log: r.Log}.Soak(cmd.Context(), peers.Skybridge{Program: self}, before, calls, rest)
			if err != nil {
				return err
			}
			if err := s.Print(cmd.OutOrStdout()); err != nil {
				return err
			}
			if grown := s.Grown(); len(grown) > 0 {
				return fmt.Errorf("calls leave something behind: %s", strings.Join(grown, ", "))
			}
			return nil
		},
	}
	f := c.Flags()
	f.IntVar(&calls, "calls", 100_000, "how many calls")
	f.IntVar(&before, "before", 40_000, "how many go before, and count for nothing: as many as the server knows of at one time")
	f.DurationVar(&rest, "rest", 40*time.Second, "how long the server rests before it is asked: it knows of a call's last request for 32 s")
	return c
}
