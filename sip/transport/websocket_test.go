package transport_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/fasthttp/websocket"

	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

func TestWebSocketHandshake(t *testing.T) {
	server, client := siptest.Certificate(t)
	cfg := siptest.Config("wss")
	l := &cfg.Transport.Listeners[0]
	l.TLS, l.Origins = server, []string{"https://phone.example"}
	l.HTTP = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "ari "+r.URL.Path) // the test reads it
	})
	s := siptest.Server(t, cfg, siptest.Polite{})
	url := "wss://" + s.Addr("wss").String() + "/ws"
	for _, c := range []struct {
		name, origin string
		protocols    []string
		status       int
	}{
		{"no origin", "", []string{"sip"}, 101},
		{"own host", "https://" + s.Addr("wss").String(), []string{"sip"}, 101},
		{"own host, other port", "https://127.0.0.1:8080", []string{"sip"}, 101},
		{"configured", "https://phone.example", []string{"sip"}, 101},
		{"configured, other scheme", "http://phone.example", []string{"sip"}, 403},
		{"stranger", "http://evil.example", []string{"sip"}, 403},
		{"lookalike", "https://phone.example.evil.example", []string{"sip"}, 403},
		{"null", "null", []string{"sip"}, 403},
		{"several protocols", "", []string{"mqtt", "sip"}, 101},
		{"no protocol", "", nil, 400},
		{"other protocol", "", []string{"mqtt"}, 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := websocket.Dialer{Subprotocols: c.protocols, TLSClientConfig: client}
			h := http.Header{}
			if c.origin != "" {
				h.Set("Origin", c.origin)
			}
			conn, res, err := d.Dial(url, h)
			if res == nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if res.StatusCode != c.status {
				t.Errorf("status %d, want %d", res.StatusCode, c.status)
			}
			if err == nil {
				if conn.Subprotocol() != "sip" {
					t.Errorf("subprotocol %q", conn.Subprotocol())
				}
				conn.Close()
			}
		})
	}
	tr := &http.Transport{TLSClientConfig: client}
	defer tr.CloseIdleConnections()
	res, err := (&http.Client{Transport: tr}).Get("https://" + s.Addr("wss").String() + "/ari/channels")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, _ := io.ReadAll(res.Body); string(b) != "ari /ari/channels" || res.ProtoMajor != 1 {
		t.Errorf("%s %q", res.Proto, b)
	}
}

func TestWebSocketLimits(t *testing.T) {
	cfg := siptest.Config("ws")
	cfg.Transport.Limits.MessageBytes = 4000
	s := siptest.Server(t, cfg, siptest.Polite{})
	d := websocket.Dialer{Subprotocols: []string{"sip"}}
	c, res, err := d.Dial("ws://"+s.Addr("ws").String()+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	defer c.Close()
	if err := c.WriteMessage(websocket.TextMessage, bytes.Repeat([]byte("x"), 4001)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseMessageTooBig) {
		t.Errorf("after a frame over the limit: %v", err)
	}
	p := siptest.WebSocket(t, "ws://"+s.Addr("ws").String()+"/ws", nil, nil)
	p.Send("garbage")
	p.Send(strings.Repeat("[", 3000))
	p.Ping()
}
