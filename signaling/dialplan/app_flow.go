package dialplan

import (
	"context"
	"strconv"
	"strings"
)

func noOp(context.Context, *Call, string) error { return nil }

// set is Set(name=value). Everything after the first "=" is the value.
func set(_ context.Context, c *Call, args string) error {
	name, value, ok := strings.Cut(args, "=")
	if !ok {
		c.warn("Set without =", "args", args)
		return nil
	}
	if err := c.SetVar(strings.TrimSpace(name), value); err != nil {
		c.warn("Set", "err", err)
	}
	return nil
}

func gotoApp(_ context.Context, c *Call, args string) error {
	return c.GotoTarget(strings.TrimSpace(args))
}

// gotoIf is GotoIf(condition?whereTrue:whereFalse). A side left out is no jump.
func gotoIf(_ context.Context, c *Call, args string) error {
	target := choose(args)
	if target == "" {
		return nil
	}
	return c.GotoTarget(target)
}

// choose gives the branch of "condition?yes:no" that holds.
func choose(args string) string {
	condition, branches, _ := strings.Cut(args, "?")
	yes, no, _ := strings.Cut(branches, ":")
	if Truth(condition) {
		return strings.TrimSpace(yes)
	}
	return strings.TrimSpace(no)
}

// Truth is how GotoIf, ExecIf, While and IF() take a condition: nothing is false, a
// number is true unless zero, any other text is true.
func Truth(condition string) bool {
	condition = strings.TrimSpace(condition)
	if condition == "" {
		return false
	}
	if condition[0] >= '0' && condition[0] <= '9' || condition[0] == '-' || condition[0] == '+' {
		n, ok := leadingInt(condition)
		return !ok || n != 0
	}
	return true
}

// hangup is Hangup([cause]); the cause is a Q.850 number or a name.
func hangup(_ context.Context, c *Call, args string) error {
	args = strings.TrimSpace(args)
	if args != "" {
		cause, err := strconv.Atoi(args)
		if err != nil || cause < 0 || cause > 127 {
			var ok bool
			if cause, ok = causeNames[strings.ToLower(strings.TrimPrefix(strings.ToUpper(args), "AST_CAUSE_"))]; !ok {
				c.warn("Hangup with an unknown cause", "args", args)
				cause = 16
			}
		}
		c.ch.SetHangupCause(cause)
	}
	return ErrHangup
}

// causeNames are Q.850 causes by the names that Asterisk takes, in lower case.
var causeNames = map[string]int{
	"unallocated": 1, "no_route_transit_net": 2, "no_route_destination": 3,
	"normal_clearing": 16, "normal": 16, "user_busy": 17, "busy": 17, "no_user_response": 18, "no_answer": 19,
	"subscriber_absent": 20, "call_rejected": 21, "number_changed": 22, "redirected_to_new_destination": 23,
	"answered_elsewhere": 26, "destination_out_of_order": 27, "invalid_number_format": 28,
	"facility_rejected": 29, "response_to_status_enquiry": 30, "normal_unspecified": 31,
	"normal_circuit_congestion": 34, "congestion": 34, "network_out_of_order": 38,
	"normal_temporary_failure": 41, "failure": 38, "switch_congestion": 42, "requested_chan_unavail": 44,
	"facility_not_subscribed": 50, "outgoing_call_barred": 52, "incoming_call_barred": 54,
	"bearercapability_notauth": 57, "bearercapability_notavail": 58, "bearercapability_notimpl": 65,
	"chan_not_implemented": 66, "facility_not_implemented": 69, "invalid_call_reference": 81,
	"incompatible_destination": 88, "mandatory_ie_missing": 96, "message_type_nonexist": 97,
	"wrong_message": 98, "ie_nonexist": 99, "invalid_ie_contents": 100, "wrong_call_state": 101,
	"recovery_on_timer_expire": 102, "protocol_error": 111, "interworking": 127,
}
