package dialplan

import (
	"context"
	"errors"
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

var (
	errNoEndWhile = errors.New("no EndWhile follows in this extension")
	errNoWhile    = errors.New("no While stands above in this extension")
)

// while is While(condition): where it does not hold, the call goes on behind the
// EndWhile that belongs to it.
func while(_ context.Context, c *Call, args string) error {
	if argument.Truth(args) {
		return nil
	}
	return c.leaveWhile()
}

func endWhile(_ context.Context, c *Call, _ string) error { return c.repeatWhile() }

func continueWhile(_ context.Context, c *Call, _ string) error { return c.repeatWhile() }

func exitWhile(_ context.Context, c *Call, _ string) error { return c.leaveWhile() }

// leaveWhile goes behind the EndWhile of the loop around this step. Where there is none
// the call goes on, with a warning.
func (c *Call) leaveWhile() error {
	end, ok := c.scan(+1, "EndWhile", "While")
	if !ok {
		c.warn("While", "err", errNoEndWhile)
		return nil
	}
	c.Goto(Position{c.at.Context, c.at.Exten, end + 1})
	return nil
}

// repeatWhile goes to the While of the loop around this step; it too goes on without.
func (c *Call) repeatWhile() error {
	begin, ok := c.scan(-1, "While", "EndWhile")
	if !ok {
		c.warn("While", "err", errNoWhile)
		return nil
	}
	c.Goto(Position{c.at.Context, c.at.Exten, begin})
	return nil
}

// scan looks from this step up or down for an application, passing over pairs of
// opens and wanted.
func (c *Call) scan(step int, wanted, opens string) (priority int, ok bool) {
	depth := 0
	for n := c.at.Priority + step; n >= 1; n += step {
		found, ok := c.find(Position{c.at.Context, c.at.Exten, n})
		if !ok {
			return 0, false
		}
		switch app := found.Priority.App; {
		case strings.EqualFold(app, opens):
			depth++
		case strings.EqualFold(app, wanted) && depth == 0:
			return n, true
		case strings.EqualFold(app, wanted):
			depth--
		}
	}
	return 0, false
}
