package direct

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
)

const head = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"

func read(t testing.TB, lines string, events bool) (Terms, error) {
	t.Helper()
	s, err := sdp.Parse([]byte(head + strings.ReplaceAll(lines, "\n", "\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	return Read(s, 0, []*media.Codec{g711.MuLaw(), g722.Codec()}, events)
}

// What a party says of its audio is told to the other one, with its payload types.
func TestReadAndLine(t *testing.T) {
	for _, c := range []struct{ name, lines, want string }{
		{"static", "m=audio 4000 RTP/AVP 0 8 18\n", "m=audio 4000 RTP/AVP 0|c=IN IP4 192.0.2.1|a=rtpmap:0 PCMU/8000|a=sendrecv"},
		{
			"events of a type of its own, a packet length, an address of its own",
			"m=audio 4000 RTP/AVP 9 96\nc=IN IP4 192.0.2.9\na=rtpmap:96 telephone-event/8000\na=fmtp:96 0-15\na=ptime:30\n",
			"m=audio 4000 RTP/AVP 9 96|c=IN IP4 192.0.2.9|a=rtpmap:9 G722/8000|a=rtpmap:96 telephone-event/8000|a=fmtp:96 0-15|a=ptime:30|a=sendrecv",
		},
		{"RTCP elsewhere", "m=audio 4000 RTP/AVP 0\na=rtcp:5000\n", "m=audio 4000 RTP/AVP 0|c=IN IP4 192.0.2.1|a=rtpmap:0 PCMU/8000|a=rtcp:5000 IN IP4 192.0.2.1|a=sendrecv"},
	} {
		terms, err := read(t, c.lines, true)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		s := sdp.Session{Media: []*sdp.Media{terms.Line()}}
		_, text, _ := strings.Cut(s.String(), "m=")
		got := strings.ReplaceAll("m="+strings.TrimSpace(text), "\r\n", "|")
		if got != c.want {
			t.Errorf("%s:\n%s\n%s", c.name, got, c.want)
		}
	}
}

func TestRefused(t *testing.T) {
	for name, lines := range map[string]string{
		"no audio": "m=video 4000 RTP/AVP 31\n", "refused": "m=audio 0 RTP/AVP 0\n",
		"SRTP":      "m=audio 4000 RTP/SAVP 0\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\n",
		"feedback":  "m=audio 4000 RTP/AVPF 0\n",
		"on hold":   "m=audio 4000 RTP/AVP 0\na=sendonly\n",
		"held":      "m=audio 4000 RTP/AVP 0\nc=IN IP4 0.0.0.0\n",
		"candidate": "m=audio 4000 RTP/AVP 0\na=ice-ufrag:8hhY\na=ice-pwd:asd88fgpdd777uzjYhagZg\na=candidate:1 1 UDP 2130706431 192.0.2.1 4000 typ host\n",
	} {
		if _, err := read(t, lines, true); fault.Of(err) != fault.NotAcceptable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Both must have a codec of the other's, and digits must reach the other one.
func TestMeet(t *testing.T) {
	const events = "a=rtpmap:101 telephone-event/8000\n"
	for _, c := range []struct {
		name, one, other string
		want             string // empty for none
	}{
		{"one in common", "m=audio 4000 RTP/AVP 9 0\n", "m=audio 5000 RTP/AVP 0 8\n", "0"},
		{"none in common", "m=audio 4000 RTP/AVP 9\n", "m=audio 5000 RTP/AVP 0\n", ""},
		{"events of both", "m=audio 4000 RTP/AVP 0 101\n" + events, "m=audio 5000 RTP/AVP 0 101\n" + events, "0 101"},
		{"events of one", "m=audio 4000 RTP/AVP 0 101\n" + events, "m=audio 5000 RTP/AVP 0\n", ""},
		{"events alone", "m=audio 4000 RTP/AVP 9 101\n" + events, "m=audio 5000 RTP/AVP 0 101\n" + events, ""},
	} {
		one, err := read(t, c.one, true)
		if err != nil {
			t.Fatal(err)
		}
		other, err := read(t, c.other, true)
		if err != nil {
			t.Fatal(err)
		}
		met, err := one.Meet(other)
		switch {
		case c.want == "" && fault.Of(err) != fault.NotAcceptable:
			t.Errorf("%s: %+v, %v", c.name, met, err)
		case c.want != "" && (err != nil || strings.Join(met.Line().Formats, " ") != c.want):
			t.Errorf("%s: %v, %v", c.name, met.Formats, err)
		}
	}
}
