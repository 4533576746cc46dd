package main

import (
	"cmp"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/ari"
	"github.com/skygenesisenterprise/skybridge/api/metrics"
	"github.com/skygenesisenterprise/skybridge/api/snmp"
	"github.com/skygenesisenterprise/skybridge/api/voip/asterisk"
	"github.com/skygenesisenterprise/skybridge/api/voip/cdr"
	"github.com/skygenesisenterprise/skybridge/api/voip/plancalls"
	asteriskconf "github.com/skygenesisenterprise/skybridge/internal/asterisk/settings"
	"github.com/skygenesisenterprise/skybridge/internal/config"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// localMonitoring tells whether who asks on this machine needs no token for what monitoring asks
// for: as the setting says, or else with --dev.
func (s *server) localMonitoring() bool {
	if s.cfg.IsSet("api.monitoring") {
		return s.cfg.API.Monitoring == config.MonitoringLoopback
	}
	return s.how.dev
}

// keepRecords has calls leave records: those of the API by what this gives, those of the dialplan
// by following them.
func (s *server) keepRecords() (*cdr.Keeper, error) {
	kept, err := cdr.Open(cdr.Config{Database: s.db.Calls, Folder: filepath.Join(s.cfg.DataDir, "call-records"), Log: s.log})
	if err != nil {
		return nil, err
	}
	s.defers(func() error { kept.Close(); return nil })
	s.figures.Add(metrics.Records(kept.Kept))
	s.planCalls = plancalls.Follow(plancalls.Config{Engine: s.engine, Records: kept, Log: s.log, UserOf: s.userOf})
	s.defers(func() error { s.planCalls.Close(); return nil })
	return kept, nil
}

// userOf is the user of an extension.
func (s *server) userOf(ctx context.Context, extension string) (string, error) {
	u, err := s.db.Users.ByExtension(ctx, extension)
	return u.ID, err
}

// measured is what monitoring reads; the API adds its own.
func (s *server) measured() *metrics.Metrics {
	m := metrics.New(s.engine,
		metrics.Quality(s.engine), metrics.Mixer(s.mixer.Stats), metrics.Store(s.db.Stats), metrics.SIP(s.sip.Stats),
		metrics.Rooms(func() int { return len(s.rooms.Rooms()) }), metrics.Browsers(s.webrtc.Peers))
	if s.turn != nil {
		m.Add(metrics.TURN(s.turn.Stats))
	}
	return m
}

// installed is what ARI tells of an installation.
func (s *server) installed() asterisk.Installation {
	main := s.loaded.Load().settings.Main
	return asterisk.Installation{
		Version: version, Name: main.SystemName, EntityID: cmp.Or(main.EntityID, asterisk.EntityID()), Language: main.Language,
		MaxChannels: s.cfg.Calls.MaxChannels, Reloaded: *s.lastReload.Load(),
	}
}

// ari answers ARI's clients, at the ports of SIP over WebSocket.
func (s *server) ari() http.Handler {
	return ari.New(ari.Config{
		Settings: func() *asteriskconf.ARI { return &s.loaded.Load().settings.ARI },
		Source:   s.engine, Installation: s.installed, Limits: s.limits, Log: s.log,
	})
}

// hasEndpoint tells whether there is an endpoint, "PJSIP/1001", or a technology, "PJSIP".
func (s *server) hasEndpoint(name string) bool {
	tech, resource, one := strings.Cut(name, "/")
	if !one {
		_, err := s.engine.Tech(tech)
		return err == nil
	}
	return slices.ContainsFunc(s.engine.Endpoints(), func(e signaling.EndpointSnapshot) bool {
		return strings.EqualFold(e.Tech, tech) && e.Name == resource
	})
}

// startSNMP opens the SNMP agent, which reads what Prometheus does.
func (s *server) startSNMP(context.Context) error {
	c := s.cfg.SNMP
	if c.Listen == config.Off {
		return nil
	}
	users := make([]snmp.User, len(c.Users))
	for i, u := range c.Users {
		users[i] = snmp.User{Name: u.Name, Auth: u.Auth, AuthPassword: u.Password, Privacy: u.Privacy, PrivacySecret: u.PrivacyPassword}
	}
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	agent, err := snmp.Listen(snmp.Config{
		Listen: c.Listen, Community: c.Community, Users: users, Figures: s.figures.Figures, Folder: s.cfg.DataDir,
		Name: name, Description: "Skybridge " + version, Started: s.engine.Started(), Now: time.Now, Log: s.log,
	})
	if err != nil {
		return err
	}
	s.defers(agent.Close)
	s.log.Info("listening", "for", "snmp", "network", "udp", "address", agent.Addr().String())
	return nil
}
