package session

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
	"github.com/skygenesisenterprise/skybridge/media/srtp/dtls"
)

var peer = netip.MustParseAddrPort("127.0.0.1:9")

func byHandshake(certificate string) string {
	return "UDP/TLS/RTP/SAVP 0\na=rtcp-mux\na=setup:active\na=fingerprint:" + srtp.FingerprintOf(srtp.SHA256, []byte(certificate)).String() + "\n"
}

func someKeys() srtp.Masters {
	return srtp.Masters{Send: srtp.NewMaster(srtp.GCM128), Receive: srtp.NewMaster(srtp.GCM128)}
}

// RTCP that comes to a port of its own within one association has a handshake there, whose
// keys are not RTP's (RFC 5764 §4.2); when it is back on RTP's port it has RTP's again.
func TestReportsComeToAnotherPort(t *testing.T) {
	r := newRig(t)
	a, b := r.party(handshake), r.party(handshake)
	for i, mux := range []bool{true, false, true, false} {
		offer, err := a.Offer(t.Context(), media.SendRecv)
		if err != nil {
			t.Fatal(err)
		}
		if !mux {
			offer = bytes.ReplaceAll(offer, []byte("a=rtcp-mux\r\n"), nil)
		}
		answer, err := b.Answer(t.Context(), offer)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.SetAnswer(answer); err != nil {
			t.Fatal(err)
		}
		b.Sent()
		r.until("keys of all", func() bool {
			_, first := a.reporting()
			_, second := b.reporting()
			return first && second && a.Port().Media().Keys != nil && b.Port().Media().Keys != nil
		})
		ka, _ := a.reporting()
		kb, _ := b.reporting()
		if !fit(ka, kb) {
			t.Errorf("exchange %d: the keys of reports do not fit", i)
		}
		if same := ka == *a.Port().Media().Keys; same != mux {
			t.Errorf("exchange %d: reports have the keys of RTP: %v", i, same)
		}
		if a.result.Handshake.Number != 1 {
			t.Errorf("exchange %d: another association", i)
		}
	}
}

// Keys of what was agreed before, which come while an answer to another offer is on its
// way, are used, and are there still when the answer is taken back.
func TestKeysBetweenAnswerAndUndo(t *testing.T) {
	r := newRig(t)
	a := r.party(handshake)
	answer := func(certificate string) {
		t.Helper()
		if _, err := a.Answer(t.Context(), from("9", byHandshake(certificate))); err != nil {
			t.Fatal(err)
		}
	}
	answer("first")
	a.Sent()
	answer("second")
	keys := someKeys()
	a.mediaKeyed(dtls.Outcome{Number: 1, Keys: keys, From: peer})
	if got := a.Port().Media().Keys; got == nil || *got != keys {
		t.Error("they are not used")
	}
	if err := a.Undo(); err != nil {
		t.Fatal(err)
	}
	if got := a.Port().Media().Keys; got == nil || *got != keys {
		t.Error("they are gone when the answer is taken back")
	}
	a.mediaKeyed(dtls.Outcome{Number: 2, Keys: someKeys(), From: peer})
	if got := a.Port().Media().Keys; got == nil || *got != keys {
		t.Error("those of an answer that was taken back are used")
	}
}

// A handshake that ends without keys as the call is answered, which begins it anew, is no
// reason to end the call.
func TestTimeoutThatCrossesTheAnswer(t *testing.T) {
	r := newRig(t)
	a := r.party(handshake)
	if _, err := a.Answer(t.Context(), from("9", byHandshake("first"))); err != nil {
		t.Fatal(err)
	}
	a.Sent() // early media
	late := dtls.Outcome{Number: 1, Turn: a.handshakes.turn, Err: fault.New(fault.Timeout, "too late")}
	a.mediaKeyed(late)
	if fault.Of(<-a.failed) != fault.Timeout || a.Keyless() == nil {
		t.Error("nobody is told")
	}
	a.Sent() // the answer
	if a.Keyless() != nil {
		t.Error("there may be keys still")
	}
	a.mediaKeyed(late) // told in the other order
	if len(a.failed) > 0 || a.Keyless() != nil {
		t.Error("the end of what was begun anew is told")
	}
	late.Turn = a.handshakes.turn
	a.mediaKeyed(late)
	if len(a.failed) == 0 || a.Keyless() == nil {
		t.Error("nobody is told of the second")
	}
}

// Another key goes on with the rollover counter, but with a peer that is elsewhere; one
// that holds by the manner of RFC 2543 is where it was.
func TestKeysAnew(t *testing.T) {
	r := newRig(t)
	a := r.party(sdes)
	const first = "RTP/SAVP 0\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\n"
	const second = "RTP/SAVP 0\na=crypto:1 AEAD_AES_128_GCM inline:AAECAwQFBgcICQoLDA0OD1F1aWQgcHJvIHF1bw==\n"
	for i, c := range []struct {
		port, lines string
		anew        bool
	}{
		{"9", first, false},
		{"9", second, false},
		{"9", "RTP/SAVP 0\nc=IN IP4 0.0.0.0\n" + first[len("RTP/SAVP 0\n"):], false},
		{"9", first, false},
		{"11", second, true},
	} {
		if _, err := a.Answer(t.Context(), from(c.port, c.lines)); err != nil {
			t.Fatal(err)
		}
		a.Sent()
		if got := a.Port().Media().KeysAnew; got != c.anew {
			t.Errorf("exchange %d: anew is %v", i, got)
		}
	}
}
