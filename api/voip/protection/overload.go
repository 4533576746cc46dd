package protection

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/sip/overload"
)

// Overload is what decides how much of new work is refused.
type Overload interface {
	State() overload.State
	Draining() bool
	Refused() uint64
}

// OverloadBody is how much of new work is refused.
type OverloadBody struct {
	Pressure float64 `json:"pressure" doc:"0 when nothing is refused, 1 when all is that may be"`
	Short    *string `json:"short" doc:"What the server is shortest of: queue, ticks, memory, descriptors, ports or transactions"`
	Refused  uint64  `json:"refused" doc:"Requests so far"`
	Draining bool    `json:"draining" doc:"New calls are refused, since the server is about to stop"`
}

func (r routes) showOverload(context.Context, auth.Principal, *struct{}) (*rest.Answer[OverloadBody], error) {
	s := r.overload.State()
	return &rest.Answer[OverloadBody]{Body: OverloadBody{
		Pressure: s.Pressure, Short: rest.OptionalText(s.Short), Refused: r.overload.Refused(), Draining: r.overload.Draining(),
	}}, nil
}
