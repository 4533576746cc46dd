package dialplan

import (
	"context"
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/timing"
)

func noOp(context.Context, *Call, string) error { return nil }

func gotoApp(_ context.Context, c *Call, args string) error {
	return c.GotoTarget(strings.TrimSpace(args))
}

// gotoIf is GotoIf(condition?whereTrue:whereFalse). A side left out is no jump.
func gotoIf(_ context.Context, c *Call, args string) error {
	condition, branches, _ := strings.Cut(args, "?")
	yes, no, _ := strings.Cut(branches, ":")
	return c.branch(argument.Truth(condition), yes, no)
}

// gotoIfTime is GotoIfTime(times,weekdays,mdays,months[,timezone]?yes:no). A time that
// is none never comes.
func gotoIfTime(_ context.Context, c *Call, args string) error {
	when, branches, _ := strings.Cut(args, "?")
	yes, no, _ := strings.Cut(branches, ":")
	t, err := timing.Parse(when)
	if err != nil {
		c.warn("GotoIfTime", "err", err)
	}
	return c.branch(err == nil && t.Holds(c.Now()), yes, no)
}

func (c *Call) branch(condition bool, yes, no string) error {
	target := no
	if condition {
		target = yes
	}
	if target = strings.TrimSpace(target); target == "" {
		return nil
	}
	return c.GotoTarget(target)
}

// execIf is ExecIf(condition?app(args):app(args)).
func execIf(ctx context.Context, c *Call, args string) error {
	condition, yes, no := argument.Choice(args, false)
	app := no
	if argument.Truth(condition) {
		app = yes
	}
	return execApp(ctx, c, app)
}

// execApp is Exec(app(args)).
func execApp(ctx context.Context, c *Call, text string) error {
	if text == "" {
		return nil
	}
	app, args, err := argument.Application(text)
	if err != nil {
		c.warn("Exec", "err", err)
	}
	return c.Exec(ctx, app, args)
}

// hangup is Hangup([cause]); the cause is a Q.850 number or a name.
func hangup(_ context.Context, c *Call, args string) error {
	if args = strings.TrimSpace(args); args != "" {
		cause, known := parseCause(args)
		if !known {
			c.warn("Hangup with an unknown cause", "args", args)
		}
		c.ch.SetHangupCause(cause)
	}
	return ErrHangup
}

const normalClearing = 16

func parseCause(text string) (cause int, known bool) {
	if n, ok := argument.Int(text); ok && n >= 0 && n <= 127 {
		if n == 0 {
			n = normalClearing
		}
		return n, true
	}
	if n, ok := causeNames[strings.TrimPrefix(strings.ToLower(text), "ast_cause_")]; ok {
		return n, true
	}
	return normalClearing, false
}

// causeNames are Q.850 causes by the names that Asterisk takes, in lower case.
var causeNames = map[string]int{
	"unallocated": 1, "no_route_transit_net": 2, "no_route_destination": 3,
	"normal_clearing": 16, "normal": 16, "user_busy": 17, "busy": 17, "no_user_response": 18, "no_answer": 19,
	"subscriber_absent": 20, "call_rejected": 21, "number_changed": 22, "redirected_to_new_destination": 23,
	"answered_elsewhere": 26, "destination_out_of_order": 27, "invalid_number_format": 28,
	"facility_rejected": 29, "response_to_status_enquiry": 30, "normal_unspecified": 31,
	"normal_circuit_congestion": 34, "congestion": 34, "network_out_of_order": 38, "failure": 38,
	"normal_temporary_failure": 41, "switch_congestion": 42, "requested_chan_unavail": 44,
	"facility_not_subscribed": 50, "outgoing_call_barred": 52, "incoming_call_barred": 54,
	"bearercapability_notauth": 57, "bearercapability_notavail": 58, "bearercapability_notimpl": 65,
	"chan_not_implemented": 66, "facility_not_implemented": 69, "invalid_call_reference": 81,
	"incompatible_destination": 88, "mandatory_ie_missing": 96, "message_type_nonexist": 97,
	"wrong_message": 98, "ie_nonexist": 99, "invalid_ie_contents": 100, "wrong_call_state": 101,
	"recovery_on_timer_expire": 102, "protocol_error": 111, "interworking": 127,
}

// raiseException is RaiseException(reason).
func raiseException(_ context.Context, c *Call, args string) error {
	from := c.at
	if !c.except(args) {
		c.warn("RaiseException without an e extension", "args", args)
		return ErrHangup
	}
	c.Goto(c.at)
	c.at = from
	return nil
}
