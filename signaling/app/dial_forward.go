package app

import (
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dial"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/signaling/extension"
	"github.com/skygenesisenterprise/skybridge/signaling/party"
)

// What the called phone has switched on, where one phone alone is dialled: a call that it
// forwards goes on in the plan as if the phone itself had dialled there.

// forwardTo sends the caller on.
func (d *attempt) forwardTo(to *extension.Forward) {
	d.caller.Log().Info("call forwarded", "endpoint", to.Way.From().Number, "exten", to.Exten, "reason", to.Way.Reason().String())
	d.set("DIALSTATUS", "") // the call is not over
	d.caller.SetRedirecting(to.Way)
	d.call.Goto(dialplan.Position{Context: to.Context, Exten: to.Exten, Priority: 1})
}

// notRung is what a call came to that the phone does not take.
func (d *attempt) notRung(err error) {
	d.caller.Log().Info("phone not rung", "err", err)
	status := dial.Unavailable
	if fault.Of(err) == fault.Busy {
		status = dial.Busy
	}
	d.set("DIALSTATUS", string(status))
	d.call.Channel().SetHangupCause(int(signaling.CauseOf(err)))
}

// refused reports whether a call that nobody took goes on elsewhere, or nowhere.
func (d *attempt) refused(result *dial.Result, target *dialstring.Target) bool {
	if target == nil || d.options.stays || d.place.taken() {
		return false
	}
	var why party.Reason
	switch {
	case result.Status == dial.Busy:
		why = party.Busy
	case result.Status == dial.NoAnswer:
		why = party.NoAnswer
	case result.Status == dial.Unavailable && result.Cause == signaling.CauseAbsent:
		why = party.NotAvailable
	default:
		return false
	}
	to, err := d.services.Extensions.After(*target, why, d.caller.Snapshot().Redirecting)
	switch {
	case err != nil:
		d.notRung(err)
	case to != nil:
		d.forwardTo(to)
	}
	return err != nil || to != nil
}

// follow is what becomes of the wish of who is called to be called elsewhere: where it alone
// is dialled, the caller goes on in the plan as it does for a forward.
func (d *attempt) follow() dial.Follow {
	switch {
	case d.options.stays:
		return dial.FollowNobody
	case d.only:
		return dial.FollowPlan
	}
	return dial.FollowBeside
}
