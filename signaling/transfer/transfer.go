// Package transfer moves the other party of a conversation elsewhere: blind, to an extension
// of the dialplan, or attended, to whom the transferer speaks with in a second call, whatever
// that call is doing. How somebody asks for it (REFER, digits, REST) is for others to know.
//
// Bridges and legs stay as they are: a party goes from one bridge to the other, and what is
// recorded, tapped or counted of its channel goes on.
//
// Goroutines: one per blind transfer whose progress is followed (Follow), which ends with it.
package transfer

import (
	"context"
	"log/slog"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// Config is what transfers need.
type Config struct {
	Engine *signaling.Engine
	// Exists reports whether an extension can be dialled; Run takes a channel on which
	// nothing runs through the dialplan.
	Exists func(context, exten string, caller signaling.CallerID) bool
	Run    func(ctx context.Context, c *signaling.Channel, at dialplan.Position) error
	Log    *slog.Logger
}

// Service transfers calls.
type Service struct{ cfg Config }

// New makes a service.
func New(cfg Config) *Service { return &Service{cfg} }

const (
	// contextVariable names the context that a party's transfers go to.
	contextVariable = "TRANSFER_CONTEXT"
	// transfererVariable is set on who is transferred.
	transfererVariable = "TRANSFERERNAME"
)

// Context is where a channel's transfers lead: TRANSFER_CONTEXT, or what its endpoint says.
func Context(c *signaling.Channel, otherwise string) string {
	if v, ok := c.Vars().Get(contextVariable); ok && v != "" {
		return v
	}
	return otherwise
}

// Peer is whom a channel can transfer. It fails with fault.Conflict for who talks to nobody,
// or to more than one.
func (s *Service) Peer(c *signaling.Channel) (*signaling.Channel, *signaling.Bridge, error) {
	b, err := s.Bridge(c)
	if err != nil {
		return nil, nil, err
	}
	other := b.Peer(c)
	if other == nil || !talking(c, other) {
		return nil, nil, fault.New(fault.Conflict, "%s does not talk to one other party", c.Name())
	}
	return other, b, nil
}

// Bridge is where a channel is. It fails with fault.Conflict for one that is nowhere.
func (s *Service) Bridge(c *signaling.Channel) (*signaling.Bridge, error) {
	b, err := s.cfg.Engine.Bridge(c.Snapshot().Bridge)
	if err != nil {
		return nil, fault.New(fault.Conflict, "%s talks to nobody", c.Name())
	}
	return b, nil
}

// Blind is a transfer to an extension.
type Blind struct {
	Transferer *signaling.Channel
	// Transferee is who is to go, and Bridge where it is: nil for whom the transferer talks to.
	Transferee *signaling.Channel
	Bridge     *signaling.Bridge
	Context    string
	Exten      string
	// External says that it came from outside (REFER), not by digits of the call.
	External bool
	// Variables are set on the channel that is transferred.
	Variables []dialplan.Variable
	// Onward is where the transferer goes on in the plan; nil ends its call.
	Onward *dialplan.Position
	// Before, where set, is called with that channel before it goes.
	Before func(transferee *signaling.Channel)
}

// BlindEvent is the data of BridgeBlindTransfer.
type BlindEvent struct {
	Transferer signaling.ChannelSnapshot
	Transferee signaling.ChannelSnapshot
	Bridge     signaling.BridgeSnapshot
	Context    string
	Exten      string
	External   bool
	Result     Result
}

// Result is how a transfer ended, in ARI's words.
type Result string

// The results.
const (
	Success      Result = "Success"
	Invalid      Result = "Invalid"
	NotPermitted Result = "Not Permitted"
	Fail         Result = "Fail"
)

// resultOf is the result that an error stands for.
func resultOf(err error) Result {
	switch {
	case err == nil:
		return Success
	case fault.Of(err) == fault.Forbidden:
		return NotPermitted
	case fault.Of(err) == fault.NotFound || fault.Of(err) == fault.Conflict || fault.Of(err) == fault.Invalid:
		return Invalid
	}
	return Fail
}

// Blind sends the transferer's other party to an extension. The transferer's call ends with
// its conversation. It fails with fault.NotFound for an extension that is not there and
// fault.Conflict for who cannot be transferred; then everything is as before.
func (s *Service) Blind(ctx context.Context, t Blind) error {
	other, b, err := t.Transferee, t.Bridge, error(nil)
	if other == nil {
		other, b, err = s.Peer(t.Transferer)
	}
	if err != nil {
		return err
	}
	e := BlindEvent{
		Transferer: t.Transferer.Snapshot(), Transferee: other.Snapshot(), Bridge: b.Snapshot(),
		Context: t.Context, Exten: t.Exten, External: t.External,
	}
	err = s.blind(ctx, &t, other)
	if err == nil { // the plan may have taken it elsewhere already
		err = b.Remove(ctx, other)
	}
	e.Result = resultOf(err)
	s.publish(event.BridgeBlindTransfer, t.Transferer, e.Bridge.ID, e)
	s.log(t.Transferer, "blind transfer", err, "transferee", other.Name(), "exten", t.Exten, "context", t.Context)
	return err
}

func (s *Service) blind(ctx context.Context, t *Blind, other *signaling.Channel) error {
	if !s.cfg.Exists(t.Context, t.Exten, other.Snapshot().Caller) {
		return fault.New(fault.NotFound, "no extension %q in context %q", t.Exten, t.Context)
	}
	other.Vars().Set("BLINDTRANSFER", t.Transferer.Name())
	other.Vars().Set(transfererVariable, t.Transferer.Name())
	other.Vars().Delete("ATTENDEDTRANSFER")
	t.Transferer.Vars().Set("BLINDTRANSFER", other.Name())
	for _, v := range t.Variables {
		other.Vars().Set(v.Name, v.Value)
	}
	if t.Before != nil {
		t.Before(other)
	}
	if t.Onward == nil {
		t.Transferer.LetGo()
	}
	err := s.send(ctx, other, dialplan.Position{Context: t.Context, Exten: t.Exten, Priority: 1})
	if err == nil && t.Onward != nil {
		if lost := s.send(ctx, t.Transferer, *t.Onward); lost != nil {
			t.Transferer.Log().Warn("the plan does not go on after a transfer, the call ends", "err", lost)
			t.Transferer.LetGo()
		}
	}
	return err
}

// send lets a channel go on in the plan, whether or not something runs on it already.
func (s *Service) send(ctx context.Context, c *signaling.Channel, at dialplan.Position) error {
	if c.Goto(at) == nil {
		return nil
	}
	err := s.cfg.Run(ctx, c, at)
	if fault.Of(err) == fault.Conflict { // something else runs there, which nobody can end
		return fault.New(fault.Conflict, "%s cannot be sent through the plan: %w", c.Name(), err)
	}
	return err
}

func (s *Service) publish(t event.Type, c *signaling.Channel, b signaling.BridgeID, data any) {
	s.cfg.Engine.Bus().Publish(event.Event{Type: t, Channel: string(c.ID()), Bridge: string(b), Data: data})
}

func (s *Service) log(c *signaling.Channel, what string, err error, args ...any) {
	if err != nil {
		c.Log().Info(what+" failed", append(args, "err", err)...)
		return
	}
	c.Log().Info(what, args...)
}
