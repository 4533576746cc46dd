package api

import (
	"slices"

	"github.com/gofiber/fiber/v2"

	"github.com/skygenesisenterprise/skybridge/api/idempotency"
	"github.com/skygenesisenterprise/skybridge/api/limit"
	"github.com/skygenesisenterprise/skybridge/api/metrics"
	"github.com/skygenesisenterprise/skybridge/api/voip/access"
	"github.com/skygenesisenterprise/skybridge/api/voip/asterisk"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
)

// metricsPath is where Prometheus finds the metrics.
const metricsPath = "/api/v1/metrics/prometheus"

// monitored are what monitoring asks for by GET, which the configuration may open to this machine.
var monitored = []string{metricsPath, rest.Base + asterisk.InfoPath, rest.Base + asterisk.ChannelsPath}

// maySee tells whether a request without a token is for what monitoring asks for, and on this
// machine, and whether that is enough.
func (s *Server) maySee(c *fiber.Ctx) bool {
	return s.cfg.MonitoringLocal && c.Method() == fiber.MethodGet && slices.Contains(monitored, c.Path()) && limit.Local(c)
}

// anybodyHere is who asks so: of the objects that scopes name, no other than these.
func anybodyHere() auth.Principal {
	return auth.Principal{User: "monitoring", Roles: []auth.Role{auth.RoleAuditor}, Scopes: []string{"metrics:read", "asterisk:read"}}
}

// count counts a request by what it was answered with.
func (s *Server) count(c *fiber.Ctx) error {
	if err := c.Next(); err != nil { // answered now, so that its status is known
		if err := s.failed(c, err); err != nil {
			return err
		}
	}
	s.requests.Answered(c.Route().Path, c.Method(), c.Response().StatusCode())
	if c.Locals(idempotency.Replayed) != nil {
		s.requests.Replayed()
	}
	return nil
}

// metrics answers a scrape. It is for those who look after the server: names of trunks and
// what they do are nobody else's business.
func (s *Server) metrics(c *fiber.Ctx) error {
	p := rest.PrincipalOf(c.UserContext())
	rule, _ := access.Of("get-metrics")
	if err := rule.Check(p); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, metrics.ContentType)
	return s.cfg.Metrics.Write(c)
}
