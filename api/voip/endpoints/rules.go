package endpoints

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/dial"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
)

// Rules say who may dial what.
type Rules struct {
	// Context is where the phone of an extension enters the dialplan, empty for who has none; nil has it
	// that nobody has a phone.
	Context func(extension string) string
}

// Check fails with fault.Forbidden for what a principal may not dial: of the dialplan's extensions
// ("Local/600@internal") a user may those that their own phone could, services and admins all.
func (r Rules) Check(p auth.Principal, t dialstring.Target) error {
	if !strings.EqualFold(t.Tech, dial.Local) || !rest.Bounded(p) {
		return nil
	}
	_, context := dial.LocalExtension(t.Resource)
	if p.Extension == "" || r.Context == nil || context == "" || r.Context(p.Extension) != context {
		return fault.New(fault.Forbidden, "%s: you may dial extensions of your own phone's context alone", t)
	}
	return nil
}

// Parse reads the endpoints of a principal's request; each may be named once.
func (r Rules) Parse(p auth.Principal, names []string) ([]dialstring.Target, error) {
	targets, err := parse(names)
	for i, t := range targets {
		if err := r.Check(p, t); err != nil {
			return nil, InParticipant(i, err)
		}
	}
	return targets, err
}
