package api

import (
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/skygenesisenterprise/skybridge/api/metrics"
	"github.com/skygenesisenterprise/skybridge/api/voip/access"
	"github.com/skygenesisenterprise/skybridge/api/ws"
)

// stateBody is what /healthz and /readyz say.
type stateBody struct {
	Status string `json:"status" enum:"ok,ready,unavailable"`
	Reason string `json:"reason,omitempty" doc:"Why no calls are taken now"`
}

// describe puts into the document what is served beside its operations.
func (s *Server) describe(doc *huma.OpenAPI) {
	of := func(kind string, schema *huma.Schema) map[string]*huma.MediaType {
		return map[string]*huma.MediaType{kind: {Schema: schema}}
	}
	state := func() map[string]*huma.MediaType {
		return of("application/json", doc.Components.Schemas.Schema(reflect.TypeFor[stateBody](), true, ""))
	}
	failed := &huma.Response{Description: "Error", Content: of(problemType, doc.Components.Schemas.Schema(reflect.TypeFor[problem](), true, ""))}
	text := func() *huma.Schema { return &huma.Schema{Type: huma.TypeString} }
	add := func(path, id, summary string, responses map[string]*huma.Response, parameters ...*huma.Param) {
		op := huma.Operation{
			OperationID: id, Method: http.MethodGet, Path: path, Summary: summary, Responses: responses, Parameters: parameters,
			Security: []map[string][]string{{"bearer": {}}, {"apiKey": {}}},
		}
		access.Describe(&op)
		doc.AddOperation(&op)
	}
	add("/healthz", "get-alive", "Tell that the server runs", map[string]*huma.Response{"200": {Description: "It runs", Content: state()}})
	add("/readyz", "get-ready", "Tell whether the server takes calls", map[string]*huma.Response{
		"200": {Description: "It takes calls", Content: state()}, "503": {Description: "It takes none now", Content: state()},
	})
	if s.cfg.Metrics != nil {
		add(metricsPath, "get-metrics", "Show the metrics, as Prometheus reads them", map[string]*huma.Response{
			"200": {Description: "OK", Content: of(metrics.ContentType, text())}, "default": failed,
		})
	}
	if s.cfg.WebSocket != nil {
		add(ws.Path, "open-websocket", "Open a WebSocket, on which what happens is pushed: docs/guide/websocket.md", map[string]*huma.Response{
			"101": {Description: "The WebSocket is open"}, "default": failed,
		}, &huma.Param{Name: "token", In: "query", Schema: text(), Description: "A JWT; it may come as the subprotocol after bearer, as a header, or in the first frame"})
	}
}
