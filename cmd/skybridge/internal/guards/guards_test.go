package guards_test

import (
	"log/slog"
	"net/netip"
	"testing"

	"github.com/skygenesisenterprise/skybridge/cmd/skybridge/internal/guards"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/screen"
)

// TestKnown: an Authorization header of somebody's own making makes nobody known.
func TestKnown(t *testing.T) {
	passwords, err := digest.NewAuthenticator(digest.Default())
	if err != nil {
		t.Fatal(err)
	}
	addresses := screen.New(screen.Default(), nil, slog.New(slog.DiscardHandler))
	owner, stranger := netip.MustParseAddr("198.51.100.8"), netip.MustParseAddr("198.51.100.7")
	addresses.Proven(owner)
	challenge, err := digest.ParseChallenge(passwords.Challenges(digest.Space{}, stranger, false)[0])
	if err != nil {
		t.Fatal(err)
	}
	credentials := func(nonce, uri string) string {
		return digest.Authorization{Username: "x", Realm: challenge.Realm, Nonce: nonce, URI: uri, Response: "0", QOP: "auth", NC: 1, Cnonce: "x"}.String()
	}
	known := guards.Known(addresses, passwords)
	for _, c := range []struct {
		name, authorization string
		from                netip.Addr
		want                bool
	}{
		{"nothing", "", stranger, false},
		{"made up", credentials("x", "sip:pbx.example"), stranger, false},
		{"our challenge, for another target", credentials(challenge.Nonce, "sip:else.example"), stranger, false},
		{"our challenge", credentials(challenge.Nonce, "sip:pbx.example"), stranger, true},
		{"again", credentials(challenge.Nonce, "sip:pbx.example"), stranger, true},
		{"and again", credentials(challenge.Nonce, "sip:pbx.example"), stranger, true},
		{"once too often", credentials(challenge.Nonce, "sip:pbx.example"), stranger, false},
		{"a phone of ours", "", owner, true},
	} {
		text := "REGISTER sip:pbx.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n" +
			"From: <sip:x@pbx.example>;tag=1\r\nTo: <sip:x@pbx.example>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\n"
		if c.authorization != "" {
			text += "Authorization: " + c.authorization + "\r\n"
		}
		m, err := message.Parse([]byte(text + "Content-Length: 0\r\n\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		req := message.NewRequest(m, message.Source{Remote: netip.AddrPortFrom(c.from, 5060)})
		if got := known(req); got != c.want {
			t.Errorf("%s: known %v", c.name, got)
		}
	}
}
