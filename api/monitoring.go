package api

import (
	"github.com/gofiber/fiber/v2"

	"github.com/skygenesisenterprise/skybridge/api/metrics"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// metricsPath is where Prometheus finds the metrics.
const metricsPath = "/api/v1/metrics/prometheus"

// metrics answers a scrape. It is for those who look after the server: names of trunks and
// what they do are nobody else's business.
func (s *Server) metrics(c *fiber.Ctx) error {
	p := rest.PrincipalOf(c.UserContext())
	if !p.Allows("metrics", false) || !p.Has(auth.RoleAdmin) && !p.Has(auth.RoleAuditor) && !p.Has(auth.RoleService) {
		return fault.New(fault.Forbidden, "metrics are shown to administrators, auditors and services")
	}
	c.Set(fiber.HeaderContentType, metrics.ContentType)
	return s.cfg.Metrics.Write(c)
}
