package transfer_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/transfer"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// A blind transfer by either side: the other one goes on at the extension, the transferer
// hears how it goes and is hung up then.
func TestBlind(t *testing.T) {
	for name, byCaller := range map[string]bool{"by the caller": true, "by the called": false} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "")
			caller, callee := r.call("1", "2")
			by, other, who := callee, caller, "1"
			if byCaller {
				by, other, who = caller, callee, "2"
			}
			if got := r.refer(by, r.to("3"), message.Header{Name: "Referred-By", Value: "<sip:boss@here>"}); got != 202 {
				t.Fatalf("REFER: %d", got)
			}
			third := r.rings("3")
			if got := third.Request().Header("Referred-By"); got != "<sip:boss@here>" {
				t.Errorf("Referred-By %q", got)
			}
			if got := third.Request().From().URI.User; got != who {
				t.Errorf("%s calls, want %s", got, who)
			}
			r.progress(by, 100, 180)
			leg := r.answer(third)
			r.progress(by, 200)
			r.ended(by)
			r.together(who, "3")
			e := siptest.Wait(t, r.events.Events())
			data, _ := e.Data.(transfer.BlindEvent)
			if e.Type != event.BridgeBlindTransfer || data.Result != transfer.Success || data.Exten != "3" || data.Context != "phones" ||
				data.Transferee.Endpoint != who || !data.External || len(data.Bridge.Channels) != 2 {
				t.Errorf("event %s: %+v", e.Type, data)
			}
			bye(t, leg)
			r.ended(other)
		})
	}
}

// What the plan reads of a transfer.
func TestBlindVariables(t *testing.T) {
	r := newRig(t, "")
	caller, callee := r.call("1", "2")
	if got := r.refer(callee, r.to("6"), message.Header{Name: "Referred-By", Value: "<sip:2@here>"}); got != 202 {
		t.Fatalf("REFER: %d", got)
	}
	r.note("1 at 6: " + "PJSIP/2-00000001" + " <sip:2@here> " + r.uri("6").String() + " yes")
	r.progress(callee, 100, 200) // an announcement takes the call
	r.ended(callee)
	bye(t, caller)
	r.note("1 h")
}

// REFERs that are refused leave the call as it was.
func TestBlindRefused(t *testing.T) {
	r := newRig(t, "")
	_, callee := r.call("1", "2")
	for _, tc := range []struct {
		to   string
		want int
	}{
		{r.to("404"), 404},
		{r.to("8"), 404}, // of another context
		{"<sip:3@elsewhere.example>", 403},
		{"<sip:3&PJSIP%2F4@127.0.0.1>", 404},
		{"<sip:3%40other@127.0.0.1>", 404},
		{"<sip:3%2Fother@127.0.0.1>", 404},
		{"nonsense", 400},
		{"<" + r.uri("3").String() + ";method=BYE>", 501},
		{"<" + r.uri("1").String() + "?Replaces=guess%3Bto-tag%3D1%3Bfrom-tag%3D2>", 202}, // goes to external_replaces
	} {
		if got := r.refer(callee, tc.to); got != tc.want {
			t.Errorf("REFER to %s: %d, want %d", tc.to, got, tc.want)
		}
		if tc.want != 202 {
			r.together("1", "2")
		}
	}
	r.note("outside: guess;to-tag=1;from-tag=2")
}

// A transfer that fails is told, and who is transferred goes on in its plan.
func TestBlindFails(t *testing.T) {
	r := newRig(t, "")
	caller, callee := r.call("1", "2")
	if got := r.refer(callee, r.to("3")); got != 202 {
		t.Fatalf("REFER: %d", got)
	}
	third := r.rings("3")
	r.progress(callee, 100, 180)
	if got := r.refer(callee, r.to("4")); got != 491 {
		t.Errorf("a second REFER: %d", got)
	}
	ok(t, third.Reject(ua.Reply{Status: 486}))
	r.note("1 dialled 3: BUSY PJSIP/2-00000001 ", "1 h")
	r.ended(caller)
	if got, state := r.notified(callee); got != 486 || state != "terminated;reason=noresource" {
		t.Errorf("NOTIFY %d %s", got, state)
	}
	r.ended(callee)
}
