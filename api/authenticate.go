package api

import (
	"context"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// authenticate finds out who is asking, or refuses. Neither tokens nor keys are
// ever logged.
func (s *Server) authenticate(c *fiber.Ctx) error {
	p, err := s.principal(c.UserContext(), credentials{c.Get(fiber.HeaderAuthorization), c.Get("X-API-Key")})
	if err != nil {
		return err
	}
	c.SetUserContext(rest.WithPrincipal(c.UserContext(), p))
	if s.live != nil {
		s.live.Asks(p)
	}
	return c.Next()
}

// credentials are what a request came with: its Authorization and X-API-Key headers.
type credentials struct{ authorization, key string }

func (s *Server) principal(ctx context.Context, came credentials) (auth.Principal, error) {
	if came.authorization != "" {
		scheme, token, _ := strings.Cut(came.authorization, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return auth.Principal{}, fault.New(fault.Unauthorized, "authorization must be Bearer")
		}
		return s.cfg.Auth.Token(strings.TrimSpace(token))
	}
	if came.key != "" {
		return s.cfg.Auth.APIKey(ctx, came.key)
	}
	return auth.Principal{}, fault.New(fault.Unauthorized, "a bearer token or an API key is needed")
}
