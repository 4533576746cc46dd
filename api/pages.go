package api

import (
	"io/fs"
	"net/http"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/filesystem"
)

// pagePolicy keeps the console's pages to their own origin.
const pagePolicy = "default-src 'self'; connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; " +
	"form-action 'self'; frame-ancestors 'none'"

// servePages serves the console below "/", after every other route.
func (s *Server) servePages(pages fs.FS) {
	s.app.Use("/", pageHeaders, filesystem.New(filesystem.Config{Root: http.FS(pages)}))
}

func pageHeaders(c *fiber.Ctx) error {
	c.Set(fiber.HeaderContentSecurityPolicy, pagePolicy)
	c.Set(fiber.HeaderReferrerPolicy, "no-referrer")
	c.Set(fiber.HeaderPermissionsPolicy, "microphone=(self), camera=(self), display-capture=(self)")
	c.Set(fiber.HeaderCacheControl, "no-cache") // embedded files carry no date
	return c.Next()
}
