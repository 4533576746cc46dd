package transport

import (
	"crypto/tls"
	"errors"
	"log"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fasthttp/websocket"

	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// wsProtocol is the subprotocol of SIP (RFC 7118 §4).
const wsProtocol = "sip"

// httpHeadBytes bounds the head of an HTTP request.
const httpHeadBytes = 16 << 10

// wsBuffers lends write buffers to connections that are mostly silent.
var wsBuffers = &sync.Pool{}

// openHTTP gives what serves one ws or wss listener: SIP at its path, the
// configured handler elsewhere. net/http reads every head, and does every TLS
// handshake, on a goroutine of its own with a deadline.
func (t *Layer) openHTTP(gl *gatedListener, cfg *Listener) func() {
	path := cfg.Path
	if path == "" {
		path = "/ws"
	}
	mux := http.NewServeMux()
	mux.Handle(path, t.webSocketHandler(cfg))
	if cfg.HTTP != nil {
		mux.Handle("/", cfg.HTTP)
	}
	srv := &http.Server{
		Handler:           mux,
		TLSConfig:         cfg.TLS,
		TLSNextProto:      map[string]func(*http.Server, *tls.Conn, http.Handler){}, // WebSocket needs HTTP/1.1
		ReadHeaderTimeout: t.cfg.Limits.HandshakeTimeout,
		ReadTimeout:       time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    httpHeadBytes,
		ErrorLog:          log.New(quirkWriter{t, cfg.Network}, "", 0),
	}
	// Close of a server that does not serve yet does not close the listener.
	t.closers = append(t.closers, srv.Close, gl.Close)
	return func() {
		var err error
		if cfg.Network == "wss" {
			err = srv.ServeTLS(gl, "", "")
		} else {
			err = srv.Serve(gl)
		}
		if !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.events.Quirk("serve "+cfg.Network, netip.AddrPort{}, err)
		}
	}
}

// quirkWriter takes net/http's own log lines into ours, where their rate is bounded.
type quirkWriter struct {
	t       *Layer
	network string
}

func (w quirkWriter) Write(b []byte) (int, error) {
	w.t.events.Quirk("http on "+w.network, netip.AddrPort{}, errors.New(strings.TrimSpace(string(b))))
	return len(b), nil
}

func (t *Layer) webSocketHandler(cfg *Listener) http.Handler {
	up := websocket.Upgrader{
		HandshakeTimeout: t.cfg.Limits.HandshakeTimeout,
		ReadBufferSize:   4096,
		WriteBufferSize:  4096,
		WriteBufferPool:  wsBuffers,
		Subprotocols:     []string{wsProtocol},
		CheckOrigin:      func(r *http.Request) bool { return originAllowed(r, cfg.Origins) },
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if websocket.IsWebSocketUpgrade(r) && !slices.Contains(websocket.Subprotocols(r), wsProtocol) {
			http.Error(w, "subprotocol sip is required (RFC 7118)", http.StatusBadRequest)
			return
		}
		c, err := up.Upgrade(w, r, nil)
		if err != nil {
			return // Upgrade has answered
		}
		if !t.goRead(func() { t.serveWebSocket(c, cfg.Network) }) {
			_ = c.Close() // the server is closing
		}
	})
}

// originAllowed lets clients without an Origin in (they are no browsers), pages
// of our own host, and the configured ones.
func originAllowed(r *http.Request, allowed []string) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return slices.Contains(allowed, "*")
	}
	if strings.EqualFold(u.Host, r.Host) || strings.EqualFold(u.Hostname(), hostOnly(r.Host)) {
		return true
	}
	return slices.ContainsFunc(allowed, func(a string) bool {
		return a == "*" || strings.EqualFold(strings.TrimSuffix(a, "/"), origin)
	})
}

func hostOnly(hostport string) string {
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		return h
	}
	return strings.Trim(hostport, "[]")
}

// serveWebSocket reads one connection: each text or binary message is one SIP
// message (RFC 7118 §5).
func (t *Layer) serveWebSocket(c *websocket.Conn, network string) {
	st, ok := t.adopt(network, c.NetConn(), "", "")
	if !ok {
		return
	}
	defer t.drop(st)
	limits := &t.cfg.Limits
	st.writeMessage = func(b []byte) error {
		if err := c.SetWriteDeadline(time.Now().Add(limits.WriteTimeout)); err != nil {
			return err
		}
		return c.WriteMessage(websocket.TextMessage, b)
	}
	c.SetReadLimit(int64(limits.MessageBytes))
	alive := func() error {
		return c.SetReadDeadline(time.Now().Add(2*limits.PingInterval + limits.WriteTimeout))
	}
	c.SetPongHandler(func(string) error { return alive() })
	st.keepPinging(limits.PingInterval, func() (err error) {
		if !t.events.Guard("ping", func() {
			err = c.WriteControl(websocket.PingMessage, nil, time.Now().Add(limits.WriteTimeout))
		}) {
			err = errPanicked
		}
		return err
	})
	err := t.readWebSocket(st, c, alive)
	if !quiet(err) && !websocket.IsCloseError(err, websocket.CloseNormalClosure, websocket.CloseGoingAway,
		websocket.CloseNoStatusReceived, websocket.CloseAbnormalClosure) {
		t.events.Quirk("read from "+network, st.src.Remote, err)
	}
}

func (t *Layer) readWebSocket(st *stream, c *websocket.Conn, alive func() error) error {
	for {
		if err := alive(); err != nil {
			return err
		}
		_, data, err := c.ReadMessage()
		if err != nil {
			return err
		}
		if blank(data) {
			if string(data) == "\r\n\r\n" { // RFC 5626 §3.5.1
				if err := st.Send([]byte("\r\n")); err != nil {
					return err
				}
			}
			continue
		}
		if err := st.await(t.cfg.Screen); err != nil {
			return err
		}
		t.events.Guard("websocket message", func() {
			m, err := message.Parse(data)
			t.events.Receive(st, m, err)
		})
	}
}
