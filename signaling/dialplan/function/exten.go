package function

import (
	"strconv"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

// readDialplanExists is DIALPLAN_EXISTS(context[,exten[,priority]]).
func readDialplanExists(c *dialplan.Call, args string) (string, error) {
	parts := argument.Split(args, 3)
	switch len(parts) {
	case 0:
		return "", bad("DIALPLAN_EXISTS", args, "DIALPLAN_EXISTS(context[,exten[,priority]])")
	case 1:
		return bit(c.Plan().Context(parts[0]) != nil), nil
	}
	return bit(placeExists(c, parts[0], parts[1], argument.At(parts, 2))), nil
}

// readValidExten is VALID_EXTEN([context],exten[,priority]).
func readValidExten(c *dialplan.Call, args string) (string, error) {
	parts := argument.Split(args, 3)
	if argument.At(parts, 1) == "" {
		return "", bad("VALID_EXTEN", args, "VALID_EXTEN([context],exten[,priority])")
	}
	context := parts[0]
	if context == "" {
		context = c.Position().Context
	}
	return bit(placeExists(c, context, parts[1], argument.At(parts, 2))), nil
}

// placeExists reports whether a place exists; the priority is a number, a label or "".
func placeExists(c *dialplan.Call, context, exten, priority string) bool {
	caller, number := c.Channel().CallerID().Number, 1
	if priority != "" {
		n, err := strconv.Atoi(priority)
		if err != nil {
			n = c.Plan().FindLabel(context, exten, priority, caller, c.Now())
		}
		number = n
	}
	_, ok := c.Plan().Find(context, exten, number, caller, c.Now())
	return ok
}
