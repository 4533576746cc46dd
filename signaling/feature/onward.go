package feature

import (
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

// onwardVariable is where who transfers blind by keys goes on in the plan.
const onwardVariable = "GOTO_ON_BLINDXFR"

// onward is where a party goes on once it has transferred the other one, nil for the end of its
// call: context^extension^priority, of which the first ones may be left out.
func onward(c *signaling.Channel) *dialplan.Position {
	v, _ := c.Vars().Get(onwardVariable)
	if v = strings.TrimSpace(v); v == "" {
		return nil
	}
	parts := strings.FieldsFunc(v, func(r rune) bool { return r == '^' || r == ',' })
	now := c.Snapshot().Dialplan
	at := dialplan.Position{Context: now.Context, Exten: now.Exten}
	n, err := 0, error(nil)
	if len(parts) > 0 {
		n, err = strconv.Atoi(strings.TrimSpace(parts[len(parts)-1]))
	}
	if err != nil || n < 1 || len(parts) > 3 {
		c.Log().Warn(onwardVariable+" is no context^extension^priority, the call ends after the transfer", "value", v)
		return nil
	}
	at.Priority = n
	if len(parts) > 1 {
		at.Exten = strings.TrimSpace(parts[len(parts)-2])
	}
	if len(parts) > 2 {
		at.Context = strings.TrimSpace(parts[0])
	}
	return &at
}
