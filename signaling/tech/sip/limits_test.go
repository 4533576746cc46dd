package sip

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// A phone with as many calls as it may have is busy to others, whichever way they went, and
// places none beyond its limit.
func TestBusyAt(t *testing.T) {
	phone := siptest.NewPhone(t, "1001", "udp")
	conf := func(more string) string {
		return "[1001]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\naors = 1001\n" + more +
			"[1001]\ntype = aor\ncontact = " + sipURI(phone.Addr("udp")) + "\n"
	}
	r := newRig(t, conf("device_state_busy_at = 1\n"))
	busy := func(name string) {
		t.Helper()
		if _, err := r.tech.Dial(siptest.Ctx(t), signaling.DialRequest{Resource: name}); fault.Of(err) != fault.Busy || signaling.CauseOf(err) != signaling.CauseBusy {
			t.Errorf("a further call: %v", err)
		}
	}
	l, told := r.dial("1001") // rings
	in := siptest.Wait(t, phone.Invites)
	if err := in.Progress(ua.Reply{Status: 180}); err != nil {
		t.Fatal(err)
	}
	told.want(t, "ringing")
	busy("1001")
	l.Hangup(signaling.CauseNormal)
	siptest.Wait(t, in.Done())
	told.want(t, "ended 16 false")

	_, c := r.answered(r.phone("1001"), "600") // calls itself
	busy("1001")
	c.Hangup(signaling.CauseNormal)
	siptest.Wait(t, c.Gone())
	r.house.Eventually("the phone is free", func() bool {
		l, err := r.tech.Dial(siptest.Ctx(t), signaling.DialRequest{Resource: "1001"})
		if err == nil {
			l.Hangup(signaling.CauseNormal)
		}
		return err == nil
	})

	// sip.conf's limit is for its own calls too.
	if err := r.tech.Configure(t.Context(), endpointsOf(t, "sip.conf", "[1002]\ntype = friend\nhost = dynamic\ncontext = internal\ncall-limit = 1\nallow = ulaw\n")); err != nil {
		t.Fatal(err)
	}
	_, c = r.answered(r.phone("1002"), "600")
	if got := r.taken(r.call(r.phone("1002"), "600")); got != "503" {
		t.Errorf("a second call of its own: %s", got)
	}
	c.Hangup(signaling.CauseNormal)
	siptest.Wait(t, c.Gone())
}

// One call that rings all phones of a user is one call to who counts them: while it rings,
// when one of them has answered, and until that one has hung up.
func TestBusyAtOfSeveralPhones(t *testing.T) {
	for contacts := 1; contacts <= 3; contacts++ {
		for _, limit := range []struct {
			option string
			room   int
		}{{"device_state_busy_at = 1", 1}, {"device_state_busy_at = 2", 2}} {
			t.Run(fmt.Sprintf("%d phones, %s", contacts, limit.option), func(t *testing.T) {
				t.Parallel()
				r, _ := planned(t, "[1001]\ntype = endpoint\ndirect_media = no\ncontext = internal\nallow = !all,ulaw\naors = 1001\n"+limit.option+
					"\n[1001]\ntype = aor\nmax_contacts = 3\n[1002]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\n")
				var phones []*siptest.Phone
				for range contacts {
					p := r.phone("1001")
					r.registers(p)
					phones = append(phones, p)
				}
				caller := r.phone("1002")
				busy := func() {
					t.Helper()
					if got := r.taken(r.call(caller, "*91001")); got != "486" {
						t.Errorf("a call too many: %s", got)
					}
				}
				var legs []*siptest.Leg
				var ringing []*ua.IncomingInvite
				for range limit.room {
					legs = append(legs, r.call(caller, "*91001"))
					for _, p := range phones {
						in := siptest.Wait(t, p.Invites)
						if err := in.Progress(ua.Reply{}); err != nil {
							t.Fatal(err)
						}
						ringing = append(ringing, in)
					}
					r.ring(len(ringing))
				}
				busy()
				c := r.offer(0, "PCMU", "sendrecv")
				dialog, err := ringing[contacts-1].Accept(ua.Reply{ContentType: c.Type, Body: c.Body}, siptest.NewLeg(t))
				if err != nil {
					t.Fatal(err)
				}
				legs[0].Answered()
				for _, in := range ringing[:contacts-1] {
					siptest.Wait(t, in.Done())
				}
				busy()
				if err := dialog.Bye(siptest.Ctx(t)); err != nil {
					t.Fatal(err)
				}
				siptest.Wait(t, legs[0].Ended)
				r.house.Eventually("the user has room for a call", func() bool {
					l, err := r.tech.Dial(siptest.Ctx(t), signaling.DialRequest{Resource: "1001"})
					if err == nil {
						l.Hangup(signaling.CauseNormal)
					}
					return err == nil
				})
			})
		}
	}
}

// Who wants no causes of Q.850 is told none, in CANCEL, BYE and refusals; that another one has
// answered is none.
func TestSuppressedCauses(t *testing.T) {
	for _, quiet := range []string{"no", "yes"} {
		t.Run(quiet, func(t *testing.T) {
			phone := siptest.UDP(t, netip.AddrPort{})
			r := newRig(t, fmt.Sprintf("[callee]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\naors = callee\nsuppress_q850_reason_headers = %s\n"+
				"[callee]\ntype = aor\ncontact = sip:callee@%s\n", quiet, phone.Local()))
			reason := func(m *siptest.Message, want string) {
				t.Helper()
				if quiet == "yes" && want[0] == 'Q' {
					want = ""
				}
				if got := m.Header("Reason"); got != want {
					t.Errorf("%s with the reason %q, want %q", m.Start, got, want)
				}
			}
			for cause, want := range map[signaling.Cause]string{
				signaling.CauseNormal: `Q.850;cause=16;text="Normal Clearing"`, signaling.CauseAnsweredElse: `SIP;cause=200;text="Call completed elsewhere"`,
			} {
				l, told := r.dial("callee")
				invite := phone.Want("INVITE")
				phone.Send(phone.Response(invite, 180, "a", nil, ""))
				told.want(t, "ringing")
				l.Hangup(cause)
				cancel := phone.Want("CANCEL")
				reason(cancel, want)
				phone.Send(phone.Response(cancel, 200, "", nil, ""))
				phone.Send(phone.Response(invite, 487, "a", nil, ""))
				phone.Want("ACK")
				told.want(t, fmt.Sprintf("ended %d false", cause))
			}
			l, told := r.dial("callee")
			phone.Send(r.ok(phone, phone.Want("INVITE")))
			phone.Want("ACK")
			told.want(t, "answered")
			l.Hangup(signaling.CauseNormal)
			bye := phone.Want("BYE")
			reason(bye, `Q.850;cause=16;text="Normal Clearing"`)
			phone.Send(phone.Response(bye, 200, "", nil, ""))
			told.want(t, "ended 16 false")
		})
	}
}
