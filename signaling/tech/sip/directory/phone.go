package directory

import (
	"github.com/skygenesisenterprise/skybridge/signaling/callgroup"
	"github.com/skygenesisenterprise/skybridge/signaling/extension"
)

// Phone finds a phone by name; trunks are none.
func (d *Directory) Phone(name string) (extension.Phone, bool) {
	e := d.Endpoint(name)
	if e == nil || e.Trunk() {
		return extension.Phone{}, false
	}
	return extension.Phone{Name: e.Name, Context: e.Context, ID: e.Identity.Self}, true
}

// CallGroups are those that an endpoint's calls are in, and those whose calls it may answer.
func (d *Directory) CallGroups(name string) (calls, pickups callgroup.Groups) {
	if e := d.Endpoint(name); e != nil {
		return e.Calls, e.Pickups
	}
	return calls, pickups
}
