package ws

import (
	"strings"

	"github.com/gofiber/fiber/v2"
)

// bearer is the subprotocol that a client offers beside its token, since browsers can send no
// other header.
const bearer = "bearer"

// TokenOf is the token of a request for a WebSocket: what stands in its URL, or after bearer in
// its subprotocols; "" for none.
func TokenOf(c *fiber.Ctx) string {
	if token := c.Query("token"); token != "" {
		return token
	}
	offered := strings.Split(c.Get(fiber.HeaderSecWebSocketProtocol), ",")
	for i := range offered[1:] {
		if strings.TrimSpace(offered[i]) == bearer {
			return strings.TrimSpace(offered[i+1])
		}
	}
	return ""
}

// SameOrigin reports whether an Origin header, as browsers write it (RFC 6454), is of the host
// that the request is for.
func SameOrigin(origin, host string) bool {
	_, from, ok := strings.Cut(origin, "://")
	return ok && strings.EqualFold(from, host)
}
