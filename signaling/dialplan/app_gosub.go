package dialplan

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/substitute"
)

var (
	errEmptyStack   = errors.New("nothing to return to: there was no Gosub")
	errNoSubroutine = errors.New("not in a subroutine")
)

// gosub is Gosub([[context,]exten,]priority[(arg1[,arg2...])]). The arguments keep their
// quotes and backslashes.
func gosub(_ context.Context, c *Call, args string) error {
	return c.gosub(strings.TrimSpace(args))
}

// gosubIf is GosubIf(condition?target[(args)]:target[(args)]).
func gosubIf(_ context.Context, c *Call, args string) error {
	condition, yes, no := argument.Choice(args, false)
	target := no
	if argument.Truth(condition) {
		target = yes
	}
	if target == "" {
		return nil
	}
	return c.gosub(target)
}

func (c *Call) gosub(text string) error {
	target, args, err := argument.Application(text)
	if err != nil {
		return err
	}
	to, err := c.resolve(target)
	if err != nil {
		return err
	}
	if _, ok := c.find(to); !ok {
		return fault.New(fault.NotFound, "gosub %q: there is no %s", target, to)
	}
	back := c.at
	back.Priority++
	return c.push(frame{back: back}, to, argument.SplitRaw(args, 0))
}

// push enters a subroutine with its arguments as ARG1, ARG2 ... and their number as ARGC.
func (c *Call) push(f frame, to Position, args []string) error {
	if len(c.stack) >= c.exec.config.StackDepth {
		return fault.New(fault.TooMany, "subroutines are nested deeper than %d", c.exec.config.StackDepth)
	}
	// Arguments of the caller are not seen by the callee, even where it has fewer.
	n := len(args)
	if len(c.stack) > 0 {
		if v, ok := c.Local("ARGC"); ok {
			if outer, err := strconv.Atoi(v); err == nil {
				n = max(n, min(outer, substitute.MaxNesting))
			}
		}
	}
	for i := range n {
		f.set("ARG"+strconv.Itoa(i+1), argument.At(args, i))
	}
	f.set("ARGC", strconv.Itoa(len(args)))
	c.stack = append(c.stack, f)
	c.Goto(to)
	return nil
}

// returnApp is Return([value]); the value is GOSUB_RETVAL.
func returnApp(_ context.Context, c *Call, args string) error {
	f, err := c.pop()
	if err != nil {
		return err
	}
	c.ch.SetVar("GOSUB_RETVAL", args)
	if f.sub {
		return errSubReturned
	}
	c.Goto(f.back)
	return nil
}

func (c *Call) pop() (frame, error) {
	if len(c.stack) == 0 {
		return frame{}, errEmptyStack
	}
	f := c.stack[len(c.stack)-1]
	c.stack = c.stack[:len(c.stack)-1]
	return f, nil
}

// stackPop is StackPop(): the call stays where it is.
func stackPop(_ context.Context, c *Call, _ string) error {
	if len(c.stack) > 0 && c.stack[len(c.stack)-1].sub {
		return errEmptyStack
	}
	if _, err := c.pop(); err != nil {
		c.warn("StackPop", "err", err)
	}
	return nil
}

// macro is Macro(name[,arg1[,arg2...]]): it runs the context macro-NAME from s on and
// goes on when that has no further priority. Gosub has taken its place in Asterisk.
func macro(_ context.Context, c *Call, args string) error {
	parts := argument.Split(args, 0)
	if len(parts) == 0 {
		return fault.New(fault.Invalid, "Macro(%s): use Macro(name[,arguments])", args)
	}
	to := Position{"macro-" + parts[0], StartExten, 1}
	if _, ok := c.find(to); !ok {
		return fault.New(fault.NotFound, "there is no context %q with an extension s", to.Context)
	}
	f := frame{back: c.at, macro: to.Context}
	f.back.Priority++
	f.set("MACRO_CONTEXT", c.at.Context)
	f.set("MACRO_EXTEN", c.at.Exten)
	f.set("MACRO_PRIORITY", strconv.Itoa(c.at.Priority))
	return c.push(f, to, parts[1:])
}

func macroExit(_ context.Context, c *Call, _ string) error {
	if !c.leaveMacro() {
		return errNoSubroutine
	}
	c.Goto(c.at)
	return nil
}

// leaveMacro sets the call behind the Macro it is in; it reports whether it was in
// one. A macro that was left by Goto is forgotten.
func (c *Call) leaveMacro() bool {
	for len(c.stack) > 0 && c.stack[len(c.stack)-1].macro != "" {
		f := c.stack[len(c.stack)-1]
		c.stack = c.stack[:len(c.stack)-1]
		if f.macro == c.at.Context {
			c.at = f.back
			return true
		}
	}
	return false
}
