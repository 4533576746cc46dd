package api_test

import (
	"crypto/tls"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"github.com/skygenesisenterprise/skybridge/api"
	"github.com/skygenesisenterprise/skybridge/api/ws"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/auth/mutual"
	"github.com/skygenesisenterprise/skybridge/internal/certs/certtest"
)

// A service opens the WebSocket by its certificate alone, and loses it when its row is gone; whose
// certificate is of no service says by the first frame who it is.
func TestServicesOnTheWebSocket(t *testing.T) {
	authority := certtest.New(t)
	text, err := os.ReadFile(authority.File())
	must(t, err)
	clients := func(services ...mutual.Service) *mutual.Clients {
		t.Helper()
		c, err := mutual.New(mutual.Config{Authorities: text, Services: services})
		must(t, err)
		return c
	}
	r := newRig(t, func(c *api.Config) {
		c.TLS = &tls.Config{Certificates: []tls.Certificate{authority.Issue("server")}, MinVersion: tls.VersionTLS13}
		known := clients(mutual.Service{Name: "billing", CommonName: "billing"})
		known.Ask(c.TLS)
		c.Auth.UseClients(known)
	}, live(func(c *ws.Config) { c.Recheck = 20 * time.Millisecond }))
	open := func(name string) *socket {
		t.Helper()
		d := websocket.Dialer{HandshakeTimeout: patience, TLSClientConfig: &tls.Config{
			RootCAs: authority.Pool(), ServerName: "localhost", Certificates: []tls.Certificate{authority.Issue(name)},
		}}
		conn, resp, err := d.Dial("wss"+strings.TrimPrefix(r.base, "https")+ws.Path, nil)
		must(t, err)
		must(t, resp.Body.Close())
		t.Cleanup(func() { _ = conn.Close() }) // it may be closed already
		return &socket{t: t, conn: conn}
	}
	service, other := open("billing"), open("somebody")
	service.next("Welcome")
	other.says(frame{"type": "Auth", "token": r.token(auth.Principal{User: "alice"})})
	other.next("Welcome")
	r.auth.UseClients(clients())
	service.ends(4401)
	other.says(frame{"type": "Subscribe", "channel": "presence:alice", "id": 1})
	other.next("Subscribed")
}
