package sip

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// A phone whose password stands in the file as a hash registers, whatever realm and algorithm
// the hash is of: it is challenged for those, while others are for the server's. The
// server's realm is "asterisk" here.
func TestHashedPhonesRegister(t *testing.T) {
	sections := func(name, auth string) string {
		return fmt.Sprintf("[%[1]s]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\naors = %[1]s\nauth = %[1]s\n"+
			"[%[1]s]\ntype = aor\nmax_contacts = 1\n[%[1]s]\ntype = auth\nusername = %[1]s\n%[2]s\n", name, auth)
	}
	files := map[string]string{
		"pjsip.conf": "[global]\ntype = global\ndefault_realm = pbx\n" +
			sections("md5", "auth_type = md5\nmd5_cred = "+digest.MD5.HA1("md5", "pbx", "secret")) +
			sections("own", "realm = shop\npassword_digest = MD5:"+digest.MD5.HA1("own", "shop", "secret")) +
			sections("sha", "password_digest = SHA-256:"+digest.SHA256.HA1("sha", "pbx", "secret")) +
			sections("sha512", "password_digest = SHA-512-256:"+digest.SHA512256.HA1("sha512", "pbx", "secret")) +
			sections("choice", "password = secret\nsupported_algorithms_uas = SHA-512-256,SHA-256") +
			sections("named", "realm = shop\npassword = secret") +
			sections("plain", "password = secret"),
		"sip.conf": "[general]\nrealm = pbx\n[md5]\ntype = friend\nhost = dynamic\ncontext = internal\nmd5secret = " + digest.MD5.HA1("md5", "pbx", "secret") +
			"\n[plain]\ntype = friend\nhost = dynamic\ncontext = internal\nsecret = secret\n",
	}
	for _, tc := range []struct {
		file, user        string
		realm, algorithms string
	}{
		{"pjsip.conf", "md5", "pbx", "MD5"},
		{"pjsip.conf", "own", "shop", "MD5"},
		{"pjsip.conf", "sha", "pbx", "SHA-256"},
		{"pjsip.conf", "sha512", "pbx", "SHA-512-256"},
		{"pjsip.conf", "choice", "asterisk", "SHA-512-256,SHA-256"},
		{"pjsip.conf", "named", "shop", "MD5,SHA-256"},
		{"pjsip.conf", "plain", "asterisk", "MD5,SHA-256"},
		{"sip.conf", "md5", "pbx", "MD5"},
		{"sip.conf", "plain", "asterisk", "MD5,SHA-256"},
	} {
		t.Run(tc.file+"/"+tc.user, func(t *testing.T) {
			r := newRig(t, "")
			if err := r.tech.Configure(t.Context(), endpointsOf(t, tc.file, files[tc.file])); err != nil {
				t.Fatal(err)
			}
			p := r.phone(tc.user)
			for password, want := range map[string]int{"": 401, "guess": 401, "secret": 200} {
				o := p.Outbound(r.to(tc.user))
				o.Method, o.To, o.Contacts = "REGISTER", o.From, []message.Address{{URI: p.URI("udp")}}
				if password != "" {
					o.Credentials = []ua.Credential{{Realm: tc.realm, Username: tc.user, Password: password}}
				}
				resp, err := p.Request(siptest.Ctx(t), o)
				if resp == nil {
					t.Fatal(err)
				}
				if resp.Status() != want {
					t.Errorf("%q: %d", password, resp.Status())
				}
				if want != 401 {
					continue
				}
				var offered []string
				for _, h := range resp.Headers("WWW-Authenticate") {
					c, err := digest.ParseChallenge(h)
					if err != nil || c.Realm != tc.realm {
						t.Errorf("challenge %s, %v", h, err)
					}
					offered = append(offered, c.Algorithm)
				}
				if got := strings.Join(offered, ","); got != tc.algorithms {
					t.Errorf("%s is offered", got)
				}
			}
		})
	}
}

// Neither the realm nor the digest of a challenge tells a name that is known from one that is
// not: strangers are challenged as somebody is, and always so.
func TestB1EnumerationByRealm(t *testing.T) {
	r := newRig(t, "[1001]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\nauth = 1001\n[1001]\ntype = auth\nusername = 1001\nrealm = shop\nmd5_cred = "+
		digest.MD5.HA1("1001", "shop", "secret")+"\n[1002]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\nauth = 1002\n[1002]\ntype = auth\nusername = 1002\npassword = x\n")
	ask := func(from, user string) string {
		p := r.phone(from)
		o := p.Outbound(r.to(user))
		o.Method, o.To = "REGISTER", message.Address{URI: r.to(user)}
		resp, err := p.Request(siptest.Ctx(t), o)
		if resp == nil {
			t.Fatal(err)
		}
		c, err := digest.ParseChallenge(resp.Header("WWW-Authenticate"))
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(resp.Status(), c.Realm, len(resp.Headers("WWW-Authenticate")))
	}
	asked := func(user string) string { return ask(user, user) }
	for _, to := range []string{"1001", "1002", "scan0", "scan1", "scan2", "scan3"} {
		for i := range 6 { // were the realm of the sender, not all would be asked for one
			if from := fmt.Sprint("from", i); ask(from, to) != asked(to) {
				t.Fatalf("%s is asked %s, and %s by %s", to, asked(to), ask(from, to), from)
			}
		}
	}
	known := map[string]int{asked("1001"): 0, asked("1002"): 0}
	for i := range 24 {
		name := fmt.Sprint("scan", i)
		got := asked(name)
		if _, ok := known[got]; !ok || asked(name) != got {
			t.Fatalf("%s is asked %s, then %s", name, got, asked(name))
		}
		known[got]++
	}
	for got, n := range known {
		if n == 0 || len(known) != 2 {
			t.Errorf("no stranger of 24 is asked %s", got)
		}
	}
}

// A trunk's password that stands in the file as a hash answers challenges of its realm and
// algorithm, and no other's.
func TestHashedTrunks(t *testing.T) {
	carrier := siptest.UDP(t, netip.AddrPort{})
	trunk := func(auth string) string {
		return fmt.Sprintf("[carrier]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\naors = carrier\noutbound_auth = carrier\n"+
			"[carrier]\ntype = aor\ncontact = sip:%s\n[carrier]\ntype = auth\nusername = us\n%s\n"+
			"[carrier]\ntype = identify\nendpoint = carrier\nmatch = 192.0.2.9\n", carrier.Local(), auth)
	}
	port := carrier.Local().Port()
	md5, sha := digest.MD5.HA1("us", "carrier.example", "ours"), digest.SHA256.HA1("us", "carrier.example", "ours")
	r := newRig(t, "")
	for _, tc := range []struct {
		name, file, text, realm, algorithm string
		answered                           bool
	}{
		{"md5_cred", "pjsip.conf", trunk("realm = carrier.example\nmd5_cred = " + md5), "carrier.example", "MD5", true},
		{"md5_cred without a realm", "pjsip.conf", trunk("md5_cred = " + md5), "carrier.example", "MD5", true},
		{"md5_cred, another realm", "pjsip.conf", trunk("realm = carrier.example\nmd5_cred = " + md5), "another.example", "MD5", false},
		{"md5_cred, another algorithm", "pjsip.conf", trunk("realm = carrier.example\nmd5_cred = " + md5), "carrier.example", "SHA-256", false},
		{"password_digest", "pjsip.conf", trunk("realm = carrier.example\npassword_digest = SHA-256:" + sha), "carrier.example", "SHA-256", true},
		{"password_digest, another algorithm", "pjsip.conf", trunk("realm = carrier.example\npassword_digest = SHA-256:" + sha), "carrier.example", "MD5", false},
		{"md5secret", "sip.conf", fmt.Sprintf("[carrier]\ntype = peer\nhost = 127.0.0.1\nport = %d\ndefaultuser = us\nmd5secret = %s\n", port, md5), "carrier.example", "MD5", true},
		{"remotesecret", "sip.conf", fmt.Sprintf("[carrier]\ntype = peer\nhost = 127.0.0.1\nport = %d\ndefaultuser = us\nsecret = theirs\nremotesecret = ours\n", port), "carrier.example", "MD5", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := r.tech.Configure(t.Context(), endpointsOf(t, tc.file, tc.text)); err != nil {
				t.Fatal(err)
			}
			l, told := r.dial("0044@carrier")
			invite := carrier.Skip("INVITE ")
			carrier.Send(carrier.Response(invite, 401, "t", []string{
				fmt.Sprintf(`WWW-Authenticate: Digest realm="%s", nonce="n", qop="auth", algorithm=%s`, tc.realm, tc.algorithm)}, ""))
			carrier.Want("ACK ")
			if !tc.answered {
				told.want(t, "ended 21 true")
				carrier.Ping()
				carrier.Quiet()
				return
			}
			invite = carrier.Want("INVITE ")
			a, err := digest.ParseAuthorization(invite.Header("Authorization"))
			if err != nil {
				t.Fatal(err)
			}
			alg, _ := digest.ParseAlgorithm(tc.algorithm)
			if want := responseOf(alg, "us", tc.realm, "ours", &a); a.Response != want || a.Username != "us" {
				t.Errorf("%s, want the response %s", a, want)
			}
			carrier.Send(carrier.Response(invite, 486, "t2", nil, ""))
			carrier.Want("ACK ")
			told.want(t, fmt.Sprintf("ended %d true", signaling.CauseBusy))
			l.Hangup(signaling.CauseNormal)
		})
	}
}

// responseOf is what a password answers (RFC 7616 §3.4.1), made of HA1 as of any hash of parts.
func responseOf(alg digest.Algorithm, user, realm, password string, a *digest.Authorization) string {
	ha2 := hashOf(alg, "INVITE", a.URI)
	return hashOf(alg, alg.HA1(user, realm, password), a.Nonce, fmt.Sprintf("%08x", a.NC), a.Cnonce, a.QOP, ha2)
}

func hashOf(alg digest.Algorithm, parts ...string) string {
	if len(parts) == 2 {
		user, rest, _ := strings.Cut(parts[0]+":"+parts[1], ":")
		realm, password, _ := strings.Cut(rest, ":")
		return alg.HA1(user, realm, password)
	}
	return alg.HA1(parts[0], parts[1], strings.Join(parts[2:], ":"))
}
