package sdp

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

func protected(t testing.TB, p Protection) *Negotiator {
	t.Helper()
	cfg := testConfig(ulaw)
	cfg.Protection = p
	return negotiator(t, cfg)
}

// cryptoAttributes are the lines of the only media line that is not refused.
func cryptoAttributes(t testing.TB, body []byte) (profile string, lines []Crypto) {
	t.Helper()
	for _, m := range parse(t, body).Media {
		if m.Port == 0 {
			continue
		}
		lines, err := m.cryptos()
		if err != nil {
			t.Fatal(err)
		}
		return m.Profile, lines
	}
	t.Fatalf("every line is refused\n%s", body)
	return "", nil
}

const (
	savp   = "m=audio 4000 RTP/SAVP 0\n"
	avp    = "m=audio 4000 RTP/AVP 0\n"
	with80 = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "\n"
)

// Which offers are taken, and with what: never is something refused sent in the clear.
func TestKeysOffered(t *testing.T) {
	const fingerprint = "a=fingerprint:sha-256 00:01\na=setup:actpass\n"
	for _, c := range []struct {
		name, offer string
		// What comes of it for a leg that is unprotected, opportunistic, protected: the
		// suite, "clear", or "488".
		want [3]string
	}{
		{"nothing", avp, [3]string{"clear", "clear", "488"}},
		{"SAVP", savp + with80, [3]string{"488", "1 AES_CM_128_HMAC_SHA1_80", "1 AES_CM_128_HMAC_SHA1_80"}},
		{"SAVPF", "m=audio 4000 RTP/SAVPF 0\n" + with80, [3]string{"488", "1 AES_CM_128_HMAC_SHA1_80", "1 AES_CM_128_HMAC_SHA1_80"}},
		{"keys beside AVP", avp + with80, [3]string{"clear", "1 AES_CM_128_HMAC_SHA1_80", "1 AES_CM_128_HMAC_SHA1_80"}},
		{"no key", savp, [3]string{"488", "488", "488"}},
		{"the peer's order", savp + "a=crypto:5 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "\na=crypto:2 AEAD_AES_128_GCM inline:" + key28 + "\n",
			[3]string{"488", "5 AES_CM_128_HMAC_SHA1_80", "5 AES_CM_128_HMAC_SHA1_80"}},
		{"a tag of 32 bits, or else another", savp + "a=crypto:5 AES_CM_128_HMAC_SHA1_32 inline:" + key30 + "\na=crypto:2 AEAD_AES_128_GCM inline:" + key28 + "\n",
			[3]string{"488", "2 AEAD_AES_128_GCM", "2 AEAD_AES_128_GCM"}},
		{"nothing but a tag of 32 bits", savp + "a=crypto:5 AES_CM_128_HMAC_SHA1_32 inline:" + key30 + "\n",
			[3]string{"488", "5 AES_CM_128_HMAC_SHA1_32", "5 AES_CM_128_HMAC_SHA1_32"}},
		{"what we do not know", savp + "a=crypto:1 F8_128_HMAC_SHA1_80 inline:" + key30 + "\na=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:" + key30 +
			" UNENCRYPTED_SRTP\na=crypto:x\na=crypto:4 AEAD_AES_256_GCM inline:" + key44 + "|2^31|1:4\n", [3]string{"488", "4 AEAD_AES_256_GCM", "4 AEAD_AES_256_GCM"}},
		{"nothing that we know", savp + "a=crypto:1 F8_128_HMAC_SHA1_80 inline:" + key30 + "\n", [3]string{"488", "488", "488"}},
		{"nothing that we know, beside AVP", avp + "a=crypto:1 F8_128_HMAC_SHA1_80 inline:" + key30 + "\n", [3]string{"clear", "clear", "488"}},
		{"unencrypted", savp + "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " UNENCRYPTED_SRTP\n", [3]string{"488", "488", "488"}},
		{"bad base64", savp + "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:!!\n", [3]string{"488", "488", "488"}},
		{"a short key", savp + "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA\n", [3]string{"488", "488", "488"}},
		{"SAVP, or else AVP", savp + with80 + "m=audio 4002 RTP/AVP 0\n", [3]string{"clear", "1 AES_CM_128_HMAC_SHA1_80", "1 AES_CM_128_HMAC_SHA1_80"}},
		{"AVP, or else SAVP", "m=audio 4002 RTP/AVP 0\n" + savp + with80, [3]string{"clear", "1 AES_CM_128_HMAC_SHA1_80", "1 AES_CM_128_HMAC_SHA1_80"}},
		{"DTLS", savp + fingerprint, [3]string{"488", "488", "488"}},
		{"DTLS or keys", savp + fingerprint + with80, [3]string{"488", "1 AES_CM_128_HMAC_SHA1_80", "1 AES_CM_128_HMAC_SHA1_80"}},
		{"DTLS alone", "m=audio 4000 UDP/TLS/RTP/SAVP 0\n" + fingerprint + with80, [3]string{"488", "488", "488"}},
	} {
		for p := Unprotected; p <= Protected; p++ {
			t.Run(c.name+", "+p.String(), func(t *testing.T) {
				body, r, err := protected(t, p).Answer(parse(t, peerSDP(c.offer)))
				if err != nil {
					if want := c.want[p]; want != "488" || fault.Of(err) != fault.NotAcceptable || strings.Contains(err.Error(), key30[:12]) {
						t.Errorf("%v, want %s", err, want)
					}
					return
				}
				profile, lines := cryptoAttributes(t, body)
				got := "clear"
				if r.Keys.Secure() && len(lines) == 1 && lines[0].Keys[0].KeyAndSalt != nil {
					got = strings.SplitAfter(lines[0].String(), " inline:")[0]
					got = strings.TrimSuffix(got, " inline:")
					if m, err := lines[0].master(); err != nil || m != r.Keys.Send || m == r.Keys.Receive {
						t.Errorf("sends with another key than it says: %v, %v", m, err)
					}
				} else if len(lines) > 0 || r.Keys != (srtp.Masters{}) || secureProfile(profile) {
					t.Errorf("keys %v %v, lines %v", r.Keys.Send, r.Keys.Receive, lines)
				}
				if got != c.want[p] {
					t.Errorf("got %s, want %s", got, c.want[p])
				}
			})
		}
	}
}

// What we offer, and which answers to it are taken.
func TestKeysAnswered(t *testing.T) {
	key := func(tag, suite, key string) string { return "a=crypto:" + tag + " " + suite + " inline:" + key + "\n" }
	for _, c := range []struct {
		name, answer string
		want         [3]string // as above
	}{
		{"plainly", avp, [3]string{"clear", "clear", "488"}},
		{"with GCM", savp + key("1", "AEAD_AES_128_GCM", key28), [3]string{"488", "AEAD_AES_128_GCM", "AEAD_AES_128_GCM"}},
		{"with the last", savp + key("3", "AES_CM_128_HMAC_SHA1_80", key30), [3]string{"488", "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_80"}},
		{"with a key beside AVP", avp + key("2", "AEAD_AES_256_GCM", key44), [3]string{"clear", "AEAD_AES_256_GCM", "AEAD_AES_256_GCM"}},
		{"with another tag", savp + key("7", "AEAD_AES_128_GCM", key28), [3]string{"488", "488", "488"}},
		{"with another suite", avp + key("1", "AES_CM_128_HMAC_SHA1_80", key30), [3]string{"clear", "488", "488"}},
		{"with two", savp + key("1", "AES_CM_128_HMAC_SHA1_80", key30) + key("3", "AES_CM_128_HMAC_SHA1_80", key30),
			[3]string{"488", "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_80"}},
		{"without a key", savp, [3]string{"488", "488", "488"}},
		{"unencrypted", savp + strings.TrimSpace(key("3", "AES_CM_128_HMAC_SHA1_80", key30)) + " UNENCRYPTED_SRTP\n", [3]string{"488", "488", "488"}},
		{"with DTLS", "m=audio 4000 UDP/TLS/RTP/SAVP 0\na=fingerprint:sha-256 00:01\n", [3]string{"488", "488", "488"}},
	} {
		for p := Unprotected; p <= Protected; p++ {
			t.Run(c.name+", "+p.String(), func(t *testing.T) {
				n := protected(t, p)
				profile, lines := cryptoAttributes(t, n.Offer(media.SendRecv))
				if want := [...]string{"RTP/AVP", "RTP/AVP", "RTP/SAVP"}[p]; profile != want {
					t.Errorf("offered %s, want %s", profile, want)
				}
				var offered []string
				for _, l := range lines {
					offered = append(offered, l.Suite)
				}
				if want := [...]string{"", "AEAD_AES_128_GCM AEAD_AES_256_GCM AES_CM_128_HMAC_SHA1_80"}[min(p, 1)]; strings.Join(offered, " ") != want {
					t.Errorf("offered %v, want %s", offered, want)
				}
				r, err := n.SetAnswer(parse(t, peerSDP(c.answer)))
				got := "clear"
				switch {
				case err != nil && fault.Of(err) == fault.NotAcceptable:
					got = "488"
				case err != nil:
					t.Fatal(err)
				case r.Keys.Secure():
					got = r.Keys.Send.Suite.String()
				}
				if got != c.want[p] {
					t.Errorf("got %s, want %s: %v", got, c.want[p], err)
				}
			})
		}
	}
}

// Two of us, in each suite and both directions, over several exchanges: the keys stay
// what they are, and are each other's.
func TestKeysStay(t *testing.T) {
	for _, p := range []Protection{Opportunistic, Protected} {
		for _, suite := range []srtp.Suite{srtp.AESCM80, srtp.AESCM32, srtp.GCM128, srtp.GCM256} {
			a, b := protected(t, p), protected(t, p)
			a.cfg.Suites = []srtp.Suite{suite}
			var before srtp.Masters
			for i := range 6 {
				if i%2 == 1 {
					a, b = b, a
					before.Send, before.Receive = before.Receive, before.Send
				}
				body, atB := answer(t, b, a.Offer([]media.Direction{media.SendRecv, media.SendOnly}[i/2%2]))
				atA := setAnswer(t, a, body)
				if !atA.Keys.Secure() || atA.Keys.Send.Suite != suite || atA.Keys.Send != atB.Keys.Receive || atA.Keys.Receive != atB.Keys.Send {
					t.Fatalf("%v, %v, exchange %d: %v and %v", p, suite, i, atA.Keys, atB.Keys)
				}
				if i > 0 && atA.Keys != before {
					t.Errorf("%v, %v, exchange %d: other keys", p, suite, i)
				}
				before = atA.Keys
			}
		}
	}
}

// A peer's new key is taken; ours stays, but for another suite.
func TestNewKeys(t *testing.T) {
	n := protected(t, Protected)
	_, first := answer(t, n, peerSDP(savp+with80))
	_, same := answer(t, n, peerSDP(savp+with80))
	if same.Keys != first.Keys {
		t.Error("the same offer has other keys")
	}
	other := strings.Replace(with80, "WVNf", "AAAA", 1)
	_, r := answer(t, n, peerSDP(savp+other))
	if r.Keys.Send != first.Keys.Send || r.Keys.Receive == first.Keys.Receive {
		t.Error("the peer's new key is not taken, or ours is new too")
	}
	again, err := RestoreNegotiator(n.cfg, n.State())
	if err != nil {
		t.Fatal(err)
	}
	if _, restored := answer(t, again, peerSDP(savp+other)); restored.Keys != r.Keys {
		t.Error("the keys are lost with the process")
	}
	_, gcm := answer(t, n, peerSDP(savp+"a=crypto:2 AEAD_AES_128_GCM inline:"+key28+"\n"))
	_, back := answer(t, n, peerSDP(savp+with80))
	if gcm.Keys.Send.Suite != srtp.GCM128 || back.Keys.Send.Suite != srtp.AESCM80 || back.Keys.Send == first.Keys.Send {
		t.Error("a key that was left is used again, from the start of its key stream")
	}
	// Refused, it leaves everything as it was.
	if _, _, err := n.Answer(parse(t, peerSDP(avp))); fault.Of(err) != fault.NotAcceptable {
		t.Errorf("from encrypted to plain: %v", err)
	}
	if n.State().Key != back.Keys.Send {
		t.Error("the key is gone")
	}
}

// Who wants tags of 32 bits gets them where they are offered, also when it answers.
func TestTag32(t *testing.T) {
	for _, offered := range [][2]srtp.Suite{{srtp.AESCM80, srtp.AESCM32}, {srtp.AESCM32, srtp.AESCM80}} {
		cfg := testConfig(ulaw)
		cfg.Protection, cfg.Suites = Protected, append([]srtp.Suite{srtp.AESCM32}, DefaultSuites()...)
		offer := savp
		for i, s := range offered {
			offer += "a=crypto:" + cryptoOf(i+1, srtp.NewMaster(s)).String() + "\n"
		}
		_, r, err := negotiator(t, cfg).Answer(parse(t, peerSDP(offer)))
		if err != nil || r.Keys.Send.Suite != srtp.AESCM32 || r.Keys.Receive.Suite != srtp.AESCM32 {
			t.Errorf("%v offered: %v, %v", offered, r.Keys.Send, err)
		}
	}
}
