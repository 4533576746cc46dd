// Package api is the HTTP server of the REST API and the console: one fiber app,
// with authentication, problem bodies (RFC 9457) and the documents of the API.
//
// Goroutines: one that serves the listener, ended by Shutdown.
package api

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/filesystem"

	"github.com/skygenesisenterprise/skybridge/api/voip"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Config is what the server is made of.
type Config struct {
	Listen  string
	TLS     *tls.Config // nil serves plain HTTP
	Auth    *auth.Authenticator
	VoIP    *voip.Service
	Pages   fs.FS // the console
	Version string
	Log     *slog.Logger
	// Ready says why the server cannot take calls now; nil when it can.
	Ready func() error
}

const (
	bodyLimit    = 1 << 20
	readTimeout  = 15 * time.Second
	writeTimeout = 75 * time.Second // longer than the longest poll
	idleTimeout  = 60 * time.Second
	headerBytes  = 16 << 10
)

// Server is the HTTP server.
type Server struct {
	cfg      Config
	app      *fiber.App
	listener net.Listener
	served   chan error
}

// New builds the server; Start opens it.
func New(cfg Config) (*Server, error) {
	s := &Server{cfg: cfg, served: make(chan error, 1)}
	s.app = fiber.New(fiber.Config{
		// fiber reuses its strings after the handler returns; ids are kept.
		Immutable:             true,
		AppName:               "Skybridge",
		DisableStartupMessage: true,
		BodyLimit:             bodyLimit,
		ReadTimeout:           readTimeout,
		WriteTimeout:          writeTimeout,
		IdleTimeout:           idleTimeout,
		ReadBufferSize:        headerBytes,
		ErrorHandler:          s.failed,
		StrictRouting:         false,
	})
	s.app.Use(s.guard)
	s.app.Get("/healthz", func(c *fiber.Ctx) error { return c.JSON(fiber.Map{"status": "ok"}) })
	s.app.Get("/readyz", s.ready)
	s.app.Use(voip.Base, s.authenticate)
	s.registerAPI()
	if cfg.Pages != nil {
		s.app.Use("/", pageHeaders, filesystem.New(filesystem.Config{Root: http.FS(cfg.Pages)}))
	}
	return s, nil
}

func (s *Server) registerAPI() {
	huma.NewError = newProblem // huma's own hook; the same for every server
	config := huma.DefaultConfig("Skybridge VoIP API", s.cfg.Version)
	config.DocsPath = ""
	config.SchemasPath = ""
	config.CreateHooks = nil // no $schema links in bodies
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT"},
		"apiKey": {Type: "apiKey", In: "header", Name: "X-API-Key"},
	}
	voip.Register(humafiber.New(s.app, config), s.cfg.VoIP, problemOf(s.cfg.Log))
}

// ready answers whether the server takes calls.
func (s *Server) ready(c *fiber.Ctx) error {
	if err := s.cfg.Ready(); err != nil {
		return c.Status(http.StatusServiceUnavailable).JSON(fiber.Map{"status": "unavailable", "reason": err.Error()})
	}
	return c.JSON(fiber.Map{"status": "ready"})
}

// guard turns a panic of a handler into that request's 500.
func (s *Server) guard(c *fiber.Ctx) (err error) {
	defer func() {
		if r := recover(); r != nil {
			s.cfg.Log.Error("panic in a request", "method", c.Method(), "path", c.Path(),
				"err", fmt.Sprint(r), "stack", string(debug.Stack()))
			err = fault.New(fault.Internal, "internal error")
		}
	}()
	return c.Next()
}

// authenticate finds out who is asking, or refuses.
func (s *Server) authenticate(c *fiber.Ctx) error {
	var p auth.Principal
	var err error
	header := c.Get(fiber.HeaderAuthorization)
	switch scheme, token, _ := strings.Cut(header, " "); {
	case strings.EqualFold(scheme, "Bearer"):
		p, err = s.cfg.Auth.Token(strings.TrimSpace(token))
	case header != "":
		err = fault.New(fault.Unauthorized, "authorization must be Bearer")
	default:
		if key := c.Get("X-API-Key"); key != "" {
			p, err = s.cfg.Auth.APIKey(c.UserContext(), key)
		} else {
			err = fault.New(fault.Unauthorized, "a bearer token or an API key is needed")
		}
	}
	if err != nil {
		return err
	}
	c.SetUserContext(voip.WithPrincipal(c.UserContext(), p))
	return c.Next()
}

// pageHeaders keeps the console's pages to their own origin.
func pageHeaders(c *fiber.Ctx) error {
	c.Set("Content-Security-Policy", "default-src 'self'; connect-src 'self' ws: wss:; frame-ancestors 'none'")
	c.Set("X-Content-Type-Options", "nosniff")
	c.Set("Referrer-Policy", "no-referrer")
	return c.Next()
}

// failed answers an error that reached fiber: its own, or one of ours.
func (s *Server) failed(c *fiber.Ctx, err error) error {
	var fe *fiber.Error
	status, code, text := 0, "", ""
	if errors.As(err, &fe) {
		status, code, text = fe.Code, strings.ReplaceAll(strings.ToLower(http.StatusText(fe.Code)), " ", "_"), fe.Message
	} else {
		p := describe(s.cfg.Log, err)
		status, code, text = p.Status, p.Code, p.Detail
	}
	if status == http.StatusUnauthorized {
		c.Set(fiber.HeaderWWWAuthenticate, "Bearer")
	}
	return c.Status(status).JSON(newBody(status, code, text), problemType)
}

// Start opens the listener and serves it until Shutdown.
func (s *Server) Start(ctx context.Context) error {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", s.cfg.Listen)
	if err != nil {
		return fmt.Errorf("api listener %s: %w", s.cfg.Listen, err)
	}
	if s.cfg.TLS != nil {
		ln = tls.NewListener(ln, s.cfg.TLS)
	}
	s.listener = ln
	go func() { s.served <- s.app.Listener(ln) }() // owned by s, ended by Shutdown
	return nil
}

// Addr is where the server listens.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Shutdown closes the listener, waits for requests under way until ctx ends, and
// then for the serving goroutine.
func (s *Server) Shutdown(ctx context.Context) error {
	if err := s.app.ShutdownWithContext(ctx); err != nil {
		return fmt.Errorf("api shutdown: %w", err)
	}
	if err := <-s.served; err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("api: %w", err)
	}
	return nil
}
