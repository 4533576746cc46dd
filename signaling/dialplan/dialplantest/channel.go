package dialplantest

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

// Channel is a channel without a leg. Its attributes are the variables CHANNEL_NAME.
type Channel struct {
	dialplan.Vars
	Caller dialplan.CallerID
	// Digits are dialled one by one, as fast as they are asked for. A space is a pause
	// that is longer than any wait.
	Digits string
	HungUp bool

	cause int
	mu    sync.Mutex
	trace []string
}

// ID is always the same.
func (c *Channel) ID() string { return "1700000000.7" }

// Name is always the same.
func (c *Channel) Name() string { return "PJSIP/1001-00000007" }

// CallerID is Caller.
func (c *Channel) CallerID() dialplan.CallerID { return c.Caller }

// SetCallerID sets Caller.
func (c *Channel) SetCallerID(id dialplan.CallerID) { c.Caller = id }

// Var is one of Vars.
func (c *Channel) Var(name string) (string, bool) { return c.Get(name) }

// SetVar sets one of Vars.
func (c *Channel) SetVar(name, value string) { c.Set(name, value) }

// HangupCause is the one that was set.
func (c *Channel) HangupCause() int { return c.cause }

// SetHangupCause sets it.
func (c *Channel) SetHangupCause(cause int) { c.cause = cause }

// SetAttribute sets the variable that keeps it.
func (c *Channel) SetAttribute(name, v string) error {
	c.Set("CHANNEL_"+name, v)
	return nil
}

// Attribute is one that was set, else an error of kind fault.NotFound.
func (c *Channel) Attribute(name string) (string, error) {
	if v, ok := c.Get("CHANNEL_" + name); ok {
		return v, nil
	}
	return "", fault.New(fault.NotFound, "no attribute %q", name)
}

// Executing writes a step down.
func (c *Channel) Executing(at dialplan.Position, app, args string) {
	c.Note("%s %s(%s)", at, app, args)
}

// HangUp writes that down.
func (c *Channel) HangUp() {
	c.HungUp = true
	c.Note("hung up")
}

// ReadDigit is the next of Digits.
func (c *Channel) ReadDigit(ctx context.Context, timeout time.Duration) (byte, bool, error) {
	if c.Digits != "" && c.Digits[0] != ' ' {
		d := c.Digits[0]
		c.Digits = c.Digits[1:]
		return d, true, nil
	}
	c.Digits = strings.TrimPrefix(c.Digits, " ")
	t := time.NewTimer(timeout)
	defer t.Stop()
	select {
	case <-t.C:
		return 0, false, nil
	case <-ctx.Done():
		return 0, false, context.Cause(ctx)
	}
}

// Note writes a line down; of a very long one, how long it is.
func (c *Channel) Note(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if n := len(line); n > maxLine {
		line = fmt.Sprintf("%s... (%d bytes)", line[:maxLine], n)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trace = append(c.trace, line)
}

const maxLine = 240

// Log is a logger that writes a line down for each record: the level, the message and
// the attributes that are not the same for all of a call.
func (c *Channel) Log() *slog.Logger {
	return slog.New(slog.NewTextHandler(noter{c}, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "channel" {
			return slog.Attr{}
		}
		return a
	}}))
}

type noter struct{ c *Channel }

func (n noter) Write(line []byte) (int, error) {
	n.c.Note("%s", bytes.TrimSpace(line))
	return len(line), nil
}

// Trace is what was written down, a line each.
func (c *Channel) Trace() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.trace, "\n") + "\n"
}
