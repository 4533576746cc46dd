package api

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// authenticate finds out who is asking, or refuses. Neither tokens nor keys are
// ever logged.
func (s *Server) authenticate(c *fiber.Ctx) error {
	p, err := s.principal(c)
	if err != nil {
		return err
	}
	c.SetUserContext(rest.WithPrincipal(c.UserContext(), p))
	if s.live != nil {
		s.live.Asks(p)
	}
	return c.Next()
}

func (s *Server) principal(c *fiber.Ctx) (auth.Principal, error) {
	if header := c.Get(fiber.HeaderAuthorization); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return auth.Principal{}, fault.New(fault.Unauthorized, "authorization must be Bearer")
		}
		return s.cfg.Auth.Token(strings.TrimSpace(token))
	}
	if key := c.Get("X-API-Key"); key != "" {
		return s.cfg.Auth.APIKey(c.UserContext(), key)
	}
	return auth.Principal{}, fault.New(fault.Unauthorized, "a bearer token or an API key is needed")
}
