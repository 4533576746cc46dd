package sdp

import (
	"fmt"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
)

// within checks that a result can be carried out: no payload type twice, no more of
// them than media's limits say.
func within(t *testing.T, r Result) {
	t.Helper()
	if len(r.Receive) > media.MaxReceive || len(r.ReceiveEvents) > media.MaxReceiveEvents {
		t.Errorf("%d formats and %d events to receive: %s", len(r.Receive), len(r.ReceiveEvents), summary(r))
	}
	seen := map[uint8]bool{}
	for _, f := range r.Receive {
		if seen[f.PayloadType] {
			t.Errorf("payload type %d twice: %s", f.PayloadType, summary(r))
		}
		seen[f.PayloadType] = true
	}
	for _, e := range r.ReceiveEvents {
		if seen[e.PayloadType] {
			t.Errorf("payload type %d twice: %s", e.PayloadType, summary(r))
		}
		seen[e.PayloadType] = true
	}
}

// Of many event types in an offer, the first of each rate is taken.
func TestManyEventsOffered(t *testing.T) {
	var lines strings.Builder
	formats := "0 107"
	for i := range 20 {
		formats += fmt.Sprintf(" %d", 108+i)
		fmt.Fprintf(&lines, "a=rtpmap:%d telephone-event/%d\n", 108+i, []int{8000, 8000, 48000, 48000}[i%4])
	}
	body, r := answer(t, negotiator(t, testConfig(ulaw, opus)),
		peerSDP("m=audio 4000 RTP/AVP "+formats+"\na=rtpmap:107 opus/48000/2\n"+lines.String()))
	within(t, r)
	want := "sendrecv, send PCMU/8000 pt 0 20ms events 108/8000 to 192.0.2.1:4000 rtcp 192.0.2.1:4001, receive 0=PCMU 107=opus 108=events/8000 110=events/48000"
	if got := summary(r); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if got := strings.Join(parse(t, body).Media[0].Formats, " "); got != "0 107 108 110" {
		t.Errorf("answer of %s", got)
	}
}

// An answer under other payload types adds as many of them as there is room for,
// first what will be used.
func TestManyFormatsAnswered(t *testing.T) {
	t.Run("events", func(t *testing.T) {
		n := negotiator(t, testConfig(ulaw, opus, slin))
		n.Offer(media.SendRecv)
		r := setAnswer(t, n, peerSDP("m=audio 4000 RTP/AVP 120 121 122 123\na=rtpmap:120 opus/48000/2\n"+
			"a=rtpmap:121 telephone-event/8000\na=rtpmap:122 telephone-event/16000\na=rtpmap:123 telephone-event/48000\n"))
		within(t, r)
		want := "sendrecv, send opus/48000 pt 120 20ms events 123/48000 to 192.0.2.1:4000 rtcp 192.0.2.1:4001, " +
			"receive 107=opus 0=PCMU 96=L16 120=opus 101=events/8000 110=events/48000 97=events/16000 123=events/48000"
		if got := summary(r); got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	})
	t.Run("codecs", func(t *testing.T) {
		var codecs []*media.Codec
		formats, lines := "", ""
		for i := range media.MaxReceive {
			codecs = append(codecs, &media.Codec{Name: fmt.Sprintf("C%d", i), ClockRate: 8000 + i, PayloadType: media.DynamicPT})
			formats += fmt.Sprint(" ", 35+i)
			lines += fmt.Sprintf("a=rtpmap:%d C%d/%d\n", 35+i, i, 8000+i)
		}
		n := negotiator(t, testConfig(codecs...))
		body := n.Offer(media.SendRecv)
		if got := strings.Count(string(body), "telephone-event"); got != media.MaxReceiveEvents {
			t.Errorf("%d events offered", got)
		}
		within(t, setAnswer(t, n, peerSDP("m=audio 4000 RTP/AVP"+formats+"\n"+lines)))
	})
}
