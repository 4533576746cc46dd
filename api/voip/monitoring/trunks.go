package monitoring

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// TrunkDetail is how a trunk does, and what its calls have come to.
type TrunkDetail struct {
	TrunkBody
	Calls     int        `json:"calls" doc:"At this moment, both ways"`
	MaxCalls  int        `json:"max_calls" doc:"0 is no limit"`
	PerSecond float64    `json:"calls_per_second" doc:"The most that may begin in a second; 0 is no limit"`
	Attempts  uint64     `json:"attempts" doc:"Calls that were sent there"`
	Answered  uint64     `json:"answered"`
	Failures  uint64     `json:"failures" doc:"Calls that it failed at"`
	Refused   uint64     `json:"refused" doc:"Calls that a limit kept away"`
	RetryAt   *time.Time `json:"retry_at" doc:"When it is tried again as before"`
}

// RegisterTrunks adds the list of trunks.
func RegisterTrunks(api huma.API, e *signaling.Engine, fail rest.Errors) {
	rest.Handle(api, fail, rest.Operation(http.MethodGet, "/trunks", "list-trunks", "List the trunks and how they do", 0), routes{e}.listTrunks)
}

type routes struct{ engine *signaling.Engine }

// listTrunks is for those who look after the server: the errors name who is at the
// other end.
func (r routes) listTrunks(_ context.Context, p auth.Principal, in *rest.Page) (*rest.List[TrunkDetail], error) {
	if !p.Has(auth.RoleAdmin) && !p.Has(auth.RoleAuditor) && !p.Has(auth.RoleService) {
		return nil, fault.New(fault.Forbidden, "trunks are shown to administrators, auditors and services")
	}
	var all []TrunkDetail
	for _, ep := range r.engine.Endpoints() {
		if ep.Trunk {
			all = append(all, trunkDetail(ep))
		}
	}
	return rest.CutNamed(all, *in, func(t TrunkDetail) string { return t.Name })
}

func trunkDetail(ep signaling.EndpointSnapshot) TrunkDetail {
	d := TrunkDetail{
		TrunkBody: trunkBody(ep), Calls: ep.Calls, MaxCalls: ep.MaxCalls, PerSecond: ep.PerSecond,
		Attempts: ep.Attempts, Answered: ep.Answered, Failures: ep.Failures, Refused: ep.Refused,
	}
	if !ep.RetryAt.IsZero() {
		at := ep.RetryAt.UTC()
		d.RetryAt = &at
	}
	return d
}
