package metrics

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// Requests counts the requests of the HTTP server. It is safe for concurrent use.
type Requests struct {
	*prometheus.CounterVec
	replayed prometheus.Counter
}

// NewRequests makes a counter of requests, which is a part.
func NewRequests() *Requests {
	return &Requests{
		CounterVec: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "voip_http_requests_total", Help: "Requests that were answered, by the route's pattern, method and status; of what no route is, the route is none.",
		}, []string{"route", "method", "status"}),
		replayed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "voip_idempotent_replays_total", Help: "Requests with an Idempotency-Key that were answered as before, not done again.",
		}),
	}
}

// Describe tells what there can be.
func (r *Requests) Describe(to chan<- *prometheus.Desc) {
	r.CounterVec.Describe(to)
	r.replayed.Describe(to)
}

// Collect tells what there is.
func (r *Requests) Collect(to chan<- prometheus.Metric) {
	r.CounterVec.Collect(to)
	r.replayed.Collect(to)
}

// methods are those that are told apart; a client may write what it likes.
var methods = map[string]bool{"GET": true, "HEAD": true, "POST": true, "PUT": true, "PATCH": true, "DELETE": true, "OPTIONS": true}

// Answered counts a request. The route is a pattern of the program's ("/calls/:id"), or empty.
func (r *Requests) Answered(route, method string, status int) {
	if route == "" {
		route = "none"
	}
	if !methods[method] {
		method = "other"
	}
	if status < 100 || status > 599 {
		status = 0
	}
	r.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
}

// Replayed counts an answer that was given again.
func (r *Requests) Replayed() { r.replayed.Inc() }
