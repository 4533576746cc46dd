package sip

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/signaling"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

const (
	encrypted  = "media_encryption = sdes\n"
	optimistic = "media_encryption = sdes\nmedia_encryption_optimistic = yes\n"
)

// negotiator is a phone's own side, on the rig's media socket.
func (r *rig) negotiator(p sdp.Protection) *sdp.Negotiator {
	r.t.Helper()
	cfg := sdp.DefaultConfig()
	at := r.media.LocalAddr().(*net.UDPAddr).AddrPort()
	cfg.Codecs, cfg.Address, cfg.Port, cfg.Protection = codecList{g711.MuLaw()}, at.Addr(), at.Port(), p
	n, err := sdp.NewNegotiator(cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

func parsed(t *testing.T, body []byte) *sdp.Session {
	t.Helper()
	s, err := sdp.Parse(body)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Which offers of a phone are taken, and whether the call is encrypted then.
func TestEncryptionOfACaller(t *testing.T) {
	for _, tt := range []struct {
		name, endpoint string
		offers         sdp.Protection
		refused        bool
		secure         bool
	}{
		{"none, none asked for", "", sdp.Unprotected, false, false},
		{"none, keys beside AVP", "", sdp.Opportunistic, false, false},
		{"none, insists", "", sdp.Protected, true, false},
		{"sdes, in the clear", encrypted, sdp.Unprotected, true, false},
		{"sdes, keys beside AVP", encrypted, sdp.Opportunistic, false, true},
		{"sdes, insists", encrypted, sdp.Protected, false, true},
		{"optimistic, in the clear", optimistic, sdp.Unprotected, false, false},
		{"optimistic, keys beside AVP", optimistic, sdp.Opportunistic, false, true},
		{"optimistic, insists", optimistic, sdp.Protected, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, anybody+tt.endpoint)
			n := r.negotiator(tt.offers)
			leg := r.call(r.phone("1001"), "600", func(o *ua.Outbound) { o.Body = n.Offer(media.SendRecv) })
			if tt.refused {
				if f := siptest.Wait(t, leg.Failed); f.Response == nil || f.Response.Status() != 488 {
					t.Errorf("%+v", f)
				}
				return
			}
			c := siptest.Wait(t, r.calls)
			if err := c.Answer(siptest.Ctx(t)); err != nil {
				t.Fatal(err)
			}
			result, err := n.SetAnswer(parsed(t, leg.Answered().Body()))
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Snapshot().Secure; got != tt.secure || result.Keys.Secure() != tt.secure {
				t.Errorf("encrypted: %v, the phone's keys %v", got, result.Keys)
			}
			c.Hangup(signaling.CauseNormal)
			siptest.Wait(t, c.Gone())
		})
	}
}

// Where keys are offered beside DTLS-SRTP, an endpoint with keys has those.
func TestKeysBesideDTLS(t *testing.T) {
	const fingerprint = "a=setup:actpass\na=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\n"
	r := newRig(t, anybody+encrypted)
	change := r.with("0", fingerprint+"a=crypto:1 AEAD_AES_128_GCM inline:AAECAwQFBgcICQoLDA0OD1F1aWQgcHJvIHF1bw==\n")
	leg := r.call(r.phone("1001"), "600", func(o *ua.Outbound) {
		change(o)
		o.Body = []byte(strings.Replace(string(o.Body), "RTP/AVP", "RTP/SAVP", 1))
	})
	c := siptest.Wait(t, r.calls)
	if err := c.Answer(siptest.Ctx(t)); err != nil {
		t.Fatal(err)
	}
	if body := string(leg.Answered().Body()); !strings.Contains(body, "a=crypto:1 AEAD_AES_128_GCM inline:") || strings.Contains(body, "fingerprint") {
		t.Errorf("answered\n%s", body)
	}
	c.Hangup(signaling.CauseNormal)
	siptest.Wait(t, c.Gone())
}

// A re-INVITE without keys is refused and changes nothing; one with the same keys keeps
// ours, one with others too.
func TestEncryptionGoesOn(t *testing.T) {
	r := newRig(t, anybody+encrypted)
	n := r.negotiator(sdp.Protected)
	leg := r.call(r.phone("1001"), "600", func(o *ua.Outbound) { o.Body = n.Offer(media.SendRecv) })
	c := siptest.Wait(t, r.calls)
	if err := c.Answer(siptest.Ctx(t)); err != nil {
		t.Fatal(err)
	}
	first, err := n.SetAnswer(parsed(t, leg.Answered().Body()))
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := leg.Dialog.ReInvite(siptest.Ctx(t), r.offer(0, "PCMU", "sendrecv")); err == nil || resp.Status() != 488 {
		t.Errorf("a re-INVITE in the clear: %v", err)
	}
	if !c.Snapshot().Secure {
		t.Error("it has taken effect all the same")
	}
	again := r.negotiator(sdp.Protected) // it begins anew, with other keys
	for _, phone := range []*sdp.Negotiator{n, again} {
		resp, err := leg.Dialog.ReInvite(siptest.Ctx(t), ua.Content{Type: sdpType, Body: phone.Offer(media.SendRecv)})
		if err != nil {
			t.Fatal(err)
		}
		result, err := phone.SetAnswer(parsed(t, resp.Body()))
		if err != nil {
			t.Fatal(err)
		}
		if result.Keys.Receive != first.Keys.Receive || !c.Snapshot().Secure {
			t.Error("our key is another one")
		}
	}
	c.Hangup(signaling.CauseNormal)
	siptest.Wait(t, c.Gone())
}

// What we offer, and that no phone talks us out of encryption.
func TestEncryptionOfACalled(t *testing.T) {
	for _, tt := range []struct {
		name, endpoint string
		offered        string
		answers        sdp.Protection
		ended          bool
		secure         bool
	}{
		{"none", "", "RTP/AVP 0", sdp.Unprotected, false, false},
		{"sdes", encrypted, "RTP/SAVP 0", sdp.Protected, false, true},
		{"optimistic", optimistic, "RTP/AVP 0", sdp.Opportunistic, false, true},
		{"optimistic, the phone cannot", optimistic, "RTP/AVP 0", sdp.Unprotected, false, false},
		{"sdes, the phone answers in the clear", encrypted, "RTP/SAVP 0", sdp.Unprotected, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			phone := siptest.NewPhone(t, "callee")
			r := newRig(t, strings.Replace(phoneEndpoint("callee", phone), "type = endpoint\n", "type = endpoint\n"+tt.endpoint, 1))
			l, told := r.dial("callee")
			in := siptest.Wait(t, phone.Invites)
			body := in.Request().Body()
			if s := string(body); !strings.Contains(s, tt.offered) || strings.Contains(s, "a=crypto:") != (tt.endpoint != "") {
				t.Errorf("offered\n%s", s)
			}
			var answer []byte
			if tt.ended {
				answer = r.offer(0, "PCMU", "sendrecv").Body
			} else {
				var err error
				if answer, _, err = r.negotiator(tt.answers).Answer(parsed(t, body)); err != nil {
					t.Fatal(err)
				}
			}
			leg := siptest.NewLeg(t)
			if _, err := in.Accept(ua.Reply{ContentType: sdpType, Body: answer}, leg); err != nil {
				t.Fatal(err)
			}
			if tt.ended {
				told.want(t, fmt.Sprintf("ended %d false", signaling.CauseNoCodec))
				siptest.Wait(t, leg.Ended)
				return
			}
			told.want(t, "answered")
			if got := l.Info().Secure; got != tt.secure || (l.Port().Media().Keys != nil) != tt.secure {
				t.Errorf("secure %v, want %v", got, tt.secure)
			}
			l.Hangup(signaling.CauseNormal)
			siptest.Wait(t, leg.Ended)
		})
	}
}
