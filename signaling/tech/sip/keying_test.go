package sip

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
	"github.com/skygenesisenterprise/skybridge/media/srtp/dtls"
	"github.com/skygenesisenterprise/skybridge/signaling"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

const byDTLS = "media_encryption = dtls\nrtcp_mux = yes\n"

// handshaker is a phone's media with DTLS-SRTP: a socket, a handshake, and what came.
type handshaker struct {
	t          *testing.T
	socket     *net.UDPConn
	keyer      *dtls.Keyer
	negotiator *sdp.Negotiator
	done       chan dtls.Outcome
	heard      chan []byte // RTP that was sealed with the keys, opened
	stop       chan struct{}
	number     uint32

	mu       sync.Mutex
	send     *srtp.Sender
	receive  *srtp.Receiver
	unsealed int // packets of RTP that no key fits
	hellos   int // packets of handshakes
	sequence uint16
}

// handshaker makes a phone's media that offers a part in the handshake.
func (r *rig) handshaker(setup sdp.Setup, change ...func(*sdp.Config)) *handshaker {
	r.t.Helper()
	h := &handshaker{t: r.t, socket: r.socket(), done: make(chan dtls.Outcome, 8), heard: make(chan []byte, 256), stop: make(chan struct{})}
	own, err := dtls.NewCertificate()
	if err != nil {
		r.t.Fatal(err)
	}
	h.keyer, err = dtls.New(dtls.Config{
		Certificate: own, Suites: dtls.Suites(), Timeout: dtls.DefaultTimeout, Log: r.tech.log,
		Send: func(p []byte, to netip.AddrPort) error { _, err := h.socket.WriteToUDPAddrPort(p, to); return err },
		Done: func(o dtls.Outcome) { h.done <- o },
	})
	if err != nil {
		r.t.Fatal(err)
	}
	cfg := sdp.DefaultConfig()
	at := h.socket.LocalAddr().(*net.UDPAddr).AddrPort()
	cfg.Codecs, cfg.Address, cfg.Port, cfg.Protection, cfg.RTCPMux = codecList{g711.MuLaw()}, at.Addr(), at.Port(), sdp.Protected, true
	cfg.Handshaking = &sdp.Handshaking{Fingerprint: own.Fingerprint(), Setup: setup, Offered: true}
	for _, f := range change {
		f(&cfg)
	}
	if h.negotiator, err = sdp.NewNegotiator(cfg); err != nil {
		r.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); h.read() }() // owned by h, ended when the socket closes
	r.t.Cleanup(func() {
		close(h.stop)
		h.keyer.Close()
		if err := h.socket.Close(); err != nil {
			r.t.Error(err)
		}
		<-ended
	})
	return h
}

func (h *handshaker) read() {
	buf := make([]byte, 2048)
	for {
		n, from, err := h.socket.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		p := append([]byte(nil), buf[:n]...)
		switch {
		case rtp.IsDTLS(p):
			h.mu.Lock()
			h.hellos++
			h.mu.Unlock()
			h.keyer.Take(p, from)
			h.keyer.Wake()
		case rtp.IsRTCP(p):
		default:
			h.mu.Lock()
			if h.receive == nil {
				h.unsealed++
			} else if plain, err := h.receive.Unprotect(p); err != nil {
				h.unsealed++
			} else {
				select {
				case h.heard <- plain:
				default:
				}
			}
			h.mu.Unlock()
		}
	}
}

// agree does the handshake that a negotiation came to, if that is another one.
func (h *handshaker) agree(r sdp.Result, fingerprints srtp.Fingerprints) dtls.Outcome {
	h.t.Helper()
	h.number = r.Handshake.Number
	h.keyer.Begin(h.number, dtls.Peer{Active: r.Handshake.Active, Address: r.Remote, Fingerprints: fingerprints})
	o := siptest.Wait(h.t, h.done)
	if o.Err != nil {
		return o
	}
	send, err := srtp.NewSender(o.Keys.Send, srtp.State{}, srtp.RTPOnly)
	if err != nil {
		h.t.Fatal(err)
	}
	receive, err := srtp.NewReceiver(o.Keys.Receive, srtp.State{}, srtp.RTPOnly)
	if err != nil {
		h.t.Fatal(err)
	}
	h.mu.Lock()
	h.send, h.receive = send, receive
	h.mu.Unlock()
	return o
}

// say sends a packet of RTP, sealed if there are keys and that is wanted.
func (h *handshaker) say(to netip.AddrPort, sealed bool) {
	h.t.Helper()
	h.sequence++
	p := make([]byte, rtp.HeaderBytes+160, 400)
	(&rtp.Header{SequenceNumber: h.sequence, Timestamp: 160 * uint32(h.sequence), SSRC: 77}).Put(p)
	for i := range p[rtp.HeaderBytes:] {
		p[rtp.HeaderBytes+i] = 0x55
	}
	if sealed {
		h.mu.Lock()
		var err error
		p, err = h.send.Protect(make([]byte, 400), p)
		h.mu.Unlock()
		if err != nil {
			h.t.Fatal(err)
		}
	}
	if _, err := h.socket.WriteToUDPAddrPort(p, to); err != nil {
		h.t.Fatal(err)
	}
}

// echoed talks until its own voice comes back.
func (h *handshaker) echoed(to netip.AddrPort) {
	h.t.Helper()
	for len(h.heard) > 0 {
		<-h.heard
	}
	end, tick := time.NewTimer(siptest.Patience), time.NewTicker(20*time.Millisecond)
	defer end.Stop()
	defer tick.Stop()
	for {
		select {
		case p := <-h.heard:
			if bytes.Count(p, []byte{0x55}) >= 100 {
				return
			}
		case <-tick.C:
			h.say(to, true)
		case <-end.C:
			h.t.Fatal("nothing is echoed")
		}
	}
}

func (h *handshaker) counts() (unsealed, hellos int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.unsealed, h.hellos
}

func (h *handshaker) offer() ua.Content {
	return ua.Content{Type: sdpType, Body: h.negotiator.Offer(media.SendRecv)}
}

// answered is what an answer comes to.
func (h *handshaker) answered(body []byte) sdp.Result {
	h.t.Helper()
	result, err := h.negotiator.SetAnswer(parsed(h.t, body))
	if err != nil {
		h.t.Fatal(err)
	}
	if result.Handshake == nil {
		h.t.Fatalf("no handshake in\n%s", body)
	}
	return result
}

// A phone calls with DTLS-SRTP and without ICE, in either part, and hears its echo. Before
// there are keys nothing goes out, nor is anything taken in the clear.
func TestHandshakeOfACaller(t *testing.T) {
	for _, c := range []struct {
		name, endpoint string
		setup          sdp.Setup
		mux            bool
	}{
		{"actpass", byDTLS, sdp.ActPass, true},
		{"active", byDTLS, sdp.Active, true},
		{"passive", byDTLS, sdp.Passive, true},
		{"a port for RTCP", byDTLS, sdp.ActPass, false},
		{"behind a translator", byDTLS + "rtp_symmetric = yes\n", sdp.ActPass, true},
		{"an endpoint that does not ask for it", "", sdp.ActPass, true},
		{"an endpoint with ICE", "webrtc = yes\n", sdp.ActPass, true},
		{"keys or nothing", encrypted, sdp.ActPass, true},
		{"where that can be had", byDTLS + "media_encryption_optimistic = yes\n", sdp.ActPass, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, anybody+c.endpoint)
			h := r.handshaker(c.setup, func(cfg *sdp.Config) { cfg.RTCPMux = c.mux })
			leg := r.call(r.phone("1001"), "600", func(o *ua.Outbound) { o.Body = h.offer().Body })
			ch := siptest.Wait(t, r.calls)
			if err := ch.Answer(siptest.Ctx(t)); err != nil {
				t.Fatal(err)
			}
			result := h.answered(leg.Answered().Body())
			if err := ch.Echo(siptest.Ctx(t), true); err != nil {
				t.Fatal(err)
			}
			for range 10 {
				h.say(result.Remote, false)
			}
			if symmetric := strings.Contains(c.endpoint, "symmetric"); symmetric && !result.Handshake.Active {
				t.Error("the phone is not to begin")
			}
			if o := h.agree(result, result.Handshake.Fingerprints); o.Err != nil {
				t.Fatal(o.Err)
			}
			h.echoed(result.Remote)
			if !ch.Snapshot().Secure {
				t.Error("not secure")
			}
			if unsealed, _ := h.counts(); unsealed > 0 {
				t.Errorf("%d packets in the clear", unsealed)
			}
			stats, err := ch.Audio(siptest.Ctx(t))
			if err != nil {
				t.Fatal(err)
			}
			if stats.AuthFailed == 0 {
				t.Error("what came in the clear is not counted")
			}
			ch.Hangup(signaling.CauseNormal)
			siptest.Wait(t, ch.Gone())
		})
	}
}

// A phone that is called answers in either part.
func TestHandshakeOfACalled(t *testing.T) {
	for _, setup := range []sdp.Setup{sdp.Active, sdp.Passive} {
		t.Run(setup.String(), func(t *testing.T) {
			phone := siptest.NewPhone(t, "callee")
			r := newRig(t, strings.Replace(phoneEndpoint("callee", phone), "type = endpoint\n", "type = endpoint\nuse_avpf = yes\n"+byDTLS, 1))
			h := r.handshaker(setup)
			l, told := r.dial("callee")
			in := siptest.Wait(t, phone.Invites)
			offer := in.Request().Body()
			if !strings.Contains(string(offer), "UDP/TLS/RTP/SAVPF 0") || !strings.Contains(string(offer), "a=setup:actpass") {
				t.Errorf("offered\n%s", offer)
			}
			answer, result, err := h.negotiator.Answer(parsed(t, offer))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := in.Accept(ua.Reply{ContentType: sdpType, Body: answer}, siptest.NewLeg(t)); err != nil {
				t.Fatal(err)
			}
			told.want(t, "answered")
			l.Port().Echo()
			if o := h.agree(result, result.Handshake.Fingerprints); o.Err != nil {
				t.Fatal(o.Err)
			}
			h.echoed(result.Remote)
			l.Hangup(signaling.CauseNormal)
			told.want(t, fmt.Sprintf("ended %d false", signaling.CauseNormal))
		})
	}
}

// Whose certificate is not the one it announced is hung up on, in words that say so.
func TestWrongFingerprint(t *testing.T) {
	for _, setup := range []sdp.Setup{sdp.Active, sdp.Passive} {
		t.Run(setup.String(), func(t *testing.T) {
			r := newRig(t, anybody+byDTLS)
			h := r.handshaker(setup, func(cfg *sdp.Config) {
				cfg.Handshaking.Fingerprint = srtp.FingerprintOf(srtp.SHA256, []byte("another"))
			})
			leg := r.call(r.phone("1001"), "600", func(o *ua.Outbound) { o.Body = h.offer().Body })
			ch := siptest.Wait(t, r.calls)
			if err := ch.Answer(siptest.Ctx(t)); err != nil {
				t.Fatal(err)
			}
			result := h.answered(leg.Answered().Body())
			h.keyer.Begin(1, dtls.Peer{Active: result.Handshake.Active, Address: result.Remote, Fingerprints: result.Handshake.Fingerprints})
			end := siptest.Wait(t, leg.Ended)
			if end.Request == nil {
				t.Fatalf("ended %+v", end)
			}
			if why := end.Request.Headers("Reason"); len(why) != 1 || why[0] != `Q.850;cause=21;text="Certificate does not match its fingerprint"` {
				t.Errorf("the reason is %q", why)
			}
			siptest.Wait(t, ch.Gone())
		})
	}
}

// A re-INVITE that changes nothing about the handshake leaves the keys alone; another
// certificate has another handshake, and until that is done the former keys go on.
func TestHandshakeAgain(t *testing.T) {
	r := newRig(t, anybody+byDTLS)
	h := r.handshaker(sdp.ActPass)
	leg := r.call(r.phone("1001"), "600", func(o *ua.Outbound) { o.Body = h.offer().Body })
	ch := siptest.Wait(t, r.calls)
	if err := ch.Answer(siptest.Ctx(t)); err != nil {
		t.Fatal(err)
	}
	result := h.answered(leg.Answered().Body())
	if err := ch.Echo(siptest.Ctx(t), true); err != nil {
		t.Fatal(err)
	}
	if o := h.agree(result, result.Handshake.Fingerprints); o.Err != nil {
		t.Fatal(o.Err)
	}
	h.echoed(result.Remote)
	reinvite := func(by *handshaker, d media.Direction) sdp.Result {
		t.Helper()
		resp, err := leg.Dialog.ReInvite(siptest.Ctx(t), ua.Content{Type: sdpType, Body: by.negotiator.Offer(d)})
		if err != nil {
			t.Fatal(err)
		}
		return by.answered(resp.Body())
	}
	_, before := h.counts()
	for _, d := range []media.Direction{media.SendOnly, media.SendRecv} {
		if again := reinvite(h, d); again.Handshake.Number != result.Handshake.Number {
			t.Errorf("%v: another handshake", d)
		}
	}
	h.echoed(result.Remote)
	if _, after := h.counts(); after != before {
		t.Errorf("%d packets of a handshake that nobody asked for", after-before)
	}
	other := r.handshaker(sdp.Active)
	moved := reinvite(other, media.SendRecv)
	if moved.Remote != result.Remote {
		t.Errorf("our port was %v and is %v", result.Remote, moved.Remote)
	}
	if o := other.agree(moved, moved.Handshake.Fingerprints); o.Err != nil {
		t.Fatal(o.Err)
	}
	other.echoed(moved.Remote)
	ch.Hangup(signaling.CauseNormal)
	siptest.Wait(t, ch.Gone())
}

// Nobody is talked out of a handshake, nor out of a strong one.
func TestHandshakeRefused(t *testing.T) {
	r := newRig(t, anybody+byDTLS)
	const sha1 = "a=setup:actpass\na=fingerprint:sha-1 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13\n"
	for _, c := range []struct{ name, profile, lines string }{
		{"in the clear", "RTP/AVP", ""},
		{"keys in SDP", "RTP/SAVP", "a=crypto:1 AEAD_AES_128_GCM inline:AAECAwQFBgcICQoLDA0OD1F1aWQgcHJvIHF1bw==\n"},
		{"SHA-1", "UDP/TLS/RTP/SAVP", sha1},
		{"no fingerprint", "UDP/TLS/RTP/SAVP", "a=setup:actpass\n"},
	} {
		change := r.with("0", c.lines)
		leg := r.call(r.phone("1001"), "600", func(o *ua.Outbound) {
			change(o)
			o.Body = []byte(strings.Replace(string(o.Body), "RTP/AVP", c.profile, 1))
		})
		if f := siptest.Wait(t, leg.Failed); f.Response == nil || f.Response.Status() != 488 {
			t.Errorf("%s: %+v", c.name, f)
		}
	}
}
