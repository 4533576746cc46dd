package auth

import (
	"log/slog"
	"net/netip"
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// counts is a witness that counts what it is told.
type counts struct{ proven, failed, strange int }

func (c *counts) Proven(netip.Addr)        { c.proven++ }
func (c *counts) Failed(netip.Addr)        { c.failed++ }
func (c *counts) Strange(netip.Addr, bool) { c.strange++ }

// Whoever has our challenge and answers with anything but the password that it asks for has
// failed, however wrong the answer is: under overload it has the preference of one who was
// challenged.
func TestEveryWrongAnswerCounts(t *testing.T) {
	source := netip.MustParseAddrPort("192.0.2.1:5060")
	for name, c := range map[string]struct {
		change func(*digest.Authorization)
		failed int
	}{
		"a wrong password":  {func(*digest.Authorization) {}, 1},
		"another realm":     {func(a *digest.Authorization) { a.Realm = "else" }, 1},
		"another opaque":    {func(a *digest.Authorization) { a.Opaque = "else" }, 1},
		"another target":    {func(a *digest.Authorization) { a.URI = "sip:else" }, 1},
		"another algorithm": {func(a *digest.Authorization) { a.Algorithm = "SHA-512-256" }, 1},
		"another quality":   {func(a *digest.Authorization) { a.QOP = "auth-int" }, 1},
		"another nonce":     {func(a *digest.Authorization) { a.Nonce = "x" }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			passwords, err := digest.NewAuthenticator(digest.Default())
			if err != nil {
				t.Fatal(err)
			}
			gate, told := NewGate(passwords, slog.New(slog.DiscardHandler)), &counts{}
			gate.Watch(told)
			asked, err := digest.ParseChallenge(passwords.Challenges(digest.Space{}, source.Addr(), false)[0])
			if err != nil {
				t.Fatal(err)
			}
			a := digest.Authorization{Username: "x", Realm: asked.Realm, Nonce: asked.Nonce, Opaque: asked.Opaque,
				URI: "sip:pbx.example", Algorithm: asked.Algorithm, Response: "0", QOP: "auth", NC: 1, Cnonce: "x"}
			c.change(&a)
			m, err := message.Parse([]byte("REGISTER sip:pbx.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n" +
				"From: <sip:x@pbx.example>;tag=1\r\nTo: <sip:x@pbx.example>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\nAuthorization: " + a.String() +
				"\r\nContent-Length: 0\r\n\r\n"))
			if err != nil {
				t.Fatal(err)
			}
			_, refusal := gate.Admit(message.NewRequest(m, message.Source{Remote: source}), digest.Space{},
				func(string) (digest.Credentials, bool) { return digest.Credentials{Password: "secret"}, true })
			if refusal == nil || refusal.Status != 401 {
				t.Errorf("answered %+v", refusal)
			}
			if *told != (counts{failed: c.failed}) {
				t.Errorf("told of %+v", *told)
			}
		})
	}
}

func TestCovers(t *testing.T) {
	for _, tt := range []struct {
		uri, target string
		want        bool
	}{
		{"sip:pbx.example", "sip:pbx.example", true},
		{"SIP:PBX.example", "sip:pbx.example", true},
		{"sip:pbx.example;transport=tcp", "sip:pbx.example", true},
		{"sip:pbx.example", "sip:pbx.example;transport=tcp;lr", true},
		{"sip:pbx.example:5060", "sip:pbx.example", true},
		{"sip:pbx.example", "sip:1002@pbx.example:5060", true},
		{"sip:1002@pbx.example", "sip:1002@pbx.example", true},
		{"sip:%31002@pbx.example", "sip:1002@pbx.example", true},
		{"sip:1003@pbx.example", "sip:1002@pbx.example", false},
		{"sip:1003@pbx.example", "sip:pbx.example", false},
		{"sip:Ana@pbx.example", "sip:ana@pbx.example", false},
		{"sip:pbx.example:5061", "sip:pbx.example:5060", false},
		{"sip:pbx2.example", "sip:pbx.example", false},
		{"sips:pbx.example", "sip:pbx.example", false},
		{"tel:+33", "sip:pbx.example", false},
		{"pbx.example", "sip:pbx.example", false},
		{"", "sip:pbx.example", false},
		{"*", "sip:pbx.example", false},
	} {
		target, err := message.ParseURI(tt.target)
		if err != nil {
			t.Fatal(err)
		}
		if got := covers(tt.uri, target); got != tt.want {
			t.Errorf("covers(%q, %q) = %v", tt.uri, tt.target, got)
		}
	}
}
