package sip

import (
	"fmt"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dial"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// A call that is passed on counts its hops, so that one in a loop comes to an end.
func TestMaxForwardsArePassedOn(t *testing.T) {
	phone := siptest.NewPhone(t, "callee", "udp")
	r := newRig(t, callee(phone)+anybody)
	r.house.Engine.AddTech(r.tech)
	targets := []dialstring.Target{{Tech: "PJSIP", Resource: "callee"}}
	for _, tc := range []struct{ came, leaves int }{{0, 70}, {70, 69}, {2, 1}, {1, 0}} {
		t.Run(fmt.Sprint(tc.came), func(t *testing.T) {
			plan := dial.Plan{Targets: targets}
			if tc.came > 0 {
				r.call(r.phone("1001"), "600", func(o *ua.Outbound) { o.MaxForwards = tc.came })
				plan.From = siptest.Wait(t, r.calls)
				defer plan.From.Hangup(signaling.CauseNormal)
			}
			done := make(chan dial.Result, 1)
			go func() { done <- dial.Do(siptest.Ctx(t), r.house.Engine, plan) }()
			if tc.leaves == 0 {
				if result := siptest.Wait(t, done); result.Status != dial.Unavailable || fault.Of(result.Err) != fault.Looped {
					t.Errorf("dialled: %+v", result)
				}
				return
			}
			in := siptest.Wait(t, phone.Invites)
			if got := in.Request().MaxForwards(); got != tc.leaves {
				t.Errorf("came with %d, leaves with %d, not %d", tc.came, got, tc.leaves)
			}
			if err := in.Reject(ua.Reply{Status: 486}); err != nil {
				t.Fatal(err)
			}
			siptest.Wait(t, done)
		})
	}
}
