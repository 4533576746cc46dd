package sip

import (
	"runtime"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// What is known of a call for half a minute, so that repeated messages find an answer, holds
// none of what the call had: its leg, its session, its port.
func TestAnEndedLegIsForgotten(t *testing.T) {
	for name, call := range map[string]func(t *testing.T, l *leg, told report, r *rig, phone *siptest.Peer){
		"answered": func(t *testing.T, l *leg, told report, r *rig, phone *siptest.Peer) {
			phone.Send(r.ok(phone, phone.Want("INVITE")))
			phone.Want("ACK")
			told.want(t, "answered")
			l.Hangup(signaling.CauseNormal)
			phone.Send(phone.Response(phone.Want("BYE"), 200, "", nil, ""))
			told.want(t, "ended 16 false")
		},
		"canceled": func(t *testing.T, l *leg, told report, _ *rig, phone *siptest.Peer) {
			invite := phone.Want("INVITE")
			phone.Send(phone.Response(invite, 180, "a", []string{phone.Contact()}, ""))
			told.want(t, "ringing")
			l.Hangup(signaling.CauseNoAnswer)
			phone.Send(phone.Response(phone.Want("CANCEL"), 200, "a", nil, ""))
			phone.Send(phone.Response(invite, 487, "a", nil, ""))
			phone.Want("ACK")
			told.want(t, "ended 19 false")
		},
		"refused": func(t *testing.T, _ *leg, told report, _ *rig, phone *siptest.Peer) {
			phone.Send(phone.Response(phone.Want("INVITE"), 486, "a", nil, ""))
			phone.Want("ACK")
			told.want(t, "ended 17 true")
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, phone := rawCallee(t)
			one := func() <-chan struct{} {
				forgotten := make(chan struct{})
				l, told := r.dial("callee")
				runtime.AddCleanup(l, func(done chan struct{}) { close(done) }, forgotten)
				call(t, l, told, r, phone)
				r.portsClosed()
				return forgotten
			}
			forgotten := one()
			one()                                      // the media's own goroutines may hold on to the last one that they had to do with
			tooLate := time.NewTimer(20 * time.Second) // its transaction lives for 32
			defer tooLate.Stop()
			for {
				runtime.GC()
				select {
				case <-forgotten:
					return
				case <-tooLate.C:
					t.Fatal("something holds the leg of a call that has ended")
				default:
				}
			}
		})
	}
}
