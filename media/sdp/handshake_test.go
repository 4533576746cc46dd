package sdp

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// handshaker is a leg that can do a handshake, and has a certificate of its own.
func handshaker(t testing.TB, p Protection, change ...func(*Config)) *Negotiator {
	t.Helper()
	cfg := testConfig(ulaw)
	cfg.Protection = p
	cfg.Handshaking = &Handshaking{Fingerprint: srtp.FingerprintOf(srtp.SHA256, []byte("ours")), Offered: p != Unprotected}
	for _, f := range change {
		f(&cfg)
	}
	return negotiator(t, cfg)
}

func certPrint(h srtp.Hash, certificate string) string {
	return "a=fingerprint:" + srtp.FingerprintOf(h, []byte(certificate)).String() + "\n"
}

const (
	tlsSavp  = "m=audio 4000 UDP/TLS/RTP/SAVP 0\n"
	tlsSavpf = "m=audio 4000 UDP/TLS/RTP/SAVPF 0\n"
	sha1     = "a=fingerprint:sha-1 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13\n"
)

// Which offers of a handshake are taken, and who begins: never is one answered in the clear.
func TestHandshakeOffered(t *testing.T) {
	theirs := certPrint(srtp.SHA256, "theirs")
	for _, c := range []struct {
		name, offer string
		// Of a leg that has handshakes only where nothing else is offered, wants them
		// before others, wants nothing else: our a=setup, "clear", or "488".
		want [3]string
	}{
		{"actpass", tlsSavp + theirs + "a=setup:actpass\n", [3]string{"active", "active", "active"}},
		{"with early feedback", tlsSavpf + theirs + "a=setup:actpass\n", [3]string{"active", "active", "active"}},
		{"active", tlsSavp + theirs + "a=setup:active\n", [3]string{"passive", "passive", "passive"}},
		{"passive", tlsSavp + theirs + "a=setup:passive\n", [3]string{"active", "active", "active"}},
		{"no setup", tlsSavp + theirs, [3]string{"passive", "passive", "passive"}},
		{"holdconn", tlsSavp + theirs + "a=setup:holdconn\n", [3]string{"488", "488", "488"}},
		{"for the session", theirs + "a=setup:actpass\n" + tlsSavp, [3]string{"active", "active", "active"}},
		{"by its old name", savp + theirs + "a=setup:actpass\n", [3]string{"active", "active", "active"}},
		{"several, the strongest counts", tlsSavp + sha1 + theirs + certPrint(srtp.SHA512, "theirs") + "a=setup:active\n", [3]string{"passive", "passive", "passive"}},
		{"SHA-1 alone", tlsSavp + sha1 + "a=setup:active\n", [3]string{"488", "488", "488"}},
		{"damaged", tlsSavp + "a=fingerprint:sha-256 00:01\na=setup:active\n", [3]string{"488", "488", "488"}},
		{"none", tlsSavp + "a=setup:active\n", [3]string{"488", "488", "488"}},
		{"over TCP", "m=audio 4000 TCP/DTLS/RTP/SAVP 0\n" + theirs + "a=setup:active\n", [3]string{"488", "488", "488"}},
		{"beside AVP", avp + theirs + "a=setup:actpass\n", [3]string{"clear", "active", "active"}},
		{"in the clear", avp, [3]string{"clear", "clear", "488"}},
		{"keys in the description", savp + with80, [3]string{"488", "488", "488"}},
		{"keys or a handshake", savp + with80 + theirs + "a=setup:actpass\n", [3]string{"488", "active", "active"}},
		{"or else AVP", tlsSavp + theirs + "a=setup:actpass\n" + "m=audio 4002 RTP/AVP 0\n", [3]string{"active", "active", "active"}},
		{"AVP, or else", "m=audio 4002 RTP/AVP 0\n" + tlsSavp + theirs + "a=setup:actpass\n", [3]string{"clear", "active", "active"}},
	} {
		for p := Unprotected; p <= Protected; p++ {
			t.Run(c.name+", "+p.String(), func(t *testing.T) {
				body, r, err := handshaker(t, p).Answer(parse(t, peerSDP(c.offer)))
				if err != nil {
					if k := fault.Of(err); c.want[p] != "488" || k != fault.NotAcceptable && k != fault.Invalid {
						t.Errorf("%v, want %s", err, c.want[p])
					}
					return
				}
				s := parse(t, body)
				m := s.Media[0]
				for _, line := range s.Media {
					if line.Port != 0 {
						m = line
					}
				}
				setup, _ := m.Attribute("setup")
				own, _ := m.Attribute("fingerprint")
				if c.want[p] == "clear" {
					if r.Handshake != nil || setup+own != "" || !plainProfile(m.Profile) {
						t.Errorf("not in the clear:\n%s", body)
					}
					return
				}
				if setup != c.want[p] || r.Handshake == nil || r.Handshake.Active != (setup == "active") || r.Keys.Secure() {
					t.Fatalf("setup %q, %+v, want %s", setup, r.Handshake, c.want[p])
				}
				if !strings.HasPrefix(own, "sha-256 ") || !r.Handshake.Fingerprints.Match([]byte("theirs")) {
					t.Errorf("fingerprints %q and %v", own, r.Handshake.Fingerprints)
				}
				if id, ok := m.Attribute("tls-id"); ok {
					t.Errorf("tls-id %s that nobody asked for", id)
				}
			})
		}
	}
}

// Our own offers, and what answers to them come to.
func TestHandshakeAnswered(t *testing.T) {
	theirs := certPrint(srtp.SHA384, "theirs")
	for _, c := range []struct {
		name   string
		p      Protection
		setup  Setup
		answer string
		want   string // our part, "clear" or "488"
	}{
		{"active", Protected, ActPass, tlsSavp + theirs + "a=setup:active\n", "passive"},
		{"passive", Protected, ActPass, tlsSavp + theirs + "a=setup:passive\n", "active"},
		{"no setup", Protected, ActPass, tlsSavp + theirs, "active"},
		{"actpass", Protected, ActPass, tlsSavp + theirs + "a=setup:actpass\n", "active"},
		{"passive to active", Protected, Active, tlsSavp + theirs + "a=setup:passive\n", "active"},
		{"active to active", Protected, Active, tlsSavp + theirs + "a=setup:active\n", "488"},
		{"active to passive", Protected, Passive, tlsSavp + theirs + "a=setup:active\n", "passive"},
		{"no fingerprint", Protected, ActPass, tlsSavp + "a=setup:active\n", "488"},
		{"a weak one", Protected, ActPass, tlsSavp + sha1 + "a=setup:active\n", "488"},
		{"AVP", Protected, ActPass, avp, "488"},
		{"AVP with a fingerprint", Protected, ActPass, avp + theirs + "a=setup:active\n", "488"},
		{"keys", Protected, ActPass, savp + with80, "488"},
		{"opportunistic, taken", Opportunistic, ActPass, avp + theirs + "a=setup:active\n", "passive"},
		{"opportunistic, not taken", Opportunistic, ActPass, avp, "clear"},
		{"opportunistic, another", Opportunistic, ActPass, savp + with80, "488"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := handshaker(t, c.p, func(cfg *Config) { cfg.Handshaking.Setup = c.setup })
			offer := parse(t, n.Offer(media.SendRecv)).Media[0]
			setup, _ := offer.Attribute("setup")
			id, _ := offer.Attribute("tls-id")
			if setup != c.setup.String() || len(id) < 20 || plainProfile(offer.Profile) != (c.p == Opportunistic) {
				t.Errorf("offered %s, setup %s, id %q", offer.Profile, setup, id)
			}
			r, err := n.SetAnswer(parse(t, peerSDP(c.answer)))
			switch {
			case err != nil:
				if c.want != "488" {
					t.Error(err)
				}
			case c.want == "clear":
				if r.Secure() {
					t.Errorf("%+v", r.Handshake)
				}
			case r.Handshake == nil || r.Handshake.Active != (c.want == "active"):
				t.Errorf("%+v, want %s", r.Handshake, c.want)
			}
		})
	}
}

// Which later offers ask for another handshake (RFC 8842 §4), and which do not.
func TestHandshakeAgain(t *testing.T) {
	const id, otherID = "a=tls-id:abcdefghijklmnopqrstu\n", "a=tls-id:ABCDEFGHIJKLMNOPQRSTU\n"
	theirs, others := certPrint(srtp.SHA256, "theirs"), certPrint(srtp.SHA256, "others")
	for _, c := range []struct {
		name, first, second string
		again               bool
		setup               string // of our second answer
	}{
		{"unchanged", theirs + "a=setup:active\n", theirs + "a=setup:active\n", false, "passive"},
		{"hold", theirs + "a=setup:actpass\n", theirs + "a=setup:actpass\na=sendonly\n", false, "active"},
		{"its part is left open now", theirs + "a=setup:active\n", theirs + "a=setup:actpass\n", false, "passive"},
		{"another part", theirs + "a=setup:active\n", theirs + "a=setup:passive\n", true, "active"},
		{"another certificate", theirs + "a=setup:active\n", others + "a=setup:active\n", true, "passive"},
		{"one more certificate", theirs + "a=setup:active\n", theirs + others + "a=setup:active\n", true, "passive"},
		{"in another order", theirs + others + "a=setup:active\n", others + theirs + "a=setup:active\n", false, "passive"},
		{"the same id", theirs + id + "a=setup:active\n", theirs + id + "a=setup:active\n", false, "passive"},
		{"another id", theirs + id + "a=setup:active\n", theirs + otherID + "a=setup:active\n", true, "passive"},
		{"an id at last", theirs + "a=setup:active\n", theirs + id + "a=setup:active\n", false, "passive"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := handshaker(t, Protected)
			body, r1, err := n.Answer(parse(t, peerSDP(tlsSavp+c.first)))
			if err != nil {
				t.Fatal(err)
			}
			first, said := parse(t, body).Media[0].Attribute("tls-id")
			if said != strings.Contains(c.first, "tls-id") {
				t.Errorf("our id is %q", first)
			}
			restored, err := RestoreNegotiator(n.cfg, n.State())
			if err != nil {
				t.Fatal(err)
			}
			body, r2, err := restored.Answer(parse(t, peerSDP(tlsSavp+c.second)))
			if err != nil {
				t.Fatal(err)
			}
			m := parse(t, body).Media[0]
			setup, _ := m.Attribute("setup")
			second, _ := m.Attribute("tls-id")
			if again := r1.Handshake.Number != r2.Handshake.Number; again != c.again || setup != c.setup {
				t.Errorf("again %v, want %v; setup %s, want %s", again, c.again, setup, c.setup)
			}
			if said && (first == second) == c.again {
				t.Errorf("our id was %q and is %q", first, second)
			}
		})
	}
}
