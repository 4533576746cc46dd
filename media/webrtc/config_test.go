package webrtc

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

func TestConfigValidate(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	for key, change := range map[string]func(*Config){
		"listen: ":                func(c *Config) { c.Listen = "nowhere" },
		"listen: \"example.com:1": func(c *Config) { c.Listen = "example.com:1" },
		"external_ip: \"0.0.0.0":  func(c *Config) { c.ExternalIP = []netip.Addr{netip.IPv4Unspecified()} },
		"external_ip: 192.0.2.1": func(c *Config) {
			c.ExternalIP = []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")}
		},
		"ice_servers: an":        func(c *Config) { c.ICEServers = []ICEServer{{}} },
		"ice_servers: \"http:":   func(c *Config) { c.ICEServers = []ICEServer{{URLs: []string{"http://x"}}} },
		"ice_servers: \"stun:":   func(c *Config) { c.ICEServers = []ICEServer{{URLs: []string{"stun:"}}} },
		"gather_timeout: 0s":     func(c *Config) { c.GatherTimeout = 0 },
		"keepalive_interval: -1": func(c *Config) { c.KeepaliveInterval = -1 },
		"max_peers: 0":           func(c *Config) { c.MaxPeers = 0 },
		"max_tcp: 0":             func(c *Config) { c.MaxTCP = 0 },
	} {
		c := Default()
		change(&c)
		if err := c.Validate(); err == nil || !strings.HasPrefix(err.Error(), key) || fault.Of(err) != fault.Invalid {
			t.Errorf("%v (%v), want %s…", err, fault.Of(err), key)
		}
		if _, err := New(c, all, testLog()); fault.Of(err) != fault.Invalid {
			t.Errorf("New: %v", err)
		}
	}
}
