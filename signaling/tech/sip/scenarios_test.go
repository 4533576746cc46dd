package sip

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dial"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/sessiontimer"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// overTCP are scenarios in which what UDP repeats on a loaded machine would find sipp waiting
// for something else.
var overTCP = []string{"bye-crossing"}

// played runs f for every scenario of a folder in testdata/sip, over UDP and TCP.
func played[F any](t *testing.T, folder string, scripts map[string]F, f func(t *testing.T, file, network string, script F)) {
	t.Helper()
	dir := filepath.Join("../../../testdata/sip", folder)
	files, err := filepath.Glob(filepath.Join(dir, "*.xml"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".xml"))
	}
	slices.Sort(names)
	if want := slices.Sorted(maps.Keys(scripts)); !slices.Equal(names, want) {
		t.Fatalf("scenarios %q, scripts %q", names, want)
	}
	for _, name := range names {
		for _, network := range []string{"udp", "tcp"} {
			if network == "tcp" || !slices.Contains(overTCP, name) {
				t.Run(name+"/"+network, func(t *testing.T) { f(t, filepath.Join(dir, name+".xml"), network, scripts[name]) })
			}
		}
	}
}

// callers are the scenarios of testdata/sip/callers, with what is done to their calls.
var callers = map[string]func(*testing.T, *signaling.Channel){
	"bye-crossing": func(t *testing.T, c *signaling.Channel) {
		picksUp(t, c)
		c.Hangup(signaling.CauseNormal)
	},
	"bye-early":        rings,
	"cancel":           rings,
	"cancel-too-late":  picksUp,
	"glare-invite":     holds,
	"glare-update":     holds,
	"late-offer":       picksUp,
	"max-forwards":     nil, // none comes
	"merged":           rings,
	"prack":            progresses,
	"prack-late-offer": progresses,
	"prack-late-offer-ringing": func(t *testing.T, c *signaling.Channel) {
		rings(t, c)
		picksUp(t, c)
	},
	"update": picksUp,
}

func rings(t *testing.T, c *signaling.Channel) {
	t.Helper()
	if err := c.Ring(siptest.Ctx(t)); err != nil {
		t.Fatal(err)
	}
}

func picksUp(t *testing.T, c *signaling.Channel) {
	t.Helper()
	if err := c.Answer(siptest.Ctx(t)); err != nil {
		t.Fatal(err)
	}
}

func holds(t *testing.T, c *signaling.Channel) {
	t.Helper()
	picksUp(t, c)
	if err := c.Hold(siptest.Ctx(t), true); err != nil {
		t.Fatal(err)
	}
}

func progresses(t *testing.T, c *signaling.Channel) {
	t.Helper()
	if err := c.Progress(siptest.Ctx(t)); err != nil {
		t.Fatal(err)
	}
	picksUp(t, c)
}

// TestCallers has sipp call 600.
func TestCallers(t *testing.T) {
	played(t, "callers", callers, func(t *testing.T, file, network string, script func(*testing.T, *signaling.Channel)) {
		r := newRig(t, strings.Replace(anybody, "allow", "100rel = peer_supported\nallow", 1), hurried)
		sipp := peer.Sipp(t, peer.SippConfig{Scenario: file, Target: r.server.Addr(network).String(), Service: "600", TCP: network == "tcp"})
		if script != nil {
			c := siptest.Wait(t, r.calls)
			script(t, c)
			siptest.Wait(t, c.Gone())
		}
		sipp.Wait(t)
		r.portsClosed()
		if len(r.calls) > 0 {
			t.Error("another call came")
		}
	})
}

// callees are the scenarios of testdata/sip/callees, with what is done to their calls.
var callees = map[string]func(*rig){
	"bye-crossing":      connected(func(l *leg) { l.Hangup(signaling.CauseNormal) }),
	"cancel-crossing":   takenBack,
	"forks":             connected(nil),
	"forks-in-turn":     connected(func(l *leg) { l.Hangup(signaling.CauseNormal) }),
	"glare-invite":      heldAndResumed,
	"loop":              refused("ended 127 true"),
	"prack":             connected(func(l *leg) { l.Hangup(signaling.CauseNormal) }),
	"redirects":         redirectedToSecond,
	"session-expires":   timedOut(seconds(2, 1), "ended 102 false"),
	"session-timer":     timedOut(seconds(4, 1), "ended 16 true"),
	"session-timer-own": timedOut(sessiontimer.Default(), "ended 16 true"),
}

// connected is a call that is answered, which it ends or the phone.
func connected(end func(*leg)) func(*rig) {
	return func(r *rig) {
		l, told := r.dial("callee")
		told.want(r.t, "answered")
		if end != nil {
			end(l)
		}
		for got := ""; !strings.HasPrefix(got, "ended 16 "); {
			got = siptest.Wait(r.t, told)
		}
	}
}

func takenBack(r *rig) {
	l, told := r.dial("callee")
	told.want(r.t, "ringing")
	l.Hangup(signaling.CauseNoAnswer)
	told.want(r.t, "ended 19 false")
}

func heldAndResumed(r *rig) {
	l, told := r.dial("callee")
	told.want(r.t, "answered")
	hold(r.t, l, true)
	told.want(r.t, "held true")
	told.want(r.t, "media")
	l.Hangup(signaling.CauseNormal)
	told.want(r.t, "ended 16 false")
}

func refused(how string) func(*rig) {
	return func(r *rig) {
		_, told := r.dial("callee")
		told.want(r.t, how)
	}
}

func timedOut(p sessiontimer.Policy, how string) func(*rig) {
	return func(r *rig) {
		r.tech.Directory().Endpoint("callee").Timer = p
		_, told := r.dial("callee")
		told.want(r.t, "answered")
		told.want(r.t, how)
	}
}

func redirectedToSecond(r *rig) {
	t := r.t
	done := make(chan dial.Result, 1)
	go func() { // ended by the answer
		done <- dial.Do(siptest.Ctx(t), r.house.Engine, dial.Plan{Targets: []dialstring.Target{{Tech: "PJSIP", Resource: "callee"}}})
	}()
	result := siptest.Wait(t, done)
	if result.Status != dial.Answer || result.Target.Resource != "second" {
		t.Fatalf("ended %+v", result)
	}
	result.Channel.Hangup(signaling.CauseNormal)
	siptest.Wait(t, result.Channel.Gone())
}

// TestCallees calls sipp.
func TestCallees(t *testing.T) {
	played(t, "callees", callees, func(t *testing.T, file, network string, script func(*rig)) {
		sipp := peer.Sipp(t, peer.SippConfig{Scenario: file, TCP: network == "tcp"})
		second := siptest.NewPhone(t, "second")
		conf := fmt.Sprintf("[callee]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\naors = callee\n[callee]\ntype = aor\ncontact = sip:callee@127.0.0.1:%d\\;transport=%s\n", sipp.SIP, network)
		r := newRig(t, conf+phoneEndpoint("second", second), hurried)
		r.house.Engine.AddTech(r.tech)
		answer := r.offer(0, "PCMU", "sendrecv")
		go func() { // ended by the call that comes, or with the test
			select {
			case in := <-second.Invites:
				if _, err := in.Accept(ua.Reply{ContentType: answer.Type, Body: answer.Body}, siptest.NewLeg(t)); err != nil {
					t.Error(err)
				}
			case <-t.Context().Done():
			}
		}()
		script(r)
		sipp.Wait(t)
		r.portsClosed()
	})
}
