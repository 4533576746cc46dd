package digest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// authorizations feeds the parse, print and fuzz tests. printed is empty where
// the text is what String gives.
var authorizations = []struct {
	name, text string
	want       Authorization
	printed    string
}{
	{
		name: "RFC 7616 MD5",
		text: `Digest username="Mufasa", realm="http-auth@example.org", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", uri="/dir/index.html", response="8ca523f5e9506fed4657c9700eebdbec", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS", algorithm=MD5, qop=auth, nc=00000001, cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"`,
		want: Authorization{
			Username: "Mufasa", Realm: "http-auth@example.org", Nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
			URI: "/dir/index.html", Response: "8ca523f5e9506fed4657c9700eebdbec", Opaque: "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
			Algorithm: "MD5", QOP: "auth", NC: 1, Cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
		},
	}, {
		name:    "RFC 2069, odd spacing, case and empty elements",
		text:    "dIgEsT\tUSERNAME = \"a\",,realm=\"\" ,\tnonce=n, uri=sip:x,response=\"r\",nc=zz, cnonce=\"c\",",
		want:    Authorization{Username: "a", Nonce: "n", URI: "sip:x", Response: "r"},
		printed: `Digest username="a", realm="", nonce="n", uri="sip:x", response="r"`,
	}, {
		name: "escapes, commas and unknown parameters",
		text: `Digest username="a \"b\\\c", realm="x, y=z", nonce="n", uri="sip:a@b;transport=tcp", response="r", qop="auth", nc=ffffffff, cnonce="1,2", userhash=false, x="y"`,
		want: Authorization{
			Username: `a "b\c`, Realm: "x, y=z", Nonce: "n", URI: "sip:a@b;transport=tcp", Response: "r",
			QOP: "auth", NC: 1<<32 - 1, Cnonce: "1,2",
		},
		printed: `Digest username="a \"b\\c", realm="x, y=z", nonce="n", uri="sip:a@b;transport=tcp", response="r", qop=auth, nc=ffffffff, cnonce="1,2"`,
	}, {
		name: "UTF-8",
		text: `Digest username="Zoë", realm="r", nonce="n", uri="u", response="x", algorithm=SHA-256`,
		want: Authorization{Username: "Zoë", Realm: "r", Nonce: "n", URI: "u", Response: "x", Algorithm: "SHA-256"},
	},
}

var challenges = []struct {
	name, text string
	want       Challenge
	printed    string
}{
	{
		name: "RFC 7616",
		text: `Digest realm="http-auth@example.org", nonce="7ypf", opaque="FQhe", algorithm=SHA-256, qop="auth,auth-int"`,
		want: Challenge{Realm: "http-auth@example.org", Nonce: "7ypf", Opaque: "FQhe", Algorithm: "SHA-256", QOP: []string{"auth", "auth-int"}},
	}, {
		name:    "stale, spaces in qop",
		text:    `Digest realm="r",nonce="n",stale=TRUE,qop=" AUTH , auth-int,"`,
		want:    Challenge{Realm: "r", Nonce: "n", Stale: true, QOP: []string{"auth", "auth-int"}},
		printed: `Digest realm="r", nonce="n", stale=true, qop="auth,auth-int"`,
	}, {
		name:    "RFC 2069",
		text:    `Digest realm="", nonce="n", stale=no`,
		want:    Challenge{Nonce: "n"},
		printed: `Digest realm="", nonce="n"`,
	},
}

func TestParseAndPrintAuthorization(t *testing.T) {
	for _, tt := range authorizations {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseAuthorization(tt.text)
			if d := cmp.Diff(tt.want, got); d != "" || err != nil {
				t.Fatalf("error %v (-want +got)\n%s", err, d)
			}
			if tt.printed == "" {
				tt.printed = tt.text
			}
			if got.String() != tt.printed {
				t.Errorf("prints\n%s, want\n%s", got, tt.printed)
			}
		})
	}
}

func TestParseAndPrintChallenge(t *testing.T) {
	for _, tt := range challenges {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseChallenge(tt.text)
			if d := cmp.Diff(tt.want, got); d != "" || err != nil {
				t.Fatalf("error %v (-want +got)\n%s", err, d)
			}
			if tt.printed == "" {
				tt.printed = tt.text
			}
			if got.String() != tt.printed {
				t.Errorf("prints\n%s, want\n%s", got, tt.printed)
			}
		})
	}
}

// malformed are header values that are no credentials at all.
var malformed = []string{
	"", "Digest", "Digest ", "digest,", "Digest =", "Digest username", "Digest username=", `Digest username="a`, `Digest username="a\`,
	`Digest username="a" realm="b"`, `Digest username="a"; realm="b"`, `Digest "username"="a"`, "Digest username=\"a\x00b\"",
	"Digest username=\"a\r\nX-Evil: 1\"", "Digest username=\"a\x7f\"", "DigestX username=a", "Basic dTpw", "Bearer a.b.c", "Negotiate",
	`Digest user name="a"`, `Digest username=a"b"`, `Digest username=="a"`, `Digest {"username":"a"}`, "\xff\xfe", `Digest username*=UTF-8''a`,
	"Digest " + strings.Repeat("a", maxHeaderBytes), "Digest " + strings.Repeat(",", maxHeaderBytes-7),
	`Digest username="` + strings.Repeat("a", maxValueBytes+1) + `"`, "Digest " + strings.Repeat(`\`, 100), "Digest " + strings.Repeat(`"`, 101),
}

func TestMalformedIsInvalid(t *testing.T) {
	many := "Digest "
	for i := range maxParams + 1 {
		many += string(rune('a'+i%26)) + strings.Repeat("x", i) + "=1,"
	}
	for _, text := range append(malformed, many) {
		if a, err := ParseAuthorization(text); err == nil || fault.Of(err) != fault.Invalid {
			t.Errorf("%.60q gives %+v, %v", text, a, err)
		}
		if c, err := ParseChallenge(text); err == nil || fault.Of(err) != fault.Invalid {
			t.Errorf("%.60q gives %+v, %v", text, c, err)
		}
	}
}

func FuzzAuthorization(f *testing.F) {
	for _, tt := range authorizations {
		f.Add(tt.text)
	}
	for _, text := range malformed {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ParseAuthorization(text)
		if err != nil {
			return
		}
		b, err := ParseAuthorization(a.String())
		if err != nil && len(a.String()) <= maxHeaderBytes {
			t.Fatalf("%q parses, what it prints does not: %v", text, err)
		}
		if err == nil && a != b {
			t.Fatalf("%q parses to %+v, prints %s, which parses to %+v", text, a, a, b)
		}
	})
}

func FuzzChallenge(f *testing.F) {
	for _, tt := range challenges {
		f.Add(tt.text)
	}
	for _, text := range malformed {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ParseChallenge(text)
		if err != nil {
			return
		}
		b, err := ParseChallenge(a.String())
		if err != nil && len(a.String()) <= maxHeaderBytes {
			t.Fatalf("%q parses, what it prints does not: %v", text, err)
		}
		if d := cmp.Diff(a, b); err == nil && d != "" {
			t.Fatalf("%q printed and parsed again (-first +second)\n%s", text, d)
		}
	})
}
