package sip

import (
	"fmt"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// Names of headers are the same names with space before the colon, folded, short or in
// other letters, and who is not trusted asserts nothing. What is theirs goes no further.
func TestB10HeaderSmuggling(t *testing.T) {
	r, p, trunk := attacked(t)
	lines := []siptest.Line{
		"P-Asserted-Identity : <sip:boss@127.0.0.1>", "p-asserted-identity\t: <sip:boss@127.0.0.1>", "P-ASSERTED-IDENTITY: <sip:boss@127.0.0.1>",
		"Remote-Party-ID \t : \"Boss\" <sip:boss@127.0.0.1>;party=calling;privacy=off", "P-Preferred-Identity: <sip:boss@127.0.0.1>",
		"X-Evil: 1", "X-Evil : boss", "Alert-Info: <http://boss.invalid/ring>", "Call-Info: <http://boss.invalid>", "P-Access-Network-Info: boss",
		"Subject:\r\n boss\r\n\tX-Evil: 2", "Route-Boss: boss", "Contact-Boss\t:\tboss",
	}
	body := string(r.offer(0, "PCMU", "sendrecv").Body)
	c := from(p, "1001", "sip:600@127.0.0.1")
	c.From = "\"Ann\x01\x07e\" <sip:1001@127.0.0.1>"
	c.Send("INVITE", body, lines...)
	m := answerTo(c)
	if m.Status() != 401 {
		t.Fatal(m.Text)
	}
	c.Send("INVITE", body, append(lines, "Authorization: "+credentials(t, m, "1001", "one", "INVITE", c.URI))...)
	channel := siptest.Wait(t, r.calls)
	caller := channel.Snapshot().Caller
	if caller.Number != "1001" || strings.ContainsAny(caller.Name, "\x01\x07") || strings.Contains(strings.ToLower(caller.Name), "boss") {
		t.Errorf("the caller is %+v", caller)
	}
	// What goes on to the trunk is made of what was learned, not of what came.
	l, err := r.tech.Dial(siptest.Ctx(t), signaling.DialRequest{Resource: "0044@trunk", Caller: caller})
	if err != nil {
		t.Fatal(err)
	}
	told := make(report, 256)
	l.Start(told)
	invite := trunk.Skip("INVITE ")
	if low := strings.ToLower(invite.Text); strings.Contains(low, "boss") || strings.Contains(low, "x-evil") || strings.ContainsAny(invite.Text, "\x01\x07") {
		t.Errorf("what was smuggled goes on:\n%s", invite.Text)
	}
	trunk.Send(trunk.Response(invite, 486, "t", nil, ""))
	told.want(t, "ended 17 true")
	channel.Hangup(signaling.CauseBusy)
	siptest.Wait(t, channel.Gone())
}

// A number that means more than itself to a dialplan or to SIP is none, however it is
// escaped, and no second target, option or header comes of it.
func TestC1DialStringInjection(t *testing.T) {
	r, p, trunk := attacked(t)
	for _, user := range []string{
		"1001%26SIP%2Ftrunk%2F0044", "1001%26PJSIP%2F0044%40trunk", "1001&SIP/trunk/0044", "1001,30,g", "1001%2C30%2Cg%28x%29", "%26PJSIP%2Ftrunk",
		"1001%7C30", "$%7BSHELL%28id%29%7D", "%24%7BEXTEN%7D", "1001%0d%0aX-Evil:%201", "1001%00", "1001%20", "1001%22", "1001%5C", "1001%60id%60", "1001)", "1001'",
		"0044%40trunk", "0044%2540trunk", "trunk%2F0044", "trunk/0044", "1001%3A5060", "%3Csip:0044%40trunk%3E", "1001%3Fx=y", "1001?x=y", "1001%253F",
	} {
		c := from(p, "1001", "sip:"+user+"@127.0.0.1")
		c.To = "<sip:600@127.0.0.1>"
		body := string(r.offer(0, "PCMU", "sendrecv").Body)
		c.Send("INVITE", body)
		m := answerTo(c)
		if m.Status() == 401 {
			c.Send("INVITE", body, "Authorization: "+credentials(t, m, "1001", "one", "INVITE", c.URI))
			m = answerTo(c)
		}
		if m.Status() != 404 && m.Status() != 403 && m.Status() != 400 {
			t.Errorf("%s:\n%s", user, m.Text)
		}
	}
	for _, s := range []string{
		"PJSIP/1001&PJSIP/0044@trunk", "PJSIP/1001,30", "PJSIP/1001\r\nX-Evil: 1", "PJSIP/100 1", "PJSIP/${EXTEN}@trunk", "PJSIP/0044@trunk;user=phone", "PJSIP/<0044>",
		"PJSIP/0044?X-Evil=1", "PJSIP/%30", "PJSIP/", "/1001", "1001", "PJ SIP/1001", "PJSIP/1001\x00", "PJSIP/" + strings.Repeat("0", 300),
	} {
		if target, err := dialstring.Parse(s); err == nil {
			t.Errorf("%q is %+v", s, target)
		}
	}
	for _, resource := range []string{"1001/contact-0123456789abcdef", "trunk/contact-0123456789abcdef/0044", "0044@trunk@trunk", "0044@trunk/1", "1/2@trunk", "@trunk", "trunk/", "/trunk", "0044@nowhere", "0044@127.0.0.1"} {
		l, err := r.tech.Dial(siptest.Ctx(t), signaling.DialRequest{Resource: resource})
		if err == nil {
			t.Errorf("%s is dialled", resource)
			l.Start(make(report, 256))
			l.Hangup(signaling.CauseNormal)
		}
	}
	p.Ping()
	trunk.Quiet()
	if n := len(r.house.Engine.Channels()); n > 0 {
		t.Errorf("%d channels", n)
	}
}

// Nothing is dialled for who has not proven who they are, and nothing is passed on to
// where a request points.
func TestC2TollFraud(t *testing.T) {
	r, p, trunk := attacked(t)
	elsewhere := siptest.UDP(t, r.server.Addr("udp")) // whom a relay would send to
	body := string(r.offer(0, "PCMU", "sendrecv").Body)
	foreign := fmt.Sprintf("sip:0044@%s", elsewhere.Local())
	for _, user := range []string{"1001", "trunk", "nobody", "anonymous"} {
		for _, lines := range [][]siptest.Line{
			nil,
			{"Diversion: <sip:1001@127.0.0.1>"},
			{"Referred-By: <sip:1001@127.0.0.1>"},
			{"Replaces: x;to-tag=1;from-tag=2", "Require: replaces"},
			{"Route: <" + foreign + ";lr>"},
			{"P-Asserted-Identity: <sip:1001@127.0.0.1>"},
		} {
			for _, uri := range []string{"sip:0044@127.0.0.1", "sip:0044@127.0.0.1;user=phone", "tel:+44", foreign, "sip:trunk@127.0.0.1"} {
				c := from(p, user, uri)
				c.Send("INVITE", body, lines...)
				if m := answerTo(c); m.Status() != 401 && m.Status() != 420 {
					t.Errorf("%s %q %s:\n%s", user, lines, uri, m.Text)
				}
			}
		}
	}
	// One who has proven it still has no relay: the number is looked for here alone.
	c := from(p, "1001", foreign)
	c.Send("INVITE", body)
	c.Send("INVITE", body, "Authorization: "+credentials(t, answerTo(c), "1001", "one", "INVITE", c.URI))
	select {
	case channel := <-r.calls:
		channel.Hangup(signaling.CauseUnallocated)
		siptest.Wait(t, channel.Gone())
	case <-siptest.Ctx(t).Done():
		t.Fatal("neither taken nor refused")
	}
	// Hops run out.
	c = from(p, "1001", "sip:600@127.0.0.1")
	c.Send("INVITE", body, "Max-Forwards: 0")
	if m := answerTo(c); m.Status() != 483 {
		t.Error(m.Text)
	}
	p.Ping()
	elsewhere.Quiet()
	trunk.Quiet()
}
