package dialplan

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// recorder is a Channel that writes down what happens to it. It dials the digits it
// is given, one by one.
type recorder struct {
	Vars
	mu     sync.Mutex
	caller CallerID
	cause  int
	trace  []string
	digits string
	hungUp bool
}

func (r *recorder) ID() string                        { return "1700000000.7" }
func (r *recorder) Name() string                      { return "PJSIP/1001-00000007" }
func (r *recorder) CallerID() CallerID                { return r.caller }
func (r *recorder) SetCallerID(c CallerID)            { r.caller = c }
func (r *recorder) Var(name string) (string, bool)    { return r.Get(name) }
func (r *recorder) SetVar(name, value string)         { r.Set(name, value) }
func (r *recorder) HangupCause() int                  { return r.cause }
func (r *recorder) SetHangupCause(cause int)          { r.cause = cause }
func (r *recorder) SetAttribute(name, v string) error { r.Set("CHANNEL_"+name, v); return nil }

func (r *recorder) Attribute(name string) (string, error) {
	if v, ok := r.Get("CHANNEL_" + name); ok {
		return v, nil
	}
	return "", fault.New(fault.NotFound, "no attribute %q", name)
}

func (r *recorder) Executing(at Position, app, args string) {
	r.note("%s %s(%s)", at, app, args)
}

func (r *recorder) HangUp() {
	r.hungUp = true
	r.note("hung up")
}

func (r *recorder) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trace = append(r.trace, fmt.Sprintf(format, args...))
}

func (r *recorder) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.trace, "\n") + "\n"
}

func (r *recorder) ReadDigit(ctx context.Context, timeout time.Duration) (byte, bool, error) {
	if r.digits == "" || r.digits[0] == ' ' {
		r.digits = strings.TrimPrefix(r.digits, " ")
		return 0, false, sleep(ctx, timeout)
	}
	d := r.digits[0]
	r.digits = r.digits[1:]
	return d, true, nil
}

// plan loads a plan from text.
func plan(t testing.TB, text string, strict bool) *Plan {
	t.Helper()
	p, err := LoadFile(loaderOf(text), "extensions.conf", strict)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func loaderOf(text string) asterisk.Loader {
	return asterisk.Loader{FS: fstest.MapFS{"extensions.conf": {Data: []byte(text)}}}
}

// testApps are applications that tests use beside the built-in ones.
func testApps() []Application {
	nothing := func(context.Context, *Call, string) error { return nil }
	return []Application{
		{"Answer", "", nothing},
		{"Playback", "", nothing},
		{"Stasis", "", func(_ context.Context, c *Call, _ string) error {
			c.Channel().SetVar("STASISSTATUS", "FAILED")
			return nil
		}},
		{"AGI", "", nothing},
		{"Dial", "", func(_ context.Context, c *Call, args string) error {
			if status, ok := strings.CutPrefix(args, "status/"); ok {
				c.Channel().SetVar("DIALSTATUS", status)
			}
			return nil
		}},
		{"Panic", "", func(context.Context, *Call, string) error { panic("on purpose") }},
		{"Fail", "", func(context.Context, *Call, string) error { return fault.New(fault.Unavailable, "on purpose") }},
		{"Block", "", func(ctx context.Context, _ *Call, _ string) error { <-ctx.Done(); return ctx.Err() }},
		{"Sub", "", func(ctx context.Context, c *Call, args string) error {
			parts := SplitArgs(args, 0)
			v, err := c.Sub(ctx, Position{parts[0], parts[1], 1}, parts[2:])
			c.Channel().SetVar("SUBRESULT", fmt.Sprintf("%s/%v", v, err))
			return nil
		}},
	}
}

// executor is one for tests, with a clock that tests may set.
func executor(t testing.TB, p *Plan, change func(*Options)) *Executor {
	t.Helper()
	apps, err := NewApps(Builtins(), testApps())
	if err != nil {
		t.Fatal(err)
	}
	funcs, err := NewFunctions(BuiltinFunctions())
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		Config: DefaultConfig(), Plan: func() *Plan { return p }, Apps: apps, Functions: funcs,
		Globals: NewGlobals(p.Globals), Log: slog.New(slog.DiscardHandler),
		SystemName: "sky", EntityID: "02:00:00:00:00:01",
	}
	if change != nil {
		change(&o)
	}
	x, err := NewExecutor(o)
	if err != nil {
		t.Fatal(err)
	}
	return x
}
