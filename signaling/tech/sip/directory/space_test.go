package directory

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// account is an endpoint with an AOR and an auth section.
func account(name, aor, auth string) string {
	return fmt.Sprintf("[%[1]s]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\naors = %[2]s\nauth = %[1]s-auth\n"+
		"[%[2]s]\ntype = aor\nmax_contacts = 1\n[%[1]s-auth]\ntype = auth\n%[3]s\n", name, aor, auth)
}

func md5Of(user, realm string) string {
	return "username = " + user + "\nrealm = " + realm + "\nmd5_cred = " + digest.MD5.HA1(user, realm, "secret")
}

// spaced are accounts of which some have a realm of their own.
func spaced(order string) string {
	if order != "" {
		order = "[global]\ntype = global\nendpoint_identifier_order = " + order + "\n"
	}
	return order + account("1001", "1001", md5Of("1001", "shop")) + account("1002", "1002", "username = 1002\npassword = secret") +
		account("1003", "Anna", md5Of("1003", "desk")) + account("1004", "1004", md5Of("phone4", "bar")) +
		account("1005", "1005", "username = 1005\npassword = secret")
}

type asked struct {
	*testing.T
	*Directory
	passwords *digest.Authenticator
}

func newAsked(t *testing.T, conf string) asked {
	t.Helper()
	d, _ := readDirectory(t, "pjsip.conf", conf)
	if err := d.Index(nil); err != nil {
		t.Fatal(err)
	}
	cfg := digest.Default()
	cfg.Algorithms = []digest.Algorithm{digest.MD5} // as readDirectory has it
	passwords, err := digest.NewAuthenticator(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return asked{t, d, passwords}
}

// by is the realm that a request is challenged for.
func (a asked) by(method, from, to, auth string) string {
	a.Helper()
	text := method + " sip:pbx.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n" +
		"From: <sip:" + from + "@pbx.example>;tag=1\r\nTo: <sip:" + to + "@pbx.example>\r\nCall-ID: 1\r\nCSeq: 1 " + method + "\r\n"
	if auth != "" {
		text += fmt.Sprintf("Authorization: Digest username=\"%s\", realm=\"x\", nonce=\"x\", uri=\"sip:pbx.example\", response=\"0\"\r\n", auth)
	}
	m, err := message.Parse([]byte(text + "Content-Length: 0\r\n\r\n"))
	if err != nil {
		a.Fatal(err)
	}
	req := message.NewRequest(m, message.Source{Remote: netip.MustParseAddrPort("192.0.2.1:5060")})
	e, _ := a.Identify(req)
	if method == "REGISTER" {
		e = a.Registering(req)
	}
	return a.Space(e, req, a.passwords.Disguise).Realm
}

// A challenge never changes with a name by which nobody is looked up: were it so for strangers
// alone, it would tell who is known.
func TestB1ChallengeOfAName(t *testing.T) {
	var strangers []string
	for i := range 24 {
		strangers = append(strangers, fmt.Sprint("scan", i))
	}
	known := []string{"1001", "1002", "Anna", "aNNA", "1004", "phone4", "PHONE4"}
	for _, order := range []string{"", "ip,username", "auth_username", "auth_username,username", "username,auth_username"} {
		t.Run(order, func(t *testing.T) {
			a := newAsked(t, spaced(order))
			same := func(what string, got func(other string) string, others []string) {
				t.Helper()
				seen := make(map[string]string)
				for _, other := range others {
					seen[got(other)] = other
				}
				if len(seen) != 1 {
					t.Errorf("%s is asked for different realms: %v", what, seen)
				}
			}
			everybody := slices.Concat(known, strangers)
			for _, name := range everybody {
				same("REGISTER to "+name, func(from string) string { return a.by("REGISTER", from, name, "") }, everybody)
				same("REGISTER to "+name+" in another case", func(to string) string { return a.by("REGISTER", "x", to, "") },
					[]string{name, strings.ToLower(name), strings.ToUpper(name)})
				same("INVITE of "+name, func(to string) string { return a.by("INVITE", name, to, "") }, everybody)
				if strings.Contains(order, "auth_username") {
					same("credentials of "+name, func(from string) string { return a.by("INVITE", from, "x", name) }, strangers)
				} else {
					same("INVITE of "+name, func(auth string) string { return a.by("INVITE", name, "x", auth) }, everybody)
				}
			}
		})
	}
}

// Those we know are asked for what they can prove.
func TestChallengeOfTheKnown(t *testing.T) {
	for _, order := range []string{"", "auth_username", "auth_username,username", "username,auth_username"} {
		a := newAsked(t, spaced(order))
		for _, c := range []struct{ method, from, to, auth, want string }{
			{"REGISTER", "1001", "1001", "", "shop"},
			{"REGISTER", "1001", "1001", "1001", "shop"},
			{"REGISTER", "1002", "1002", "", ""},
			{"REGISTER", "1003", "Anna", "", "desk"},
			{"REGISTER", "Anna", "Anna", "1003", "desk"},
			{"REGISTER", "1004", "1004", "phone4", "bar"},
			{"INVITE", "1001", "x", "", "shop"},
			{"INVITE", "1001", "x", "1001", "shop"},
			{"INVITE", "1002", "x", "1002", ""},
			{"INVITE", "1004", "x", "", "bar"},
			{"INVITE", "1004", "x", "phone4", "bar"},
		} {
			if got := a.by(c.method, c.from, c.to, c.auth); got != c.want {
				t.Errorf("order %q: %+v: %q", order, c, got)
			}
		}
	}
}

// Strangers are asked for a rare realm as seldom as those we know are, and one account more
// changes it for few of them.
func TestB1ShareOfRealms(t *testing.T) {
	var conf strings.Builder
	conf.WriteString(account("rare", "rare", md5Of("rare", "shop")))
	for i := range 99 {
		conf.WriteString(account(fmt.Sprint(2000+i), fmt.Sprint(2000+i), "username = x\npassword = secret"))
	}
	// Believed whoever says it is: it is never challenged.
	conf.WriteString("[open]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\n")
	a := newAsked(t, conf.String())
	after := newAsked(t, conf.String()+account("another", "another", "username = x\npassword = secret"))
	after.passwords = a.passwords
	const names = 4000
	for _, method := range []string{"REGISTER", "INVITE"} {
		rare, changed := 0, 0
		for i := range names {
			name := fmt.Sprint("scan", i)
			realm := a.by(method, name, name, "")
			if realm == "shop" {
				rare++
			}
			if after.by(method, name, name, "") != realm {
				changed++
			}
		}
		if share := float64(rare) / names; share == 0 || share > 0.03 { // 0.01 ± 0.0016
			t.Errorf("%s: %v of the strangers are asked for a realm of one in a hundred", method, share)
		}
		if changed > names/100 {
			t.Errorf("%s: one account more, and %d of %d are asked for another realm", method, changed, names)
		}
	}
}

// Endpoints that share an AOR are asked there for what all can prove, and warned of where no
// such thing is.
func TestSpaceOfASharedAOR(t *testing.T) {
	conf := account("1001", "desk", "username = 1001\npassword = secret") + account("1002", "1002", md5Of("1002", "shop")) +
		"[1002](+)\naors = desk\n"
	if got := newAsked(t, conf).by("REGISTER", "1001", "desk", ""); got != "shop" {
		t.Errorf("asked for %q", got)
	}
	d, warnings := readDirectory(t, "pjsip.conf", conf)
	if len(warnings) > 0 || len(d.Endpoints) != 2 {
		t.Errorf("%v", warnings)
	}
	_, warnings = readDirectory(t, "pjsip.conf", conf+account("1003", "1003", md5Of("1003", "bar"))+"[1003](+)\naors = desk\n")
	if len(warnings) != 1 || !strings.Contains(warnings[0].String(), "endpoint 1003: others that register at aor desk") {
		t.Errorf("%v", warnings)
	}
}

// Whose hash is of no algorithm that it is asked for can prove itself by none, is not believed
// for all that, and is challenged as others are.
func TestNothingToProve(t *testing.T) {
	md5 := "\nmd5_cred = " + digest.MD5.HA1("1001", "asterisk", "secret")
	for name, c := range map[string]struct {
		auth     string
		want     digest.Verdict
		warnings int
	}{
		"a hash of what is asked":          {"supported_algorithms_uas = MD5" + md5, digest.Accepted, 0},
		"a hash of what is not asked":      {"supported_algorithms_uas = SHA-256" + md5, digest.Wrong, 1},
		"a password beside":                {"supported_algorithms_uas = MD5\npassword = secret" + md5, digest.Accepted, 0},
		"a hash, and a name of that realm": {"realm = asterisk\nsupported_algorithms_uas = SHA-256,SHA-512-256" + md5, digest.Wrong, 1},
	} {
		t.Run(name, func(t *testing.T) {
			conf := account("1001", "1001", "username = 1001\n"+c.auth)
			d, warnings := readDirectory(t, "pjsip.conf", conf)
			if len(warnings) != c.warnings {
				t.Errorf("warned %v", warnings)
			}
			e := &d.Endpoints[0]
			if e.Believed() || !e.Proven() {
				t.Fatal("believed without a proof")
			}
			a := newAsked(t, conf)
			if c.want != digest.Accepted && len(a.spaces.among) > 0 {
				t.Errorf("%+v are spaces of nobody", a.spaces)
			}
			source := netip.MustParseAddr("192.0.2.1")
			phone := digest.NewClient(digest.Account{Realm: "asterisk", Credentials: digest.Credentials{Username: "1001", Password: "secret"}})
			attempt := phone.Begin("REGISTER", "sip:pbx")
			if err := attempt.Challenged(401, a.passwords.Challenges(e.Space, source, false)); err != nil {
				t.Fatal(err)
			}
			got := a.passwords.Check(digest.Request{
				Method: "REGISTER", Covers: func(string) bool { return true }, Authorization: []string{attempt.Headers()[0].Value}, Space: e.Space, Source: source,
			}, func(username string) (digest.Credentials, bool) {
				return e.Credentials[0], e.Credentials[0].Username == username
			})
			if got.Verdict != c.want {
				t.Errorf("%v, want %v", got.Verdict, c.want)
			}
		})
	}
}
