package dialplan

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// Options are what an executor is made of.
type Options struct {
	Config Config
	// Plan gives the plan as it is now; it is asked before every step.
	Plan func() *Plan
	// Apps and Functions must hold what the plans use: Builtins and the package
	// function are what is independent of the server.
	Apps      Apps
	Functions Functions
	Globals   *Globals
	Log       *slog.Logger
	// Now is the clock for includes, EPOCH and timeouts; nil is time.Now.
	Now func() time.Time
	// SystemName and EntityID are ${SYSTEMNAME} and ${ENTITYID}.
	SystemName string
	EntityID   string
}

// Executor runs calls through a plan. It is safe for many calls at once.
type Executor struct {
	config  Config
	plan    func() *Plan
	apps    Apps
	funcs   Functions
	globals *Globals
	log     *slog.Logger
	now     func() time.Time
	system  string
	entity  string
}

// NewExecutor makes an executor. Plan, Globals and Log must be given.
func NewExecutor(o Options) (*Executor, error) {
	if err := o.Config.Validate(); err != nil {
		return nil, err
	}
	if o.Plan == nil || o.Globals == nil || o.Log == nil {
		return nil, errors.New("dialplan: executor without a plan, globals or a logger")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Executor{
		config: o.Config, plan: o.Plan, apps: o.Apps, funcs: o.Functions, globals: o.Globals,
		log: o.Log, now: o.Now, system: o.SystemName, entity: o.EntityID,
	}, nil
}

// Apps is the table of applications.
func (x *Executor) Apps() Apps { return x.apps }

// Functions is the table of functions.
func (x *Executor) Functions() Functions { return x.funcs }

// Globals are the global variables.
func (x *Executor) Globals() *Globals { return x.globals }

// Plan is the plan as it is now.
func (x *Executor) Plan() *Plan { return x.plan() }

// NewCall makes the call of a channel. It holds what outlives a redirection: the
// subroutine stack, the timeouts.
func (x *Executor) NewCall(ch Channel) *Call {
	return &Call{
		exec: x, ch: ch,
		log:      x.log.With("channel", ch.Name()),
		response: x.config.ResponseTimeout,
		digit:    x.config.DigitTimeout,
		budget:   budget{left: float64(x.config.Burst), at: x.now()},
	}
}

// Run is NewCall and Call.Run, for a channel that is never redirected.
func (x *Executor) Run(ctx context.Context, ch Channel, start Position) Outcome {
	return x.NewCall(ch).Run(ctx, start)
}
