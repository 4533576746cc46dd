package api

import (
	"github.com/gofiber/fiber/v2"

	"github.com/skygenesisenterprise/skybridge/api/ws"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// serveWebSocket adds /ws/auth. It stands before the authentication of the operations, since
// browsers can send no header with a token.
func (s *Server) serveWebSocket(cfg ws.Config) {
	cfg.Token = s.cfg.Auth.Token
	s.live = ws.New(cfg)
	mayAsk := allowed(s.cfg.Origins)
	s.app.Get(ws.Path, func(c *fiber.Ctx) error {
		// CORS does not guard WebSockets: a page of any origin may open one.
		if origin := c.Get(fiber.HeaderOrigin); origin != "" && !ws.SameOrigin(origin, c.Get(fiber.HeaderHost)) && !mayAsk(origin) {
			return fault.New(fault.Forbidden, "this origin may not use the API")
		}
		p, err := s.socketPrincipal(c)
		if err != nil {
			return err
		}
		return s.live.Upgrade(c, p)
	})
}

// socketPrincipal is who opens a WebSocket; nil where the first frame is to tell.
func (s *Server) socketPrincipal(c *fiber.Ctx) (*auth.Principal, error) {
	var p auth.Principal
	var err error
	if token := ws.TokenOf(c); token != "" {
		p, err = s.cfg.Auth.Token(token)
	} else if c.Get(fiber.HeaderAuthorization) != "" || c.Get("X-API-Key") != "" {
		p, err = s.principal(c)
	} else {
		return nil, nil //nolint:nilnil // nobody yet is no error
	}
	return &p, err
}
