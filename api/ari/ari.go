// Package ari answers at Asterisk's REST interface (ARI, http.conf's port): what there is to read of
// the server, its channels and bridges, with the statuses, messages and shapes that Asterisk's
// clients meet. What changes something, applications and events are not there yet: their paths are
// not found, their methods not allowed.
//
// It starts no goroutine; net/http has one for each connection.
package ari

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/limit"
	"github.com/skygenesisenterprise/skybridge/api/voip/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/settings"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

const (
	base      = "/ari/"
	bodyLimit = 40960            // bytes, Asterisk's own
	writeTime = 30 * time.Second // for who reads slowly
)

// Source has what is asked for; *signaling.Engine is one.
type Source interface {
	asterisk.Source
	Channel(idOrName string) (*signaling.Channel, error)
	Bridges() []signaling.BridgeSnapshot
	Bridge(id signaling.BridgeID) (*signaling.Bridge, error)
}

// Config is what a handler is made of.
type Config struct {
	// Settings is ari.conf, as it was read last.
	Settings     func() *settings.ARI
	Source       Source
	Installation func() asterisk.Installation
	// Limits counts the guesses of an address together with those at the REST API; nil does not.
	Limits *limit.Limiter
	Log    *slog.Logger
}

// handler answers below /ari.
type handler struct {
	Config
	server *asterisk.Server
}

// New makes the handler. It is safe for concurrent use.
func New(c Config) http.Handler {
	return &handler{Config: c, server: asterisk.NewServer(c.Source, c.Installation)}
}

// failure is what is answered in the place of something.
type failure struct {
	status  int
	message string
}

// ServeHTTP answers in the order in which Asterisk looks: who asks, what they may, the path, the
// method.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := h.Settings()
	rest, ours := strings.CutPrefix(r.URL.EscapedPath(), base)
	if !ours && r.URL.Path != strings.TrimSuffix(base, "/") || !s.Enabled {
		http.NotFound(w, r)
		return
	}
	if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		h.Log.Debug("ARI: no deadline for a response", "err", err)
	}
	r.Body = http.MaxBytesReader(w, r.Body, bodyLimit)
	w.Header().Set("Cache-Control", "no-cache, no-store")
	allowOrigin(w.Header(), s.AllowedOrigins, r.Header.Get("Origin"))
	body, bad := h.answer(w.Header(), r, s, rest)
	switch {
	case bad != nil:
		h.write(w, s, bad.status, map[string]string{"message": bad.message})
	case body == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		h.write(w, s, http.StatusOK, body)
	}
}

// answer is the body of what is asked for, nil for none.
func (h *handler) answer(out http.Header, r *http.Request, s *settings.ARI, rest string) (any, *failure) {
	user, bad := h.identify(out, r, s)
	if bad != nil {
		return nil, bad
	}
	reads := r.Method == http.MethodGet || r.Method == http.MethodOptions
	if user.ReadOnly && !reads {
		return nil, &failure{http.StatusForbidden, "Write access denied"}
	}
	if path, slash := strings.CutSuffix(rest, "/"); slash {
		return nil, &failure{http.StatusNotFound, "ARI URLs do not end with a slash. Try " + base + path}
	}
	op, name := find(rest)
	switch {
	case op == nil:
		return nil, &failure{http.StatusNotFound, "Resource not found"}
	case r.Method == http.MethodGet:
		return op(h, r, name)
	}
	out.Set("Allow", "OPTIONS,GET")
	if r.Method == http.MethodOptions {
		preflight(out, r)
		return nil, nil
	}
	return nil, &failure{http.StatusMethodNotAllowed, "Invalid method"}
}

func (h *handler) write(w http.ResponseWriter, s *settings.ARI, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	if s.Pretty {
		out.SetIndent("", "  ")
	}
	if err := out.Encode(body); err != nil {
		h.Log.Debug("ARI: response not written", "err", err)
	}
}

// allowOrigin lets pages of some other origins read the answer (ari.conf, allowed_origins).
func allowOrigin(out http.Header, allowed []string, origin string) {
	if origin == "" || !slices.Contains(allowed, "*") && !slices.Contains(allowed, origin) {
		return
	}
	out.Set("Access-Control-Allow-Origin", origin)
	out.Set("Access-Control-Allow-Credentials", "true")
	out.Add("Vary", "Origin")
}

// preflight answers what a page asks before it asks.
func preflight(out http.Header, r *http.Request) {
	if out.Get("Access-Control-Allow-Origin") == "" || r.Header.Get("Access-Control-Request-Method") == "" {
		return
	}
	out.Set("Access-Control-Allow-Methods", out.Get("Allow"))
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		out.Set("Access-Control-Allow-Headers", asked)
	}
}
