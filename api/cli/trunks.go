package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling"
)

const trunkRow = "%-24.24s %-14.14s %-9s %-7s %9s %10s %-10s %s"

// showTrunks lists the trunks: what our registration or their answer to OPTIONS says,
// calls and their limit, what they failed at.
func showTrunks(c *Console, w io.Writer, _ []string) error {
	p := printer{w: w}
	p.line(trunkRow, "Name", "State", "Calls", "Per s", "RTT (ms)", "Failures", "Retry in", "Last error")
	n := 0
	for _, e := range c.Engine.Endpoints() {
		if !e.Trunk {
			continue
		}
		n++
		p.line(trunkRow, e.Name, trunkState(e), fmt.Sprintf("%d/%s", e.Calls, limit(float64(e.MaxCalls))), limit(e.PerSecond), trunkRTT(e),
			fmt.Sprintf("%d/%d", e.Failures, e.Attempts), until(e.RetryAt, c.Now()), e.LastError)
	}
	p.line("%d trunks", n)
	return p.err
}

// trunkState is a trunk's state in a word.
func trunkState(e signaling.EndpointSnapshot) string {
	if e.Registration != "" {
		word, _, _ := strings.Cut(e.Registration, " ")
		return word
	}
	state := signaling.ContactUnavailable
	for _, ct := range e.Contacts {
		if ct.Status != signaling.ContactUnavailable {
			return string(ct.Status)
		}
	}
	return string(state)
}

func trunkRTT(e signaling.EndpointSnapshot) string {
	for _, ct := range e.Contacts {
		if ct.RTT > 0 {
			return fmt.Sprintf("%.3f", float64(ct.RTT)/float64(time.Millisecond))
		}
	}
	return "-"
}

// limit is a limit in digits; 0 is none.
func limit(v float64) string {
	if v == 0 {
		return "inf"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

func until(at, now time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.Sub(now).Round(time.Second).String()
}

// sendRegister has a registration, or all, try now.
func sendRegister(c *Console, w io.Writer, args []string) error {
	p := printer{w: w}
	if len(args) != 1 {
		p.line("Usage: pjsip send register <registration> | *all")
		return p.err
	}
	sent := 0
	for _, r := range c.Registrations() {
		if args[0] != "*all" && args[0] != r.Name {
			continue
		}
		if err := c.Register(r.Name); err != nil {
			return err
		}
		sent++
	}
	switch {
	case sent == 0 && args[0] != "*all":
		p.line("Unable to retrieve registration %s", args[0])
	case args[0] == "*all":
		p.line("Re-register all queued")
	default:
		p.line("Re-registration %s queued", args[0])
	}
	return p.err
}
