package main

import (
	"cmp"

	"github.com/skygenesisenterprise/skybridge/api/metrics"
	"github.com/skygenesisenterprise/skybridge/api/voip/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/config"
)

// localMonitoring tells whether who asks on this machine needs no token for what monitoring asks
// for: as the setting says, or else with --dev.
func (s *server) localMonitoring() bool {
	if s.cfg.IsSet("api.monitoring") {
		return s.cfg.API.Monitoring == config.MonitoringLoopback
	}
	return s.how.dev
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
