package sdp

import (
	"fmt"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
)

// telephone-event goes at the clock of the codec that is spoken (RFC 4733 §2.1), and is
// offered at that of each codec there is.
func TestEventClocks(t *testing.T) {
	const theirs = "a=rtpmap:9 G722/8000\na=rtpmap:98 L16/16000\na=rtpmap:107 opus/48000/2\n" +
		"a=rtpmap:101 telephone-event/8000\na=rtpmap:102 telephone-event/16000\na=rtpmap:103 telephone-event/48000\n"
	for _, tt := range []struct {
		codecs  []*media.Codec
		offers  string // the clocks of what we offer
		line    string // of their offer
		send    int    // the clock that we send at
		receive string
	}{
		{[]*media.Codec{ulaw}, "8000", "0 101 102 103", 8000, "8000"},
		{[]*media.Codec{g722}, "8000", "9 101 102 103", 8000, "8000"},
		{[]*media.Codec{slin}, "8000 16000", "98 101 102 103", 16000, "8000 16000"},
		{[]*media.Codec{slin}, "8000 16000", "98 101", 8000, "8000"},
		{[]*media.Codec{slin}, "8000 16000", "98 103", 0, ""},
		{[]*media.Codec{opus}, "8000 48000", "107 103 102 101", 48000, "48000 8000"},
		{[]*media.Codec{opus}, "8000 48000", "107 101", 8000, "8000"},
		{[]*media.Codec{opus, slin, ulaw}, "8000 48000 16000", "98 107 0 101 102 103", 16000, "8000 16000 48000"},
		{[]*media.Codec{opus, slin, ulaw}, "8000 48000 16000", "107 98 0 101 102 103", 48000, "8000 16000 48000"},
		{[]*media.Codec{opus, slin, ulaw}, "8000 48000 16000", "0 107 103", 48000, "48000"},
	} {
		name := tt.line + " for " + tt.codecs[0].Name
		body, r := answer(t, negotiator(t, testConfig(tt.codecs...)), peerSDP("m=audio 4000 RTP/AVP "+tt.line+"\n"+theirs))
		var clocks []string
		for _, e := range r.ReceiveEvents {
			clocks = append(clocks, fmt.Sprint(e.ClockRate))
			if want := fmt.Sprintf("a=rtpmap:%d telephone-event/%d", e.PayloadType, e.ClockRate); !strings.Contains(string(body), want) {
				t.Errorf("%s: no %s in\n%s", name, want, body)
			}
		}
		if r.Events.ClockRate != tt.send || strings.Join(clocks, " ") != tt.receive {
			t.Errorf("%s: sends at %d, receives at %v", name, r.Events.ClockRate, clocks)
		}
		clocks = nil
		offer := parse(t, negotiator(t, testConfig(tt.codecs...)).Offer(media.SendRecv))
		for _, p := range offer.Media[0].Payloads() {
			if p.isEvent() {
				clocks = append(clocks, fmt.Sprint(p.ClockRate))
			}
		}
		if got := strings.Join(clocks, " "); got != tt.offers {
			t.Errorf("%s: offers %s", name, got)
		}
	}
}
