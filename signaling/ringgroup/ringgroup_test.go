package ringgroup_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dial"
	"github.com/skygenesisenterprise/skybridge/signaling/ringgroup"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestGroupsThatCannotBe(t *testing.T) {
	long := make([]string, ringgroup.MaxMembers+1)
	for want, g := range map[string]ringgroup.Group{
		"no extension":       {Number: "80 00", Members: []string{"1001"}},
		"is none of all":     {Number: "8000", Members: []string{"1001"}, Strategy: "loudest"},
		"0 members":          {Number: "8000"},
		"65 members":         {Number: "8000", Members: long},
		"are from 1s":        {Number: "8000", Members: []string{"1001"}, RingTime: time.Millisecond},
		"no other extension": {Number: "8000", Members: []string{"1001"}, Fallback: "8000"},
		"control character":  {Number: "8000", Members: []string{"1001"}, Prefix: "a\nb"},
		"twice":              {Number: "8000", Members: []string{"1001", "PJSIP/1001"}},
		"is one contact":     {Number: "8000", Members: []string{"PJSIP/1001/contact-0123456789abcdef"}},
		"a group itself":     {Number: "8000", Members: []string{"ringgroup/8001"}},
		`contains '&'`:       {Number: "8000", Members: []string{"1001&PJSIP/0900@trunk"}},
		`contains ','`:       {Number: "8000", Members: []string{"1001,30,g"}},
	} {
		if err := g.Validate(); fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestGroupsAreReplacedWholeOrNotAtAll(t *testing.T) {
	var r ringgroup.Registry
	one := ringgroup.Group{Number: "8001", Members: []string{"1001"}}
	two := ringgroup.Group{Number: "8000", Members: []string{"1001", "0123@trunk"}, Strategy: ringgroup.Random}
	if err := r.Configure([]ringgroup.Group{one, two}); err != nil {
		t.Fatal(err)
	}
	if list := r.List(); len(list) != 2 || list[0].Number != "8000" || list[1].Total != time.Minute || list[1].Strategy != ringgroup.All {
		t.Errorf("%+v", list)
	}
	if err := r.Configure([]ringgroup.Group{one, one}); fault.Of(err) != fault.Invalid {
		t.Errorf("the same number twice: %v", err)
	}
	if err := r.Configure(make([]ringgroup.Group, ringgroup.MaxGroups+1)); fault.Of(err) != fault.Invalid {
		t.Errorf("too many: %v", err)
	}
	if _, err := r.Group("8000"); err != nil {
		t.Error(err)
	}
	if _, err := r.Group("8002"); fault.Of(err) != fault.NotFound {
		t.Errorf("8002: %v", err)
	}
}

// after answers when the phone has rung so long.
func after(d time.Duration) func(*signaltest.Leg) {
	return func(l *signaltest.Leg) {
		l.Ringing()
		time.AfterFunc(d, func() { l.Answered() })
	}
}

var parties = map[string]func(*signaltest.Leg){
	"answers": after(3 * time.Second), "late": after(25 * time.Second), "rings": signaltest.Rings,
	"busy": signaltest.Refuses(signaling.CauseBusy), "declines": signaltest.Refuses(signaling.CauseRejected),
}

func TestRing(t *testing.T) {
	for _, ca := range []struct {
		name    string
		group   ringgroup.Group
		timeout time.Duration // of the plan
		talking string        // who is in a call
		status  dial.Status
		winner  string
		took    time.Duration
		rung    string                     // whom, in order; sorted for all and random
		losers  map[string]signaling.Cause // what those who ring are hung up with
	}{
		{name: "all at once", group: ringgroup.Group{Members: []string{"late", "answers", "rings"}},
			status: dial.Answer, winner: "answers", took: 3 * time.Second, rung: "answers late rings",
			losers: map[string]signaling.Cause{"late": 26, "rings": 26}},
		{name: "nobody of all", group: ringgroup.Group{Members: []string{"rings", "busy"}, Total: 10 * time.Second},
			status: dial.NoAnswer, took: 10 * time.Second, rung: "busy rings", losers: map[string]signaling.Cause{"rings": 19}},
		{name: "the plan's time is shorter", group: ringgroup.Group{Members: []string{"rings"}}, timeout: 5 * time.Second,
			status: dial.NoAnswer, took: 5 * time.Second, rung: "rings"},
		{name: "all are busy", group: ringgroup.Group{Members: []string{"busy"}}, status: dial.Busy, rung: "busy"},
		{name: "one after another", group: ringgroup.Group{Strategy: ringgroup.Sequence, Members: []string{"rings", "busy", "answers", "late"}, RingTime: 5 * time.Second},
			status: dial.Answer, winner: "answers", took: 8 * time.Second, rung: "rings busy answers", losers: map[string]signaling.Cause{"rings": 19}},
		{name: "until the time is up", group: ringgroup.Group{Strategy: ringgroup.Sequence, Members: []string{"rings", "late", "answers"},
			RingTime: 10 * time.Second, Total: 15 * time.Second}, status: dial.NoAnswer, took: 15 * time.Second, rung: "rings late"},
		{name: "who did not answer tells more than who declined", group: ringgroup.Group{Strategy: ringgroup.Sequence,
			Members: []string{"declines", "rings", "busy"}, RingTime: 2 * time.Second}, status: dial.NoAnswer, took: 2 * time.Second, rung: "declines rings busy"},
		{name: "in any order", group: ringgroup.Group{Strategy: ringgroup.Random, Members: []string{"busy", "declines", "rings"}, RingTime: 2 * time.Second},
			status: dial.NoAnswer, took: 2 * time.Second, rung: "busy declines rings"},
		{name: "who talks is passed over", group: ringgroup.Group{Members: []string{"answers", "late"}, SkipBusy: true}, talking: "answers",
			status: dial.Answer, winner: "late", took: 25 * time.Second, rung: "late"},
		{name: "who talks is rung", group: ringgroup.Group{Members: []string{"answers", "late"}}, talking: "answers",
			status: dial.Answer, winner: "answers", took: 3 * time.Second, rung: "answers late"},
		{name: "all talk", group: ringgroup.Group{Members: []string{"answers"}, SkipBusy: true}, talking: "answers", status: dial.Busy},
	} {
		t.Run(ca.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := signaltest.New(t, nil)
				made := make(map[string]*signaltest.Endpoint)
				for name, start := range parties {
					made[name] = h.Tech.Endpoint(name, signaltest.Endpoint{Script: signaltest.Script{Start: start}})
				}
				if ca.talking != "" {
					h.CallUp(ca.talking, nil)
				}
				ca.group.Number = "8000"
				for i := range ca.group.Members {
					ca.group.Members[i] = "Test/" + ca.group.Members[i]
				}
				var r ringgroup.Registry
				if err := r.Configure([]ringgroup.Group{ca.group}); err != nil {
					t.Fatal(err)
				}
				g, err := r.Group("8000")
				if err != nil {
					t.Fatal(err)
				}
				got := g.Ring(t.Context(), h.Engine, dial.Plan{Timeout: ca.timeout})
				if got.Status != ca.status || got.Rang != ca.took || got.Target.Resource != ca.winner {
					t.Errorf("%+v", got)
				}
				synctest.Wait()
				var rung []string
				for name, e := range made {
					if len(e.Legs()) > 0 {
						rung = append(rung, name)
					}
				}
				slices.Sort(rung)
				want := strings.Fields(ca.rung)
				slices.Sort(want)
				if !slices.Equal(rung, want) {
					t.Errorf("rung are %v", rung)
				}
				for name, cause := range ca.losers {
					if hung := signaltest.Receive(t, "the end of "+name, made[name].Leg(t).Hung()); hung != cause {
						t.Errorf("%s is hung up with %d", name, hung)
					}
				}
			})
		})
	}
}

// Each call has an order of its own, and the group keeps its.
func TestRandomIsRandom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := signaltest.New(t, nil)
		var order []string
		members := []string{"a", "b", "c", "d", "e"}
		for _, name := range members {
			h.Tech.Endpoint(name, signaltest.Endpoint{Script: signaltest.Script{Start: func(l *signaltest.Leg) {
				order = append(order, name)
				l.End(signaling.CauseBusy, true)
			}}})
		}
		g := ringgroup.Group{Number: "8000", Strategy: ringgroup.Random}
		for _, m := range members {
			g.Members = append(g.Members, "Test/"+m)
		}
		var r ringgroup.Registry
		if err := r.Configure([]ringgroup.Group{g}); err != nil {
			t.Fatal(err)
		}
		seen := make(map[string]bool)
		for range 30 { // the same order 30 times: one chance in 120^29
			order = nil
			r.List()[0].Ring(t.Context(), h.Engine, dial.Plan{})
			synctest.Wait()
			seen[strings.Join(order, "")] = true
			slices.Sort(order)
			if !slices.Equal(order, members) {
				t.Fatalf("rung are %v", order)
			}
		}
		if len(seen) < 2 {
			t.Error("always the same order")
		}
	})
}

// What the members see of the caller.
func TestThePrefix(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := signaltest.New(t, nil)
		e := h.Tech.Endpoint("1001", signaltest.Endpoint{Script: signaltest.Script{Start: signaltest.Refuses(signaling.CauseBusy)}})
		var r ringgroup.Registry
		if err := r.Configure([]ringgroup.Group{{Number: "8000", Members: []string{"Test/1001"}, Prefix: "Sales:"}}); err != nil {
			t.Fatal(err)
		}
		r.List()[0].Ring(t.Context(), h.Engine, dial.Plan{Caller: signaling.CallerID{Name: "Ana", Number: "100"}})
		if l := e.Leg(t); l.Request.Caller != (signaling.CallerID{Name: "Sales: Ana", Number: "100"}) {
			t.Errorf("called by %v", l.Request.Caller)
		}
	})
}

// A member that answers in the moment in which the group moves on has the call, or the next one is
// rung: never both, and never neither.
func TestAnswerAsTheGroupMovesOn(t *testing.T) {
	for _, answered := range []bool{true, false} { // before the member is withdrawn
		synctest.Test(t, func(t *testing.T) {
			h := signaltest.New(t, nil)
			first := h.Tech.Endpoint("first", signaltest.Endpoint{Script: signaltest.Script{Start: signaltest.Rings}})
			second := h.Tech.Endpoint("second", signaltest.Endpoint{Script: signaltest.Script{Start: signaltest.Answers}})
			var r ringgroup.Registry
			if err := r.Configure([]ringgroup.Group{{
				Number: "8000", Strategy: ringgroup.Sequence, Members: []string{"Test/first", "Test/second"}, RingTime: 5 * time.Second,
			}}); err != nil {
				t.Fatal(err)
			}
			result := make(chan dial.Result, 1)
			go func() { result <- r.List()[0].Ring(t.Context(), h.Engine, dial.Plan{}) }() // ended by the answer
			leg := first.Leg(t)
			member, err := h.Engine.Channel(string(h.Engine.Channels()[0].ID))
			if err != nil {
				t.Fatal(err)
			}
			stands, goOn := make(chan struct{}), make(chan struct{})
			go func() { // ended by goOn
				_ = member.Do(t.Context(), func() error { close(stands); <-goOn; return nil })
			}()
			<-stands
			if answered {
				leg.Answered()
			}
			time.Sleep(6 * time.Second) // its time is up
			synctest.Wait()
			leg.Answered()
			close(goOn)
			got := <-result
			synctest.Wait()
			if answered {
				if got.Channel != member || member.Ended() || len(second.Legs()) != 0 {
					t.Errorf("%+v, the first is %+v, the second rung %d times", got, member.Snapshot(), len(second.Legs()))
				}
				return
			}
			if s := h.Gone(member); s.Cause != signaling.CauseNoAnswer || !s.Answered.IsZero() {
				t.Errorf("the first ended with %+v", s)
			}
			if got.Status != dial.Answer || got.Target.Resource != "second" {
				t.Errorf("%+v", got)
			}
		})
	}
}

// Who takes the caller's place while a group is rung in turn is who the next member is called by.
func TestWhoTakesTheCallersPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := signaltest.New(t, nil)
		from, _ := h.CallUp("100", nil)
		heir, _ := h.CallUp("200", nil)
		place := make(chan *signaling.Channel, 1)
		h.Tech.Endpoint("first", signaltest.Endpoint{Script: signaltest.Script{Start: func(l *signaltest.Leg) {
			place <- heir
			l.End(signaling.CauseBusy, true)
		}}})
		second := h.Tech.Endpoint("second", signaltest.Endpoint{Script: signaltest.Script{Start: signaltest.Answers}})
		var r ringgroup.Registry
		if err := r.Configure([]ringgroup.Group{{
			Number: "8000", Strategy: ringgroup.Sequence, Members: []string{"Test/first", "Test/second"}, Prefix: "Sales",
		}}); err != nil {
			t.Fatal(err)
		}
		got := r.List()[0].Ring(t.Context(), h.Engine, dial.Plan{From: from, Caller: from.Snapshot().Caller, Heir: func() *signaling.Channel {
			select {
			case c := <-place:
				return c
			default:
				return nil
			}
		}})
		if got.Status != dial.Answer {
			t.Fatalf("%+v", got)
		}
		if l := second.Leg(t); l.Request.Caller != (signaling.CallerID{Name: "Sales Caller 200", Number: "200"}) {
			t.Errorf("called by %v", l.Request.Caller)
		}
		if id := got.Channel.Snapshot().LinkedID; id != heir.Snapshot().LinkedID {
			t.Errorf("linked to %s", id)
		}
	})
}
