package sip

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// The attacks on who somebody is, and on what somebody may dial, each under the name of
// its row in the catalogue that docs/guide/security.md has. Those with the tools of the
// trade are in e2e/attacks.

// fresh is what differs between any two answers.
var fresh = regexp.MustCompile(`nonce="[^"]*"|tag=[^;\s]*|branch=[^;\s]*|Call-ID: \S*`)

// Who exists is told to nobody: every method, known and unknown, with and without
// credentials, to the byte but for nonces and tags.
func TestB1EnumerationByExtension(t *testing.T) {
	_, p, _ := attacked(t)
	guess := `Authorization: Digest username="%s", realm="asterisk", nonce="1", uri="sip:127.0.0.1", response="0", algorithm=MD5, qop=auth, nc=00000001, cnonce="1"`
	for _, method := range []string{"REGISTER", "INVITE", "OPTIONS", "SUBSCRIBE", "MESSAGE", "PUBLISH", "NOTIFY", "REFER", "INFO"} {
		for _, target := range []string{"sip:127.0.0.1", "sip:%s@127.0.0.1"} {
			for _, auth := range []string{"", guess} {
				seen := make(map[string]string)
				for _, user := range []string{"1001", "7777", "trunk", "root"} {
					uri := strings.ReplaceAll(target, "%s", user)
					c := from(p, user, uri)
					c.To = c.From
					var lines []siptest.Line
					if auth != "" {
						lines = append(lines, fmt.Sprintf(auth, user))
					}
					c.Send(method, "", lines...)
					m := answerTo(c)
					text := strings.ReplaceAll(fresh.ReplaceAllString(m.Text, ""), user, "USER")
					seen[fmt.Sprint(text, "\n", len(m.Text)-len(user)*strings.Count(m.Text, user)-len(m.Header("Call-ID"))-
						len(m.Tag("From"))-len(m.Tag("To"))-len(c.Branch))] = user
				}
				if len(seen) != 1 {
					t.Errorf("%s %s: %d answers: %q", method, target, len(seen), seen)
				}
			}
		}
	}
}

// A request that was proven is worth nothing to who has listened: not again, not for
// another method or target, not from elsewhere.
func TestB4DigestReplay(t *testing.T) {
	r, p, _ := attacked(t)
	const uri = "sip:127.0.0.1"
	c := from(p, "1001", uri)
	c.To = c.From
	contact := fmt.Sprintf("Contact: <sip:1001@%s>", p.Local())
	auth, m := proven(t, c, "1001", "one", "REGISTER", "", contact)
	if m.Status() != 200 {
		t.Fatal(m.Text)
	}
	before := r.bindings("1001")
	evil := siptest.UDP(t, r.server.Addr("udp"))
	theirs := fmt.Sprintf("Contact: <sip:1001@%s>", evil.Local())
	again := func(p *siptest.Peer, user, method, uri string, stale bool, lines ...siptest.Line) {
		t.Helper()
		c := from(p, user, uri)
		c.To = c.From
		c.Send(method, "", append([]siptest.Line{"Authorization: " + auth, theirs}, lines...)...)
		m := answerTo(c)
		if m.Status() != 401 || strings.Contains(m.Text, "stale=true") != stale {
			t.Errorf("%s %s: stale %v\n%s", method, uri, stale, m.Text)
		}
	}
	again(evil, "1001", "REGISTER", uri, true) // the same to the byte, from another port: that could be a NAT
	again(p, "1001", "REGISTER", uri, true)
	again(p, "1001", "INVITE", uri, false)
	again(p, "1001", "REGISTER", "sip:other.example", false)
	again(p, "1002", "REGISTER", uri, false)
	edit := func(old, by string) { // who has listened changes what they heard
		t.Helper()
		changed := strings.Replace(auth, old, by, 1)
		if changed == auth {
			t.Fatalf("no %s in %s", old, auth)
		}
		again(p, "1001", "REGISTER", uri, false, "Authorization: "+changed)
	}
	edit("nc=00000001", "nc=00000002")
	edit("qop=auth, ", "")
	edit("algorithm=SHA-256", "algorithm=MD5")
	edit("algorithm=SHA-256", "algorithm=MD5-sess")
	edit(`username="1001"`, `username="1002"`)
	if got := r.bindings("1001"); fmt.Sprint(got) != fmt.Sprint(before) {
		t.Errorf("1001 is at %v, was at %v", got, before)
	}
}

// A nonce is good for the address that it was given to.
func TestB4NonceOfAnother(t *testing.T) {
	r, p, _ := attacked(t)
	c := from(p, "1001", "sip:127.0.0.1")
	c.To = c.From
	c.Send("REGISTER", "")
	auth := credentials(t, answerTo(c), "1001", "one", "REGISTER", c.URI)
	elsewhere := siptest.UDPFrom(t, netip.MustParseAddr("127.0.0.2"), r.server.Addr("udp"))
	c = from(elsewhere, "1001", "sip:127.0.0.1")
	c.To = c.From
	c.Send("REGISTER", "", "Authorization: "+auth)
	if m := answerTo(c); m.Status() != 401 {
		t.Error(m.Text)
	}
}

// Credentials of any shape get 400 or 401, and the next request is answered.
func TestB5MalformedAuthorization(t *testing.T) {
	_, p, _ := attacked(t)
	sound := `Digest username="1001", realm="asterisk", nonce="n", uri="sip:127.0.0.1", response="00000000000000000000000000000000", algorithm=MD5, qop=auth, nc=00000001, cnonce="c"`
	variants := []string{
		"", " ", "Digest", "Digest ", "Digest ,", "Digest ,,,,", "Digest =", "Digest x", `Digest username`, `Digest username=`, `Digest username="`,
		"Basic MTAwMTpvbmU=", "Bearer x", "NTLM x", "digest", "DIGEST " + sound[7:], `Digest username="\`, `Digest "`, "\tDigest\t", "Digest\x00", "Digest \xff\xfe",
		`Digest realm="asterisk"`, `Digest realm=""`, `Digest realm="unknown"`, `Digest username*=UTF-8''1001, realm="asterisk"`, "Digest " + strings.Repeat("a=b,", 5000),
		"Digest " + strings.Repeat(`realm="asterisk",`, 40), sound + ", " + sound[7:], sound + ",", "," + sound,
	}
	for _, part := range strings.Split(sound[7:], ", ") {
		name, value, _ := strings.Cut(part, "=")
		for _, by := range []string{
			"", name, name + "=", name + `=""`, name + `="`, name + `="` + strings.Repeat("x", 3000) + `"`, name + "=%00", name + `="\"\\\""`, name + "==" + value,
			part + ", " + part, name + " = " + value, name + "=\xff", name + "=-1", name + "=99999999999999999999", strings.ToUpper(name) + "=" + value,
			name + `="` + "\x01\x7f" + `"`, name + "='" + value + "'", name + "=" + value + value,
		} {
			variants = append(variants, strings.Replace(sound, part, by, 1))
		}
	}
	if len(variants) < 180 {
		t.Fatalf("only %d variants", len(variants))
	}
	for _, v := range variants {
		c := from(p, "1001", "sip:127.0.0.1")
		c.To = c.From
		c.Send("REGISTER", "", "Authorization: "+v)
		if m := answerTo(c); m.Status() != 401 && m.Status() != 400 {
			t.Errorf("%.80q:\n%s", v, m.Text)
		}
	}
	p.Ping()
}

// Nobody takes somebody else's place, or all the room there is.
func TestB6RegisterHijack(t *testing.T) {
	r, p, _ := attacked(t)
	contact := func(n int) siptest.Line { return fmt.Sprintf("Contact: <sip:x@%s:%d>", p.Local().Addr(), n) }
	for _, tc := range []struct {
		name, from, to string
		lines          []siptest.Line
		want           int
	}{
		{"a third party's", "1001", "1002", []siptest.Line{contact(5000)}, 403},
		{"one that is none", "1001", "nobody", []siptest.Line{contact(5000)}, 403},
		{"a trunk's", "1001", "trunk", []siptest.Line{contact(5000)}, 403},
		{"a star that stays", "1001", "1001", []siptest.Line{"Contact: *", "Expires: 60"}, 400},
		{"a star beside another", "1001", "1001", []siptest.Line{"Contact: *, <sip:x@127.0.0.1:5000>", "Expires: 0"}, 400},
		{"too many", "1001", "1001", []siptest.Line{strings.TrimSuffix(strings.Repeat(contact(5000)+", ", 1), ", ") + ", <sip:x@127.0.0.1:5001>, <sip:x@127.0.0.1:5002>"}, 403},
		{"thousands", "1001", "1001", []siptest.Line{contact(5000) + strings.Repeat(", <sip:x@127.0.0.1:5001>", 1500)}, 0},
		{"the server itself", "1001", "1001", []siptest.Line{fmt.Sprintf("Contact: <sip:1002@%s>", r.server.Addr("udp"))}, 403},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := from(p, tc.from, "sip:127.0.0.1")
			c.To = "<sip:" + tc.to + "@127.0.0.1>"
			c.Send("REGISTER", "")
			m := answerTo(c)
			if m.Status() == 401 {
				c.Send("REGISTER", "", append(tc.lines, "Authorization: "+credentials(t, m, "1001", "one", "REGISTER", c.URI))...)
				m = answerTo(c)
			}
			if m.Status() < 400 || m.Status() >= 500 || tc.want != 0 && m.Status() != tc.want && m.Status() != 401 {
				t.Errorf("want %d:\n%s", tc.want, m.Text)
			}
		})
	}
	for _, aor := range []string{"1001", "1002", "nobody"} {
		if got := r.bindings(aor); len(got) > 0 {
			t.Errorf("%s is at %v", aor, got)
		}
	}
}

// What nobody has proven is challenged; what belongs to a call, and to none that there
// is, gets 481.
func TestB7UnauthenticatedRequests(t *testing.T) {
	r, p, _ := attacked(t)
	for _, method := range []string{"MESSAGE", "SUBSCRIBE", "REFER", "NOTIFY", "PUBLISH", "INFO", "INVITE", "REGISTER"} {
		c := from(p, "1001", "sip:1002@127.0.0.1")
		c.Send(method, "", "Event: presence", "Refer-To: <sip:0044@127.0.0.1>", "Replaces: x;to-tag=1;from-tag=2", "Referred-By: <sip:1001@127.0.0.1>")
		if m := answerTo(c); m.Status() != 401 {
			t.Errorf("%s:\n%s", method, m.Text)
		}
	}
	for _, method := range []string{"UPDATE", "BYE", "CANCEL"} {
		c := from(p, "1001", "sip:1002@127.0.0.1")
		c.Send(method, "")
		if m := answerTo(c); m.Status() != 481 {
			t.Errorf("%s:\n%s", method, m.Text)
		}
	}

	// A call that stands, and strangers who know a part of it.
	phone := from(p, "1001", "sip:600@127.0.0.1")
	offer := string(r.offer(0, "PCMU", "sendrecv").Body)
	phone.Send("INVITE", offer)
	m := answerTo(phone)
	auth := credentials(t, m, "1001", "one", "INVITE", phone.URI)
	phone.Send("INVITE", offer, "Authorization: "+auth)
	channel := siptest.Wait(t, r.calls)
	stranger := siptest.UDP(t, r.server.Addr("udp"))
	cancel := *phone
	cancel.Peer, cancel.Branch = stranger, siptest.ID("z9hG4bKguess")
	stranger.Send(cancel.Again("CANCEL", "")) // the Call-ID and the CSeq, not the branch
	stranger.Want("SIP/2.0 481")
	if err := channel.Answer(siptest.Ctx(t)); err != nil {
		t.Fatal(err)
	}
	m = p.Skip("SIP/2.0 200")
	phone.Take(m)
	phone.Ack("")
	for name, change := range map[string]func(*siptest.Call){
		"another tag of ours":   func(c *siptest.Call) { c.ToTag = "x" },
		"another tag of theirs": func(c *siptest.Call) { c.FromTag = "x" },
		"no tag of ours":        func(c *siptest.Call) { c.ToTag = "" },
		"another Call-ID":       func(c *siptest.Call) { c.ID += "x" },
	} {
		for _, method := range []string{"BYE", "INFO", "UPDATE", "REFER", "INVITE"} {
			c := *phone
			c.Peer, c.Seq = stranger, 900
			change(&c)
			c.Send(method, "")
			want := 481
			if c.ToTag == "" && method != "BYE" && method != "UPDATE" {
				want = 401 // not in the call at all, and nobody
			}
			if m := answerTo(&c); m.Status() != want {
				t.Errorf("%s with %s: want %d\n%s", method, name, want, m.Text)
			}
		}
	}
	if channel.Snapshot().State != signaling.Up {
		t.Error("the call has ended")
	}
	phone.Send("BYE", "")
	p.Skip("SIP/2.0 200")
	siptest.Wait(t, channel.Gone())
}

// A BYE, a re-INVITE or a question of ours that is challenged gets no credentials after
// it, whatever realm the peer chooses, nor does a call to a phone.
func TestB8DigestLeak(t *testing.T) {
	r, p, trunk := attacked(t)
	challenges := func(status int) []string {
		name := map[int]string{401: "WWW-Authenticate", 407: "Proxy-Authenticate"}[status]
		var out []string
		for _, alg := range []string{"MD5", "MD5-sess", "SHA-256"} {
			out = append(out, fmt.Sprintf(`%s: Digest realm="asterisk", nonce="n", algorithm=%s, qop="auth"`, name, alg))
		}
		return append(out, name+": Basic realm=\"asterisk\"")
	}
	c := from(p, "1001", "sip:600@127.0.0.1")
	offer := string(r.offer(0, "PCMU", "sendrecv").Body)
	c.Send("INVITE", offer)
	auth := credentials(t, answerTo(c), "1001", "one", "INVITE", c.URI)
	c.Send("INVITE", offer, "Authorization: "+auth)
	channel := siptest.Wait(t, r.calls)
	if err := channel.Answer(siptest.Ctx(t)); err != nil {
		t.Fatal(err)
	}
	m := p.Skip("SIP/2.0 200")
	c.Take(m)
	c.Ack("")
	channel.Hangup(signaling.CauseNormal)
	bye := p.Skip("BYE ")
	p.Send(p.Response(bye, 401, "", challenges(401), ""))
	siptest.Wait(t, channel.Gone())

	// A call of ours to where nobody's password is configured.
	for _, status := range []int{401, 407} {
		_, told := r.dial("0044@trunk")
		invite := trunk.Skip("INVITE ")
		trunk.Send(trunk.Response(invite, status, "t", challenges(status), ""))
		ack := trunk.Skip("ACK ")
		told.want(t, "ended 21 true")
		for _, m := range []*siptest.Message{invite, ack, bye} {
			if strings.Contains(m.Text, "uthorization:") {
				t.Errorf("credentials:\n%s", m.Text)
			}
		}
	}
	p.Ping() // whatever was sent after the challenge would have come before this
	p.Quiet()
	trunk.Quiet()
}
