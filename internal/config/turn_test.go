package config_test

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/config"
)

func TestTURNSettings(t *testing.T) {
	c, err := config.Load("", []string{"SKYBRIDGE_TURN__ALLOW_PEERS=10.0.0.0/8, 192.0.2.1,fd00::/8"}, flags("turn.tls_listen=off", "turn.relay_ports=50000-50099"))
	if err != nil {
		t.Fatal(err)
	}
	peers, err1 := c.TURN.Peers()
	first, last, err2 := c.TURN.Range()
	if err1 != nil || err2 != nil || len(peers) != 3 || peers[1].String() != "192.0.2.1/32" || first != 50000 || last != 50099 || c.TURN.Listen != ":3478" {
		t.Errorf("%+v %v %d-%d %v %v", c.TURN, peers, first, last, err1, err2)
	}
	for _, setting := range []string{
		"turn.tls_listen=x", "turn.secret=short", "turn.realm=", "turn.host=turn:example.org", "turn.host=a b", "turn.credential_lifetime=1s",
		"turn.relay_ports=5", "turn.relay_ports=0-100", "turn.relay_ports=60000-50000", "turn.allow_peers=10.0.0.1/8", "turn.allow_peers=all",
		"turn.allow_peers=::ffff:10.0.0.0/104", "turn.per_user=0", "turn.per_address=0", "turn.max_allocations=-1", "turn.user_bitrate=-1",
		"turn.max_connections=0", "turn.connections_per_address=0", "turn.stranger_rate=0",
	} {
		key, _, _ := strings.Cut(setting, "=")
		if _, err := config.Load("", nil, flags(setting)); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", setting, err)
		}
	}
	for _, setting := range []string{"turn.host=turn.example.org", "turn.host=2001:db8::1", "turn.host=192.0.2.1", "turn.user_bitrate=0"} {
		if _, err := config.Load("", nil, flags(setting)); err != nil {
			t.Errorf("%s: %v", setting, err)
		}
	}
}
