package api

import (
	"context"
	"crypto/tls"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// authenticate finds out who is asking, or refuses. Neither tokens nor keys are
// ever logged.
func (s *Server) authenticate(c *fiber.Ctx) error {
	shown := credentialOf(c)
	if shown.none() && s.maySee(c) {
		c.SetUserContext(rest.WithPrincipal(c.UserContext(), anybodyHere()))
		return c.Next()
	}
	p, err := s.identify(c, shown)
	if err != nil {
		return err
	}
	c.SetUserContext(rest.WithPrincipal(c.UserContext(), p))
	if s.live != nil {
		s.live.Asks(p)
	}
	return c.Next()
}

// credential is what a request shows; a token comes before a key, a key before a certificate.
type credential struct {
	token, key  string
	odd         bool                 // it is no credential that we know
	certificate *tls.ConnectionState // on which one was shown
}

func (k credential) none() bool { return k == credential{} }

// credentialOf is what a request's headers, or its connection, show.
func credentialOf(c *fiber.Ctx) credential {
	if header := c.Get(fiber.HeaderAuthorization); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		return credential{token: strings.TrimSpace(token), odd: !strings.EqualFold(scheme, "Bearer")}
	}
	if key := c.Get("X-API-Key"); key != "" {
		return credential{key: key}
	}
	if state := c.Context().TLSConnectionState(); state != nil && len(state.PeerCertificates) > 0 {
		return credential{certificate: state}
	}
	return credential{}
}

// identify finds out who is asking and counts the request as theirs. Who has shown too much that
// is no token and no key is not looked at; to show nothing is no guess.
func (s *Server) identify(c *fiber.Ctx, shown credential) (auth.Principal, error) {
	if shown.none() {
		return auth.Principal{}, fault.New(fault.Unauthorized, "a bearer token or an API key is needed")
	}
	if err := s.cfg.Limits.AskFailures(c); err != nil {
		return auth.Principal{}, err
	}
	p, err := s.principal(c.UserContext(), shown)
	switch {
	case fault.Of(err) == fault.Unauthorized:
		s.cfg.Limits.Failed(s.cfg.Limits.Client(c))
		return p, err
	case err != nil:
		return p, err
	case shown.key != "":
		return p, s.cfg.Limits.AskKey(c, shown.key)
	}
	return p, s.cfg.Limits.AskUser(c, p.User)
}

func (s *Server) principal(ctx context.Context, shown credential) (auth.Principal, error) {
	switch {
	case shown.odd:
		return auth.Principal{}, fault.New(fault.Unauthorized, "authorization must be Bearer")
	case shown.key != "":
		return s.cfg.Auth.APIKey(ctx, shown.key)
	case shown.certificate != nil:
		return s.cfg.Auth.Certificate(ctx, shown.certificate)
	}
	return s.cfg.Auth.Token(shown.token)
}
