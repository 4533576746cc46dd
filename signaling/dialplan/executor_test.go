package dialplan_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/dialplantest"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/function"
)

// TestGone hangs the channel up while an application blocks: h runs, with a context
// that still works.
func TestGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := dialplantest.Plan(t, "[a]\nexten => s,1,Block()\nexten => s,2,NoOp(never)\nexten => h,1,Wait(1)\nexten => h,2,NoOp(after)\n", false)
		ch := &dialplantest.Channel{}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		call := dialplantest.Executor(t, p).NewCall(ch)
		out := call.Run(ctx, dialplan.Position{"a", "s", 1})
		if out.End != dialplan.EndGone || out.At != (dialplan.Position{"a", "s", 1}) {
			t.Errorf("outcome %+v", out)
		}
		if want := "s@a:1 Block()\nhung up\nh@a:1 Wait(1)\nh@a:2 NoOp(after)\n"; ch.Trace() != want {
			t.Errorf("steps\n%swant\n%s", ch.Trace(), want)
		}
		if !call.HungUp() {
			t.Error("the call does not know that it is over")
		}
	})
}

// TestRedirect takes a call elsewhere while an application blocks: no h, no hangup, and
// the subroutine stack is kept.
func TestRedirect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := dialplantest.Plan(t, "[a]\nexten => s,1,Gosub(sub)\nexten => s,2,NoOp(back)\nexten => s,n,Hangup\nexten => s,n(sub),Block()\nexten => h,1,NoOp(h)\n"+
			"exten => other,1,Return()\n", false)
		ch := &dialplantest.Channel{}
		call := dialplantest.Executor(t, p).NewCall(ch)
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(dialplan.ErrRedirected) })
		if out := call.Run(ctx, dialplan.Position{"a", "s", 1}); out.End != dialplan.EndRedirected {
			t.Fatalf("outcome %+v", out)
		}
		if ch.HungUp {
			t.Fatal("a redirected channel is hung up")
		}
		if out := call.Run(t.Context(), dialplan.Position{"a", "other", 1}); out.End != dialplan.EndHangup {
			t.Fatalf("outcome %+v", out)
		}
		if text := ch.Trace(); !strings.Contains(text, "other@a:1 Return()\ns@a:2 NoOp(back)\n") {
			t.Errorf("steps\n%s", text)
		}
	})
}

func TestHungUpBeforeTheFirstStep(t *testing.T) {
	p := dialplantest.Plan(t, "[a]\nexten => s,1,NoOp(never)\n", false)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ch := &dialplantest.Channel{}
	if out := dialplantest.Executor(t, p).Run(ctx, ch, dialplan.Position{"a", "s", 1}); out.End != dialplan.EndGone || ch.Trace() != "hung up\n" {
		t.Errorf("outcome %+v, steps %s", out, ch.Trace())
	}
}

// TestHangupExtensionIsBounded has an h extension that would never end.
func TestHangupExtensionIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := dialplantest.Plan(t, "[a]\nexten => s,1,Hangup\nexten => h,1,Block()\nexten => h,2,NoOp(never)\n", false)
		ch := &dialplantest.Channel{}
		begin := time.Now()
		dialplantest.Executor(t, p).Run(t.Context(), ch, dialplan.Position{"a", "s", 1})
		if d := time.Since(begin); d != dialplan.DefaultConfig().AfterHangup {
			t.Errorf("the h extension ended after %v", d)
		}
		if strings.Contains(ch.Trace(), "never") {
			t.Errorf("steps\n%s", ch.Trace())
		}
	})
}

func TestPanicEndsTheCallOnly(t *testing.T) {
	p := dialplantest.Plan(t, "[a]\nexten => s,1,Panic()\nexten => h,1,NoOp(h)\n[b]\nexten => s,1,NoOp(fine)\n", false)
	x := dialplantest.Executor(t, p)
	ch := &dialplantest.Channel{}
	out := x.Run(t.Context(), ch, dialplan.Position{"a", "s", 1})
	if out.End != dialplan.EndFailed || out.Err == nil || !strings.Contains(out.Err.Error(), "on purpose") || out.Cause != 41 {
		t.Errorf("outcome %+v", out)
	}
	if want := "s@a:1 Panic()\nhung up\nh@a:1 NoOp(h)\n"; ch.Trace() != want {
		t.Errorf("steps\n%s", ch.Trace())
	}
	if out := x.Run(t.Context(), &dialplantest.Channel{}, dialplan.Position{"b", "s", 1}); out.End != dialplan.EndFellThrough {
		t.Errorf("the next call ends with %+v", out)
	}
}

// TestEndlessLoop runs in a circle without ever waiting: it is ended. One that waits in
// between is not.
func TestEndlessLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := dialplantest.Plan(t, "[tight]\nexten => s,1,Goto(s,1)\nexten => h,1,NoOp(h)\n"+
			"[waits]\nexten => s,1,Wait(1)\nexten => s,2,Set(I=$[0${I} + 1])\nexten => s,3,GotoIf($[${I} < 5000]?1)\n", false)
		small := func(o *dialplan.Options) { o.Config.Burst, o.Config.StepsPerSecond = 1000, 10 }
		x := dialplantest.Executor(t, p, small)
		out := x.Run(t.Context(), &dialplantest.Channel{}, dialplan.Position{"tight", "s", 1})
		if out.End != dialplan.EndFailed || fault.Of(out.Err) != fault.TooMany {
			t.Errorf("a tight loop ends with %+v", out)
		}
		if out := x.Run(t.Context(), &dialplantest.Channel{}, dialplan.Position{"waits", "s", 1}); out.End != dialplan.EndFellThrough {
			t.Errorf("a loop that waits ends with %+v", out)
		}
	})
}

func TestStackDepth(t *testing.T) {
	p := dialplantest.Plan(t, "[a]\nexten => s,1,Gosub(s,1)\n", false)
	out := dialplantest.Executor(t, p).Run(t.Context(), &dialplantest.Channel{}, dialplan.Position{"a", "s", 1})
	if out.End != dialplan.EndFailed || fault.Of(out.Err) != fault.TooMany {
		t.Errorf("outcome %+v", out)
	}
}

// TestReload changes the plan under a running call: the next step is the new plan's.
func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before := dialplantest.Plan(t, "[a]\nexten => s,1,Wait(2)\nexten => s,2,NoOp(old)\n", false)
		after := dialplantest.Plan(t, "[a]\nexten => s,1,NoOp\nexten => s,2,NoOp(new)\n", false)
		var mu sync.Mutex
		current := before
		x := dialplantest.Executor(t, before, func(o *dialplan.Options) {
			o.Plan = func() *dialplan.Plan {
				mu.Lock()
				defer mu.Unlock()
				return current
			}
		})
		time.AfterFunc(time.Second, func() {
			mu.Lock()
			defer mu.Unlock()
			current = after
		})
		ch := &dialplantest.Channel{}
		x.Run(t.Context(), ch, dialplan.Position{"a", "s", 1})
		if !strings.Contains(ch.Trace(), "NoOp(new)") {
			t.Errorf("steps\n%s", ch.Trace())
		}
	})
}

// TestManyCalls runs calls side by side that share globals, under the race detector.
func TestManyCalls(t *testing.T) {
	p := dialplantest.Plan(t, "[a]\nexten => _X.,1,Set(GLOBAL(N)=${EXTEN})\nexten => _X.,2,Set(M=${GLOBAL(N)})\nexten => _X.,3,GotoIf($[\"${M}\" = \"\"]?9)\n", false)
	x := dialplantest.Executor(t, p)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			out := x.Run(t.Context(), &dialplantest.Channel{}, dialplan.Position{"a", "1" + strings.Repeat("0", i), 1})
			if out.End != dialplan.EndFellThrough && out.End != dialplan.EndInvalid {
				t.Errorf("outcome %+v", out)
			}
		})
	}
	wg.Wait()
}

func TestTables(t *testing.T) {
	run := func(context.Context, *dialplan.Call, string) error { return nil }
	if _, err := dialplan.NewApps([]dialplan.Application{{Name: "A", Run: run}}, []dialplan.Application{{Name: "a", Run: run}}); err == nil {
		t.Error("two applications of one name are taken")
	}
	if _, err := dialplan.NewApps([]dialplan.Application{{Name: "A"}}); err == nil {
		t.Error("an application that does nothing is taken")
	}
	if _, err := dialplan.NewFunctions(function.All(), function.All()); err == nil {
		t.Error("two functions of one name are taken")
	}
	if _, err := dialplan.NewFunctions([]dialplan.Function{{Name: "F"}}); err == nil {
		t.Error("a function that does nothing is taken")
	}
	if _, err := dialplan.NewExecutor(dialplan.Options{Config: dialplan.DefaultConfig()}); err == nil {
		t.Error("an executor without a plan is made")
	}
	if _, err := dialplan.NewExecutor(dialplan.Options{Plan: dialplan.Empty, Globals: dialplan.NewGlobals(nil), Log: slog.New(slog.DiscardHandler)}); err == nil {
		t.Error("an executor without limits is made")
	}
	apps, err := dialplan.NewApps(dialplan.Builtins())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range apps.List() {
		if a.Synopsis == "" {
			t.Errorf("%s has no synopsis", a.Name)
		}
	}
	funcs, err := dialplan.NewFunctions(function.All())
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range funcs.List() {
		if f.Synopsis == "" || f.Name != strings.ToUpper(f.Name) {
			t.Errorf("%s has no synopsis, or is not in capitals", f.Name)
		}
		if i > 0 && funcs.List()[i-1].Name >= f.Name {
			t.Errorf("%s is not in its place", f.Name)
		}
	}
}

func TestExec(t *testing.T) {
	p := dialplantest.Plan(t, "[a]\nexten => s,1,NoOp\n", false)
	c := dialplantest.Executor(t, p).NewCall(&dialplantest.Channel{})
	if err := c.Exec(t.Context(), "nosuch", ""); fault.Of(err) != fault.Unsupported {
		t.Errorf("error %v", err)
	}
	if err := c.Exec(t.Context(), "hangup", "17"); !errors.Is(err, dialplan.ErrHangup) || c.Channel().HangupCause() != 17 {
		t.Errorf("error %v, cause %d", err, c.Channel().HangupCause())
	}
}

func TestVars(t *testing.T) {
	var v dialplan.Vars
	for _, set := range []dialplan.Variable{{"A", "1"}, {"_B", "2"}, {"__C", "3"}, {"__D", "4"}, {"D", "5"}, {"_A", "6"}} {
		v.Set(set.Name, set.Value)
	}
	v.Delete("nosuch")
	if got, want := v.Inherited(), []dialplan.Variable{{"A", "6"}, {"B", "2"}, {"__C", "3"}}; !equal(got, want) {
		t.Errorf("inherited %v, want %v", got, want)
	}
	v.Delete("B")
	if got, want := v.All(), []dialplan.Variable{{"A", "6"}, {"C", "3"}, {"D", "5"}}; !equal(got, want) {
		t.Errorf("all %v, want %v", got, want)
	}
	g := dialplan.NewGlobals([]dialplan.Variable{{"A", "1"}})
	g.Set("B", "2")
	g.Merge([]dialplan.Variable{{"A", "3"}}, false)
	if got, want := g.All(), []dialplan.Variable{{"A", "3"}, {"B", "2"}}; !equal(got, want) {
		t.Errorf("globals %v, want %v", got, want)
	}
	g.Merge([]dialplan.Variable{{"A", "4"}}, true)
	if got, want := g.All(), []dialplan.Variable{{"A", "4"}}; !equal(got, want) {
		t.Errorf("globals %v, want %v", got, want)
	}
}

func equal(a, b []dialplan.Variable) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// TestConfig has every setting that cannot be.
func TestConfig(t *testing.T) {
	for name, change := range map[string]func(c *dialplan.Config){
		"burst":            func(c *dialplan.Config) { c.Burst = 0 },
		"steps per second": func(c *dialplan.Config) { c.StepsPerSecond = 0 },
		"stack depth":      func(c *dialplan.Config) { c.StackDepth = -1 },
		"after hangup":     func(c *dialplan.Config) { c.AfterHangup = 0 },
		"response timeout": func(c *dialplan.Config) { c.ResponseTimeout = 0 },
		"digit timeout":    func(c *dialplan.Config) { c.DigitTimeout = -time.Second },
	} {
		c := dialplan.DefaultConfig()
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		if change(&c); c.Validate() == nil {
			t.Errorf("a wrong %s is taken", name)
		}
	}
}

func BenchmarkRun(b *testing.B) {
	p := dialplantest.Plan(b, "[a]\nexten => _X.,1,NoOp(${EXTEN})\nexten => _X.,n,Set(X=${EXTEN:1})\nexten => _X.,n,GotoIf($[\"${X}\" = \"\"]?9)\nexten => _X.,n,Hangup\n", false)
	x := dialplantest.Executor(b, p)
	b.ReportAllocs()
	for b.Loop() {
		x.Run(b.Context(), &dialplantest.Channel{}, dialplan.Position{"a", "1001", 1})
	}
}
