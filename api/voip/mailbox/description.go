package mailbox

import (
	"encoding/json"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Description is the payload of an offer and an answer.
type Description struct {
	Type string `json:"type"`
	SDP  string `json:"sdp"`
}

// SDP is the SDP of an offer or an answer.
func SDP(kind string, payload json.RawMessage) (string, error) {
	var d Description
	if err := json.Unmarshal(payload, &d); err != nil || d.SDP == "" {
		return "", rest.InField("body.payload", fault.New(fault.Invalid, "payload of an %s must be {sdp, type}", kind))
	}
	if d.Type != "" && d.Type != kind {
		return "", rest.InField("body.payload.type", fault.New(fault.Invalid, "%q in an %s", d.Type, kind))
	}
	return d.SDP, nil
}

// SDPError says where an SDP that cannot be used stands, and tells one that cannot be
// read (with its line) from one that we cannot take.
func SDPError(err error) error {
	switch fault.Of(err) {
	case fault.Invalid:
		return rest.InField("body.payload.sdp", fault.WithCode(fault.Malformed, "malformed_sdp", "%w", err))
	case fault.NotAcceptable, fault.TooLarge:
		return rest.InField("body.payload.sdp", err)
	default:
		return err
	}
}
