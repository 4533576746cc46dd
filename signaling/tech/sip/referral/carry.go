package referral

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/refer"
)

// External is the extension that INVITEs go to which replace a call elsewhere.
const External = "external_replaces"

// The variables of chan_pjsip that carry a transfer's headers; those of two underscores go
// on into the calls that the channel makes.
const (
	referToVariable    = "SIPREFERTOHDR"
	referredByVariable = "__SIPREFERREDBYHDR"
	replacesVariable   = "__SIPREPLACESHDR"
)

// Variables are what a channel that is transferred is given.
func Variables(r *refer.Request) []dialplan.Variable {
	vars := []dialplan.Variable{{Name: "SIPTRANSFER", Value: "yes"}, {Name: referToVariable, Value: r.To.String()}}
	if r.By != "" {
		vars = append(vars, dialplan.Variable{Name: referredByVariable, Value: r.By})
	}
	if r.Replaces != nil {
		vars = append(vars, dialplan.Variable{Name: replacesVariable, Value: r.Replaces.String()})
	}
	return vars
}

// Headers are those that a transferred channel's variables bring into its calls.
func Headers(vars []dialplan.Variable) (hs []message.Header) {
	for _, v := range vars {
		switch strings.TrimLeft(v.Name, "_") {
		case strings.TrimLeft(referredByVariable, "_"):
			if a, err := message.ParseAddress(v.Value); err == nil {
				hs = append(hs, message.Header{Name: "Referred-By", Value: a.String()})
			}
		case strings.TrimLeft(replacesVariable, "_"):
			if r, err := refer.ParseReplaces(v.Value); err == nil {
				hs = append(hs, message.Header{Name: "Replaces", Value: r.String()}, message.Header{Name: "Require", Value: "replaces"})
			}
		}
	}
	return hs
}
