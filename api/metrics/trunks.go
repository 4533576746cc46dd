package metrics

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling"
)

type snapshot = signaling.EndpointSnapshot

// byTrunk is the label of what is measured of one trunk.
var byTrunk = []string{"trunk"}

// trunks are the metrics of a trunk.
var trunks = []row[snapshot]{
	gauge("voip_trunk_up", "Whether calls can be sent there: it answers OPTIONS, where it is asked, and has our registration, where it wants one.",
		byTrunk, func(e snapshot) (float64, bool) { return truth(up(e)), true }),
	gauge("voip_trunk_registered", "Whether our registration there stands. Only of trunks that we register with.",
		byTrunk, func(e snapshot) (float64, bool) { return truth(registered(e)), e.Registration != "" }),
	gauge("voip_trunk_qualified", "Whether one of its addresses answers OPTIONS. Only of trunks that are asked.",
		byTrunk, qualified),
	gauge("voip_trunk_rtt_seconds", "How long its answer to the last OPTIONS took, the shortest of its addresses.",
		byTrunk, rtt),
	gauge("voip_trunk_calls", "Calls at this moment, both ways.",
		byTrunk, func(e snapshot) (float64, bool) { return float64(e.Calls), true }),
	gauge("voip_trunk_calls_limit", "The most calls at a time. Only of trunks with a limit.",
		byTrunk, func(e snapshot) (float64, bool) { return float64(e.MaxCalls), e.MaxCalls > 0 }),
	gauge("voip_trunk_calls_per_second_limit", "The most calls that may begin in a second. Only of trunks with a limit.",
		byTrunk, func(e snapshot) (float64, bool) { return e.PerSecond, e.PerSecond > 0 }),
	counter("voip_trunk_attempts_total", "Calls that were sent there.",
		byTrunk, func(e snapshot) (float64, bool) { return float64(e.Attempts), true }),
	counter("voip_trunk_answered_total", "Calls sent there that were answered.",
		byTrunk, func(e snapshot) (float64, bool) { return float64(e.Answered), true }),
	counter("voip_trunk_failures_total", "Calls that it failed at: no answer, no way there, or a refusal that speaks of the trunk.",
		byTrunk, func(e snapshot) (float64, bool) { return float64(e.Failures), true }),
	counter("voip_trunk_refused_total", "Calls that a limit kept away.",
		byTrunk, func(e snapshot) (float64, bool) { return float64(e.Refused), true }),
	gauge("voip_trunk_last_error_code", "SIP status of what went wrong last, 408 for silence, 503 for no way there; 0 for nothing.",
		byTrunk, func(e snapshot) (float64, bool) { return float64(e.LastStatus), true }),
	gauge("voip_trunk_retry_timestamp_seconds", "When it is tried again as before, after a failure. Only of trunks that rest.",
		byTrunk, func(e snapshot) (float64, bool) { return float64(e.RetryAt.Unix()), !e.RetryAt.IsZero() }),
}

func trunksOf(s Source) Part {
	return part[snapshot]{trunks, func(give func(snapshot, ...string)) {
		for _, e := range s.Endpoints() {
			if e.Trunk {
				give(e, e.Name)
			}
		}
	}}
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func registered(e snapshot) bool { return strings.HasPrefix(e.Registration, "Registered") }

// up tells whether a call has somewhere to go.
func up(e snapshot) bool {
	if e.Registration != "" && !registered(e) {
		return false
	}
	for _, c := range e.Contacts {
		if c.Status != signaling.ContactUnavailable {
			return true
		}
	}
	return false
}

func qualified(e snapshot) (v float64, asked bool) {
	for _, c := range e.Contacts {
		switch c.Status {
		case signaling.ContactAvailable:
			return 1, true
		case signaling.ContactUnavailable:
			asked = true
		}
	}
	return 0, asked
}

func rtt(e snapshot) (v float64, known bool) {
	for _, c := range e.Contacts {
		if s := c.RTT.Seconds(); s > 0 && (!known || s < v) {
			v, known = s, true
		}
	}
	return v, known
}
