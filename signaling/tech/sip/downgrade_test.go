package sip

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// media_encryption by media_encryption_optimistic by what the other side says, when it
// offers, when it answers a call of ours, and when it answers our offer in its own call.
// What a cell comes to is read off the SDP, the channel, and packets in the clear that are
// sent into the call: an encrypted one neither takes nor sends any.

// ways are the columns, each an endpoint of that name.
var ways = []struct{ name, options string }{
	{"no", "media_encryption = no\n"},
	{"no?", "media_encryption = no\nmedia_encryption_optimistic = yes\n"},
	{"sdes", encrypted},
	{"sdes?", optimistic},
	{"dtls", byDTLS},
	{"dtls?", byDTLS + "media_encryption_optimistic = yes\n"},
}

// What a description has beside its profile.
const (
	withKeys    = "a=crypto:1 AEAD_AES_128_GCM inline:AAECAwQFBgcICQoLDA0OD1F1aWQgcHJvIHF1bw==\n"
	otherSuite  = "a=crypto:1 F8_128_HMAC_SHA1_80 inline:AAECAwQFBgcICQoLDA0OD1F1aWQgcHJvIHF1bw==\n"
	otherTag    = "a=crypto:9 AEAD_AES_128_GCM inline:AAECAwQFBgcICQoLDA0OD1F1aWQgcHJvIHF1bw==\n"
	brokenKey   = "a=crypto:1 AEAD_AES_128_GCM inline:AAEC\n"
	unencrypted = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAECAwQFBgcICQoLDA0OD1F1aWQgcHJvIHF1bwAB UNENCRYPTED_SRTP\n"
	print256    = "a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\n"
	print1      = "a=fingerprint:sha-1 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13\n"
	actpass     = "a=setup:actpass\n"
	active      = "a=setup:active\n"
)

// encryptionRow is what the other side says, and what comes of it: for each of the ways
// "clear", "keys" (SDES), "dtls", or "no" for a refusal.
type encryptionRow struct{ name, profile, lines, want string }

var offersOfKeys = []encryptionRow{
	{"in the clear", "RTP/AVP", "", "clear clear no clear no clear"},
	{"with feedback", "RTP/AVPF", "", "clear clear no clear no clear"},
	{"keys beside AVP", "RTP/AVP", withKeys, "clear clear keys keys no clear"},
	{"a fingerprint beside AVP", "RTP/AVP", actpass + print256, "clear clear no clear dtls dtls"},
	{"both beside AVP", "RTP/AVP", withKeys + actpass + print256, "clear clear keys keys dtls dtls"},
	{"keys that are none beside AVP", "RTP/AVP", otherSuite, "clear clear no clear no clear"},
	{"keys", "RTP/SAVP", withKeys, "no no keys keys no no"},
	{"keys, with feedback", "RTP/SAVPF", withKeys, "no no keys keys no no"},
	{"a fingerprint in SAVP", "RTP/SAVP", actpass + print256, "dtls dtls dtls dtls dtls dtls"},
	{"both in SAVP", "RTP/SAVP", withKeys + actpass + print256, "no no keys keys dtls dtls"},
	{"SAVP without keys", "RTP/SAVP", "", "no no no no no no"},
	{"a suite that is none", "RTP/SAVP", otherSuite, "no no no no no no"},
	{"a key that is none", "RTP/SAVP", brokenKey, "no no no no no no"},
	{"keys that encrypt nothing", "RTP/SAVP", unencrypted, "no no no no no no"},
	{"a handshake", "UDP/TLS/RTP/SAVP", actpass + print256, "dtls dtls dtls dtls dtls dtls"},
	{"a handshake without a fingerprint", "UDP/TLS/RTP/SAVP", actpass, "no no no no no no"},
	{"a weak fingerprint", "UDP/TLS/RTP/SAVP", actpass + print1, "no no no no no no"},
	{"keys for a handshake", "UDP/TLS/RTP/SAVP", withKeys, "no no no no no no"},
}

var answersOfKeys = []encryptionRow{
	{"in the clear", "RTP/AVP", "", "clear clear no clear no clear"},
	{"keys beside AVP", "RTP/AVP", withKeys, "clear clear keys keys no clear"},
	{"a fingerprint beside AVP", "RTP/AVP", active + print256, "clear clear no clear no dtls"},
	{"another tag beside AVP", "RTP/AVP", otherTag, "clear clear no no no clear"},
	{"keys", "RTP/SAVP", withKeys, "no no keys keys no no"},
	{"SAVP without keys", "RTP/SAVP", "", "no no no no no no"},
	{"a suite that was not offered", "RTP/SAVP", otherSuite, "no no no no no no"},
	{"a key that is none", "RTP/SAVP", brokenKey, "no no no no no no"},
	{"a fingerprint in SAVP", "RTP/SAVP", active + print256, "no no no no dtls no"},
	{"a handshake", "UDP/TLS/RTP/SAVP", active + print256, "no no no no dtls no"},
	{"a handshake without a fingerprint", "UDP/TLS/RTP/SAVP", active, "no no no no no no"},
	{"a weak fingerprint", "UDP/TLS/RTP/SAVP", active + print1, "no no no no no no"},
}

// encryptionRig has an endpoint for each of the ways, all at one attacker.
func encryptionRig(t *testing.T) (*rig, *siptest.Peer) {
	t.Helper()
	p := siptest.UDP(t, netip.AddrPort{})
	var conf strings.Builder
	for _, w := range ways {
		fmt.Fprintf(&conf, "[%[1]s]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\naors = %[1]s\n%[2]s[%[1]s]\ntype = aor\ncontact = sip:%[3]s\n",
			w.name, w.options, p.Local())
	}
	return newRig(t, conf.String()), p
}

// says is what the other side says, of a socket.
func (row encryptionRow) says(r *rig, m *mouth) string {
	text := strings.Replace(string(m.content(r).Body), "RTP/AVP", row.profile, 1)
	return text + strings.ReplaceAll(row.lines, "\n", "\r\n")
}

// agreed is what a description of ours says of keys.
func agreed(t *testing.T, body string) string {
	t.Helper()
	m := parsed(t, []byte(body)).Media[0]
	_, crypto := m.Attribute("crypto")
	_, fingerprint := m.Attribute("fingerprint")
	switch {
	case m.Port == 0:
		return "no"
	case fingerprint:
		return "dtls"
	case crypto:
		return "keys"
	}
	return "clear"
}

// inTheClear speaks in the clear until that comes back, or is counted as not authentic.
func (m *mouth) inTheClear(stats func() mixer.PortStats) bool {
	m.t.Helper()
	want, buf := bytes.Repeat([]byte{m.says}, 160), make([]byte, 2048)
	for end := time.Now().Add(siptest.Patience); time.Now().Before(end); {
		m.speak()
		if err := m.conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
			m.t.Fatal(err)
		}
		if n, err := m.conn.Read(buf); err == nil && bytes.Contains(buf[:n], want) {
			return true
		}
		if stats().AuthFailed > 0 {
			return false
		}
	}
	m.t.Fatal("what is said is neither heard nor refused")
	return false
}

// isEncrypted is whether a channel says so, once it says what was agreed on: it is told by
// its leg.
func isEncrypted(t *testing.T, ch *signaling.Channel, what string) bool {
	t.Helper()
	s, err := ch.Until(siptest.Ctx(t), func(s signaling.ChannelSnapshot) bool { return s.Secure == (what != "clear") })
	if err != nil {
		t.Error(err)
	}
	return s.Secure
}

// holdsTo checks that a call is what was agreed.
func holdsTo(t *testing.T, what string, secure, open bool) {
	t.Helper()
	if encrypted := what != "clear"; secure != encrypted || open == encrypted {
		t.Errorf("agreed on %s; told that it is encrypted: %v; speech passes in the clear: %v", what, secure, open)
	}
}

// of is what a row wants of the i-th way.
func (row encryptionRow) of(i int) string { return strings.Fields(row.want)[i] }

func audioOf(t *testing.T, ch *signaling.Channel) func() mixer.PortStats {
	return func() mixer.PortStats {
		stats, err := ch.Audio(siptest.Ctx(t))
		if err != nil {
			t.Fatal(err)
		}
		return stats
	}
}

// A call that came in, with an offer or with an answer to ours.
func (c *lateCaller) ends(ch *signaling.Channel) {
	c.r.t.Helper()
	ch.Hangup(signaling.CauseNormal)
	bye := c.call.Peer.Skip("BYE ")
	c.call.Peer.Send(c.call.Peer.Response(bye, 200, "", nil, ""))
	siptest.Wait(c.r.t, ch.Gone())
}

func TestNoSilentDowngradeOfWhoOffers(t *testing.T) {
	r, _ := encryptionRig(t)
	p := siptest.UDP(t, r.server.Addr("udp"))
	for i, way := range ways {
		for _, row := range offersOfKeys {
			t.Run(way.name+"/"+row.name, func(t *testing.T) {
				m, c := r.mouth(0x55), from(p, way.name, r.to("600").String())
				c.Send("INVITE", row.says(r, m))
				if row.of(i) == "no" {
					if answer := answerTo(c); answer.Status() != 488 {
						t.Errorf("taken:\n%s", answer.Text)
					}
					return
				}
				ch := siptest.Wait(t, r.calls)
				if err := ch.Answer(siptest.Ctx(t)); err != nil {
					t.Fatal(err)
				}
				answer := answerTo(c)
				c.Take(answer)
				c.Ack("")
				what := agreed(t, answer.Body)
				if !strings.Contains(answer.Body, " "+row.profile+" ") || what != row.of(i) {
					t.Errorf("want %s:\n%s", row.of(i), answer.Body)
				}
				if err := ch.Echo(siptest.Ctx(t), true); err != nil {
					t.Fatal(err)
				}
				m.toward([]byte(answer.Body))
				holdsTo(t, what, isEncrypted(t, ch, what), m.inTheClear(audioOf(t, ch)))
				(&lateCaller{r, m, c}).ends(ch)
			})
		}
	}
}

func TestNoSilentDowngradeOfWhoIsCalled(t *testing.T) {
	r, p := encryptionRig(t)
	for i, way := range ways {
		for _, row := range answersOfKeys {
			t.Run(way.name+"/"+row.name, func(t *testing.T) {
				m := r.mouth(0x55)
				l, told := r.dial(way.name)
				invite := p.Skip("INVITE ")
				offered := agreed(t, invite.Body)
				p.Send(p.Response(invite, 200, siptest.ID("t"), []string{p.Contact(), "Content-Type: application/sdp"}, row.says(r, m)))
				if row.of(i) == "no" {
					told.want(t, fmt.Sprintf("ended %d false", signaling.CauseNoCodec))
					p.Send(p.Response(p.Skip("BYE "), 200, "", nil, ""))
					return
				}
				told.want(t, "answered")
				what := row.of(i)
				if what != "clear" && what != offered {
					t.Errorf("%s was offered", offered)
				}
				l.Port().Echo()
				m.toward([]byte(invite.Body))
				holdsTo(t, what, l.Info().Secure, m.inTheClear(l.Port().Stats))
				l.Hangup(signaling.CauseNormal)
				p.Send(p.Response(p.Skip("BYE "), 200, "", nil, ""))
				told.want(t, fmt.Sprintf("ended %d false", signaling.CauseNormal))
			})
		}
	}
}

func TestNoSilentDowngradeOfALateOffer(t *testing.T) {
	r, _ := encryptionRig(t)
	p := siptest.UDP(t, r.server.Addr("udp"))
	for i, way := range ways {
		for _, row := range answersOfKeys {
			t.Run(way.name+"/"+row.name, func(t *testing.T) {
				m, c := r.mouth(0x55), from(p, way.name, r.to("600").String())
				c.Send("INVITE", "")
				ch := siptest.Wait(t, r.calls)
				if err := ch.Answer(siptest.Ctx(t)); err != nil {
					t.Fatal(err)
				}
				offer := answerTo(c)
				c.Take(offer)
				c.Ack(row.says(r, m))
				if row.of(i) == "no" {
					p.Send(p.Response(p.Skip("BYE "), 200, "", nil, ""))
					siptest.Wait(t, ch.Gone())
					return
				}
				if err := ch.Echo(siptest.Ctx(t), true); err != nil {
					t.Fatal(err)
				}
				m.toward([]byte(offer.Body))
				open := m.inTheClear(audioOf(t, ch))
				holdsTo(t, row.of(i), isEncrypted(t, ch, row.of(i)), open)
				(&lateCaller{r, m, c}).ends(ch)
			})
		}
	}
}

// A call that is encrypted stays so, whoever offers anew and whatever the other side then
// says; where the endpoint may do without, the channel tells and the log does.
func TestNoSilentDowngradeWithinACall(t *testing.T) {
	r, _ := encryptionRig(t)
	p := siptest.UDP(t, r.server.Addr("udp"))
	const told = "the party goes on without encryption"
	for i, way := range ways {
		for _, row := range offersOfKeys {
			if want := row.of(i); want == "no" || want == "clear" {
				continue
			}
			t.Run(way.name+"/"+row.name, func(t *testing.T) {
				m, c := r.mouth(0x55), from(p, way.name, r.to("600").String())
				c.Send("INVITE", row.says(r, m))
				ch := siptest.Wait(t, r.calls)
				if err := ch.Answer(siptest.Ctx(t)); err != nil {
					t.Fatal(err)
				}
				answer := answerTo(c)
				c.Take(answer)
				c.Ack("")
				if err := ch.Echo(siptest.Ctx(t), true); err != nil {
					t.Fatal(err)
				}
				m.toward([]byte(answer.Body))

				// We hold; the party answers in the clear.
				if err := ch.Hold(siptest.Ctx(t), true); err != nil {
					t.Fatal(err)
				}
				hold := p.Skip("INVITE ")
				if what := agreed(t, hold.Body); what != row.of(i) {
					t.Errorf("held with %s:\n%s", what, hold.Body)
				}
				plain := encryptionRow{profile: "RTP/AVP"}
				said := r.house.Log.Count(told)
				p.Send(p.Response(hold, 200, "", []string{p.Contact(), "Content-Type: application/sdp"}, plain.says(r, m)))
				p.Skip("ACK ")
				insists := way.name == "sdes" || way.name == "dtls"
				gone := !insists && strings.Contains(hold.Body, " RTP/AVP ")
				if gone {
					r.isTold(ch, told, said+1)
				}

				// The party offers in the clear.
				c.Send("INVITE", plain.says(r, m))
				again := answerTo(c)
				if again.Status() == 200 {
					c.Ack("")
				}
				switch {
				case gone:
				case !insists:
					r.isTold(ch, told, said+1)
				default:
					if again.Status() != 488 || m.inTheClear(audioOf(t, ch)) || !ch.Snapshot().Secure || r.house.Log.Count(told) > said {
						t.Errorf("goes on in the clear:\n%s", again.Text)
					}
				}
				(&lateCaller{r, m, c}).ends(ch)
			})
		}
	}
}

// isTold waits until a channel says that it is not encrypted, and looks for so many words
// of it in the log.
func (r *rig) isTold(ch *signaling.Channel, words string, times int) {
	r.t.Helper()
	if _, err := ch.Until(siptest.Ctx(r.t), func(s signaling.ChannelSnapshot) bool { return !s.Secure }); err != nil {
		r.t.Errorf("nobody is told: %v", err)
	}
	if got := r.house.Log.Count(words); got != times {
		r.t.Errorf("%q %d times in the log, not %d", words, got, times)
	}
}
