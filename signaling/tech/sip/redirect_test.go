package sip

import (
	"fmt"
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dial"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// phoneEndpoint is the pjsip.conf of a phone.
func phoneEndpoint(name string, p *siptest.Phone) string {
	return fmt.Sprintf("[%s]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\naors = %[1]s\n[%[1]s]\ntype = aor\ncontact = %s\n", name, p.URI("udp"))
}

// A phone that forwards its calls names somebody else: who is then called, if the
// phone could call them too, and not for ever.
func TestRedirection(t *testing.T) {
	first, second := siptest.NewPhone(t, "first"), siptest.NewPhone(t, "second")
	trunk := phoneEndpoint("trunk", second) + "[trunk]\ntype = identify\nendpoint = trunk\nmatch = 192.0.2.9\n"
	r := newRig(t, phoneEndpoint("first", first)+phoneEndpoint("second", second)+phoneEndpoint("404", second)+trunk)
	r.house.Engine.AddTech(r.tech)
	ring := func(t *testing.T) chan dial.Result {
		done := make(chan dial.Result, 1)
		plan := dial.Plan{Targets: []dialstring.Target{{Tech: "PJSIP", Resource: "first"}}}
		go func() { done <- dial.Do(siptest.Ctx(t), r.house.Engine, plan) }()
		return done
	}
	redirect := func(t *testing.T, p *siptest.Phone, users ...string) {
		t.Helper()
		reply := ua.Reply{Status: 302}
		for _, u := range users {
			reply.Contacts = append(reply.Contacts, message.Address{URI: message.URI{Scheme: "sip", User: u, Host: "elsewhere.invalid"}})
		}
		if err := siptest.Wait(t, p.Invites).Reject(reply); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("to a phone", func(t *testing.T) {
		done := ring(t)
		redirect(t, first, "404", "SECOND")
		answer := r.offer(0, "PCMU", "sendrecv")
		leg := second.Answer(ua.Reply{ContentType: answer.Type, Body: answer.Body})
		result := siptest.Wait(t, done)
		if result.Status != dial.Answer || result.Target.Resource != "second" {
			t.Fatalf("ended %+v", result)
		}
		result.Channel.Hangup(signaling.CauseNormal)
		siptest.Wait(t, leg.Ended)
	})
	t.Run("to a phone that is busy", func(t *testing.T) {
		done := ring(t)
		redirect(t, first, "second")
		in := siptest.Wait(t, second.Invites)
		if got := headersOf(in.Request().Parsed); got != "Diversion: <sip:first@127.0.0.1>;reason=unconditional;counter=1" {
			t.Errorf("told %s", got)
		}
		if err := in.Reject(ua.Reply{Status: 486}); err != nil {
			t.Fatal(err)
		}
		if result := siptest.Wait(t, done); result.Status != dial.Busy || result.Cause != signaling.CauseBusy {
			t.Errorf("ended %+v", result)
		}
	})
	t.Run("round and round", func(t *testing.T) {
		done := ring(t)
		redirect(t, first, "second")
		redirect(t, second, "first")
		redirect(t, first, "second")
		if result := siptest.Wait(t, done); result.Status != dial.Unavailable {
			t.Errorf("ended %+v", result)
		}
	})
	for _, user := range []string{"nobody", "", "404", "trunk", "5551234@trunk", "first/second"} {
		t.Run("to "+user, func(t *testing.T) {
			done := ring(t)
			redirect(t, first, user)
			if result := siptest.Wait(t, done); result.Status != dial.Unavailable {
				t.Errorf("ended %+v", result)
			}
		})
	}
}
