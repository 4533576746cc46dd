package sdp

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
)

const xrHead = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n"

func TestExtended(t *testing.T) {
	for _, tt := range []struct {
		name, session, line string
		want                Extended
		said, silent        bool
	}{
		{"nothing", "", "", Extended{}, false, false},
		{"voip-metrics", "", "a=rtcp-xr:voip-metrics\r\n", Extended{Metrics: true}, true, false},
		{"much", "", "a=rtcp-xr:pkt-loss-rle=50 RCVR-RTT=all:10 stat-summary=loss,dup voip-metrics\r\n", Extended{true, true}, true, false},
		{"of the session", "a=rtcp-xr:rcvr-rtt=sender\r\n", "", Extended{RoundTrip: true}, true, false},
		{"none of this line", "a=rtcp-xr:voip-metrics\r\n", "a=rtcp-xr:\r\n", Extended{}, true, false},
		{"no reports", "", "b=RS:0\r\nb=RR:0\r\n", Extended{}, false, true},
		{"no reports in the session", "b=AS:80\r\nb=RS:0\r\nb=RR:0\r\n", "b=AS:64\r\n", Extended{}, false, true},
		{"reports of receivers", "b=RS:0\r\n", "b=RR:2000\r\n", Extended{}, false, false},
		{"nonsense", "", "b=RS:x\r\nb=RR:0\r\n", Extended{}, false, false},
	} {
		// b= comes before t=, a= after it.
		bandwidth, attributes := tt.session, ""
		if strings.HasPrefix(tt.session, "a=") {
			bandwidth, attributes = "", tt.session
		}
		s, err := Parse([]byte(xrHead + bandwidth + "t=0 0\r\n" + attributes + "m=audio 4000 RTP/AVP 0\r\n" + tt.line))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		got, said := s.Extended(s.Media[0])
		if got != tt.want || said != tt.said || s.Silent(s.Media[0]) != tt.silent {
			t.Errorf("%s: %+v %v %v", tt.name, got, said, s.Silent(s.Media[0]))
		}
	}
}

// Extended reports are asked for in our offers, and in answers to who asks for some.
func TestExtendedIsNegotiated(t *testing.T) {
	cfg := testConfig(g711.MuLaw())
	cfg.Extended = true
	a, err := NewNegotiator(cfg)
	if err != nil {
		t.Fatal(err)
	}
	b, err := NewNegotiator(cfg)
	if err != nil {
		t.Fatal(err)
	}
	offer, err := Parse(a.Offer(media.SendRecv))
	if err != nil {
		t.Fatal(err)
	}
	body, got, err := b.Answer(offer)
	if err != nil || got.Extended != (Extended{true, true}) {
		t.Fatalf("%+v %v", got.Extended, err)
	}
	answer, err := Parse(body)
	if err != nil {
		t.Fatal(err)
	}
	if got, err = a.SetAnswer(answer); err != nil || got.Extended != (Extended{true, true}) {
		t.Errorf("%+v %v", got.Extended, err)
	}
	plain, err := Parse([]byte(xrHead + "t=0 0\r\nm=audio 4000 RTP/AVP 0\r\nb=RS:0\r\nb=RR:0\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if body, got, err = b.Answer(plain); err != nil || got.Extended != (Extended{}) || !got.NoReports || strings.Contains(string(body), "rtcp-xr") {
		t.Errorf("%+v %v\n%s", got, err, body)
	}
}
