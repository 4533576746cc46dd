package transfer_test

import (
	"testing"

	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/refer"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// asked waits for our REFER.
func (r *rig) asked(l *siptest.Leg) *ua.InDialogRequest {
	r.t.Helper()
	in := siptest.Wait(r.t, l.Requests)
	if in.Request().Method() != "REFER" {
		r.t.Fatalf("%s, want REFER", in.Request().Method())
	}
	return in
}

// tells sends a NOTIFY about what the phone was asked, and gives the status of the answer.
func (r *rig) tells(l *siptest.Leg, state, body string) int {
	r.t.Helper()
	resp, err := l.Dialog.Request(siptest.Ctx(r.t), "NOTIFY", ua.Content{Type: refer.FragmentType, Body: []byte(body)},
		message.Header{Name: "Event", Value: "refer"}, message.Header{Name: "Subscription-State", Value: state})
	if resp == nil {
		r.t.Fatalf("NOTIFY: %v", err)
	}
	return resp.Status()
}

// Transfer asks the party, and the plan reads what comes of it.
func TestSendAway(t *testing.T) {
	const active, over = "active;expires=60", "terminated;reason=noresource"
	for _, tc := range []struct {
		name   string
		exten  string
		target string // empty for no REFER
		reply  ua.Reply
		said   [][2]string // NOTIFYs: state, status line
		want   string
	}{
		{"to a phone", "30", "3", ua.Reply{Status: 202}, [][2]string{{active, "SIP/2.0 100 Trying"}, {active, "SIP/2.0 180 Ringing"}, {over, "SIP/2.0 200 OK"}}, "SUCCESS 0"},
		{"to a URI", "31", "new", ua.Reply{Status: 202}, [][2]string{{over, "SIP/2.0 200 OK"}}, "SUCCESS 0"},
		{"busy", "30", "3", ua.Reply{Status: 202}, [][2]string{{active, "SIP/2.0 100 Trying"}, {over, "SIP/2.0 486 Busy Here"}}, "FAILURE 486"},
		{"no last word", "30", "3", ua.Reply{Status: 202}, [][2]string{{over, "SIP/2.0 100 Trying"}}, "SUCCESS 0"},
		{"no progress", "30", "3", ua.Reply{Status: 202, Headers: []message.Header{{Name: "Refer-Sub", Value: "false"}}}, nil, "SUCCESS 0"},
		{"refused", "30", "3", ua.Reply{Status: 603}, nil, "FAILURE 603"},
		{"not known", "30", "3", ua.Reply{Status: 501}, nil, "FAILURE 501"},
		{"no target", "32", "", ua.Reply{}, nil, "FAILURE 0"},
		{"another technology", "33", "", ua.Reply{}, nil, "FAILURE 0"},
		{"nothing", "34", "", ua.Reply{}, nil, "FAILURE 0"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, "")
			caller := r.invite("1", tc.exten)
			caller.Answered()
			if tc.target != "" {
				in := r.asked(caller)
				to, err := refer.ParseTarget(in.Request().Header("Refer-To"))
				ok(t, err)
				if to.To.User != tc.target || in.Request().Header("Referred-By") == "" {
					t.Errorf("Refer-To %s, Referred-By %q", to.To, in.Request().Header("Referred-By"))
				}
				ok(t, in.Respond(tc.reply))
			}
			for _, n := range tc.said {
				if got := r.tells(caller, n[0], n[1]+"\r\n"); got != 200 {
					t.Errorf("NOTIFY of %q: %d", n[1], got)
				}
			}
			r.note(tc.want)
			r.ended(caller)
		})
	}
}

// NOTIFYs that nobody waits for, and what cannot be read.
func TestSendAwayStrays(t *testing.T) {
	r := newRig(t, "")
	caller := r.invite("1", "30")
	caller.Answered()
	in := r.asked(caller)
	ok(t, in.Respond(ua.Reply{Status: 202}))
	if got := r.tells(caller, "active", "nonsense"); got != 400 {
		t.Errorf("a NOTIFY of nonsense: %d", got)
	}
	other, _ := r.call("2", "4")
	if got := r.tells(other, "active", "SIP/2.0 200 OK\r\n"); got != 481 {
		t.Errorf("a NOTIFY that nobody waits for: %d", got)
	}
	bye(t, caller) // before its last word
	r.note("1 hFAILURE")
}

// Before the answer the caller is redirected.
func TestSendAwayRedirects(t *testing.T) {
	r := newRig(t, "")
	caller := r.invite("1", "40")
	f := siptest.Wait(t, caller.Failed)
	if f.Response.Status() != 302 {
		t.Fatalf("INVITE: %d", f.Response.Status())
	}
	contacts, err := f.Response.Contacts()
	ok(t, err)
	if want := r.phones["3"].URI("udp"); len(contacts) != 1 || !contacts[0].URI.Equal(want) {
		t.Errorf("Contact %v, want %s", contacts, want)
	}
	r.note("1 hSUCCESS")
}
