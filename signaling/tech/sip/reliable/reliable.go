// Package reliable is what the option 100rel of an endpoint means for its calls (RFC 3262).
//
// It starts no goroutine.
package reliable

import (
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Refuse refuses a call for what its endpoint does about reliable provisional
// responses (RFC 3262 §3): 420 where they are required and not had, 421 the other way. nil lets it pass.
func Refuse(req *message.Request, do endpoint.Rel100) *ua.Reply {
	required := req.HasToken("Require", "100rel")
	switch {
	case do == endpoint.Rel100No && required:
		return &ua.Reply{Status: 420, Headers: []message.Header{{Name: "Unsupported", Value: "100rel"}}}
	case do == endpoint.Rel100Required && !required && !req.HasToken("Supported", "100rel"):
		return &ua.Reply{Status: 421, Headers: []message.Header{{Name: "Require", Value: "100rel"}}}
	}
	return nil
}

// Headers are what an INVITE of ours says about provisional responses: that we
// acknowledge reliable ones, or must be sent no others, and that a branch may tell its end
// (RFC 6228).
func Headers(do endpoint.Rel100) []message.Header {
	switch do {
	case endpoint.Rel100No:
		return []message.Header{{Name: "Supported", Value: "199"}}
	case endpoint.Rel100Required:
		return []message.Header{{Name: "Supported", Value: "199"}, {Name: "Require", Value: "100rel"}}
	default:
		return []message.Header{{Name: "Supported", Value: "100rel, 199"}}
	}
}

// Wanted reports whether our own responses are to be reliable where the caller takes them;
// where it requires them they are in any case but Rel100No, which Refuse refuses.
func Wanted(do endpoint.Rel100) bool {
	return do == endpoint.Rel100Required || do == endpoint.Rel100Peer
}
