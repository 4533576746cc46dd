// Package api is the HTTP server of the REST API and the console: one fiber app,
// with authentication, problem bodies (RFC 9457) and the documents of the API.
//
// Other origins than the server's own get no access from browsers unless the
// configuration names them (CORS); without any, OPTIONS is 405. Cookies are never
// read, so there is nothing to forge a request with.
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
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/cors"

	"github.com/skygenesisenterprise/skybridge/api/idempotency"
	"github.com/skygenesisenterprise/skybridge/api/identity"
	"github.com/skygenesisenterprise/skybridge/api/limit"
	"github.com/skygenesisenterprise/skybridge/api/metrics"
	"github.com/skygenesisenterprise/skybridge/api/voip"
	"github.com/skygenesisenterprise/skybridge/api/voip/asterisk"
	"github.com/skygenesisenterprise/skybridge/api/voip/chat"
	"github.com/skygenesisenterprise/skybridge/api/voip/extensions"
	"github.com/skygenesisenterprise/skybridge/api/voip/plancalls"
	"github.com/skygenesisenterprise/skybridge/api/voip/protection"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/api/voip/routes"
	"github.com/skygenesisenterprise/skybridge/api/whip"
	"github.com/skygenesisenterprise/skybridge/api/ws"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
)

// Config is what the server is made of.
type Config struct {
	Listen string
	TLS    *tls.Config // nil serves plain HTTP
	// Origins are the web origins besides the server's own whose pages may use
	// the API ("https://app.example.com"); "*" is all.
	Origins []string
	Auth    *auth.Authenticator
	VoIP    *voip.Service
	// PlanCalls are the calls of the dialplan; nil shows none.
	PlanCalls *plancalls.Follower
	Pages     fs.FS // the console; nil serves none
	Version   string
	Log       *slog.Logger
	// Extensions are ring groups and the services of phones; nil serves no operations on them.
	Extensions *extensions.Source
	// Protection is what guards SIP; nil serves no operations on it.
	Protection *protection.Config
	// Identity is where users, extensions and keys are made; nil serves no operations on it.
	Identity *identity.Config
	// Idempotency keeps the answers to requests with an Idempotency-Key.
	Idempotency *store.Idempotency
	// Metrics are what monitoring asks for; nil serves none.
	Metrics *metrics.Metrics
	// Asterisk is what is said in ARI's words; nil serves no operations on it.
	Asterisk *asterisk.Config
	// MonitoringLocal has whoever asks on this machine itself be shown what monitoring asks for.
	MonitoringLocal bool
	// Limits bounds how many requests are taken; nil takes all.
	Limits *limit.Limiter
	// WebSocket is what /ws/auth is made of, but for its Token, which is Auth's; nil serves none.
	WebSocket *ws.Config
	// Ready says why the server cannot take calls now; nil when it can.
	Ready func() error
}

const (
	bodyLimit      = 1 << 20         // bytes
	idleWorker     = 2 * time.Second // a goroutine without a connection ends soon
	headerLimit    = 16 << 10
	maxConnections = 8192
	readTimeout    = 15 * time.Second // of a whole request
	writeTimeout   = 15 * time.Second // of a whole answer
	idleTimeout    = 60 * time.Second
	// requestLimit is how long a handler may take. fiber does not tell when a
	// client goes away; this ends what nobody waits for. It is more than the
	// longest poll.
	requestLimit = voip.MaxWait + 15*time.Second
)

// Server is the HTTP server.
type Server struct {
	cfg      Config
	app      *fiber.App
	live     *ws.Server // nil for none
	listener *listener
	served   chan error
	once     sync.Once         // of Shutdown
	requests *metrics.Requests // nil where nobody asks
	err      error
}

// ownProblems makes huma speak of errors as we do. The hook is the library's
// global, the same for every server.
var ownProblems sync.Once

// New builds the server; Start opens it.
func New(cfg Config) (*Server, error) {
	if cfg.Idempotency == nil {
		return nil, errors.New("api: nowhere to keep answers to requests with an idempotency key")
	}
	if cfg.Limits == nil {
		cfg.Limits = limit.New(limit.Config{}, time.Now)
	}
	ownProblems.Do(func() { huma.NewError = newProblem })
	s := &Server{cfg: cfg, served: make(chan error, 1)}
	s.app = fiber.New(fiber.Config{
		// fiber reuses its strings after the handler returns; ids are kept.
		Immutable:             true,
		AppName:               "Skybridge",
		DisableStartupMessage: true,
		BodyLimit:             bodyLimit,
		Concurrency:           maxConnections,
		ReadTimeout:           readTimeout,
		WriteTimeout:          writeTimeout,
		IdleTimeout:           idleTimeout,
		ReadBufferSize:        headerLimit,
		ErrorHandler:          s.failed,
	})
	s.app.Server().Logger = serverLog{cfg.Log}
	s.app.Server().SecureErrorLogMessage = true // a broken request may have a token in it
	s.app.Server().MaxIdleWorkerDuration = idleWorker
	if cfg.Metrics != nil {
		s.requests = metrics.NewRequests()
		cfg.Metrics.Add(s.requests, metrics.Limits(cfg.Limits))
		s.app.Use(s.count)
	}
	s.app.Use(s.guard)
	whip.Options(s.app)
	if len(cfg.Origins) > 0 {
		s.app.Use(cors.New(cors.Config{
			AllowOriginsFunc: allowed(cfg.Origins),
			AllowMethods:     "GET,POST,PUT,PATCH,DELETE",
			AllowHeaders:     "Authorization,Content-Type,If-Match,X-API-Key," + idempotency.Header,
			ExposeHeaders:    "Location,Retry-After,ETag,Link,Accept-Post,Accept-Patch," + limit.Header + "," + limit.PolicyHeader,
			MaxAge:           3600,
		}))
	}
	whip.Asked(s.app)
	s.app.Get("/healthz", func(c *fiber.Ctx) error { return c.JSON(stateBody{Status: "ok"}) })
	s.app.Get("/readyz", s.ready)
	if cfg.WebSocket != nil {
		s.serveWebSocket(*cfg.WebSocket)
	}
	s.registerAPI()
	if cfg.Metrics != nil {
		s.app.Get(metricsPath, cfg.Limits.ByAddress, s.authenticate, s.metrics)
	}
	if cfg.Pages != nil {
		s.servePages(cfg.Pages)
	}
	return s, nil
}

// jsonFormat takes JSON of UTF-8 alone (RFC 8259 §8.1), in which encoding/json would
// replace what is broken.
var jsonFormat = huma.Format{
	Marshal: huma.DefaultJSONFormat.Marshal,
	Unmarshal: func(data []byte, v any) error {
		if !utf8.Valid(data) {
			return errors.New("the body is not UTF-8")
		}
		return huma.DefaultJSONFormat.Unmarshal(data, v)
	},
}

// registerAPI adds the operations: first those that anybody may use, then, behind
// the authentication, the others.
func (s *Server) registerAPI() {
	config := huma.DefaultConfig("Skybridge VoIP API", s.cfg.Version)
	config.DocsPath = ""
	config.SchemasPath = ""
	config.CreateHooks = nil // no $schema links in bodies
	config.Formats = map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT"},
		"apiKey": {Type: "apiKey", In: "header", Name: "X-API-Key"},
	}
	operations := humafiber.New(s.app, config)
	routes.RegisterHealth(operations, s.cfg.VoIP, s.cfg.Version, s.cfg.Ready)
	s.app.Use(rest.Base, s.cfg.Limits.ByAddress, s.authenticate, idempotency.New(s.cfg.Idempotency, s.cfg.Log))
	fail := problemOf(s.cfg.Log)
	routes.Register(operations, s.cfg.VoIP, s.cfg.PlanCalls, fail)
	whip.Register(operations, whip.New(s.cfg.VoIP, s.cfg.VoIP.Parts().Rooms, s.cfg.Log), fail)
	if s.cfg.WebSocket != nil {
		chat.Register(operations, s.cfg.WebSocket.Chat, fail)
	}
	if s.cfg.Identity != nil {
		who := *s.cfg.Identity
		if s.live != nil {
			who.Changed = s.live.Changed
		}
		identity.Register(operations, who, fail)
	}
	if s.cfg.Asterisk != nil {
		asterisk.Register(operations, *s.cfg.Asterisk, fail)
	}
	if s.cfg.Protection != nil {
		protection.Register(operations, *s.cfg.Protection, fail)
	}
	if s.cfg.Extensions != nil {
		extensions.Register(operations, s.cfg.Extensions, fail)
	}
	s.describe(operations.OpenAPI())
}

// allowed tells which origins, as browsers write them, may use the API.
func allowed(origins []string) func(string) bool {
	return func(origin string) bool {
		return slices.ContainsFunc(origins, func(o string) bool { return o == "*" || strings.EqualFold(o, origin) })
	}
}

// ready answers whether the server takes calls.
func (s *Server) ready(c *fiber.Ctx) error {
	if err := s.cfg.Ready(); err != nil {
		return c.Status(http.StatusServiceUnavailable).JSON(stateBody{"unavailable", err.Error()})
	}
	return c.JSON(stateBody{Status: "ready"})
}

// errTarget is of a request that was read whole, but asks for nothing.
var errTarget = fiber.NewError(http.StatusBadRequest, "malformed request target")

// guard bounds a request's time and turns a panic of its handler into its 500.
func (s *Server) guard(c *fiber.Ctx) (err error) {
	if _, err := url.ParseRequestURI(string(c.Request().RequestURI())); err != nil {
		return errTarget
	}
	ctx, cancel := context.WithTimeout(context.Background(), requestLimit)
	defer cancel()
	c.SetUserContext(ctx)
	defer func() {
		if r := recover(); r != nil {
			s.cfg.Log.Error("panic in a request", "method", c.Method(), "path", c.Path(),
				"err", fmt.Sprint(r), "stack", string(debug.Stack()))
			c.Response().Reset()
			err = fault.New(fault.Internal, "panic in a request")
		}
	}()
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	if s.cfg.TLS != nil { // RFC 6797; browsers heed it where they trust the certificate
		c.Set(fiber.HeaderStrictTransportSecurity, "max-age=31536000")
	}
	return c.Next()
}

// halfRead tells whether a request was refused before its end was read: its rest may
// be on the way, and the connection ends after the answer.
func halfRead(e *fiber.Error) bool {
	switch e.Code {
	case http.StatusRequestEntityTooLarge, http.StatusRequestHeaderFieldsTooLarge:
		return true
	default:
		return e.Code == http.StatusBadRequest && !errors.Is(e, errTarget)
	}
}

// failed answers an error that reached fiber: its own, or one of ours.
func (s *Server) failed(c *fiber.Ctx, err error) error {
	var p *problem
	var fe *fiber.Error
	if errors.As(err, &fe) {
		p = newBody(fe.Code, codeOfStatus(fe.Code), fe.Message)
		if halfRead(fe) {
			lingerOn(c.Context().Conn())
		}
	} else {
		p = describe(s.cfg.Log, err)
	}
	for name, values := range p.GetHeaders() {
		c.Set(name, values[0])
	}
	return c.Status(p.Status).JSON(p, problemType)
}

// Start opens the listener and serves it until Shutdown.
func (s *Server) Start(ctx context.Context) error {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", s.cfg.Listen)
	if err != nil {
		return fmt.Errorf("api: %w", err) // it names the address
	}
	s.listener = newListener(ln, s.cfg.Log)
	serve := net.Listener(s.listener)
	if s.cfg.TLS != nil {
		serve = tls.NewListener(serve, s.cfg.TLS)
	}
	go func() { s.served <- s.app.Listener(serve) }() // owned by s, ended by Shutdown
	return nil
}

// Addr is where the server listens.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Shutdown closes the listener, sends long polls home, waits for the other
// requests under way until ctx ends, cuts what is left, and waits for the serving
// goroutine. It fails when something had to be cut. Calling it again changes nothing.
func (s *Server) Shutdown(ctx context.Context) error {
	if s.listener == nil {
		return nil
	}
	s.once.Do(func() { s.err = s.shutdown(ctx) })
	return s.err
}

func (s *Server) shutdown(ctx context.Context) error {
	s.cfg.VoIP.StopWaiting()
	if s.live != nil {
		s.live.Close()
	}
	errs := []error{s.listener.Close()}
	s.listener.cut(true)
	errs = append(errs, s.app.ShutdownWithContext(ctx))
	s.listener.cut(false)
	errs = append(errs, <-s.served)
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("api shutdown: %w", err)
	}
	return nil
}
