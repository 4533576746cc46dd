// Package routes are the operations of the calls' and rooms' API over HTTP: what they take, what
// they answer. What they do is package voip's.
package routes

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/skygenesisenterprise/skybridge/api/voip"
	"github.com/skygenesisenterprise/skybridge/api/voip/events"
	"github.com/skygenesisenterprise/skybridge/api/voip/monitoring"
	"github.com/skygenesisenterprise/skybridge/api/voip/plancalls"
	"github.com/skygenesisenterprise/skybridge/api/voip/recordings"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/api/voip/rooms"
)

// Register adds the operations of the API; plan has the dialplan's calls, nil for none. Each of them refuses a request in whose
// context there is no principal.
func Register(api huma.API, s *voip.Service, plan *plancalls.Follower, fail rest.Errors) {
	r := routes{service: s, parts: s.Parts(), plan: plan, fail: fail}
	r.registerCalls(api)
	rooms.Register(api, r.parts.Rooms, fail)
	r.registerRooms(api)
	events.Register(r.parts.Waiting, api, r.parts.Engine.Bus(), fail)
	monitoring.RegisterTrunks(api, r.parts.Engine, fail)
	recordings.Register(api, r.parts.Recordings, s.Subjects(), fail)
}

// RegisterHealth adds the operation that needs no authentication. ready says why no calls are
// taken now.
func RegisterHealth(api huma.API, s *voip.Service, version string, ready func() error) {
	monitoring.RegisterHealth(api, s.Parts().Engine, version, ready)
}

type routes struct {
	service *voip.Service
	parts   voip.Parts
	plan    *plancalls.Follower
	fail    rest.Errors
}
