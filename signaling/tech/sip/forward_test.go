package sip

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/app"
	"github.com/skygenesisenterprise/skybridge/signaling/app/contacts"
	"github.com/skygenesisenterprise/skybridge/signaling/app/pickup"
	"github.com/skygenesisenterprise/skybridge/signaling/callgroup"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/dialplantest"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/function"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/signaling/extension"
	"github.com/skygenesisenterprise/skybridge/signaling/ringgroup"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/local"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// forgotten keeps services nowhere.
type forgotten struct{}

func (forgotten) Put(context.Context, string, extension.Services) error { return nil }

func (forgotten) All(context.Context) (map[string]extension.Services, error) {
	return map[string]extension.Services{}, nil
}

// book is who the phones of a rig are.
type book struct{ *Tech }

func (b book) Phone(name string) (extension.Phone, bool) { return b.Directory().Phone(name) }

const forwardPlan = `[internal]
exten => _100X,1,Dial(PJSIP/${EXTEN},30)
 same => n,Hangup()
exten => _9.,1,Dial(PJSIP/${EXTEN:1}@trunk)
 same => n,Hangup()
exten => 7006,1,Dial(PJSIP/0123@asks)
exten => 7005,1,Dial(PJSIP/1005)
exten => _8XXX,1,RingGroup(${EXTEN})
exten => _**X.,1,Pickup(${EXTEN:2})
exten => *8,1,Pickup()
exten => _*9100X,1,Dial(${PJSIP_DIAL_CONTACTS(${EXTEN:2})},30)
 same => n,Hangup()
exten => _*7100X,1,Dial(PJSIP/${EXTEN:2},30,i)
exten => _*7200X,1,Set(__FORWARD_CONTEXT=internal)
 same => n,Dial(PJSIP/1${EXTEN:3},30)
 same => n,Hangup()
[closed]
exten => _100X,1,Dial(PJSIP/${EXTEN},30)
 same => n,Hangup()
`

// planned is a rig whose calls go through a plan, with services of phones and ring groups.
func planned(t *testing.T, pjsip string, groups ...ringgroup.Group) (*rig, *extension.Registry) {
	t.Helper()
	services, err := extension.Load(t.Context(), forgotten{})
	if err != nil {
		t.Fatal(err)
	}
	plan := dialplantest.Plan(t, forwardPlan, false)
	var rings ringgroup.Registry
	if err := rings.Configure(groups); err != nil {
		t.Fatal(err)
	}
	var tech atomic.Pointer[Tech]
	desk := pickup.Desk{Groups: func(name string) (calls, pickups callgroup.Groups) { return tech.Load().Directory().CallGroups(name) }}
	r := newRig(t, pjsip, func(c *Config, _ *ua.Config) {
		desk.Engine = c.Engine
		of := &app.Services{Engine: c.Engine, Extensions: services, Groups: &rings}
		apps, err := dialplan.NewApps(dialplan.Builtins(), app.Applications(of), desk.Applications())
		if err != nil {
			t.Fatal(err)
		}
		funcs, err := dialplan.NewFunctions(function.All(), contacts.Functions(
			func(endpoint, aor, user string, vars []dialplan.Variable) ([]dialstring.Target, error) {
				return tech.Load().Contacts(endpoint, aor, user, vars)
			}))
		if err != nil {
			t.Fatal(err)
		}
		exec, err := dialplan.NewExecutor(dialplan.Options{
			Config: dialplan.DefaultConfig(), Plan: func() *dialplan.Plan { return plan }, Apps: apps, Functions: funcs,
			Globals: dialplan.NewGlobals(nil), Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		c.Exists = func(context, exten string, caller signaling.CallerID) bool {
			return plan.Exists(context, exten, caller.Number, time.Now())
		}
		c.Run = func(ctx context.Context, ch *signaling.Channel, context, exten string) error {
			return app.Run(ctx, exec, ch, dialplan.Position{Context: context, Exten: exten, Priority: 1})
		}
	})
	r.house.Engine.AddTech(r.tech)
	r.house.Engine.AddTech(local.New(local.Config{Engine: r.house.Engine, Log: r.tech.log, Run: r.tech.cfg.Run}))
	services.Serve(book{r.tech})
	tech.Store(r.tech)
	return r, services
}

// named is an endpoint of a pjsip.conf that is a phone of the test.
func named(name, options string, p *siptest.Phone) string {
	return fmt.Sprintf("[%[1]s]\ntype = endpoint\ndirect_media = no\nallow = !all,ulaw\naors = %[1]s\n%[2]s\n[%[1]s]\ntype = aor\ncontact = %[3]s\n", name, options, p.URI("udp"))
}

func TestForwardedCalls(t *testing.T) {
	t.Parallel()
	desk := siptest.NewPhone(t, "1002", "udp")
	trunk := siptest.NewPhone(t, "trunk", "udp")
	r, services := planned(t, strings.Join([]string{
		"[1001]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\ncallerid = Ana <1001>\n",
		named("1002", "context = internal\ncallerid = Desk <1002>", desk), named("1003", "context = closed", desk),
		named("trunk", "context = closed\nsend_history_info = yes\n[trunk]\ntype = identify\nendpoint = trunk\nmatch = 192.0.2.1", trunk),
	}, "\n"))
	set := func(name string, s extension.Services) error { return services.Set(t.Context(), name, s) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	refused := func(leg *siptest.Leg, status int) {
		t.Helper()
		if f := siptest.Wait(t, leg.Failed); f.Response.Status() != status {
			t.Errorf("refused with %d, not %d", f.Response.Status(), status)
		}
	}
	// A phone whose context has no way out cannot forward there, nor a trunk at all.
	if err := set("1003", extension.Services{Always: "90123"}); err == nil {
		t.Error("a phone forwards to where it may not dial")
	}
	if err := set("trunk", extension.Services{Always: "1001"}); err == nil {
		t.Error("a trunk forwards")
	}
	caller := r.phone("1001")
	t.Run("to a number at a trunk", func(t *testing.T) {
		must(set("1002", extension.Services{Busy: "90123"}))
		leg := r.call(caller, "1002")
		must(siptest.Wait(t, desk.Invites).Reject(ua.Reply{Status: 486}))
		in := siptest.Wait(t, trunk.Invites)
		req := in.Request()
		want := fmt.Sprintf("Diversion: \"Desk\" <sip:1002@127.0.0.1>;reason=user-busy;counter=1\n"+
			"History-Info: <sip:1002@127.0.0.1>;index=1, <sip:0123@%s;cause=486>;index=1.1;mp=1", trunk.Addr("udp"))
		if got := headersOf(req.Parsed); got != want || req.URI().User != "0123" || req.MaxForwards() != 68 || req.From().Display != "Ana" {
			t.Errorf("%s from %s, %d hops left\n%s", req.URI(), req.From(), req.MaxForwards(), got)
		}
		must(in.Reject(ua.Reply{Status: 404}))
		refused(leg, 404)
	})
	t.Run("after it rang", func(t *testing.T) {
		must(set("1002", extension.Services{NoAnswer: "1003", After: 3 * time.Second}))
		leg := r.call(caller, "1002")
		first := siptest.Wait(t, desk.Invites)
		must(first.Progress(ua.Reply{}))
		siptest.Wait(t, first.Done())
		second := siptest.Wait(t, desk.Invites) // 1003 is the same phone
		if got := headersOf(second.Request().Parsed); !strings.Contains(got, "reason=no-answer") {
			t.Errorf("forwarded with %s", got)
		}
		must(second.Reject(ua.Reply{Status: 486}))
		refused(leg, 486)
	})
	t.Run("do not disturb", func(t *testing.T) {
		must(set("1002", extension.Services{DND: true}))
		refused(r.call(caller, "1002"), 486)
	})
	t.Run("in a circle", func(t *testing.T) {
		must(set("1002", extension.Services{Always: "1003"}))
		must(set("1003", extension.Services{Always: "1002"}))
		refused(r.call(caller, "1002"), 483)
	})
	select {
	case in := <-desk.Invites:
		t.Errorf("rung: %s", in.Request().URI())
	default:
	}
}
