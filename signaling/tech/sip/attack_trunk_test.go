package sip

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// A trunk's password answers challenges of the trunk's realm, in requests to the trunk, by a
// digest that is worth it; others are the end of the call.
func TestB8RealmOfAnother(t *testing.T) {
	carrier := siptest.UDP(t, netip.AddrPort{})
	r := newRig(t, fmt.Sprintf("[carrier]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\naors = carrier\noutbound_auth = carrier\n"+
		"[carrier]\ntype = aor\ncontact = sip:%s\n[carrier]\ntype = auth\nusername = us\npassword = ours\nrealm = carrier.example\n"+
		"[carrier]\ntype = identify\nendpoint = carrier\nmatch = 192.0.2.9\n", carrier.Local()))
	challenge := func(realm, more string) []string {
		return []string{fmt.Sprintf(`WWW-Authenticate: Digest realm="%s", nonce="n", %s`, realm, more)}
	}
	for name, lines := range map[string][]string{
		"another realm":          challenge("asterisk", `qop="auth"`),
		"ours in other letters":  challenge("Carrier.Example", `qop="auth"`),
		"ours at another's end":  challenge("carrier.example.evil", `qop="auth"`),
		"none":                   challenge("", `qop="auth"`),
		"MD5-sess":               challenge("carrier.example", `algorithm=MD5-sess, qop="auth"`),
		"a digest of no name":    challenge("carrier.example", `algorithm=ROT13, qop="auth"`),
		"the body's digest only": challenge("carrier.example", `qop="auth-int"`),
		"Basic":                  {`WWW-Authenticate: Basic realm="carrier.example"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, told := r.dial("0044@carrier")
			invite := carrier.Skip("INVITE ")
			carrier.Send(carrier.Response(invite, 401, "t", lines, ""))
			carrier.Want("ACK ")
			told.want(t, "ended 21 true")
			carrier.Ping()
			carrier.Quiet()
		})
	}
	t.Run("its own", func(t *testing.T) {
		l, told := r.dial("0044@carrier")
		invite := carrier.Skip("INVITE ")
		carrier.Send(carrier.Response(invite, 401, "t", challenge("carrier.example", `algorithm=SHA-256, qop="auth"`), ""))
		carrier.Want("ACK ")
		invite = carrier.Want("INVITE ")
		auth := invite.Header("Authorization")
		for _, part := range []string{`username="us"`, `realm="carrier.example"`, "algorithm=SHA-256", "qop=auth", `nonce="n"`} {
			if !strings.Contains(auth, part) {
				t.Errorf("no %s in %s", part, auth)
			}
		}
		if strings.Contains(invite.Text, "ours") {
			t.Error("the password is told")
		}
		carrier.Send(carrier.Response(invite, 200, "t2", []string{carrier.Contact(), "Content-Type: application/sdp"}, string(r.offer(0, "PCMU", "sendrecv").Body)))
		told.want(t, "answered")
		carrier.Want("ACK ")
		l.Hangup(signaling.CauseNormal)
		bye := carrier.Want("BYE ")
		carrier.Send(carrier.Response(bye, 401, "", challenge("another.example", `qop="auth"`), ""))
		told.want(t, fmt.Sprintf("ended %d false", signaling.CauseNormal))
		carrier.Ping()
		carrier.Quiet()
	})
}

// A trunk's password without a realm answers the realm that its host asks for first, and the
// one that a proxy there does, and no other after that, nor an answer from another host.
func TestB8FirstRealm(t *testing.T) {
	carrier := siptest.UDP(t, netip.AddrPort{})
	r := newRig(t, fmt.Sprintf("[carrier]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\naors = carrier\noutbound_auth = carrier\n"+
		"[carrier]\ntype = aor\ncontact = sip:%s\n[carrier]\ntype = auth\nusername = us\npassword = ours\n"+
		"[carrier]\ntype = identify\nendpoint = carrier\nmatch = 192.0.2.9\n", carrier.Local()))
	stranger := siptest.UDPFrom(t, netip.MustParseAddr("127.0.0.2"), r.server.Addr("udp"))
	asks := func(status int, realm string) []string {
		name := map[int]string{401: "WWW-Authenticate", 407: "Proxy-Authenticate"}[status]
		return []string{fmt.Sprintf(`%s: Digest realm=%q, nonce="n", qop="auth"`, name, realm)}
	}
	for _, s := range []struct {
		name   string
		status int
		realm  string
		forged bool // the challenge comes from another host
		want   bool // it is answered
	}{
		{"another host, before anything is known", 401, "evil.example", true, false},
		{"the first", 401, "carrier.example", false, true},
		{"another realm", 401, "evil.example", false, false},
		{"another host, in its realm", 401, "carrier.example", true, false},
		{"a proxy's", 407, "proxy.example", false, true},
		{"another proxy's", 407, "evil.example", false, false},
		{"the proxy's as the host's own", 401, "proxy.example", false, false},
		{"the first again", 401, "carrier.example", false, true},
		{"the proxy's again", 407, "proxy.example", false, true},
	} {
		t.Run(s.name, func(t *testing.T) {
			_, told := r.dial("0044@carrier")
			invite := carrier.Skip("INVITE ")
			challenge := carrier.Response(invite, s.status, "t", asks(s.status, s.realm), "")
			if s.forged {
				stranger.Send(challenge)
			} else {
				carrier.Send(challenge)
			}
			carrier.Want("ACK ")
			if s.want {
				invite = carrier.Want("INVITE ")
				if all := strings.Join(invite.Headers("Authorization"), "") + strings.Join(invite.Headers("Proxy-Authorization"), ""); !strings.Contains(all, fmt.Sprintf("realm=%q", s.realm)) {
					t.Errorf("not for %s: %s", s.realm, all)
				}
				carrier.Send(carrier.Response(invite, 403, "t2", nil, ""))
				carrier.Want("ACK ")
			}
			told.want(t, "ended 21 true")
			carrier.Ping()
			carrier.Quiet()
		})
	}
	if text := r.house.Log.String(); !strings.Contains(text, "realm=evil.example known=carrier.example") {
		t.Error("the log does not tell what was not answered")
	}
}

// Two carriers with one account teach it their own realms, and nobody else's.
func TestB8RealmOfEachHost(t *testing.T) {
	const endpoint = "[%[1]s]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\naors = %[1]s\noutbound_auth = account\n[%[1]s]\ntype = aor\ncontact = sip:%[2]s\n"
	carriers := map[string]*siptest.Peer{"one": siptest.UDP(t, netip.AddrPort{}), "two": siptest.UDPFrom(t, netip.MustParseAddr("127.0.0.2"), netip.AddrPort{})}
	config := "[account]\ntype = auth\nusername = us\npassword = ours\n"
	for name, carrier := range carriers {
		config += fmt.Sprintf(endpoint, name, carrier.Local())
	}
	r := newRig(t, config)
	for _, s := range []struct {
		to, realm string
		want      bool
	}{{"one", "one.example", true}, {"two", "two.example", true}, {"one", "two.example", false}, {"two", "one.example", false}, {"two", "two.example", true}} {
		carrier := carriers[s.to]
		_, told := r.dial("0044@" + s.to)
		invite := carrier.Skip("INVITE ")
		carrier.Send(carrier.Response(invite, 401, "t", []string{fmt.Sprintf(`WWW-Authenticate: Digest realm=%q, nonce="n", qop="auth"`, s.realm)}, ""))
		carrier.Want("ACK ")
		if s.want {
			invite = carrier.Want("INVITE ")
			if shown := strings.Join(invite.Headers("Authorization"), ""); !strings.Contains(shown, fmt.Sprintf("realm=%q", s.realm)) {
				t.Errorf("%+v: %s", s, shown)
			}
			carrier.Send(carrier.Response(invite, 403, "t2", nil, ""))
			carrier.Want("ACK ")
		}
		told.want(t, "ended 21 true")
	}
}

// Nobody is an endpoint by an address that the endpoint has not named: an identify section
// that says nothing, or nothing that can be read, is nobody's.
func TestB9WrongEndpointByAddress(t *testing.T) {
	const endpoint = "[trunk]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\n"
	const other = "[other]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\n[other]\ntype = identify\nendpoint = other\nmatch = 127.0.0.0/24\n"
	for _, tc := range []struct {
		name, identify string
		header         string
		want           string
	}{
		{"no section", "", "", "trunk"}, // it has no address then, and is named: its own words, and warned of
		{"says nothing", "endpoint = trunk\n", "", "401"},
		{"an empty match", "endpoint = trunk\nmatch =\n", "", "401"},
		{"another address", "endpoint = trunk\nmatch = 192.0.2.9\n", "", "401"},
		{"another network", "endpoint = trunk\nmatch = 10.0.0.0/8\n", "", "401"},
		{"IPv6 all", "endpoint = trunk\nmatch = ::/0\n", "", "401"},
		{"its address", "endpoint = trunk\nmatch = 127.0.0.1\n", "", "trunk"},
		{"its network", "endpoint = trunk\nmatch = 127.0.0.0/8\n", "", "trunk"},
		{"everybody, in so many words", "endpoint = trunk\nmatch = 0.0.0.0/0\n", "", "trunk"},
		{"the narrower of another", "endpoint = trunk\nmatch = 127.0.0.0/8\n" + other, "", "other"},
		{"the wider of another", "endpoint = trunk\nmatch = 127.0.0.1\n" + other, "", "trunk"},
		{"its address with a slip", "endpoint = trunk\nmatch = 127.0.0.1.\n", "", "401"},
		{"a header that is missing", "endpoint = trunk\nmatch_header = X-Key: 7c1d\n", "", "401"},
		{"a header that is another", "endpoint = trunk\nmatch_header = X-Key: 7c1d\n", "7c1d5", "401"},
		{"a header with nothing in it", "endpoint = trunk\nmatch_header = X-Key:\n", "", "401"},
		{"its header", "endpoint = trunk\nmatch_header = X-Key: 7c1d\n", "7c1d", "trunk"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			conf := endpoint
			if tc.identify != "" {
				conf += "[trunk]\ntype = identify\n" + tc.identify
			}
			r := newRig(t, conf)
			for _, user := range []string{"trunk", "nobody", "anonymous"} {
				leg := r.call(r.phone(user), "600", func(o *ua.Outbound) {
					if tc.header != "" {
						o.Headers = append(o.Headers, message.Header{Name: "X-Key", Value: tc.header})
					}
				})
				want := tc.want
				if tc.identify == "" && user != "trunk" {
					want = "401"
				}
				if got := r.taken(leg); got != want {
					t.Errorf("%s is taken for %s, not %s", user, got, want)
				}
			}
		})
	}
}

// What a phone may dial is what its context has, whatever it says of itself: the number of a
// trunk is one of another context's. One who has the right has it.
func TestC2DialRights(t *testing.T) {
	trunk := siptest.NewPhone(t, "trunk", "udp")
	phone := func(name, context string) string {
		return fmt.Sprintf("[%[1]s]\ntype = endpoint\nallow = !all,ulaw\ncontext = %[2]s\nauth = %[1]s\naors = %[1]s\n"+
			"[%[1]s]\ntype = auth\nusername = %[1]s\npassword = secret\n[%[1]s]\ntype = aor\nmax_contacts = 1\n", name, context)
	}
	r, _ := planned(t, phone("1001", "closed")+phone("1002", "internal")+phone("1003", "nowhere")+
		named("trunk", "context = closed\n[trunk]\ntype = identify\nendpoint = trunk\nmatch = 192.0.2.1", trunk))
	for _, tc := range []struct {
		user, number string
		lines        []siptest.Line
		want         int
	}{
		{"1001", "90044", nil, 404},
		{"1001", "90044", []siptest.Line{"P-Asserted-Identity: <sip:1002@127.0.0.1>"}, 404},
		{"1001", "90044", []siptest.Line{"Diversion: <sip:1002@127.0.0.1>;reason=unconditional"}, 404},
		{"1001", "90044", []siptest.Line{"Referred-By: <sip:1002@127.0.0.1>"}, 404},
		{"1001", "90044", []siptest.Line{"Contact: <sip:1002@127.0.0.1>"}, 404},
		{"1003", "90044", nil, 404},
		{"1003", "1002", nil, 404},
		{"1002", "90044", nil, 486},
	} {
		p := siptest.UDP(t, r.server.Addr("udp"))
		c := from(p, tc.user, r.to(tc.number).String())
		body := string(r.offer(0, "PCMU", "sendrecv").Body)
		c.Send("INVITE", body, tc.lines...)
		m := answerTo(c)
		if m.Status() != 401 {
			t.Fatalf("nobody dials:\n%s", m.Text)
		}
		c.Send("INVITE", body, append(tc.lines, "Authorization: "+credentials(t, m, tc.user, "secret", "INVITE", c.URI))...)
		if tc.want == 486 {
			if err := siptest.Wait(t, trunk.Invites).Reject(ua.Reply{Status: 486}); err != nil {
				t.Fatal(err)
			}
		}
		if m := answerTo(c); m.Status() != tc.want {
			t.Errorf("%s dials %s %q:\n%s", tc.user, tc.number, tc.lines, m.Text)
		}
	}
	select {
	case in := <-trunk.Invites:
		t.Errorf("the trunk is rung by %s", in.Request().From())
	default:
	}
}
