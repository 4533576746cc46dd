package reach

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	"github.com/skygenesisenterprise/skybridge/signaling/trunkgroup"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
)

// Destination is a dial string's resource in its parts: a phone, or a trunk or a group
// of trunks, and the number to dial there.
type Destination struct {
	Phone   *directory.Endpoint // nil for a trunk or a group
	Contact *registrar.Binding  // of the phone, where one is named
	Call    *trunkgroup.Call    // of a trunk or a group: its way; its End must follow
	Number  string
}

// Destination reads a dial string's resource: a name, a contact of one, number@name or
// name/number.
func (f *Finder) Destination(resource string) (Destination, error) {
	d := f.Directory()
	if e := d.Endpoint(resource); e != nil || f.Table.IsGroup(resource) {
		return f.destination(resource, e, ""), nil
	}
	if e, b, user, named, err := f.Named(resource); named {
		return Destination{Phone: e, Contact: b, Number: user}, err
	}
	number, name, ok := strings.Cut(resource, "@") // PJSIP/number@endpoint
	if !ok {
		name, number, ok = strings.Cut(resource, "/") // SIP/endpoint/number
	}
	if ok && number != "" && !strings.ContainsAny(number, "@/") {
		if e := d.Endpoint(name); e != nil || f.Table.IsGroup(name) {
			return f.destination(name, e, number), nil
		}
	}
	return Destination{}, fault.New(fault.NotFound, "no endpoint %q", resource)
}

func (f *Finder) destination(name string, e *directory.Endpoint, number string) Destination {
	if c := f.Table.Outgoing(name); c != nil {
		return Destination{Call: c, Number: number}
	}
	return Destination{Phone: e, Number: number}
}
