package function

import (
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/timing"
)

func readIf(_ *dialplan.Call, args string) (string, error) {
	condition, yes, no := argument.Choice(args, true)
	if condition == "" && (args == "" || args[0] != ' ') {
		return "", bad("IF", args, "IF(condition?[true][:false])")
	}
	if argument.Truth(condition) {
		return yes, nil
	}
	return no, nil
}

func readIfTime(c *dialplan.Call, args string) (string, error) {
	when, yes, no := argument.Choice(args, true)
	// Colons of the times come before the question mark, so the first cut is right.
	t, err := timing.Parse(when)
	if err != nil {
		return no, err
	}
	if t.Holds(c.Now()) {
		return yes, nil
	}
	return no, nil
}

func exists(s string) string { return bit(s != "") }

func isNull(s string) string { return bit(s == "") }
