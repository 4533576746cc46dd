// Package turn_test reaches the server by its own STUN and TURN, as coturn's client does
// and as a browser does that nothing else is open for.
package turn_test

import (
	"fmt"
	"testing"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "0123456789abcdef"

// lab is a server with TURN.
type lab struct {
	*server.Server
	turn, tls int // ports
}

func open(t *testing.T, set map[string]string) *lab {
	t.Helper()
	l := &lab{turn: peer.FreePort(t), tls: peer.FreePort(t)}
	settings := map[string]string{
		"turn.listen": fmt.Sprintf("127.0.0.1:%d", l.turn), "turn.tls_listen": fmt.Sprintf("127.0.0.1:%d", l.tls),
		"turn.secret": secret,
	}
	for k, v := range set {
		settings[k] = v
	}
	l.Server = server.Start(t, server.Config{Set: settings})
	return l
}
