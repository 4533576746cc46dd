package signalling

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/measure"
	"github.com/skygenesisenterprise/skybridge/bench/meter"
	"github.com/skygenesisenterprise/skybridge/bench/peers"
	"github.com/skygenesisenterprise/skybridge/bench/traffic"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
)

// Runner runs work.
type Runner struct {
	// Core is the processor core that servers run on; below 0 for any.
	Core int
	Log  *slog.Logger
}

// Work is a kind of work without media.
type Work struct {
	Name string
	Kind traffic.Kind
	// Together is how many phones are busy at a time, Accounts how many register in turn.
	Together, Accounts int
	// Number is what is called.
	Number string
}

// accounts are registered: as many as an Asterisk reads within a second or two.
const accounts = 1024

// Registrations are those with a password that is asked for each time, with refresh those
// that use the nonce they have.
func Registrations(refresh bool) Work {
	if refresh {
		return Work{Name: "registrations refreshed, nonce kept", Kind: traffic.Refresh, Together: 64, Accounts: accounts}
	}
	return Work{Name: "registrations with digest", Kind: traffic.Register, Together: 64, Accounts: accounts}
}

// SetUps are calls that are answered and hung up at once: by the server itself, or through
// it by another phone.
func SetUps(through bool) Work {
	if through {
		return Work{Name: "calls from phone to phone", Kind: traffic.Call, Together: 32, Number: peers.Through}
	}
	return Work{Name: "calls answered by the dialplan", Kind: traffic.Call, Together: 32, Number: peers.Answered}
}

// Pace is what one run of signalling came to.
type Pace struct {
	Contender, Work string
	Done, Failed    uint64
	// Repeated are requests that were sent again, Refused what was begun again after a 503.
	Repeated, Refused uint64
	// Time is what it took, CPU the server's processor time meanwhile, Busy its share of a core.
	Time, CPU time.Duration
	// Took is the time for one, from its first message to its last; Answered that to the
	// answer of a call.
	Took, Answered measure.Histogram
	// Client is the client's share of its own core, Stolen what the hypervisor took of the
	// server's.
	Client, Stolen float64
	Failures       map[int]uint64
}

// Rate is how many were done in a second on the clock.
func (p *Pace) Rate() float64 { return float64(p.Done) / max(p.Time.Seconds(), 1e-9) }

// Each is the server's processor time for one.
func (p *Pace) Each() time.Duration { return p.CPU / time.Duration(max(p.Done, 1)) }

// Core is how many a second a core does that has nothing else to do.
func (p *Pace) Core() float64 {
	if p.CPU <= 0 {
		return 0
	}
	return float64(p.Done) / p.CPU.Seconds()
}

// Busy is the share of a core that the server used.
func (p *Pace) Busy() float64 { return float64(p.CPU) / float64(max(p.Time, 1)) }

// mostFailed is the share of failures above which figures count for nothing.
const mostFailed = 0.001

// Doubt says why a run's figures are not the server's; "" where they are.
func (p *Pace) Doubt() string {
	switch {
	case p.Done == 0:
		return "nothing was done"
	case float64(p.Failed+p.Refused) > mostFailed*float64(p.Done+p.Failed+p.Refused):
		return fmt.Sprintf("%d failed of %d, %v, and %d were refused", p.Failed, p.Done+p.Failed, p.Failures, p.Refused)
	case p.Client > 0.9:
		return fmt.Sprintf("the client was busy for %.0f %% of its time", 100*p.Client)
	case p.Stolen > meter.MostStolen:
		return fmt.Sprintf("%.0f %% of the core was stolen", 100*p.Stolen)
	}
	return ""
}

// Signal starts a contender and has phones signal as fast as it answers.
func (r Runner) Signal(ctx context.Context, c peers.Contender, w Work, plan load.Plan) (_ *Pace, err error) {
	x, err := r.phones(ctx, c, w)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, x.close()) }()
	program, err := measure.NewProgram(x.instance.PID())
	if err != nil {
		return nil, err
	}
	clock, err := load.NewClock()
	if err != nil {
		return nil, err
	}
	var readings []meter.Reading
	result, err := x.run(func() (*traffic.Result, error) {
		var unread error
		result, err := x.drive.For(ctx, w.Kind, plan, func() {
			now, err := meter.Read(program, r.Core, clock)
			readings = append(readings, now)
			unread = errors.Join(unread, err)
		})
		return result, errors.Join(err, unread)
	})
	if err != nil {
		return nil, fmt.Errorf("%s, %s: %w", c.Name(), w.Name, err)
	}
	if len(readings) != 2 {
		return nil, fmt.Errorf("%d readings of what was used", len(readings))
	}
	spent := readings[1].Since(&readings[0])
	return &Pace{
		Contender: c.Name(), Work: w.Name, Done: result.Done, Failed: result.Failures(), Repeated: result.Repeated, Refused: result.Refused,
		Time: spent.Time, CPU: spent.CPU, Took: result.Took, Answered: result.Answered,
		Client: result.Client, Stolen: spent.Stolen, Failures: result.Failed,
	}, nil
}

// ringing is a contender with phones.
type ringing struct {
	log      *slog.Logger
	dir      string
	drive    *traffic.Drive
	instance peers.Instance
}

// phones starts a contender with phones that are told of it.
func (r Runner) phones(ctx context.Context, c peers.Contender, w Work) (_ *ringing, err error) {
	x := &ringing{log: r.Log}
	defer func() {
		if err != nil {
			err = errors.Join(err, x.close())
		}
	}()
	if x.dir, err = os.MkdirTemp("", "bench-"); err != nil {
		return nil, err
	}
	if x.drive, err = traffic.Open(peers.Host); err != nil {
		return nil, err
	}
	at := peers.Place{Core: r.Core, Dir: x.dir, Log: r.Log, Ordinary: true, Phones: peers.Phones{Accounts: w.Accounts, Port: x.drive.Port()}}
	if x.instance, err = c.Start(ctx, at); err != nil {
		return nil, err
	}
	return x, x.aim(w)
}

// aim tells the phones what to do.
func (x *ringing) aim(w Work) error {
	listens, ok := x.instance.(peers.Listens)
	if !ok {
		return errors.New("the server does not speak SIP")
	}
	return x.drive.Aim(traffic.Config{
		Server: listens.Listens(), Together: w.Together, Accounts: w.Accounts, Number: w.Number, Caller: "load",
	})
}

func (x *ringing) close() error {
	var errs []error
	if x.instance != nil {
		errs = append(errs, x.instance.Close())
	}
	if x.drive != nil {
		errs = append(errs, x.drive.Close())
	}
	if x.dir != "" {
		errs = append(errs, os.RemoveAll(x.dir))
	}
	return errors.Join(errs...)
}

// run has the phones do something on a thread of their own.
func (x *ringing) run(f func() (*traffic.Result, error)) (result *traffic.Result, err error) {
	ended := make(chan struct{})
	err = errors.New("panic")
	// owned by this call, which waits for it
	go func() {
		defer close(ended)
		defer guard.Recover(x.log, "the phones")
		result, err = f()
	}()
	<-ended
	return result, err
}
