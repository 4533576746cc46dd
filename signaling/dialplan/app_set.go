package dialplan

import (
	"context"
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

// set is Set(name=value). Everything after the first "=" is the value.
func set(_ context.Context, c *Call, args string) error {
	c.assign("Set", args)
	return nil
}

// mset is MSet(name=value[,name=value...]).
func mset(_ context.Context, c *Call, args string) error {
	for _, pair := range argument.Split(args, 0) {
		c.assign("MSet", pair)
	}
	return nil
}

// assign sets one variable. What cannot be set is warned of, and the call goes on.
func (c *Call) assign(app, pair string) {
	name, value, ok := strings.Cut(pair, "=")
	if !ok {
		c.warn(app+" without =", "args", pair)
		return
	}
	if !c.Strict() {
		name = strings.TrimSpace(name) // for Asterisk the spaces are part of it
	}
	if err := c.SetVar(name, value); err != nil {
		c.warn(app, "variable", name, "err", err)
	}
}

// clearHash is ClearHash(name).
func clearHash(_ context.Context, c *Call, args string) error {
	c.clearHash(strings.TrimSpace(args))
	return nil
}
