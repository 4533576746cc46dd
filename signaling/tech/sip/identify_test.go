package sip

import (
	"fmt"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// who is a configuration in which one address may be several.
const who = `
[global]
type = global
endpoint_identifier_order = %s

[1001]
type = endpoint
context = internal
allow = !all,ulaw

[quiet]
type = endpoint
context = internal
identify_by = ip
allow = !all,ulaw

[far]
type = endpoint
context = internal
allow = !all,ulaw
deny = 0.0.0.0/0
permit = 192.0.2.0/24

[near]
type = endpoint
context = internal
allow = !all,ulaw
deny = 0.0.0.0/0
permit = 127.0.0.0/8

[secret]
type = endpoint
context = internal
allow = !all,ulaw
auth = secret
[secret]
type = auth
auth_type = userpass
username = Mallory
password = guess

[wide]
type = endpoint
context = internal
allow = !all,ulaw
[wide]
type = identify
endpoint = wide
match = %s/8

[narrow]
type = endpoint
context = internal
allow = !all,ulaw
[narrow]
type = identify
endpoint = narrow
match = %[2]s

%s
`

const anonymous = "[anonymous]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\n"

// Who a caller is, by its address, its name or its credentials, in the order that
// the file gives; 401 is for nobody.
func TestIdentify(t *testing.T) {
	for _, tc := range []struct {
		order, match, more string
		callers            map[string]string
	}{
		{"username,ip", "127.0.0.1", "", map[string]string{
			"1001": "1001", "quiet": "narrow", "far": "401", "near": "near", "nobody": "narrow", "secret": "401", "Mallory": "narrow", "anonymous": "narrow",
		}},
		{"ip,username", "127.0.0.1", "", map[string]string{"1001": "narrow", "nobody": "narrow"}},
		{"ip,username", "127.0.0.2", "", map[string]string{"1001": "wide"}},
		{"username,ip", "192.0.2.1", "", map[string]string{"1001": "1001", "quiet": "401", "nobody": "401", "anonymous": "401"}},
		{"username,anonymous,ip", "127.0.0.1", anonymous, map[string]string{"1001": "1001", "nobody": "anonymous", "anonymous": "anonymous"}},
		{"username,ip", "192.0.2.1", anonymous, map[string]string{"nobody": "401", "anonymous": "401"}},
		{"nonsense", "127.0.0.1", "", map[string]string{"1001": "narrow"}}, // as without an order
	} {
		t.Run(tc.order+" "+tc.match+tc.more[:min(len(tc.more), 11)], func(t *testing.T) {
			r := newRig(t, fmt.Sprintf(who, tc.order, tc.match, tc.more))
			for user, want := range tc.callers {
				phone := r.phone(user)
				leg := r.call(phone, "600")
				if got := r.taken(leg); got != want {
					t.Errorf("%s is %s, not %s", user, got, want)
				}
			}
		})
	}
}

// taken is the endpoint that a call is taken for, or the status that refuses it.
func (r *rig) taken(leg *siptest.Leg) string {
	r.t.Helper()
	select {
	case c := <-r.calls:
		c.Hangup(signaling.CauseBusy)
		siptest.Wait(r.t, leg.Failed)
		siptest.Wait(r.t, c.Gone())
		return c.Snapshot().Endpoint
	case f := <-leg.Failed:
		if f.Response == nil {
			return f.Err.Error()
		}
		return fmt.Sprint(f.Response.Status())
	case <-siptest.Ctx(r.t).Done():
		r.t.Fatal("a call is neither taken nor refused")
		return ""
	}
}

// A trunk without a password is known by its address. To name it is not enough, for
// a call, for a registration or for a question.
func TestNobodyIsATrunkByItsName(t *testing.T) {
	const pjsip = "[trunk]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\naors = trunk\noutbound_auth = trunk\n" +
		"[trunk]\ntype = auth\nusername = us\npassword = secret\n[trunk]\ntype = aor\nmax_contacts = 1\n" +
		"[trunk]\ntype = identify\nendpoint = trunk\nmatch = %s\n"
	const peer = "[general]\ncontext = internal\nallow = ulaw\n[trunk]\ntype = %s\nhost = %s\n"
	r := newRig(t, "")
	phone := r.phone("trunk")
	for _, tc := range []struct {
		name, file, text string
		call             string
		register         int
	}{
		{"pjsip.conf, elsewhere", "pjsip.conf", fmt.Sprintf(pjsip, "192.0.2.9"), "401", 401},
		{"pjsip.conf, its own address", "pjsip.conf", fmt.Sprintf(pjsip, "127.0.0.1"), "trunk", 200},
		{"a peer, elsewhere", "sip.conf", fmt.Sprintf(peer, "peer", "192.0.2.9"), "401", 401},
		{"a peer, its own address", "sip.conf", fmt.Sprintf(peer, "peer", "127.0.0.1"), "trunk", 403},
		{"a peer with a secret, elsewhere", "sip.conf", fmt.Sprintf(peer, "peer", "192.0.2.9") + "secret = x\n", "401", 401},
		{"a friend, elsewhere", "sip.conf", fmt.Sprintf(peer, "friend", "192.0.2.9"), "401", 401},
		{"a friend, its own address", "sip.conf", fmt.Sprintf(peer, "friend", "127.0.0.1"), "trunk", 403},
		{"a user", "sip.conf", fmt.Sprintf(peer, "user", "192.0.2.9"), "trunk", 401},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := r.tech.Configure(t.Context(), endpointsOf(t, tc.file, tc.text)); err != nil {
				t.Fatal(err)
			}
			if got := r.taken(r.call(phone, "600")); got != tc.call {
				t.Errorf("the call is of %s, not %s", got, tc.call)
			}
			o := phone.Outbound(r.to(""))
			o.Method = "REGISTER"
			o.To = message.Address{URI: r.to("trunk")}
			o.From = message.Address{URI: r.to("nobody")}
			o.Contacts = []message.Address{{URI: phone.URI("udp")}}
			resp, err := phone.Request(siptest.Ctx(t), o)
			if resp == nil {
				t.Fatal(err)
			}
			if resp.Status() != tc.register {
				t.Errorf("REGISTER %d, not %d", resp.Status(), tc.register)
			}
		})
	}
}

// A phone proves who it is by its own password, and by nobody else's.
func TestCredentials(t *testing.T) {
	r := newRig(t, `
[phone](!)
type = endpoint
context = internal
allow = !all,ulaw
[account](!)
type = auth
auth_type = userpass

[1001](phone)
auth = a
[a](account)
username = ana
password = one
[1002](phone)
auth = b
[b](account)
username = bob
password = two
`)
	for _, tc := range []struct{ user, username, password, want string }{
		{"1001", "ana", "one", "1001"},
		{"1001", "ana", "two", "401"},
		{"1001", "bob", "two", "401"},
		{"1001", "1001", "one", "401"},
		{"9999", "ana", "one", "401"},
		{"ana", "ana", "one", "401"}, // told by its name in From, not by that of its credentials
	} {
		leg := r.call(r.phone(tc.user), "600", func(o *ua.Outbound) {
			o.Credentials = []ua.Credential{{Realm: "*", Username: tc.username, Password: tc.password}}
		})
		if got := r.taken(leg); got != tc.want {
			t.Errorf("%v: %s", tc, got)
		}
	}
}

// Where nobody may come from, everybody gets 403.
func TestTheListForAll(t *testing.T) {
	r := newRig(t, "[acl]\ntype = acl\ndeny = 127.0.0.0/8\n"+anybody)
	phone := r.phone("1001")
	if got := r.taken(r.call(phone, "600")); got != "403" {
		t.Errorf("INVITE: %s", got)
	}
	for _, method := range []string{"REGISTER", "OPTIONS", "MESSAGE"} {
		o := phone.Outbound(r.to(""))
		o.Method = method
		resp, err := phone.Request(siptest.Ctx(t), o)
		if resp == nil || resp.Status() != 403 {
			t.Errorf("%s: %v, %v", method, resp, err)
		}
	}
}

// OPTIONS tell of extensions only to whom they may be told.
func TestOptions(t *testing.T) {
	r := newRig(t, anybody+"[1002]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\nauth = x\n[x]\ntype = auth\nauth_type = userpass\nusername = x\npassword = y\n")
	for _, tc := range []struct {
		user, exten string
		want        int
	}{
		{"1001", "", 200},
		{"1001", "600", 200},
		{"1001", "404", 404},
		{"1001", "600&1", 404},
		{"1002", "404", 200},
		{"nobody", "404", 200},
	} {
		phone := r.phone(tc.user)
		o := phone.Outbound(r.to(tc.exten))
		o.Method = "OPTIONS"
		resp, err := phone.Request(siptest.Ctx(t), o)
		if resp == nil || resp.Status() != tc.want {
			t.Errorf("%v: %v, %v", tc, resp, err)
		}
	}
}

// What is refused before anybody could answer it.
func TestCallsThatCannotBegin(t *testing.T) {
	r := newRig(t, anybody+`
[1002]
type = endpoint
context = elsewhere
allow = !all,ulaw
[1003]
type = endpoint
context = internal
allow = !all
[1004]
type = endpoint
context = internal
allow = !all,ulaw
webrtc = yes
`)
	empty := func(o *ua.Outbound) { o.ContentType, o.Body = "", nil }
	with := func(c ua.Content) func(*ua.Outbound) {
		return func(o *ua.Outbound) { o.ContentType, o.Body = c.Type, c.Body }
	}
	for _, tc := range []struct {
		user, exten string
		change      func(*ua.Outbound)
		want        string
	}{
		{"1001", "600", empty, "1001"},
		{"1001", "", empty, "1001"}, // to s
		{"1001", "404", empty, "404"},
		{"1001", "600&1", empty, "404"},
		{"1001", "600,30,g", empty, "404"},
		{"1001", "${SECRET}", empty, "404"},
		{"1001", "600 1", empty, "404"},
		{"1001", "*86#", empty, "1001"},
		{"1001", "+33123456789", empty, "1001"},
		{"1001", "ana.lou-is_e", empty, "1001"},
		{"1002", "600", empty, "404"},
		{"1003", "600", empty, "488"},
		{"1003", "600", with(r.offer(0, "PCMU", "sendrecv")), "488"},
		{"1004", "600", with(r.offer(0, "PCMU", "sendrecv")), "488"}, // in the clear
		{"1001", "600", with(r.offer(18, "G729", "sendrecv")), "488"},
		{"1001", "600", with(ua.Content{Type: sdpType, Body: []byte("v=1")}), "400"},
		{"1001", "600", with(ua.Content{Type: "application/json", Body: []byte("{}")}), "415"},
	} {
		if got := r.taken(r.call(r.phone(tc.user), tc.exten, tc.change)); got != tc.want {
			t.Errorf("%s calls %q: %s, want %s", tc.user, tc.exten, got, tc.want)
		}
	}
	r.portsClosed()
}

func TestCallerOf(t *testing.T) {
	r := newRig(t, anybody+`
[1002]
type = endpoint
context = internal
allow = !all,ulaw
callerid = Reception <200>
[trunk]
type = endpoint
context = internal
allow = !all,ulaw
callerid = Trunk <900>
trust_id_inbound = yes
`)
	for _, tc := range []struct {
		user, display string
		headers       []message.Header
		want          signaling.CallerID
	}{
		{"1001", "Ana", nil, signaling.CallerID{Name: "Ana", Number: "1001"}},
		{"1001", "An\u0085a", nil, signaling.CallerID{Name: "Ana", Number: "1001"}},
		{"1001", strings.Repeat("é", 100), nil, signaling.CallerID{Name: strings.Repeat("é", 40), Number: "1001"}},
		{"1001", "", []message.Header{{Name: "P-Asserted-Identity", Value: "<sip:999@x>"}}, signaling.CallerID{Number: "1001"}},
		{"1002", "Ana", nil, signaling.CallerID{Name: "Reception", Number: "200"}},
		{"trunk", "Ana", nil, signaling.CallerID{Name: "Trunk", Number: "900"}},
		{"trunk", "Ana", []message.Header{{Name: "P-Asserted-Identity", Value: `"Bob" <sip:+33123@x>, <tel:+33123>`}}, signaling.CallerID{Name: "Bob", Number: "+33123"}},
		{"trunk", "Ana", []message.Header{{Name: "Remote-Party-ID", Value: `"Bob" <sip:124@x>;party=calling;privacy=off`}}, signaling.CallerID{Name: "Bob", Number: "124"}},
		{"trunk", "Ana", []message.Header{{Name: "P-Asserted-Identity", Value: "nonsense <"}}, signaling.CallerID{Name: "Trunk", Number: "900"}},
	} {
		leg := r.call(r.phone(tc.user), "600", func(o *ua.Outbound) {
			o.From.Display, o.Headers = tc.display, tc.headers
		})
		c := siptest.Wait(t, r.calls)
		if got := c.Snapshot().Caller; got != tc.want {
			t.Errorf("%v: caller %v", tc, got)
		}
		c.Hangup(signaling.CauseNormal)
		siptest.Wait(t, leg.Failed)
	}
}
