package api

import (
	"context"
	"errors"

	"github.com/gofiber/fiber/v2"

	"github.com/skygenesisenterprise/skybridge/api/limit"
	"github.com/skygenesisenterprise/skybridge/api/metrics"
	"github.com/skygenesisenterprise/skybridge/api/ws"
	"github.com/skygenesisenterprise/skybridge/api/ws/session"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/auth/mutual"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// serveWebSocket adds /ws/auth. It stands before the authentication of the operations, since
// browsers can send no header with a token.
func (s *Server) serveWebSocket(cfg ws.Config) {
	limits := s.cfg.Limits
	cfg.Token, cfg.Failed = s.cfg.Auth.Token, limits.Failed
	s.live = ws.New(cfg)
	if s.cfg.Metrics != nil {
		s.cfg.Metrics.Add(metrics.Sessions(s.live.Sessions))
	}
	mayAsk := allowed(s.cfg.Origins)
	s.app.Get(ws.Path, func(c *fiber.Ctx) error {
		// CORS does not guard WebSockets: a page of any origin may open one.
		if origin := c.Get(fiber.HeaderOrigin); origin != "" && !ws.SameOrigin(origin, c.Get(fiber.HeaderHost)) && !mayAsk(origin) {
			return fault.New(fault.Forbidden, "this origin may not use the API")
		}
		if err := limits.AskAddress(c); err != nil {
			return err
		}
		if err := limits.AskFailures(c); err != nil {
			return err
		}
		from := limits.Client(c)
		err := s.live.Upgrade(c, s.socketCheck(c), limit.Source(from))
		if fault.Of(err) == fault.Unauthorized {
			limits.Failed(from)
		}
		return err
	})
}

// socketCheck is what tells who opens a WebSocket, now and whenever it is asked again; nil where
// the first frame is to tell. It keeps what the request came with, not the request.
func (s *Server) socketCheck(c *fiber.Ctx) session.Check {
	came := credentialOf(c)
	if token := ws.TokenOf(c); token != "" {
		came = credential{token: token}
	}
	if came.none() || came.certificate != nil && !s.cfg.Auth.IsService(came.certificate) {
		return nil
	}
	return func(ctx context.Context) (auth.Principal, error) {
		p, err := s.principal(ctx, came)
		if errors.Is(err, mutual.ErrUnknown) { // it was known when the WebSocket was opened
			err = fault.New(fault.Unauthorized, "%w", err)
		}
		return p, err
	}
}
