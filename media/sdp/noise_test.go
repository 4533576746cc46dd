package sdp

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
)

// Comfort noise is agreed on where both want it, beside a codec of its clock.
func TestNoise(t *testing.T) {
	const line = "a=rtpmap:13 CN/8000"
	for _, tt := range []struct {
		name   string
		ours   bool
		codecs []*media.Codec
		offer  string
		want   bool
	}{
		{"both", true, []*media.Codec{ulaw}, "m=audio 4000 RTP/AVP 0 13\na=rtpmap:13 CN/8000\n", true},
		{"a static type needs no rtpmap", true, []*media.Codec{ulaw}, "m=audio 4000 RTP/AVP 0 13\n", true},
		{"not ours", false, []*media.Codec{ulaw}, "m=audio 4000 RTP/AVP 0 13\n", false},
		{"not theirs", true, []*media.Codec{ulaw}, "m=audio 4000 RTP/AVP 0\n", false},
		{"another type", true, []*media.Codec{ulaw}, "m=audio 4000 RTP/AVP 0 98\na=rtpmap:98 CN/16000\n", false},
		{"another clock", true, []*media.Codec{opus}, "m=audio 4000 RTP/AVP 107 13\na=rtpmap:107 opus/48000/2\n", false},
		{"13 is something else", true, []*media.Codec{ulaw}, "m=audio 4000 RTP/AVP 0 13\na=rtpmap:13 PCMA/8000\n", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := testConfig(tt.codecs...)
			cfg.Noise = tt.ours
			body, r := answer(t, negotiator(t, cfg), peerSDP(tt.offer))
			if r.Noise != tt.want || strings.Contains(string(body), line) != tt.want {
				t.Errorf("noise %t, answer:\n%s", r.Noise, body)
			}
			n := negotiator(t, cfg)
			offered := strings.Contains(string(n.Offer(media.SendRecv)), line)
			if want := tt.ours && tt.codecs[0] != opus; offered != want {
				t.Errorf("offered: %t, want %t", offered, want)
			}
			if r := setAnswer(t, n, peerSDP(tt.offer)); r.Noise != tt.want {
				t.Errorf("noise %t after the answer", r.Noise)
			}
		})
	}
}
