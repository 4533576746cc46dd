package peer_test

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

func TestAsterisk(t *testing.T) {
	a := peer.Asterisk(t, peer.AsteriskConfig{})
	out, err := a.CLI("core show version")
	if err != nil || !strings.HasPrefix(out, "Asterisk 22.") {
		t.Fatalf("core show version: %q, %v", out, err)
	}
	t.Log(a.Log())
}
