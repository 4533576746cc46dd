package main

import (
	"github.com/skygenesisenterprise/skybridge/internal/config"
	"github.com/skygenesisenterprise/skybridge/signaling/ringgroup"
)

// ringGroups are the groups of the settings.
func ringGroups(cfg config.Config) []ringgroup.Group {
	out := make([]ringgroup.Group, 0, len(cfg.RingGroups))
	for _, g := range cfg.RingGroups {
		out = append(out, ringgroup.Group{
			Number: g.Number, Name: g.Name, Members: g.Members, Strategy: ringgroup.Strategy(g.Strategy), RingTime: g.RingTime,
			Total: g.Total, SkipBusy: g.SkipBusy, Fallback: g.Fallback, Prefix: g.Prefix,
		})
	}
	return out
}

// checkGroups reads the settings of the ring groups, and gives what puts them into effect.
func (s *server) checkGroups(cfg config.Config) (apply func(), err error) {
	groups := ringGroups(cfg)
	if err := new(ringgroup.Registry).Configure(groups); err != nil {
		at := cfg.Origin("ring_groups")
		return nil, &config.Error{File: at.File, Line: at.Line, Name: at.Name, Err: err}
	}
	return func() {
		if err := s.groups.Configure(groups); err != nil {
			s.log.Error("ring groups stay as they were", "err", err) // they were checked
		}
	}, nil
}
