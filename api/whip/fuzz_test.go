package whip

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
)

const tinyOffer = "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=ice-options:trickle ice2\r\na=group:BUNDLE 0\r\n" +
	"a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n" +
	"m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=setup:actpass\r\na=ice-ufrag:abcd\r\na=ice-pwd:passwordpasswordpassword\r\n" +
	"a=rtcp-mux\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n"

// Whatever a fragment is, it is refused with a reason, or an offer with it is one still.
func FuzzFragment(f *testing.F) {
	for _, text := range []string{
		"a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n" +
			"a=candidate:1 1 udp 2130706431 192.0.2.1 61765 typ host\r\na=end-of-candidates\r\n",
		"a=ice-ufrag:EsAw\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\n", "a=ice-ufrag:a\r\n", "nonsense", "a=", "m=\r\na=mid:\r\n", "",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := readFragment(text)
		if err != nil {
			if k := fault.Of(err); k != fault.Malformed && k != fault.TooLarge {
				t.Fatal(err)
			}
			return
		}
		o, err := readOffer(tinyOffer, false)
		if err != nil {
			t.Fatal(err)
		}
		next := o.restarted(got)
		if next.ufrag() != got.ufrag || !strings.Contains(next.text(), "o=- 1 3 IN") {
			t.Fatalf("%q", next.text())
		}
		if o.ufrag() != "abcd" || !strings.Contains(o.text(), "o=- 1 2 IN") {
			t.Fatalf("the former offer has become %q", o.text())
		}
		if len(got.candidates) == 0 {
			if _, err := jsep.Parse(next.text()); err != nil {
				t.Fatalf("%v: %q", err, next.text())
			}
		}
		again, err := readFragment(fragmentOf(next.text()).text())
		if err != nil || again.ufrag != got.ufrag || again.pwd != got.pwd || len(again.candidates) != len(got.candidates) {
			t.Fatalf("%+v became %+v: %v", got, again, err)
		}
	})
}

// What an offer of a client's becomes before it is answered.
func TestReadOffer(t *testing.T) {
	for _, c := range []struct {
		change []string
		watch  bool
		kind   fault.Kind
		has    []string
		lacks  string
	}{
		{nil, false, 0, []string{"a=sendonly\r\n", "a=ice-options:ice2\r\n"}, "sendrecv"},
		{nil, true, 0, []string{"a=recvonly\r\n"}, "sendrecv"},
		{[]string{"a=sendrecv\r\n", ""}, false, 0, []string{"a=sendonly\r\n"}, "recvonly"},
		{[]string{"a=ice-options:trickle ice2\r\n", "a=ice-options:trickle\r\n"}, false, 0, nil, "ice-options"},
		{[]string{"a=sendrecv", "a=recvonly"}, false, fault.NotAcceptable, nil, ""},
		{[]string{"a=sendrecv", "a=sendonly"}, true, fault.NotAcceptable, nil, ""},
		{[]string{"m=audio", "m="}, false, fault.Invalid, nil, ""},
		{[]string{"a=ice-options:trickle ice2", "a=ice-options:ice2,trickle"}, false, 0, []string{"a=ice-options:ice2,trickle\r\n"}, "sendrecv"}, // libdatachannel
		{[]string{"\r\n", "\n"}, false, 0, []string{"a=sendonly\r\n"}, ""},
	} {
		text := tinyOffer
		if c.change != nil {
			text = strings.ReplaceAll(text, c.change[0], c.change[1])
		}
		o, err := readOffer(text, c.watch)
		if err != nil {
			if fault.Of(err) != c.kind {
				t.Errorf("%q: %v", c.change, err)
			}
			continue
		}
		for _, want := range c.has {
			if !strings.Contains(o.text(), want) {
				t.Errorf("%q: no %q in\n%s", c.change, want, o.text())
			}
		}
		if c.kind != 0 || c.lacks != "" && strings.Contains(o.text(), c.lacks) {
			t.Errorf("%q:\n%s", c.change, o.text())
		}
	}
}
