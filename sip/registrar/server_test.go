package registrar

import (
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/qualify"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// TestRegisterOnTheWire sends what phones and attackers send, one after the
// other, to a server of ours.
func TestRegisterOnTheWire(t *testing.T) {
	for _, network := range []string{"udp", "tcp"} {
		t.Run(network, func(t *testing.T) {
			w := servePBX(t, nil).phone(t, network, "1001", "secret")
			for _, tt := range []struct {
				name     string
				to       string
				lines    []string
				status   int
				contacts string
				header   string // one that must be there
			}{
				{"query of nothing", "1001", nil, 200, "", ""},
				{"one contact", "1001", []string{"Contact: <sip:a@10.0.0.1>"}, 200, "<sip:a@10.0.0.1>;expires=3600", "Expires: 3600"},
				{"Expires header", "1001", []string{"Contact: <sip:a@10.0.0.1>", "Expires: 120"}, 200, "<sip:a@10.0.0.1>;expires=120", "Expires: 120"},
				{"a second one, by its own expires", "1001", []string{"m: \"x\" <sip:b@10.0.0.2;ob>;q=0.5;expires=90;+sip.instance=\"<urn:1>\"", "Expires: 120"}, 200,
					`<sip:a@10.0.0.1>;expires=120 "x" <sip:b@10.0.0.2;ob>;q=0.5;+sip.instance="<urn:1>";expires=90`, ""},
				{"too many", "1001", []string{"Contact: <sip:c@10.0.0.1>, <sip:d@10.0.0.1>"}, 403, "", ""},
				{"far too many", "1001", []string{"Contact: " + strings.Repeat("<sip:c@10.0.0.1>, ", maxContacts) + "<sip:d@10.0.0.1>"}, 403, "", ""},
				{"too brief", "1001", []string{"Contact: <sip:a@10.0.0.1>;expires=10"}, 423, "", "Min-Expires: 60"},
				{"another's To", "1002", []string{"Contact: <sip:a@10.0.0.1>"}, 403, "", ""},
				{"nobody's To", "9999", []string{"Contact: <sip:a@10.0.0.1>"}, 403, "", ""},
				{"no SIP contact", "1001", []string{"Contact: <tel:+33123>"}, 400, "", ""},
				{"broken contact", "1001", []string{"Contact: <sip:a@10.0.0.1"}, 400, "", ""},
				{"star with Expires", "1001", []string{"Contact: *", "Expires: 60"}, 400, "", ""},
				{"star without Expires", "1001", []string{"Contact: *"}, 400, "", ""},
				{"star and another", "1001", []string{"Contact: *", "Contact: <sip:a@10.0.0.1>", "Expires: 0"}, 400, "", ""},
				{"all that is left untouched", "1001", nil, 200,
					`<sip:a@10.0.0.1>;expires=120 "x" <sip:b@10.0.0.2;ob>;q=0.5;+sip.instance="<urn:1>";expires=90`, "Date: "},
				{"one goes", "1001", []string{"Contact: <sip:a@10.0.0.1>", "Expires: 0"}, 200, `"x" <sip:b@10.0.0.2;ob>;q=0.5;+sip.instance="<urn:1>";expires=90`, ""},
				{"star", "1001", []string{"Contact: *", "Expires: 0"}, 200, "", ""},
			} {
				t.Run(tt.name, func(t *testing.T) {
					a := w.register(tt.to, tt.lines...)
					// Seconds may have passed since it was bound.
					got := regexp.MustCompile(`expires=(119|89)\b`).ReplaceAllStringFunc(strings.Join(a.Headers("Contact"), " "), func(s string) string {
						return map[string]string{"expires=119": "expires=120", "expires=89": "expires=90"}[s]
					})
					if a.Status() != tt.status || got != tt.contacts || !strings.Contains(a.Text, tt.header) {
						t.Errorf("got\n%s\nwant %d, Contact %s, header %s", a.Text, tt.status, tt.contacts, tt.header)
					}
				})
			}
		})
	}
}

func TestPath(t *testing.T) {
	p := servePBX(t, func(a *AOR, _ *digest.Config) { a.SupportPath = a.Name == "1001" })
	w := p.phone(t, "udp", "1001", "secret")
	for _, tt := range []struct {
		lines  []string
		status int
		path   string
	}{
		{[]string{"Path: <sip:p1;lr>, <sip:p2;lr>", "Path: <sip:p3;lr>", "Supported: gruu, PATH"}, 200, "<sip:p1;lr> <sip:p2;lr> <sip:p3;lr>"},
		{[]string{"Path: <sip:p1;lr>"}, 420, ""},
		{[]string{"Path: <tel:1>", "Supported: path"}, 400, ""},
		{[]string{"Path: <sip:" + strings.Repeat("x", maxPathBytes) + "@p;lr>", "Supported: path"}, 400, ""},
	} {
		a := w.register("1001", append(tt.lines, "Contact: <sip:a@10.0.0.1>")...)
		if got := strings.Join(a.Headers("Path"), " "); a.Status() != tt.status || got != tt.path {
			t.Errorf("%q gives\n%s", tt.lines, a.Text)
		}
	}
	if b := p.registrar.Lookup("1001")[0]; len(b.Path) != 3 || b.Target.Host != "10.0.0.1" {
		t.Errorf("bound %+v", b)
	}
	// Who does not keep Path does not say so.
	other := p.phone(t, "udp", "1002", "secret")
	if a := other.register("1002", "Path: <sip:p;lr>", "Contact: <sip:a@10.0.0.1>"); a.Status() != 200 || a.Header("Path") != "" {
		t.Errorf("got\n%s", a.Text)
	}
}

// TestReplay resends a good REGISTER as somebody who saw it could.
func TestReplay(t *testing.T) {
	p := servePBX(t, nil)
	w := p.phone(t, "udp", "1001", "secret")
	attempt := w.auth.Begin("REGISTER", home)
	if err := attempt.Challenged(401, w.send("1001", home, "Contact: <sip:a@10.0.0.1>").Headers("WWW-Authenticate")); err != nil {
		t.Fatal(err)
	}
	credentials := "Authorization: " + attempt.Headers()[0].Value
	if a := w.send("1001", "sip:127.0.0.2", "Contact: <sip:a@10.0.0.1>", credentials); a.Status() != 401 {
		t.Errorf("another Request-URI:\n%s", a.Text)
	}
	if a := w.send("1001", home, "Contact: <sip:a@10.0.0.1>", credentials); a.Status() != 200 {
		t.Fatalf("got\n%s", a.Text)
	}
	if a := w.send("1001", home, "Contact: <sip:evil@10.6.6.6>", credentials); a.Status() != 401 || !strings.Contains(a.Text, "stale=true") {
		t.Errorf("the same again:\n%s", a.Text)
	}
	if got := show(p.registrar.Lookup("1001"), time.Now()); got != "a/3600" {
		t.Errorf("bound %s", got)
	}
}

// TestSameShape: a wrong password and an unknown user get answers that differ
// in nothing but the nonce, the To tag and what the client wrote.
func TestSameShape(t *testing.T) {
	p := servePBX(t, nil)
	shape := func(user string) (out []string) {
		w := p.phone(t, "udp", user, "guess")
		var lines []string
		for range 7 { // into the back-off
			a := w.send(user, home, lines...)
			s := strings.ReplaceAll(a.Text, w.Local().String(), "CLIENT")
			s = strings.ReplaceAll(s, fmt.Sprint("rport=", w.Local().Port()), "rport=PORT")
			s = strings.ReplaceAll(strings.ReplaceAll(s, user, "USER"), w.callID, "CALL")
			s = regexp.MustCompile(`branch=\w+`).ReplaceAllString(s, "BRANCH")
			s = regexp.MustCompile(`nonce="[^"]{64}"`).ReplaceAllString(s, "NONCE")
			s = regexp.MustCompile(`(?m)^(To: .*;tag=)[^;\r]*`).ReplaceAllString(s, "${1}TAG")
			out = append(out, s)
			if a.Status() == 401 {
				attempt := w.auth.Begin("REGISTER", home)
				if err := attempt.Challenged(401, a.Headers("WWW-Authenticate")); err != nil {
					t.Fatal(err)
				}
				lines = []string{"Authorization: " + attempt.Headers()[0].Value}
			}
		}
		return out
	}
	known, unknown := shape("1001"), shape("7777")
	for i := range known {
		if known[i] != unknown[i] {
			t.Errorf("answer %d: known user\n%s\nunknown user\n%s", i, known[i], unknown[i])
		}
	}
	if !strings.HasPrefix(known[0], "SIP/2.0 401") || !strings.Contains(known[6], "503") || !strings.Contains(known[6], "Retry-After: 1") {
		t.Errorf("first and last are\n%s\n%s", known[0], known[6])
	}
	// The owner, at another address of loopback, is not locked out.
	from := net.Dialer{LocalAddr: &net.UDPAddr{IP: net.IPv4(127, 0, 0, 9)}}
	c, err := from.Dial("udp", p.server.Addr("udp").String())
	if err != nil {
		t.Fatal(err)
	}
	owner := newWire(t, siptest.Conn(t, "udp", c), "udp", "1001", "secret")
	if a := owner.register("1001", "Contact: <sip:a@10.0.0.1>"); a.Status() != 200 {
		t.Errorf("the owner got\n%s", a.Text)
	}
}

// TestMalformedCredentials: whatever stands in Authorization gets 400 or 401,
// and the next phone is served.
func TestMalformedCredentials(t *testing.T) {
	p := servePBX(t, func(_ *AOR, c *digest.Config) { c.Backoff.Free, c.Backoff.SourceFree = 1e6, 1e6 })
	w := p.phone(t, "udp", "1001", "guess") // a variant may mean the same
	good := w.auth.Begin("REGISTER", home)
	if err := good.Challenged(401, w.send("1001", home).Headers("WWW-Authenticate")); err != nil {
		t.Fatal(err)
	}
	text := good.Headers()[0].Value
	n := 0
	for i := 0; i < len(text); i++ {
		for _, v := range []string{text[:i], text[:i] + `"` + text[i:], text[:i] + `\` + text[i:]} {
			if v == "" {
				continue
			}
			a := w.send("1001", home, "Authorization: "+v)
			n++
			if a.Status() != 400 && a.Status() != 401 {
				t.Fatalf("%q gets\n%s", v, a.Text)
			}
		}
	}
	if n < 200 {
		t.Errorf("only %d variants", n)
	}
	if a := p.phone(t, "tcp", "1002", "secret").register("1002", "Contact: <sip:a@10.0.0.1>"); a.Status() != 200 {
		t.Errorf("the next phone got\n%s", a.Text)
	}
}

// TestConnectionEnds: a contact that only its connection leads to is gone with it,
// one over UDP is not.
func TestConnectionEnds(t *testing.T) {
	for _, network := range []string{"tcp", "ws"} {
		t.Run(network, func(t *testing.T) {
			p := servePBX(t, nil)
			conn, udp := p.phone(t, network, "1001", "secret"), p.phone(t, "udp", "1001", "secret")
			conn.register("1001", "Contact: <sip:conn@x.invalid;transport="+network+">")
			udp.register("1001", "Contact: <sip:udp@10.0.0.1>")
			if got := len(p.registrar.Lookup("1001")); got != 2 {
				t.Fatalf("%d bound", got)
			}
			conn.Close()
			udp.Close()
			if e := p.wait(t, Removed); e.Reason != Disconnected || e.Binding.Contact.URI.User != "conn" || e.Left != 1 {
				t.Errorf("told %+v", e)
			}
		})
	}
}

// TestCallBackAndQualify asks phones that only answer where they registered from,
// as a call to them would.
func TestCallBackAndQualify(t *testing.T) {
	for _, network := range []string{"udp", "tcp", "ws"} {
		t.Run(network, func(t *testing.T) {
			p := servePBX(t, func(a *AOR, _ *digest.Config) {
				a.QualifyFrequency, a.QualifyTimeout = time.Hour, 3*time.Second
			})
			w := p.phone(t, network, "1001", "secret")
			if a := w.register("1001", "Contact: <sip:x@192.0.2.1:9>"); a.Status() != 200 {
				t.Fatalf("got\n%s", a.Text)
			}
			req := w.request()
			if req.Start != "OPTIONS sip:x@192.0.2.1:9 SIP/2.0" {
				t.Fatalf("asked\n%s", req.Text)
			}
			w.Send(w.Response(req, 200, "t", nil, ""))
			e := p.wait(t, Probed)
			b := p.registrar.Lookup("1001")[0]
			if e.Binding.Status != qualify.Avail || b.Status != qualify.Avail || b.RTT <= 0 {
				t.Errorf("told %+v, have %v, %v", e, b.Status, b.RTT)
			}
			var o sip.Outbound
			if err := b.Address(&o, p.server.FlowAlive); err != nil || o.Flow != b.Flow {
				t.Errorf("%+v, %v", o, err)
			}
		})
	}
}

// TestFlowOfEndedConnection is what a call meets between the end of a connection
// and its event.
func TestFlowOfEndedConnection(t *testing.T) {
	b := Binding{FlowBound: true, Flow: "x"}
	if err := b.Address(&sip.Outbound{}, func(message.FlowID) bool { return false }); fault.Of(err) != fault.Unreachable {
		t.Errorf("got %v", err)
	}
}
