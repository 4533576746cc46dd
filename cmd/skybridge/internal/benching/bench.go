// Package benching is the command that measures: what calls cost this machine, beside the
// servers that are installed.
package benching

import (
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/skygenesisenterprise/skybridge/bench"
	"github.com/skygenesisenterprise/skybridge/bench/client"
	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/peers"
	"github.com/skygenesisenterprise/skybridge/cmd/skybridge/internal/usage"
)

// Program is what the commands know of the one that they are part of.
type Program struct {
	Version string
	// Logger makes a logger that writes from a level on.
	Logger func(w io.Writer, level string) *slog.Logger
}

// sizing is what the bench command is told.
type sizing struct {
	calls, codec   string
	legs           int
	measure        time.Duration
	target, number string
	user, password string
	pid            int
}

// Command is the whole of them.
func Command(p Program) *cobra.Command {
	var o sizing
	c := &cobra.Command{
		Use: "bench", Short: "Measure what calls cost this machine", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd, p) },
	}
	f := c.Flags()
	f.IntVar(&o.legs, "legs", 200, "how many parties")
	f.StringVar(&o.calls, "calls", "room", "room: all in one, three talk; rooms: ten in each, all talk; pairs: calls of two")
	f.StringVar(&o.codec, "codec", "PCMU", "PCMU, G722 or opus; two for pairs that differ (opus,PCMU)")
	f.DurationVar(&o.measure, "for", 4*time.Second, "how long to measure")
	f.StringVar(&o.target, "target", "", "measure the server that runs at this address of loopback (127.0.0.1:5060)")
	f.StringVar(&o.number, "number", "9000", "with --target: the room that everyone calls")
	f.StringVar(&o.user, "user", "1001", "with --target: who calls")
	f.StringVar(&o.password, "password", "", "with --target: the caller's password")
	f.IntVar(&o.pid, "pid", 0, "with --target: the server's process, for processor time and memory")
	c.AddCommand(ratesCommands(p)...)
	c.AddCommand(soakCommand(p), compareCommand(p), floorCommand(), codecsCommand(), memoryCommand(p))
	return c
}

func (o *sizing) run(cmd *cobra.Command, p Program) error {
	w, err := o.workload()
	if err != nil {
		return usage.Wrap(err)
	}
	self, r, err := p.measuring(cmd, "info")
	if err != nil {
		return err
	}
	plan := load.Plan{Warm: 2 * time.Second, Measure: o.measure}
	if o.target != "" {
		return o.measureTarget(cmd, r, w, plan)
	}
	if r.Core < 0 {
		cmd.PrintErrln("this machine has one core: the client's work is in the way of the server's")
	}
	floor, err := r.Run(cmd.Context(), floorOf(self), w, plan)
	if err != nil {
		return err
	}
	s, err := r.Run(cmd.Context(), peers.Skybridge{Program: self}, w, plan)
	if err != nil {
		return err
	}
	return s.Print(cmd.OutOrStdout(), floor)
}

func (o *sizing) measureTarget(cmd *cobra.Command, r *bench.Runner, w bench.Workload, plan load.Plan) error {
	address, err := netip.ParseAddrPort(o.target)
	if err != nil {
		return usage.Wrap(fmt.Errorf("--target: %w", err))
	}
	if w.Room == 0 {
		return usage.Wrap(fmt.Errorf("--calls %s: a server that runs is measured with a room", o.calls))
	}
	s, err := r.Run(cmd.Context(), peers.Target{
		Address: address, Number: o.number, User: o.user, Password: o.password, Process: o.pid,
	}, bench.OneRoom(w.Codecs[0], o.legs), plan)
	if err != nil {
		return err
	}
	return s.Print(cmd.OutOrStdout(), nil)
}

// workload is what the flags say.
func (o *sizing) workload() (bench.Workload, error) {
	var codecs []client.Codec
	for name := range strings.SplitSeq(o.codec, ",") {
		c, ok := client.Find(name)
		if !ok {
			return bench.Workload{}, fmt.Errorf("--codec %s: there are PCMU, G722 and opus", o.codec)
		}
		codecs = append(codecs, c)
	}
	switch {
	case o.legs < 4 || o.legs > load.MaxLegs:
		return bench.Workload{}, fmt.Errorf("--legs %d: 4 to %d can be had", o.legs, load.MaxLegs)
	case o.measure < time.Second || o.measure > time.Hour:
		return bench.Workload{}, fmt.Errorf("--for %v: a second to an hour can be had", o.measure)
	case o.calls == "pairs" && len(codecs) <= 2:
		return bench.Calls(codecs[0], codecs[len(codecs)-1], o.legs), nil
	case len(codecs) > 1:
		return bench.Workload{}, fmt.Errorf("--codec %s: for --calls %s one can be had", o.codec, o.calls)
	case o.calls == "room":
		return bench.OneRoom(codecs[0], o.legs), nil
	case o.calls == "rooms":
		return bench.SmallRooms(codecs[0], max(10, o.legs)), nil
	}
	return bench.Workload{}, fmt.Errorf("--calls %s: there are room, rooms and pairs", o.calls)
}

// measuring is what every measurement begins with: this program, to be started as what is
// measured, and who runs it on a core apart from the client's.
func (p Program) measuring(cmd *cobra.Command, level string) (self string, r *bench.Runner, err error) {
	if self, err = os.Executable(); err != nil {
		return "", nil, err
	}
	core, err := apart()
	if err != nil {
		return "", nil, err
	}
	return self, &bench.Runner{Core: core, Log: p.Logger(cmd.ErrOrStderr(), level)}, nil
}

// apart gives this process the first core that it may use, and says which other one is
// for servers; below 0 where there is one core alone.
func apart() (core int, err error) {
	// The client's thread must find a way back into Go at once, whatever else runs.
	runtime.GOMAXPROCS(max(4, runtime.GOMAXPROCS(0)))
	cores, err := load.Cores()
	if err != nil || len(cores) < 2 {
		return -1, err
	}
	return cores[len(cores)-1], load.Pin(cores[0])
}

func floorOf(self string) peers.Floor {
	return peers.Floor{Program: self, Args: []string{"bench", "floor"}}
}

// floorCommand is what the benchmark starts to compare servers with.
func floorCommand() *cobra.Command {
	return &cobra.Command{
		Use: "floor LEGS", Hidden: true, Short: "Receive and send, and nothing else", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			legs, err := strconv.Atoi(args[0])
			if err != nil {
				return usage.Wrap(fmt.Errorf("floor: %w", err))
			}
			runtime.GOMAXPROCS(max(4, runtime.GOMAXPROCS(0))) // as a server that has the tick
			return peers.RunFloor(legs, cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
}
