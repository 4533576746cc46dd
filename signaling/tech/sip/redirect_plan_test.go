package sip

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/signaling/extension"
	"github.com/skygenesisenterprise/skybridge/signaling/ringgroup"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// moved has a phone answer its next call with a 3xx that names users, the first the best.
func moved(t *testing.T, p *siptest.Phone, status int, users ...string) {
	t.Helper()
	reply := ua.Reply{Status: status}
	for _, u := range users {
		reply.Contacts = append(reply.Contacts, message.Address{URI: message.URI{Scheme: "sip", User: u, Host: "elsewhere.invalid"}})
	}
	if err := siptest.Wait(t, p.Invites).Reject(reply); err != nil {
		t.Fatal(err)
	}
}

func (r *rig) refusedWith(leg *siptest.Leg, status int) {
	r.t.Helper()
	if f := siptest.Wait(r.t, leg.Failed); f.Response.Status() != status {
		r.t.Errorf("refused with %d, not %d", f.Response.Status(), status)
	}
}

// idle fails where a phone is rung that should not be. It comes after the call's end.
func idle(t *testing.T, phones ...*siptest.Phone) {
	t.Helper()
	for _, p := range phones {
		select {
		case in := <-p.Invites:
			t.Errorf("rung: %s", in.Request().URI())
		default:
		}
	}
}

// A phone that names an extension of its context in its place has the call go on there, with
// the rights of that context and no more, and not for ever.
func TestRedirectedThroughThePlan(t *testing.T) {
	t.Parallel()
	desk, other, trunk := siptest.NewPhone(t, "1002", "udp"), siptest.NewPhone(t, "1004", "udp"), siptest.NewPhone(t, "trunk", "udp")
	asks, believes := siptest.NewPhone(t, "asks", "udp"), peer.FreePort(t)
	r, services := planned(t, strings.Join([]string{
		anaCalls, named("1002", "context = internal\ncallerid = Desk <1002>", desk), named("1003", "context = closed", desk),
		named("1004", "context = internal", other), at("1005", "context = internal", believes),
		named("trunk", "context = closed\n[trunk]\ntype = identify\nendpoint = trunk\nmatch = 192.0.2.1", trunk),
		named("asks", "context = closed\nredirect_method = user\n[asks]\ntype = identify\nendpoint = asks\nmatch = 192.0.2.2", asks),
	}, "\n"))
	caller := r.phone("1001")
	answers := func(t *testing.T, p *siptest.Phone) (*ua.IncomingInvite, func()) {
		t.Helper()
		in := siptest.Wait(t, p.Invites)
		return in, func() {
			t.Helper()
			if err := in.Reject(ua.Reply{Status: 486}); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Run("to a number at a trunk, who is heard", func(t *testing.T) {
		phone := r.waiting("moved", believes, "CONTACTS", "<tel:+4930123>;q=1, <tel:9-01.23>;q=0.8, <sip:1004@h>;q=0.5")
		us, them := r.mouth(0x15), r.mouth(0x2a)
		content := us.content(r)
		leg := r.call(caller, "1005", func(o *ua.Outbound) { o.ContentType, o.Body = content.Type, content.Body })
		in := siptest.Wait(t, trunk.Invites)
		req := in.Request()
		if req.URI().User != "0123" || req.MaxForwards() != 68 || !strings.Contains(headersOf(req.Parsed), "sip:1005@127.0.0.1>;reason=unconditional;counter=1") {
			t.Errorf("%s, %d hops left\n%s", req.URI(), req.MaxForwards(), headersOf(req.Parsed))
		}
		them.toward(req.Part(sdpType))
		if _, err := in.Accept(them.reply(r, 200), siptest.NewLeg(t)); err != nil {
			t.Fatal(err)
		}
		us.toward(leg.Answered().Body())
		converse(us, them)
		phone.Wait(t)
		if err := leg.Dialog.Bye(siptest.Ctx(t)); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("multiple choices", func(t *testing.T) {
		leg := r.call(caller, "1002")
		moved(t, desk, 300, "nobody", "1002", "1004", "90123")
		in, refuse := answers(t, other)
		if in.Request().URI().User != "1004" {
			t.Errorf("rings %s", in.Request().URI())
		}
		refuse()
		r.refusedWith(leg, 486)
	})
	t.Run("as it rings", func(t *testing.T) {
		leg := r.call(caller, "1002")
		in := siptest.Wait(t, desk.Invites)
		if err := in.Progress(ua.Reply{Status: 180}); err != nil {
			t.Fatal(err)
		}
		if err := in.Reject(ua.Reply{Status: 302, Contacts: []message.Address{{URI: message.URI{Scheme: "sip", User: "1004", Host: "h"}}}}); err != nil {
			t.Fatal(err)
		}
		second, refuse := answers(t, other)
		if got := headersOf(second.Request().Parsed); !strings.Contains(got, "sip:1002@127.0.0.1>;reason=deflection") {
			t.Errorf("told %s", got)
		}
		refuse()
		r.refusedWith(leg, 486)
	})
	t.Run("two phones name each other", func(t *testing.T) {
		leg := r.call(caller, "1002")
		moved(t, desk, 302, "1004")
		moved(t, other, 302, "1002")
		moved(t, desk, 302, "1004")
		r.refusedWith(leg, 483)
	})
	t.Run("a forward that is switched on, and one of the phone", func(t *testing.T) {
		if err := services.Set(t.Context(), "1004", extension.Services{Always: "1002"}); err != nil {
			t.Fatal(err)
		}
		leg := r.call(caller, "1002")
		moved(t, desk, 302, "1004") // which forwards to 1002
		moved(t, desk, 302, "90123")
		r.refusedWith(leg, 483)
		if err := services.Set(t.Context(), "1004", extension.Services{}); err != nil {
			t.Fatal(err)
		}
	})
	for _, users := range [][]string{
		{"1004&PJSIP/0123@trunk"}, {"0123@trunk"}, {"trunk/0123"}, {"1004,30,g"}, {"1004;x=y"}, {"${EXTEN}"}, {""}, {"nobody"}, {"1002"}, {"trunk"},
	} {
		t.Run("to "+strings.Join(users, " "), func(t *testing.T) {
			leg := r.call(caller, "1002")
			moved(t, desk, 302, users...)
			siptest.Wait(t, leg.Failed)
		})
	}
	t.Run("to where its context does not reach", func(t *testing.T) {
		leg := r.call(caller, "1003")
		moved(t, desk, 302, "90123")
		siptest.Wait(t, leg.Failed)
	})
	t.Run("to where the plan's context for it does", func(t *testing.T) {
		leg := r.call(caller, "*72003")
		moved(t, desk, 302, "90123")
		_, refuse := answers(t, trunk)
		refuse()
		r.refusedWith(leg, 486)
	})
	t.Run("where Dial says i", func(t *testing.T) {
		leg := r.call(caller, "*71002")
		moved(t, desk, 302, "1004")
		r.refusedWith(leg, 486)
		if err := services.Set(t.Context(), "1002", extension.Services{Always: "1004"}); err != nil {
			t.Fatal(err)
		}
		leg = r.call(caller, "*71002")
		_, refuse := answers(t, desk)
		refuse()
		r.refusedWith(leg, 486)
		if err := services.Set(t.Context(), "1002", extension.Services{}); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("a trunk", func(t *testing.T) {
		leg := r.call(caller, "90123")
		moved(t, trunk, 302, "1004")
		siptest.Wait(t, leg.Failed)
	})
	t.Run("a trunk whose file says so", func(t *testing.T) {
		leg := r.call(caller, "7006")
		moved(t, asks, 302, "90123", "1004")
		_, refuse := answers(t, other)
		refuse()
		r.refusedWith(leg, 486)
	})
	idle(t, desk, other, trunk, asks)
}

// A phone of several that names an extension is rung there beside the others, through the plan.
func TestRedirectedBesideOthers(t *testing.T) {
	t.Parallel()
	desk, other, trunk := siptest.NewPhone(t, "1002", "udp"), attentive(t, "1004"), attentive(t, "trunk")
	r, _ := planned(t, strings.Join([]string{
		anaCalls, named("1002", "context = internal\ncallerid = Desk <1002>", desk), named("1004", "context = internal", other),
		named("1003", "context = closed", desk),
		named("trunk", "context = closed\n[trunk]\ntype = identify\nendpoint = trunk\nmatch = 192.0.2.1", trunk),
	}, "\n"), ringgroup.Group{Number: "8000", Members: []string{"1002", "1004"}}, ringgroup.Group{Number: "8001", Members: []string{"1002"}},
		ringgroup.Group{Number: "8002", Members: []string{"1003"}})
	caller := r.phone("1001")
	t.Run("a number at a trunk, who answers", func(t *testing.T) {
		us, them := r.mouth(0x15), r.mouth(0x2a)
		content := us.content(r)
		leg := r.call(caller, "8000", func(o *ua.Outbound) { o.ContentType, o.Body = content.Type, content.Body })
		loser := siptest.Wait(t, other.Invites)
		if err := loser.Progress(ua.Reply{Status: 180}); err != nil {
			t.Fatal(err)
		}
		moved(t, desk, 302, "90123")
		in := siptest.Wait(t, trunk.Invites)
		req := in.Request()
		if req.URI().User != "0123" || req.MaxForwards() != 68 || req.From().URI.User != "1001" ||
			!strings.Contains(headersOf(req.Parsed), "sip:1002@127.0.0.1>;reason=unconditional;counter=1") {
			t.Errorf("%s from %s, %d hops left\n%s", req.URI(), req.From(), req.MaxForwards(), headersOf(req.Parsed))
		}
		them.toward(req.Part(sdpType))
		end := siptest.NewLeg(t)
		if _, err := in.Accept(them.reply(r, 200), end); err != nil {
			t.Fatal(err)
		}
		us.toward(leg.Answered().Body())
		siptest.Wait(t, loser.Done())
		converse(us, them)
		if err := leg.Dialog.Bye(siptest.Ctx(t)); err != nil {
			t.Fatal(err)
		}
		siptest.Wait(t, end.Ended)
	})
	t.Run("who is busy", func(t *testing.T) {
		leg := r.call(caller, "8001")
		moved(t, desk, 302, "90123")
		if err := siptest.Wait(t, trunk.Invites).Reject(ua.Reply{Status: 486}); err != nil {
			t.Fatal(err)
		}
		r.refusedWith(leg, 486)
	})
	t.Run("the caller gives up", func(t *testing.T) {
		leg := r.call(caller, "8001")
		moved(t, desk, 302, "90123")
		in := siptest.Wait(t, trunk.Invites)
		if err := in.Progress(ua.Reply{Status: 180}); err != nil {
			t.Fatal(err)
		}
		for siptest.Wait(t, leg.Provisional).Status() != 180 {
		}
		if err := leg.Invite.Cancel(""); err != nil {
			t.Fatal(err)
		}
		siptest.Wait(t, leg.Failed)
		siptest.Wait(t, in.Done())
	})
	t.Run("the group itself", func(t *testing.T) {
		leg := r.call(caller, "8001")
		moved(t, desk, 302, "8001")
		moved(t, desk, 302, "8001")
		siptest.Wait(t, leg.Failed)
	})
	t.Run("where it may not", func(t *testing.T) {
		leg := r.call(caller, "8002")
		moved(t, desk, 302, "90123")
		siptest.Wait(t, leg.Failed)
	})
	idle(t, desk, other, trunk)
	r.house.Eventually("every channel is gone", func() bool { return len(r.house.Engine.Channels()) == 0 })
	r.portsClosed()
}
