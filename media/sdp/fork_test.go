package sdp

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// Forks of a call that answer one offer have an association each, though they have one
// certificate: what tells them apart is the tls-id, or where they are (RFC 8842). Our own
// tls-id is the one that the offer has told to all.
func TestHandshakesOfForks(t *testing.T) {
	theirs := certPrint(srtp.SHA256, "theirs") + "a=setup:active\n"
	const id, otherID = "a=tls-id:abcdefghijklmnopqrstu\n", "a=tls-id:ABCDEFGHIJKLMNOPQRSTU\n"
	elsewhere := strings.Replace(tlsSavp, "4000", "4100", 1)
	for _, c := range []struct {
		name, first, second string
		again               bool
	}{
		{"the same one once more", tlsSavp + theirs, tlsSavp + theirs, false},
		{"the same one, with its id", tlsSavp + theirs + id, tlsSavp + theirs + id, false},
		{"another id", tlsSavp + theirs + id, tlsSavp + theirs + otherID, true},
		{"an id and none", tlsSavp + theirs + id, tlsSavp + theirs, true},
		{"none and an id", tlsSavp + theirs, tlsSavp + theirs + id, true},
		{"elsewhere", tlsSavp + theirs, elsewhere + theirs, true},
		{"elsewhere, with one id", tlsSavp + theirs + id, elsewhere + theirs + id, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := handshaker(t, Protected)
			offered, _ := parse(t, n.Offer(media.SendRecv)).Media[0].Attribute("tls-id")
			var numbers [2]uint32
			for i, body := range []string{c.first, c.second} {
				r, err := n.SetAnswer(parse(t, peerSDP(body)))
				if err != nil {
					t.Fatal(err)
				}
				numbers[i] = r.Handshake.Number
			}
			if again := numbers[0] != numbers[1]; again != c.again {
				t.Errorf("another association: %v", again)
			}
			// A re-INVITE to the fork that has taken the call goes on with its association.
			now, _ := parse(t, n.Offer(media.SendOnly)).Media[0].Attribute("tls-id")
			if now != offered {
				t.Errorf("our tls-id was %q and is %q", offered, now)
			}
			r, err := n.SetAnswer(parse(t, peerSDP(c.second)))
			if err != nil {
				t.Fatal(err)
			}
			if r.Handshake.Number != numbers[1] {
				t.Error("a re-INVITE that changes nothing begins another")
			}
		})
	}
}
