package sip

import (
	"fmt"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/party"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// headersOf are the headers of a message that tell of a party.
func headersOf(m *message.Parsed) string {
	var out []string
	for _, name := range []string{"P-Asserted-Identity", "Remote-Party-ID", "Privacy", "Diversion", "History-Info"} {
		for _, v := range m.Headers(name) {
			out = append(out, name+": "+v)
		}
	}
	return strings.Join(out, "\n")
}

// What a call to a phone says of who calls and how it came, by the phone's options.
func TestWhatACallTells(t *testing.T) {
	ana := signaling.CallerID{Name: "Ana", Number: "100"}
	way, err := (*party.Redirecting)(nil).Forward(party.ID{Name: "Bob", Number: "200"}, party.ID{Number: "callee"}, party.Busy)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, options string
		caller        signaling.CallerID
		way           *party.Redirecting
		from, want    string // %s is the phone's address
	}{
		{"by From", "", ana, nil, `"Ana" <sip:100@127.0.0.1>`, ""},
		{"PAI and RPID", "send_pai=yes\nsend_rpid=yes", ana, nil, `"Ana" <sip:100@127.0.0.1>`, "P-Asserted-Identity: \"Ana\" <sip:100@127.0.0.1>\n" +
			"Remote-Party-ID: \"Ana\" <sip:100@127.0.0.1>;party=calling;privacy=off;screen=no"},
		{"a private caller", "send_pai=yes", ana.Present(party.Private), nil, `"Anonymous" <sip:anonymous@anonymous.invalid>`, ""},
		{"a private caller to one that is trusted", "send_pai=yes\ntrust_id_outbound=yes", ana.Present(party.Private), nil,
			`"Ana" <sip:100@127.0.0.1>`, "P-Asserted-Identity: \"Ana\" <sip:100@127.0.0.1>\nPrivacy: id"},
		{"from_user, from_domain", "from_user=acme\nfrom_domain=acme.example", ana, nil, `"Ana" <sip:acme@acme.example>`, ""},
		{"user_eq_phone", "user_eq_phone=yes", ana, nil, `"Ana" <sip:100@127.0.0.1;user=phone>`, ""},
		{"Diversion", "", ana, way, `"Ana" <sip:100@127.0.0.1>`, `Diversion: "Bob" <sip:200@127.0.0.1>;reason=user-busy;counter=1`},
		{"History-Info", "send_diversion=no\nsend_history_info=yes", ana, way, `"Ana" <sip:100@127.0.0.1>`,
			"History-Info: <sip:200@127.0.0.1>;index=1, <sip:callee@%s;cause=486>;index=1.1;mp=1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			phone := siptest.NewPhone(t, "callee", "udp")
			r := newRig(t, strings.Replace(callee(phone), "context = internal\n", "context = internal\n"+tc.options+"\n", 1))
			l, err := r.tech.Dial(siptest.Ctx(t), signaling.DialRequest{Resource: "callee", Caller: tc.caller, Redirecting: tc.way})
			if err != nil {
				t.Fatal(err)
			}
			told := make(report, 256)
			l.Start(told)
			in := siptest.Wait(t, phone.Invites)
			want := tc.want
			if strings.Contains(want, "%s") {
				want = fmt.Sprintf(want, phone.Addr("udp"))
			}
			if got := in.Request().From().WithTag("").String(); got != tc.from {
				t.Errorf("From %s, want %s", got, tc.from)
			}
			if got := headersOf(in.Request().Parsed); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if err := in.Reject(ua.Reply{Status: 486}); err != nil {
				t.Fatal(err)
			}
			told.want(t, "ended 17 true")
		})
	}
}

// How a call from a trunk was sent on is known to the dialplan, and bounded.
func TestHowACallFromATrunkCame(t *testing.T) {
	const conf = anybody + "[trunk]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\ntrust_id_inbound = yes\n"
	r := newRig(t, conf)
	diverted := func(o *ua.Outbound) {
		o.Headers = []message.Header{{Name: "Diversion", Value: `"Bob" <sip:200@x>;reason=no-answer;counter=3`}}
	}
	for user, want := range map[string]string{"trunk": `"Bob" <200> cfnr 3`, "1001": "<> unknown 3"} {
		leg := r.call(r.phone(user), "600", diverted)
		c := siptest.Wait(t, r.calls)
		way := c.Snapshot().Redirecting
		if got := fmt.Sprintf("%s %s %d", way.From(), way.Reason(), way.Count()); got != want {
			t.Errorf("%s: %s, want %s", user, got, want)
		}
		c.Hangup(signaling.CauseNormal)
		siptest.Wait(t, leg.Failed)
	}
}

// line11 is a phone that calls, and is told whom it talks to.
const line11 = "[1001]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\nsend_pai = yes\n"

// A phone that calls learns with whom it is connected from the responses, and in the call
// from requests.
func TestThePhoneIsShownWhoIsConnected(t *testing.T) {
	for _, tc := range []struct{ name, options, allow, by string }{
		{"by re-INVITE", "", "INVITE ACK BYE UPDATE", "INVITE"},
		{"by UPDATE", "connected_line_method = update\n", "INVITE ACK BYE UPDATE", "UPDATE"},
		{"by re-INVITE where UPDATE is not taken", "connected_line_method = update\n", "INVITE ACK BYE", "INVITE"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, line11+tc.options)
			cfg := siptest.Config("udp")
			cfg.Allow = strings.Split(tc.allow, " ")
			leg := r.call(siptest.NewPhoneWith(t, "1001", cfg), "600")
			c := siptest.Wait(t, r.calls)
			c.SetConnected(signaling.CallerID{Name: "Desk", Number: "200"})
			if err := c.Ring(siptest.Ctx(t)); err != nil {
				t.Fatal(err)
			}
			for {
				ringing := siptest.Wait(t, leg.Provisional)
				if ringing.Status() == 100 {
					continue
				}
				if got := headersOf(ringing.Parsed); got != `P-Asserted-Identity: "Desk" <sip:200@127.0.0.1>` {
					t.Errorf("%d has %s", ringing.Status(), got)
				}
				break
			}
			if err := c.Answer(siptest.Ctx(t)); err != nil {
				t.Fatal(err)
			}
			if got := headersOf(leg.Answered().Parsed); got != `P-Asserted-Identity: "Desk" <sip:200@127.0.0.1>` {
				t.Errorf("200 has %s", got)
			}
			c.SetConnected(signaling.CallerID{Name: "Desk", Number: "200"}) // says nothing new
			c.SetConnected(signaling.CallerID{Name: "Eve", Number: "300"})
			const want = `P-Asserted-Identity: "Eve" <sip:300@127.0.0.1>`
			if tc.by == "UPDATE" {
				up := siptest.Wait(t, leg.Requests)
				if got := headersOf(up.Request().Parsed); got != want || up.Request().Method() != "UPDATE" || len(up.Request().Body()) > 0 {
					t.Errorf("%s with %s", up.Request().Method(), got)
				}
				if err := up.Respond(ua.Reply{}); err != nil {
					t.Fatal(err)
				}
			} else {
				re := siptest.Wait(t, leg.ReInvites)
				if got := headersOf(re.Request().Parsed); got != want {
					t.Errorf("re-INVITE with %s", got)
				}
				o := r.offer(0, "PCMU", "sendrecv")
				if err := re.Accept(ua.Reply{ContentType: o.Type, Body: o.Body}); err != nil {
					t.Fatal(err)
				}
				siptest.Wait(t, leg.Acks)
			}
			c.Hangup(signaling.CauseNormal)
			siptest.Wait(t, leg.Ended)
			siptest.Wait(t, c.Gone())
		})
	}
}

// Who is connected behind a trunk is taken from it where it is trusted with that.
func TestWhoIsConnectedBehindATrunk(t *testing.T) {
	for _, tc := range []struct {
		name, options string
		told          bool
	}{
		{"trusted", "trust_id_inbound = yes\n", true},
		{"not trusted", "", false},
		{"not with that", "trust_id_inbound = yes\ntrust_connected_line = no\n", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			phone := siptest.NewPhone(t, "callee", "udp")
			r := newRig(t, strings.Replace(callee(phone), "context = internal\n", "context = internal\n"+tc.options, 1))
			l, told := r.dial("callee")
			answer := r.offer(0, "PCMU", "sendrecv")
			pai := func(number string) message.Header {
				return message.Header{Name: "P-Asserted-Identity", Value: "\"Eve\" <sip:" + number + "@x>"}
			}
			leg := phone.Answer(ua.Reply{ContentType: answer.Type, Body: answer.Body, Headers: []message.Header{pai("300")}})
			if tc.told {
				told.want(t, `connected "Eve" <300>`)
			}
			told.want(t, "answered")
			if _, err := leg.Dialog.Request(siptest.Ctx(t), "UPDATE", ua.Content{}, pai("301")); err != nil {
				t.Fatal(err)
			}
			if tc.told {
				told.want(t, `connected "Eve" <301>`)
			}
			if _, err := leg.Dialog.ReInvite(siptest.Ctx(t), answer, pai("302")); err != nil {
				t.Fatal(err)
			}
			if tc.told {
				told.want(t, `connected "Eve" <302>`)
			}
			l.Hangup(signaling.CauseNormal)
			for got := siptest.Wait(t, told); got != "ended 16 false"; got = siptest.Wait(t, told) {
				if strings.HasPrefix(got, "connected") {
					t.Errorf("told %q", got)
				}
			}
		})
	}
}
