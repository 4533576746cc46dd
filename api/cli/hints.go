package cli

import (
	"io"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling"
)

const hintRow = "%-30.30s: %-60.60s  State:%-15.15s Presence:%-15.15s Watchers %2d"

// hint is an extension whose state others may watch, and the devices that it stands for.
type hint struct{ exten, context, devices string }

// hints are those of the dialplan.
func (c *Console) hints() []hint {
	var out []hint
	for _, ctx := range c.Plan().Contexts() {
		for _, e := range ctx.Extensions {
			if e.Hint != nil {
				out = append(out, hint{e.Name(), ctx.Name, e.Hint.App})
			}
		}
	}
	return out
}

func showHints(c *Console, w io.Writer, _ []string) error {
	p := printer{w: w}
	list := c.hints()
	if len(list) == 0 {
		p.line("There are no registered dialplan hints")
		return p.err
	}
	p.text("\n    -= Registered Asterisk Dial Plan Hints =-\n")
	p.hints(c, list)
	p.line("----------------")
	p.line("- %d hint%s registered", len(list), plural(len(list)))
	return p.err
}

func showHint(c *Console, w io.Writer, args []string) error {
	p := printer{w: w}
	if len(args) != 1 {
		p.line("Usage: core show hint <exten>")
		return p.err
	}
	list := slices.DeleteFunc(c.hints(), func(h hint) bool { return h.exten != args[0] })
	if len(list) == 0 {
		p.line("No hints matching extension %s", args[0])
		return p.err
	}
	p.hints(c, list)
	p.line("%d hint%s matching extension %s", len(list), plural(len(list)), args[0])
	return p.err
}

func (p *printer) hints(c *Console, list []hint) {
	endpoints, channels := c.Engine.Endpoints(), c.Engine.Channels()
	for _, h := range list {
		p.line(hintRow, h.exten+"@"+h.context, h.devices, devicesState(h.devices, endpoints, channels), "not_set", 0)
	}
}

// devicesState is what devices, joined by &, are together: one that talks makes all
// of them in use, one that rings ringing, and they are unavailable if all are.
func devicesState(devices string, endpoints []signaling.EndpointSnapshot, channels []signaling.ChannelSnapshot) string {
	seen := make(map[state]bool)
	devices, _, _ = strings.Cut(devices, ",") // what follows is presence
	for device := range strings.SplitSeq(devices, "&") {
		seen[deviceNamed(strings.TrimSpace(device), endpoints, channels)] = true
	}
	switch {
	case seen[both], seen[ringing] && (seen[inUse] || seen[onHold]):
		return both.hint
	case seen[inUse], seen[onHold] && len(seen) > 1:
		return inUse.hint
	}
	for _, s := range []state{ringing, onHold, idle} {
		if seen[s] {
			return s.hint
		}
	}
	return unavailable.hint
}

// deviceNamed is the state of PJSIP/1001 or SIP/1001.
func deviceNamed(device string, endpoints []signaling.EndpointSnapshot, channels []signaling.ChannelSnapshot) state {
	tech, name, _ := strings.Cut(device, "/")
	if !strings.EqualFold(tech, "PJSIP") && !strings.EqualFold(tech, "SIP") {
		return unavailable
	}
	i := slices.IndexFunc(endpoints, func(e signaling.EndpointSnapshot) bool { return e.Name == name })
	if i < 0 {
		return unavailable
	}
	return deviceState(endpoints[i], channelsOf(endpoints[i], channels))
}
