package webrtc

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
)

// What is handed on as an offer for WebRTC is one: both readers of SDP agree on
// what asks for DTLS-SRTP.
func TestWhatAsksForDTLS(t *testing.T) {
	const printed = "a=fingerprint:sha-256 AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99\r\n"
	for _, c := range []struct {
		profiles         string
		printed, without bool // whether it asks for DTLS-SRTP with a fingerprint, and without
	}{
		{"RTP/AVP RTP/AVPF", false, false},
		{"UDP/TLS/RTP/SAVP UDP/TLS/RTP/SAVPF udp/tls/rtp/savpf", true, true},
		{"TCP/DTLS/RTP/SAVP TCP/DTLS/RTP/SAVPF TCP/TLS/RTP/SAVPF", true, true},
		{"RTP/SAVP RTP/SAVPF", true, false},
		{"TCP/RTP/AVP udptl", false, false},
	} {
		for profile := range strings.FieldsSeq(c.profiles) {
			for _, at := range []string{"nowhere", "session", "section"} {
				want, session, section := c.printed, "", ""
				switch at {
				case "nowhere":
					want = c.without
				case "session":
					session = printed
				case "section":
					section = printed
				}
				text := fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n%sm=audio 4000 %s 0\r\n%s",
					session, profile, section)
				s, err := sdp.Parse([]byte(text))
				if err != nil {
					t.Fatal(err)
				}
				_, err = jsep.NewSession(jsep.Config{Audio: jsep.AudioCodecs(all, false), MaxAudio: 1}).SetOffer(text)
				asks := err != nil && !strings.Contains(err.Error(), "without DTLS-SRTP") // but lacks other things
				if s.NeedsWebRTC() != want || asks != want {
					t.Errorf("%s, fingerprint %s: sdp says %v, webrtc %v, want %v", profile, at, s.NeedsWebRTC(), err, want)
				}
			}
		}
	}
}

// A description that WebRTC takes gets as far as there, through SIP too: a
// conference of many sections, each with all that browsers say of one.
func TestLargeOffer(t *testing.T) {
	text, err := os.ReadFile("testdata/answer/chromium-audio-video-data.sdp")
	if err != nil {
		t.Fatal(err)
	}
	offer, video, ok := strings.Cut(string(text), "m=video")
	video, _, _ = strings.Cut(video, "m=application")
	if !ok {
		t.Fatal("no video in the file")
	}
	var b strings.Builder
	b.WriteString(offer)
	for b.Len()+len("m=video")+len(video) < sdp.MaxBytes && strings.Count(b.String(), "\nm=") < jsep.MaxSections {
		b.WriteString("m=video" + strings.Replace(video, "a=mid:1", fmt.Sprintf("a=mid:v%d", b.Len()), 1))
	}
	for b.Len() < sdp.MaxBytes-50 {
		b.WriteString("a=ssrc:1 label:x\r\n")
	}
	s, err := sdp.Parse([]byte(b.String()))
	if err != nil {
		t.Fatalf("%d bytes, %d lines: %v", b.Len(), strings.Count(b.String(), "\n"), err)
	}
	if !s.NeedsWebRTC() {
		t.Error("no offer for WebRTC")
	}
	if _, err := jsep.Parse(b.String()); err != nil {
		t.Error(err)
	}
}
