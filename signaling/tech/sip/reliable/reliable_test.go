package reliable_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/reliable"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// TestOption is the whole of the option: what is refused, what is said, what is wanted.
func TestOption(t *testing.T) {
	const requires, supports, neither = "Require: 100rel", "Supported: timer,100rel", "Supported: timer"
	for _, c := range []struct {
		do     endpoint.Rel100
		status map[string]int
		says   string
		wanted bool
	}{
		{endpoint.Rel100Yes, map[string]int{requires: 0, supports: 0, neither: 0}, "Supported: 100rel, 199", false},
		{endpoint.Rel100Peer, map[string]int{requires: 0, supports: 0, neither: 0}, "Supported: 100rel, 199", true},
		{endpoint.Rel100Required, map[string]int{requires: 0, supports: 0, neither: 421}, "Supported: 199|Require: 100rel", true},
		{endpoint.Rel100No, map[string]int{requires: 420, supports: 0, neither: 0}, "Supported: 199", false},
	} {
		for line, want := range c.status {
			got := 0
			if r := reliable.Refuse(request(t, line), c.do); r != nil {
				got = r.Status
			}
			if got != want {
				t.Errorf("100rel = %v, %s: %d, want %d", c.do, line, got, want)
			}
		}
		var says []string
		for _, h := range reliable.Headers(c.do) {
			says = append(says, h.Name+": "+h.Value)
		}
		if got := strings.Join(says, "|"); got != c.says || reliable.Wanted(c.do) != c.wanted {
			t.Errorf("100rel = %v says %s, is wanted %v", c.do, got, reliable.Wanted(c.do))
		}
	}
}

func request(t *testing.T, line string) *message.Request {
	t.Helper()
	p, err := message.Parse([]byte("INVITE sip:us SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:bob@x>;tag=b\r\nTo: <sip:us>\r\n" +
		"Call-ID: c\r\nCSeq: 3 INVITE\r\nMax-Forwards: 70\r\n" + line + "\r\nContent-Length: 0\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	return message.NewRequest(p, message.Source{Network: "udp", Remote: netip.MustParseAddrPort("192.0.2.1:5060")})
}
