package referral

import (
	"context"
	"log/slog"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	"github.com/skygenesisenterprise/skybridge/signaling/transfer"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/refer"
)

// actTimeout bounds what a transfer waits for: channels only.
const actTimeout = 10 * time.Second

// Case is a REFER that was let in, inside its dialog or not.
type Case struct {
	Transfers *transfer.Service
	Endpoint  *directory.Endpoint // its sender
	Channel   *signaling.Channel  // whose party is to be transferred
	Log       *slog.Logger
	// Second is the channel of a dialog of ours that is named, nil for none.
	Second func(*refer.Replaces) *signaling.Channel
	// Ours and Trunk report whether a URI's host is ours, or that of a trunk.
	Ours, Trunk func(message.URI) bool
	// Reachable reports whether an extension is there to be dialled.
	Reachable func(context, exten string, caller signaling.CallerID) bool
	// Accept sends a 2xx and tells how to send the NOTIFYs of a Progress, nil for none.
	Accept func(ua.Reply, *Progress) (Send, error)
	// Spawn runs the transfer on a goroutine of its sender's call.
	Spawn func(func())

	asked    refer.Request
	progress *Progress
}

// Begin begins the transfer that a request asks for, or gives the status that refuses it. id
// is that of New.
func (c *Case) Begin(req *message.Request, id string) (p *Progress, status int) {
	var err error
	if c.asked, err = refer.Parse(req); err != nil {
		return nil, c.refuse(err)
	}
	act, err := c.plan()
	if err != nil {
		return nil, c.refuse(err)
	}
	c.progress = New(id, c.Log)
	reply, told := ua.Reply{Status: 202}, c.progress
	if c.asked.Silent {
		reply.Headers, told = []message.Header{{Name: "Refer-Sub", Value: "false"}}, nil
	}
	send, err := c.Accept(reply, told)
	if err != nil {
		c.progress.End()
		return nil, c.refuse(err) // goes nowhere as well where only the sending failed
	}
	if c.asked.Silent {
		send = nil
	}
	c.progress.Begin(send)
	c.progress.Tell(100)
	c.Spawn(func() {
		ctx, cancel := context.WithTimeout(context.Background(), actTimeout)
		defer cancel()
		failed := 500 // of a panic: the end of the call waits for the last word
		defer func() {
			if failed > 0 {
				c.progress.Tell(failed)
			}
		}()
		if err := act(ctx); err != nil {
			failed = c.status(err)
		} else {
			failed = 0
		}
	})
	return c.progress, 0
}

func (c *Case) refuse(err error) int {
	c.Log.Info("transfer refused", "to", c.asked.To.User, "err", err)
	return c.status(err)
}

// status is how an error is told; who cannot be transferred is nothing to be waited for.
func (c *Case) status(err error) int {
	if fault.Of(err) == fault.Conflict {
		return 603
	}
	return fault.Of(err).SIPStatus()
}

// plan finds what a REFER asks for, and whether its sender may ask for it.
func (c *Case) plan() (func(context.Context) error, error) {
	to := c.asked.To
	if c.asked.Replaces != nil {
		if second := c.Second(c.asked.Replaces); second != nil {
			return c.attended(second)
		}
	}
	trunk := c.Trunk(to)
	if !trunk && !c.Ours(to) {
		return nil, fault.New(fault.Forbidden, "%q is none of our hosts", to.Host)
	}
	other, _, err := c.Transfers.Peer(c.Channel)
	if err != nil {
		return nil, err
	}
	caller, where, exten := other.Snapshot().Caller, transfer.Context(c.Channel, c.Endpoint.Context), to.User
	if c.asked.Replaces != nil { // a dialog elsewhere
		switch {
		case c.Reachable(where, External, caller):
			exten = External
		case !trunk:
			return nil, fault.New(fault.Gone, "no dialog %s here, and no way to it", c.asked.Replaces.CallID)
		}
	}
	if !c.Reachable(where, exten, caller) {
		return nil, fault.New(fault.NotFound, "no extension %q in context %q", exten, where)
	}
	return func(ctx context.Context) error { return c.blind(ctx, where, exten) }, nil
}

func (c *Case) blind(ctx context.Context, where, exten string) error {
	follows := c.Endpoint.BlindProgress && !c.asked.Silent
	stop := func() {}
	err := c.Transfers.Blind(ctx, transfer.Blind{
		Transferer: c.Channel, Context: where, Exten: exten, External: true, Variables: Variables(&c.asked),
		Before: func(other *signaling.Channel) {
			if follows {
				stop = c.Transfers.Follow(other, func(s transfer.Step) { c.progress.Tell(int(s)) })
			}
		},
	})
	switch {
	case err != nil:
		stop()
	case !follows:
		c.progress.Tell(200)
	}
	return err
}

// attended joins the channel's party with that of another channel.
func (c *Case) attended(second *signaling.Channel) (func(context.Context) error, error) {
	if second.Ended() {
		return nil, fault.New(fault.Gone, "the call to be joined has ended")
	}
	return func(ctx context.Context) error {
		err := c.Transfers.Attended(ctx, transfer.Attended{First: c.Channel, Second: second, External: true})
		if err == nil {
			c.progress.Tell(200)
		}
		return err
	}, nil
}
