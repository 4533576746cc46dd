package dialplan_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/dialplantest"
)

// TestDeaf has a channel that cannot hear digits: waiting for them ends at once.
func TestDeaf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := dialplantest.Plan(t, "[a]\nexten => s,1,WaitExten(10)\nexten => t,1,Hangup\n", false)
		ch := &dialplantest.Channel{}
		begin := time.Now()
		deaf := struct{ dialplan.Channel }{ch} // without ReadDigit
		dialplantest.Executor(t, p).Run(t.Context(), deaf, dialplan.Position{"a", "s", 1})
		if d := time.Since(begin); d != 0 || !strings.Contains(ch.Trace(), "t@a:1 Hangup()") {
			t.Errorf("after %v\n%s", d, ch.Trace())
		}
	})
}

// TestGoneWhileDialling hangs the channel up while it waits for a digit, in an application
// and behind the last priority.
func TestGoneWhileDialling(t *testing.T) {
	for _, text := range []string{
		"[a]\nexten => s,1,WaitExten(10)\nexten => h,1,NoOp\n",
		"[general]\nautofallthrough=no\n[a]\nexten => s,1,NoOp\nexten => h,1,NoOp\n",
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			ch := &dialplantest.Channel{}
			out := dialplantest.Executor(t, dialplantest.Plan(t, text, false)).Run(ctx, ch, dialplan.Position{"a", "s", 1})
			if out.End != dialplan.EndGone || out.Err != nil || !strings.HasSuffix(ch.Trace(), "hung up\nh@a:1 NoOp()\n") {
				t.Errorf("outcome %+v\n%s", out, ch.Trace())
			}
		})
	}
}

// TestLateApplication has one that does not heed the absolute timeout: the next step is
// not taken.
func TestLateApplication(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := dialplantest.Plan(t, "[a]\nexten => s,1,Set(TIMEOUT(absolute)=1)\nexten => s,2,Late()\nexten => s,3,NoOp(never)\nexten => T,1,NoOp(T)\n", false)
		late := dialplan.Application{Name: "Late", Run: func(context.Context, *dialplan.Call, string) error {
			time.Sleep(2 * time.Second)
			return nil
		}}
		x := dialplantest.Executor(t, p, func(o *dialplan.Options) {
			var err error
			if o.Apps, err = dialplan.NewApps(o.Apps.List(), []dialplan.Application{late}); err != nil {
				t.Fatal(err)
			}
		})
		ch := &dialplantest.Channel{}
		x.Run(t.Context(), ch, dialplan.Position{"a", "s", 1})
		if !strings.Contains(ch.Trace(), "s@a:2 Late()\nT@a:1 NoOp(T)\n") {
			t.Errorf("steps\n%s", ch.Trace())
		}
	})
}

// TestSubEnds has subroutines run by an application that end otherwise than by Return.
func TestSubEnds(t *testing.T) {
	p := dialplantest.Plan(t, "[a]\nexten => deep,1,Sub(a,deep)\nexten => deep,2,Return(${SUBRESULT})\nexten => block,1,Block()\n", false)
	ch := &dialplantest.Channel{}
	c := dialplantest.Executor(t, p, func(o *dialplan.Options) { o.Config.StackDepth = 3 }).NewCall(ch)
	got, err := c.Sub(t.Context(), dialplan.Position{"a", "deep", 1}, nil)
	if want := "/subroutines are nested deeper than 3/<nil>/<nil>"; got != want || err != nil {
		t.Errorf("%q (%v), want %q", got, err, want)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		cause := errors.New("on purpose")
		time.AfterFunc(time.Second, func() { cancel(cause) })
		if _, err := c.Sub(ctx, dialplan.Position{"a", "block", 1}, nil); !errors.Is(err, cause) {
			t.Errorf("error %v", err)
		}
	})
}
