// Package monitoring is what those who look after the server ask for: whether it takes calls, and
// how its trunks do.
//
// It starts no goroutine.
package monitoring

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/skygenesisenterprise/skybridge/api/metrics"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// HealthBody is what monitoring asks for.
type HealthBody struct {
	Status    string      `json:"status" enum:"ok,unavailable"`
	Version   string      `json:"version"`
	Uptime    int         `json:"uptime" doc:"Seconds"`
	Channels  int         `json:"channels"`
	Bridges   int         `json:"bridges"`
	Endpoints int         `json:"endpoints"`
	Trunks    []TrunkBody `json:"trunks" nullable:"false"`
	Reason    string      `json:"reason,omitempty" doc:"Why no calls are taken"`
}

// TrunkBody is how a trunk does.
type TrunkBody struct {
	Name      string   `json:"name"`
	State     string   `json:"state"`
	RTT       *float64 `json:"rtt_ms" doc:"Of the last OPTIONS"`
	LastError *string  `json:"last_error"`
}

type healthAnswer struct {
	Status int
	Body   HealthBody
}

// RegisterHealth adds the operation that needs no authentication. ready says why no
// calls are taken now.
func RegisterHealth(api huma.API, e *signaling.Engine, version string, ready func() error) {
	op := rest.Operation(http.MethodGet, "/asterisk/health", "get-health", "Show whether the server takes calls", http.StatusOK)
	op.Security = nil
	op.Responses = map[string]*huma.Response{"503": {
		Description: "No calls are taken now",
		Content: map[string]*huma.MediaType{"application/json": {
			Schema: api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[HealthBody](), true, ""),
		}},
	}}
	huma.Register(api, op, func(context.Context, *struct{}) (*healthAnswer, error) {
		out := &healthAnswer{Status: http.StatusOK, Body: health(e, version)}
		if err := ready(); err != nil {
			out.Status, out.Body.Status, out.Body.Reason = http.StatusServiceUnavailable, "unavailable", err.Error()
		}
		return out, nil
	})
}

func health(e *signaling.Engine, version string) HealthBody {
	endpoints := e.Endpoints()
	b := HealthBody{
		Status: "ok", Version: version, Uptime: int(e.Now().Sub(e.Started()).Seconds()),
		Channels: len(e.Channels()), Bridges: len(e.Bridges()), Endpoints: metrics.CountEndpoints(endpoints).All, Trunks: []TrunkBody{},
	}
	for _, ep := range endpoints {
		if ep.Trunk {
			b.Trunks = append(b.Trunks, trunkBody(ep))
		}
	}
	return b
}

// trunkBody says how a trunk does: what our registration there says, or else what
// its address answers.
func trunkBody(ep signaling.EndpointSnapshot) TrunkBody {
	b := TrunkBody{Name: ep.Name, State: ep.Registration, LastError: rest.OptionalText(ep.LastError)}
	for _, ct := range ep.Contacts {
		if b.State == "" {
			b.State = string(ct.Status)
		}
		if ct.RTT > 0 && b.RTT == nil {
			ms := float64(ct.RTT.Microseconds()) / float64(time.Millisecond/time.Microsecond)
			b.RTT = &ms
		}
	}
	if b.State == "" {
		b.State = string(signaling.ContactUnavailable)
	}
	return b
}
