// Package sendaway has the dialplan application Transfer: the party is asked to call somebody
// else itself, so that its call is no longer ours. Transfers between our own parties are
// package transfer's.
//
// It starts no goroutine.
package sendaway

import (
	"context"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/app"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

// Leg is a signaling.Leg whose party can be sent away (SIP REFER, or 302 before the answer).
type Leg interface {
	signaling.Leg
	// SendAway waits until the party has told how its own call went, and gives a status as
	// SIP has them; the error says that there is none.
	SendAway(ctx context.Context, to string) (status int, err error)
}

// Applications is this package's share of the table of applications.
func Applications() []dialplan.Application {
	return []dialplan.Application{
		{Name: "Transfer", Synopsis: "Ask the party to call another extension or address itself.", Run: transfer},
	}
}

// Values of TRANSFERSTATUS.
const (
	success     = "SUCCESS"
	failure     = "FAILURE"
	unsupported = "UNSUPPORTED"
)

// transfer is Transfer([technology/]destination). It sets TRANSFERSTATUS, and
// TRANSFERSTATUSPROTOCOL to the SIP status of a failure, otherwise to 0; the plan goes on.
func transfer(ctx context.Context, c *dialplan.Call, args string) error {
	set := func(status string, protocol int) {
		c.Channel().SetVar("TRANSFERSTATUS", status)
		c.Channel().SetVar("TRANSFERSTATUSPROTOCOL", strconv.Itoa(protocol))
	}
	to := strings.TrimSpace(args)
	ch, ok := app.ChannelOf(c)
	if !ok || to == "" || ch.Ended() {
		c.Log().Warn("Transfer: nobody to transfer, or nowhere to")
		set(failure, 0)
		return nil
	}
	if tech, rest, named := strings.Cut(to, "/"); named && !strings.Contains(tech, ":") {
		if !strings.EqualFold(tech, ch.Snapshot().Tech) && !(strings.EqualFold(tech, "SIP") && ch.Snapshot().Tech == "PJSIP") {
			c.Log().Warn("Transfer: the channel is of another technology", "technology", tech)
			set(failure, 0)
			return nil
		}
		to = rest
	}
	leg, ok := ch.Leg().(Leg)
	if !ok {
		set(unsupported, 0)
		return nil
	}
	up := ch.Snapshot().State == signaling.Up
	status, err := leg.SendAway(ctx, to)
	switch {
	case err != nil:
		c.Log().Info("party not transferred", "err", err)
		set(failure, 0)
	case up && status >= 300:
		c.Log().Info("party not transferred", "status", status)
		set(failure, status)
	default:
		set(success, 0)
	}
	if fault.Of(err) == fault.Gone || err == nil && !up { // the call ends with that
		<-ctx.Done()
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}
