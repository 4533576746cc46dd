package sip

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/extension"
	"github.com/skygenesisenterprise/skybridge/signaling/ringgroup"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// service starts a scenario of testdata/sip/services. One with a user calls the rig.
func (r *rig) service(name, user, exten string, args ...string) *peer.SippPeer {
	c := peer.SippConfig{Scenario: filepath.Join("../../../testdata/sip/services", name+".xml"), Args: args}
	if user != "" {
		c.Target, c.Service = r.server.Addr("udp").String(), exten
		c.Args = append(c.Args, "-key", "user", user)
	}
	return peer.Sipp(r.t, c)
}

// at is an endpoint of a pjsip.conf whose phone is a sipp at a port.
func at(name, options string, port int) string {
	return fmt.Sprintf("[%[1]s]\ntype = endpoint\ndirect_media = no\nallow = !all,ulaw\naors = %[1]s\n%[2]s\n[%[1]s]\ntype = aor\ncontact = sip:%[1]s@127.0.0.1:%[3]d\n", name, options, port)
}

const anaCalls = "[1001]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\ncallerid = Ana <1001>\n"

// TestIdentityOfTrunks has sipp play trunks that say who calls and how the call came, and
// learn with whom they are connected.
func TestIdentityOfTrunks(t *testing.T) {
	r := newRig(t, "[trunk]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\ntrust_id_inbound = yes\nsend_rpid = yes\n")
	for file, want := range map[string]string{
		"pai":       `"Boss" <boss> allowed_not_screened, sent on 0 times by <>`,
		"rpid":      `"Boss" <4930> prohib_passed_screen, sent on 0 times by <>`,
		"privacy":   `<4930> prohib_not_screened, sent on 0 times by <>`,
		"diversion": `<trunk> allowed_not_screened, sent on 2 times by <300>`,
	} {
		t.Run(file, func(t *testing.T) {
			trunk := r.service(file, "trunk", "600")
			c := siptest.Wait(t, r.calls)
			s := c.Snapshot()
			if got := fmt.Sprintf("%s %s, sent on %d times by <%s>", s.Caller, s.Caller.Presentation(), s.Redirecting.Count(), s.Redirecting.From().Number); got != want {
				t.Errorf("%s, want %s", got, want)
			}
			c.SetConnected(signaling.CallerID{Name: "Desk", Number: "200"})
			if err := c.Ring(siptest.Ctx(t)); err != nil {
				t.Fatal(err)
			}
			c.Hangup(signaling.CauseBusy)
			trunk.Wait(t)
			siptest.Wait(t, c.Gone())
		})
	}
}

// A carrier that takes a forwarded call sees who calls, who forwarded it and why, and how often it
// may still be passed on.
func TestForwardedToACarrier(t *testing.T) {
	port, desk := peer.FreePort(t), peer.FreePort(t)
	r, services := planned(t, anaCalls+at("1002", "context = internal\ncallerid = Desk <1002>", desk)+
		at("trunk", "context = closed\nsend_history_info = yes\n[trunk]\ntype = identify\nendpoint = trunk\nmatch = 192.0.2.1", port))
	for _, c := range []struct {
		carrier, desk string // scenarios; the desk is not asked without
		set           extension.Services
	}{
		{"forwarded", "", extension.Services{Always: "90123"}},
		{"forwarded-busy", "../phones/reject", extension.Services{Busy: "90123"}},
		{"forwarded-unanswered", "../phones/ring", extension.Services{NoAnswer: "90123", After: 3 * time.Second}},
		{"forwarded", "moved", extension.Services{}}, // by the phone itself
	} {
		t.Run(c.carrier+" "+c.desk, func(t *testing.T) {
			if err := services.Set(t.Context(), "1002", c.set); err != nil {
				t.Fatal(err)
			}
			carrier := r.waiting(c.carrier, port)
			var phone *peer.SippPeer
			if c.desk != "" {
				phone = r.waiting(c.desk, desk, "CONTACTS", "<sip:fax;x=1@192.0.2.7>;q=0.9, <sip:90123@192.0.2.7>;q=0.7, <mailto:desk@192.0.2.7>, <sip:1001@192.0.2.7>;q=0.3")
			}
			leg := r.call(r.phone("1001"), "1002")
			leg.Answered()
			if phone != nil {
				phone.Wait(t)
			}
			if err := leg.Dialog.Bye(siptest.Ctx(t)); err != nil {
				t.Fatal(err)
			}
			carrier.Wait(t)
		})
	}
}

// Who is not to be disturbed is busy, and its phone is not asked.
func TestDoNotDisturb(t *testing.T) {
	desk := siptest.NewPhone(t, "1002", "udp")
	r, services := planned(t, anaCalls+named("1002", "context = internal", desk))
	if err := services.Set(t.Context(), "1002", extension.Services{DND: true}); err != nil {
		t.Fatal(err)
	}
	r.service("disturbs-nobody", "1001", "1002").Wait(t)
	if len(desk.Invites) != 0 {
		t.Error("the phone is called")
	}
}

// waiting starts a scenario that is called at a port.
func (r *rig) waiting(name string, port int, replace ...string) *peer.SippPeer {
	return peer.Sipp(r.t, peer.SippConfig{
		Scenario: filepath.Join("../../../testdata/sip/services", name+".xml"), SIP: port, Service: "x", Replace: append(replace, "STATUS", "486"),
	})
}

// A call that comes round ends, by whatever its loop can be told.
func TestLoopsOfForwards(t *testing.T) {
	r, services := planned(t, strings.Join([]string{
		"[trunk]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\n", at("1002", "context = internal", 9),
		at("1003", "context = internal", 9), at("1004", "context = internal", 9), at("1005", "context = internal", 9), at("1006", "context = internal", 9),
	}, "\n"))
	for name, to := range map[string]string{"1002": "1003", "1003": "1004", "1004": "1002", "1005": "7005"} {
		if err := services.Set(t.Context(), name, extension.Services{Always: to}); err != nil {
			t.Fatal(err)
		}
	}
	if err := services.Set(t.Context(), "1002", extension.Services{Always: "1002"}); err == nil {
		t.Error("a phone forwards to itself")
	}
	for _, ca := range []struct {
		name, exten string
		hops, sent  int
	}{
		{"a ring of three phones", "1002", 70, 1},
		{"a phone that forwards to an extension which is itself", "1005", 70, 1},
		{"sent on too often before", "1002", 70, 10},
		{"no hop left to pass it on", "1006", 1, 1},
	} {
		t.Run(ca.name, func(t *testing.T) {
			r.service("looped", "trunk", ca.exten, "-key", "hops", strconv.Itoa(ca.hops), "-key", "sent", strconv.Itoa(ca.sent)).Wait(t)
		})
	}
}

// Who picks up has the call and is shown who calls; the phone that rang is told.
func TestPickUp(t *testing.T) {
	port := peer.FreePort(t)
	r, _ := planned(t, anaCalls+at("1002", "context = internal\nnamed_call_group = sales", port)+
		"[1003]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\nnamed_pickup_group = sales\nsend_rpid = yes\n")
	caller := r.phone("1001")
	for _, exten := range []string{"*8", "**1002"} {
		t.Run(exten, func(t *testing.T) {
			desk := r.waiting("elsewhere", port)
			leg := r.call(caller, "1002")
			for siptest.Wait(t, leg.Provisional).Status() != 180 {
			}
			colleague := r.service("picks-up", "1003", exten)
			leg.Answered()
			desk.Wait(t)
			if err := leg.Dialog.Bye(siptest.Ctx(t)); err != nil {
				t.Fatal(err)
			}
			colleague.Wait(t)
		})
	}
}

// A group rings all at once, where those who lose learn who has the call, or one after
// another.
func TestRingGroups(t *testing.T) {
	slow, quick := peer.FreePort(t), peer.FreePort(t)
	members := []string{"1002", "1003"}
	r, _ := planned(t, anaCalls+at("1002", "context = internal", slow)+at("1003", "context = internal", quick),
		ringgroup.Group{Number: "8000", Members: members, Prefix: "Sales"},
		ringgroup.Group{Number: "8001", Members: members, Prefix: "Sales", Strategy: ringgroup.Sequence, RingTime: time.Second})
	caller := r.phone("1001")
	for exten, loses := range map[string]string{"8000": "elsewhere", "8001": "../phones/ring"} {
		t.Run(exten, func(t *testing.T) {
			loser, winner := r.waiting(loses, slow), r.waiting("member", quick)
			leg := r.call(caller, exten)
			leg.Answered()
			loser.Wait(t)
			if err := leg.Dialog.Bye(siptest.Ctx(t)); err != nil {
				t.Fatal(err)
			}
			winner.Wait(t)
		})
	}
}
