// Package contacts has the dialplan function that names every phone of an endpoint, for a
// Dial that rings them all: PJSIP_DIAL_CONTACTS. No goroutine.
package contacts

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/app"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
)

// Finder are the contacts of an endpoint that can be rung, of one address of record or of
// all for "", asked for a user or for their own for "". The variables are those that the
// call hands on. It may be called from any goroutine.
type Finder func(endpoint, aor, user string, vars []dialplan.Variable) ([]dialstring.Target, error)

// Functions is this package's share of the table of functions:
// PJSIP_DIAL_CONTACTS(endpoint[,aor[,request_user]]).
func Functions(find Finder) []dialplan.Function {
	return []dialplan.Function{
		{Name: "PJSIP_DIAL_CONTACTS", Synopsis: "Every phone of an endpoint, as Dial takes them", Read: find.read},
	}
}

func (find Finder) read(c *dialplan.Call, args string) (string, error) {
	parts := argument.Split(args, 3)
	at := func(i int) string { return strings.TrimSpace(argument.At(parts, i)) }
	if at(0) == "" {
		return "", fault.New(fault.Invalid, "PJSIP_DIAL_CONTACTS: no endpoint")
	}
	var vars []dialplan.Variable
	if ch, ok := app.ChannelOf(c); ok {
		vars = ch.Vars().Inherited()
	}
	targets, err := find(at(0), at(1), at(2), vars)
	if err != nil {
		return "", err
	}
	names := make([]string, len(targets))
	for i, t := range targets {
		names[i] = t.String()
	}
	return strings.Join(names, "&"), nil
}
