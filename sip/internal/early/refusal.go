package early

import "github.com/skygenesisenterprise/skybridge/sip/internal/compose"

// Refusal is how an offer of the peer's is refused while the first exchange is open (RFC 3311
// §5.2); the zero Reply lets it pass.
func (e Exchange) Refusal() compose.Reply {
	switch e {
	case Theirs, Unbegun:
		return compose.Soon(500)
	case Ours:
		return compose.Reply{Status: 491}
	}
	return compose.Reply{}
}
