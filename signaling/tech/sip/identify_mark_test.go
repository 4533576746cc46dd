package sip

import (
	"testing"

	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// A trunk without a password is told by a header, or by what it calls, and by nothing
// less: not by its name, and not when it registers.
func TestTrunksByMark(t *testing.T) {
	r := newRig(t, `
[trunk](!)
type = endpoint
context = internal
allow = !all,ulaw
[carrier](trunk)
aors = carrier
[carrier]
type = aor
max_contacts = 1
[carrier]
type = identify
endpoint = carrier
match_header = X-Trunk-Key: 7c1d
[shop](trunk)
[shop]
type = identify
endpoint = shop
match_request_uri = /^sip:0800/
`)
	phone := r.phone("carrier")
	for _, tc := range []struct{ exten, header, want string }{
		{"600", "7c1d", "carrier"},
		{"600", "7c1D", "401"},
		{"600", "", "401"},
		{"0800123", "", "shop"},
		{"0800123", "7c1d", "carrier"}, // headers come first
		{"0900123", "", "401"},
	} {
		leg := r.call(phone, tc.exten, func(o *ua.Outbound) {
			if tc.header != "" {
				o.Headers = append(o.Headers, message.Header{Name: "X-Trunk-Key", Value: tc.header})
			}
		})
		if got := r.taken(leg); got != tc.want {
			t.Errorf("%+v: taken for %s", tc, got)
		}
	}
	for header, want := range map[string]int{"": 401, "7c1d": 200} {
		o := phone.Outbound(r.to(""))
		o.Method = "REGISTER"
		o.To = message.Address{URI: r.to("carrier")}
		o.From = message.Address{URI: r.to("nobody")}
		o.Contacts = []message.Address{{URI: phone.URI("udp")}}
		if header != "" {
			o.Headers = []message.Header{{Name: "X-Trunk-Key", Value: header}}
		}
		if resp, err := phone.Request(siptest.Ctx(t), o); resp == nil || resp.Status() != want {
			t.Errorf("REGISTER with %q: %v (%v), want %d", header, resp, err, want)
		}
	}
}
