// Package extensions is the REST API's view of extensions: the ring groups there are, and
// what each phone has switched on.
//
// It starts no goroutine.
package extensions

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/signaling/extension"
	"github.com/skygenesisenterprise/skybridge/signaling/ringgroup"
)

// Source is what the operations tell of.
type Source struct {
	Groups   *ringgroup.Registry
	Services *extension.Registry
}

// GroupBody is a ring group.
type GroupBody struct {
	Number   string   `json:"number"`
	Name     string   `json:"name"`
	Members  []string `json:"members" nullable:"false"`
	Strategy string   `json:"strategy" enum:"all,sequence,random"`
	RingTime int      `json:"ring_time" doc:"Seconds that one member rings by itself"`
	Total    int      `json:"total" doc:"Seconds that the group rings altogether"`
	SkipBusy bool     `json:"skip_busy"`
	Fallback string   `json:"fallback" doc:"The extension that the call goes to when nobody answers; empty for none"`
	Prefix   string   `json:"prefix"`
}

type routes struct{ Source }

// Register adds the operations.
func Register(api huma.API, s *Source, fail rest.Errors) {
	r := routes{*s}
	rest.Handle(api, fail, rest.Operation(http.MethodGet, "/ring-groups", "list-ring-groups", "List the ring groups", 0), r.groups)
	const path = "/extensions/{extension}/services"
	rest.Handle(api, fail, rest.Operation(http.MethodGet, path, "get-extension-services",
		"Tell what an extension has switched on: its owner's, or any for admins", 0), r.services)
	rest.Handle(api, fail, rest.Operation(http.MethodPut, path, "put-extension-services",
		"Switch forwarding and do not disturb of an extension; what is left out is off", 0), r.setServices)
}

func (r routes) groups(_ context.Context, _ auth.Principal, in *rest.Page) (*rest.List[GroupBody], error) {
	var all []GroupBody
	for _, g := range r.Groups.List() {
		all = append(all, GroupBody{
			Number: g.Number, Name: g.Name, Members: g.Members, Strategy: string(g.Strategy), RingTime: int(g.RingTime.Seconds()),
			Total: int(g.Total.Seconds()), SkipBusy: g.SkipBusy, Fallback: g.Fallback, Prefix: g.Prefix,
		})
	}
	return rest.CutNamed(all, *in, func(g GroupBody) string { return g.Number })
}
