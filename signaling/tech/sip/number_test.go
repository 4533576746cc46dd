package sip

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// numbered is a trunk that is known by its address.
const numbered = `
[carrier]
type = endpoint
context = internal
allow = !all,ulaw
[carrier]
type = identify
endpoint = carrier
match = 127.0.0.1
`

// TestPortedNumbers: a carrier writes into the number what it knows of it; the number is dialled.
// Without the option that is none, and what would be more than a number is none with it either.
func TestPortedNumbers(t *testing.T) {
	for _, tc := range []struct {
		option, from, uri string
		exten, caller     string // no exten: 404
	}{
		{"yes", "+14155551234;cpc=ordinary", "+33123456789;npdi;rn=+14155550000@%;user=phone", "+33123456789", "+14155551234"},
		{"yes", "+1-415-555-1234", "+33-1-23.45(67)89;npdi@%;user=phone", "+33123456789", "+1-415-555-1234"},
		{"yes", "7", "+33123456789@%", "+33123456789", "7"},
		{"no", "7", "+33123456789;npdi;rn=+14155550000@%;user=phone", "", ""},
		{"no", "7", "+33-123@%;user=phone", "+33123", "7"},
		{"yes", "7", "404;npdi@%;user=phone", "", ""},
		{"yes", "7", "1001%26SIP%2Ftrunk;npdi@%", "", ""},
		{"yes", "7", "(0044)%40trunk;npdi@%;user=phone", "", ""},
	} {
		r := newRig(t, "[global]\ntype = global\nignore_uri_user_options = "+tc.option+"\n"+numbered)
		p := siptest.UDP(t, r.server.Addr("udp"))
		c := from(p, tc.from, "sip:"+strings.ReplaceAll(tc.uri, "@%", "@"+r.server.Addr("udp").String()))
		c.Send("OPTIONS", "")
		pinged := answerTo(c).Status()
		c = from(p, tc.from, c.URI)
		c.Send("INVITE", string(r.offer(0, "PCMU", "sendrecv").Body))
		if tc.exten == "" {
			if m := answerTo(c); m.Status() != 404 || pinged != 404 {
				t.Errorf("%s: %d, %d", tc.uri, m.Status(), pinged)
			}
			continue
		}
		channel := siptest.Wait(t, r.calls)
		if s := channel.Snapshot(); s.Dialplan.Exten != tc.exten || s.Caller.Number != tc.caller || pinged != 200 {
			t.Errorf("%s of %s is for %q by %q, OPTIONS %d", tc.uri, tc.from, s.Dialplan.Exten, s.Caller.Number, pinged)
		}
		channel.Hangup(signaling.CauseBusy)
		answerTo(c)
	}
}
