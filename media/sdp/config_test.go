package sdp

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

func TestConfigValidate(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Config)
		ok     bool
	}{
		{"as it is", func(*Config) {}, true},
		{"IPv6", func(c *Config) { c.Address = netip.MustParseAddr("2001:db8::1") }, true},
		{"protected", func(c *Config) { c.Protection = Protected }, true},
		{"protected with nothing", func(c *Config) { c.Protection, c.Suites = Protected, nil }, false},
		{"a suite twice", func(c *Config) { c.Suites = append(c.Suites, c.Suites[0]) }, false},
		{"no such suite", func(c *Config) { c.Suites = []srtp.Suite{99} }, false},
		{"no such protection", func(c *Config) { c.Protection = 3 }, false},
		{"no codec", func(c *Config) { c.Codecs = nil }, false},
		{"a nil codec", func(c *Config) { c.Codecs = []*media.Codec{nil} }, false},
		{"17 codecs", func(c *Config) { c.Codecs = make([]*media.Codec, 17) }, false},
		{"no address", func(c *Config) { c.Address = netip.Addr{} }, false},
		{"0.0.0.0 would hold", func(c *Config) { c.Address = netip.IPv4Unspecified() }, false},
		{"mapped", func(c *Config) { c.Address = netip.MustParseAddr("::ffff:192.0.2.1") }, false},
		{"multicast", func(c *Config) { c.Address = netip.MustParseAddr("ff02::1") }, false},
		{"no port", func(c *Config) { c.Port = 0 }, false},
		{"no port for RTCP", func(c *Config) { c.Port = 65535 }, false},
		{"ptime 40", func(c *Config) { c.Ptime = 40 * time.Millisecond }, true},
		{"ptime 30", func(c *Config) { c.Ptime = 30 * time.Millisecond }, false},
		{"ptime 0", func(c *Config) { c.Ptime = 0 }, false},
		{"ptime 80", func(c *Config) { c.Ptime = 80 * time.Millisecond }, false},
		{"user name with a line", func(c *Config) { c.Username = "a\r\na=x" }, false},
		{"user name with a space", func(c *Config) { c.Username = "a b" }, false},
		{"no user name", func(c *Config) { c.Username = "" }, false},
		{"session name with a line", func(c *Config) { c.SessionName = "x\nm=audio 1 RTP/AVP 0" }, false},
		{"session name with spaces", func(c *Config) { c.SessionName = "a call" }, true},
		{"long session name", func(c *Config) { c.SessionName = strings.Repeat("x", 300) }, false},
	} {
		cfg := testConfig(ulaw)
		c.change(&cfg)
		n, err := NewNegotiator(cfg)
		if (err == nil) != c.ok || err != nil && fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v", c.name, err)
		}
		if err == nil {
			parse(t, n.Offer(media.SendRecv))
			continue
		}
		if err := negotiator(t, testConfig(ulaw)).Reconfigure(cfg); err == nil {
			t.Errorf("%s: taken later", c.name)
		}
	}
}

func TestSessionIDIsRandom(t *testing.T) {
	cfg := testConfig(ulaw)
	cfg.SessionID = 0
	a, b := negotiator(t, cfg).State().SessionID, negotiator(t, cfg).State().SessionID
	if a == 0 || a == b || a >= 1<<31 {
		t.Errorf("%d and %d", a, b)
	}
}

// TestPayloadTypesRunOut: with every dynamic type taken by the peer, a codec that
// needs one is left out.
func TestPayloadTypesRunOut(t *testing.T) {
	var b strings.Builder
	b.WriteString("m=audio 4000 RTP/AVP 0")
	var maps strings.Builder
	for pt := 96; pt < 128; pt++ {
		b.WriteString(" " + strconv.Itoa(pt))
		maps.WriteString("a=rtpmap:" + strconv.Itoa(pt) + " X" + strconv.Itoa(pt) + "/8000\n")
	}
	n := negotiator(t, testConfig(opus, ulaw))
	answer(t, n, peerSDP(b.String()+"\n"+maps.String()))
	if s := parse(t, n.Offer(media.SendRecv)); strings.Join(s.Media[0].Formats, " ") != "0" {
		t.Errorf("%s", s)
	}
}
