package stasis

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// Start is the data of StasisStart.
type Start struct {
	Channel signaling.ChannelSnapshot
	Args    []string
	Replace *signaling.ChannelSnapshot // whose place the channel has taken; nil for nobody's
}

// End is the data of StasisEnd.
type End struct {
	Channel signaling.ChannelSnapshot
	// Statistics is what was measured of the channel's audio, where Config asks for it; nil is nothing.
	Statistics any
}

// MoveFailed is the data of ApplicationMoveFailed.
type MoveFailed struct {
	Channel     signaling.ChannelSnapshot
	Destination string
	Args        []string
}

// Control is a channel in an application's hands, from its StasisStart to its StasisEnd.
type Control struct {
	registry *Registry
	channel  *signaling.Channel
	orders   chan order
	done     chan struct{}

	// The registry's lock guards these.
	app    *app
	bridge string // that the application follows because the channel is in it
	began  bool
	over   bool // it takes no more orders
}

// order ends a channel's time with an application.
type order struct {
	to   string // the application that it goes to; empty is none
	args []string
	at   dialplan.Position // where it goes on in the plan; the zero value is where it is
}

// Enter gives a channel to an application, and returns when that gives it back: with the place in the
// plan where it is to go on, the zero value for where it is. It runs on the goroutine of the channel's
// program. It fails with fault.NotFound when nobody listens as app, fault.Conflict for a channel that
// is in some application's hands, and with the cause of ctx.
func (r *Registry) Enter(ctx context.Context, app string, c *signaling.Channel, args []string) (dialplan.Position, error) {
	return r.enter(ctx, app, c, args, nil)
}

// EnterInstead is Enter for a channel that has taken another one's place.
func (r *Registry) EnterInstead(ctx context.Context, app string, c *signaling.Channel, args []string, of *signaling.ChannelSnapshot) (dialplan.Position, error) {
	return r.enter(ctx, app, c, args, of)
}

func (r *Registry) enter(ctx context.Context, name string, c *signaling.Channel, args []string, of *signaling.ChannelSnapshot) (dialplan.Position, error) {
	control, err := r.take(name, c)
	if err != nil {
		return dialplan.Position{}, err
	}
	defer r.release(control)
	r.publish(name, event.StasisStart, c, Start{c.Snapshot(), args, of})
	for {
		o, err := control.wait(ctx)
		if err == nil && o.to != "" && !r.listens(o.to) {
			r.publish(control.App(), event.ApplicationMoveFailed, c, MoveFailed{c.Snapshot(), o.to, o.args})
			continue
		}
		if err != nil || o.to == "" {
			control.depart()
			control.tellEnd()
			return o.at, err
		}
		control.tellEnd()
		r.hand(control, o.to)
		r.publish(o.to, event.StasisStart, c, Start{Channel: c.Snapshot(), Args: o.args})
	}
}

// take makes a channel an application's.
func (r *Registry) take(name string, c *signaling.Channel) (*Control, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, err := r.find(name)
	if err != nil {
		return nil, err
	}
	switch {
	case !a.active():
		return nil, fault.New(fault.NotFound, "nobody listens as %q", name)
	case r.controls[c.ID()] != nil:
		return nil, fault.New(fault.Conflict, "channel %s is in an application's hands", c.Name())
	}
	control := &Control{registry: r, channel: c, app: a, orders: make(chan order, 1), done: make(chan struct{})}
	r.controls[c.ID()] = control
	a.inside++
	return control, nil
}

// release ends an application's time with a channel.
func (r *Registry) release(control *Control) {
	r.mu.Lock()
	defer r.mu.Unlock()
	control.over = true
	delete(r.controls, control.channel.ID())
	control.app.inside--
	r.settle(control.app)
	close(control.done)
}

// hand gives a channel to another application, and what it is in to follow.
func (r *Registry) hand(control *Control, to string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, err := r.make(to)
	if err != nil {
		return // it was there a moment ago: the channel stays with nobody until it ends
	}
	before := control.app
	before.inside--
	a.inside++
	control.app = a
	control.over = false
	if bridge := string(control.channel.Snapshot().Bridge); bridge != "" {
		control.bridge = bridge
		r.follow(a, Topic{OfBridge, bridge})
	}
	r.settle(before)
}

// listens reports whether somebody listens for an application.
func (r *Registry) listens(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, err := r.find(name)
	return err == nil && a.active()
}

// wait waits for an order, or the channel's end.
func (c *Control) wait(ctx context.Context) (order, error) {
	select {
	case o := <-c.orders:
		return o, nil
	case <-ctx.Done():
		return order{}, context.Cause(ctx)
	}
}

// depart takes the channel out of its bridge, and lets everything be told that has happened to it
// before its end with the application is.
func (c *Control) depart() {
	ctx := context.WithoutCancel(c.channel.Live())
	if id := c.channel.Snapshot().Bridge; id != "" && !c.channel.Ended() {
		if b, err := c.registry.cfg.Engine.Bridge(id); err == nil {
			if err := b.Remove(ctx, c.channel); err != nil && fault.Of(err) != fault.Gone {
				c.channel.Log().Warn("channel not taken out of its bridge", "bridge", string(id), "err", err)
			}
		}
	}
	if err := c.channel.Do(ctx, func() error { return nil }); err != nil && fault.Of(err) != fault.Gone {
		c.channel.Log().Warn("channel's events are not waited for", "err", err)
	}
}

// tellEnd tells the application that the channel is not its any more.
func (c *Control) tellEnd() {
	c.registry.mu.Lock()
	c.over = true
	name := c.app.name
	c.registry.mu.Unlock()
	c.registry.publish(name, event.StasisEnd, c.channel, End{Channel: c.channel.Snapshot()})
}

// Control is the channel of an id in an application's hands. It fails with fault.NotFound when there
// is no such channel, and with fault.Conflict when it is in none's.
func (r *Registry) Control(id string) (*Control, error) {
	r.mu.Lock()
	control := r.controls[signaling.ChannelID(id)]
	r.mu.Unlock()
	if control != nil {
		return control, nil
	}
	c, err := r.cfg.Engine.Channel(id)
	if err != nil {
		return nil, err
	}
	r.mu.Lock() // it was found by its name
	defer r.mu.Unlock()
	if control := r.controls[c.ID()]; control != nil {
		return control, nil
	}
	return nil, fault.New(fault.Conflict, "channel %s is in no application's hands", c.Name())
}

// Channel is the channel.
func (c *Control) Channel() *signaling.Channel { return c.channel }

// App is the application that has the channel.
func (c *Control) App() string {
	c.registry.mu.Lock()
	defer c.registry.mu.Unlock()
	return c.app.name
}

// Done is closed when the channel is in no application's hands any more.
func (c *Control) Done() <-chan struct{} { return c.done }

// Continue gives the channel back to the plan, at a position or, where that is the zero value, after
// what has brought it here. It returns at once; an order that was given before counts.
func (c *Control) Continue(at dialplan.Position) { c.order(order{at: at}) }

// Move gives the channel to another application. It returns at once; where nobody listens for that,
// this one is told (ApplicationMoveFailed) and keeps the channel.
func (c *Control) Move(app string, args []string) { c.order(order{to: app, args: args}) }

func (c *Control) order(o order) {
	select {
	case c.orders <- o:
	default:
	}
}
