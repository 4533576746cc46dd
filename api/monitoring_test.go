package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/api"
	"github.com/skygenesisenterprise/skybridge/api/metrics"
	"github.com/skygenesisenterprise/skybridge/api/voip/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// lines is a server with one trunk.
type lines struct{}

func (lines) Started() time.Time                    { return time.Time{} }
func (lines) Processed() uint64                     { return 0 }
func (lines) Channels() []signaling.ChannelSnapshot { return nil }
func (lines) Bridges() []signaling.BridgeSnapshot   { return nil }
func (lines) Endpoints() []signaling.EndpointSnapshot {
	return []signaling.EndpointSnapshot{{Name: "carrier", Trunk: true, LastStatus: 503}}
}

// Metrics are for those who look after the server, and for nobody who does not say who asks.
func TestMetrics(t *testing.T) {
	const path = "/api/v1/metrics/prometheus"
	r := newRig(t, func(c *api.Config) { c.Metrics = metrics.New(lines{}) })
	r.do("GET", path, "").problem(t, 401, "unauthorized")
	for role, want := range map[auth.Role]int{auth.RoleUser: 403, auth.RoleService: 200, auth.RoleAuditor: 200, auth.RoleAdmin: 200} {
		token, err := r.auth.Issue(auth.Principal{User: string(role), Roles: []auth.Role{role}}, time.Hour)
		must(t, err)
		a := r.do("GET", path, "", "Authorization", "Bearer "+token)
		if a.StatusCode != want {
			t.Errorf("%s: %s, want %d", role, a.Status, want)
		}
		if want != 200 {
			continue
		}
		if kind := a.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/plain; version=0.0.4") {
			t.Errorf("content type %q", kind)
		}
		if !strings.Contains(a.body, "\nvoip_trunk_last_error_code{trunk=\"carrier\"} 503\n") {
			t.Errorf("metrics:\n%s", a.body)
		}
	}
	if a := r.do("GET", path, "", "X-API-Key", r.key); a.StatusCode != http.StatusOK {
		t.Errorf("with a key: %s", a.Status)
	}
	if a := newRig(t).do("GET", path, "", "X-API-Key", "x"); a.StatusCode != http.StatusNotFound {
		t.Errorf("without metrics: %s", a.Status)
	}
}

// What monitoring asks for needs no token where the configuration says so, on this machine and by
// nobody else's order; nothing else does.
func TestMonitoringOnThisMachine(t *testing.T) {
	paths := []string{"/api/v1/metrics/prometheus", "/api/v1/voip/asterisk/info", "/api/v1/voip/asterisk/channels"}
	serve := func(c *api.Config) {
		c.Metrics = metrics.New(lines{})
		c.Asterisk = &asterisk.Config{Source: lines{}, Installation: func() asterisk.Installation { return asterisk.Installation{} }}
	}
	closed := newRig(t, serve)
	r := newRig(t, serve, func(c *api.Config) { c.MonitoringLocal = true })
	for _, path := range paths {
		closed.do("GET", path, "").problem(t, 401, "unauthorized")
		if a := r.do("GET", path, ""); a.StatusCode != http.StatusOK {
			t.Errorf("%s: %s %s", path, a.Status, a.body)
		}
		for _, h := range [][]string{
			{"Forwarded", "for=192.0.2.1"}, {"X-Forwarded-For", "192.0.2.1"}, {"Origin", "http://evil.example"},
			{"Authorization", "Bearer x"}, {"X-API-Key", "x"},
		} {
			r.do("GET", path, "", h...).problem(t, 401, "unauthorized")
		}
		r.do("GET", path, "", "X-API-Key", r.narrow).problem(t, 403, "scope_missing")
		if path != paths[0] {
			r.do("GET", path, "", r.bearer()...).problem(t, 403, "forbidden")
		}
	}
	for _, path := range []string{"/api/v1/voip/calls", "/api/v1/voip/trunks", "/api/v1/voip/asterisk/infos", "/api/v1/voip/asterisk/info/"} {
		r.do("GET", path, "").problem(t, 401, "unauthorized")
	}
	r.do("POST", paths[1], "").problem(t, 401, "unauthorized")
}
