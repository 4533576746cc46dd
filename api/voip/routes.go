package voip

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/skygenesisenterprise/skybridge/api/voip/events"
	"github.com/skygenesisenterprise/skybridge/api/voip/monitoring"
	"github.com/skygenesisenterprise/skybridge/api/voip/recordings"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/api/voip/rooms"
)

// Register adds the operations of the API. Each of them refuses a request in whose
// context there is no principal.
func Register(api huma.API, s *Service, fail rest.Errors) {
	r := routes{service: s, fail: fail}
	r.registerCalls(api)
	rooms.Register(api, s.rooms, fail)
	r.registerRooms(api)
	events.Register(s.waiting, api, s.cfg.Engine.Bus(), fail)
	monitoring.RegisterTrunks(api, s.cfg.Engine, fail)
	recordings.Register(api, s.recordings, subjects{r}, fail)
}

// RegisterHealth adds the operation that needs no authentication. ready says why no calls are
// taken now.
func RegisterHealth(api huma.API, s *Service, version string, ready func() error) {
	monitoring.RegisterHealth(api, s.cfg.Engine, version, ready)
}

type routes struct {
	service *Service
	fail    rest.Errors
}
