package main

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/cmd/skybridge/internal/guards"
	"github.com/skygenesisenterprise/skybridge/internal/config"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/overload"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
	"github.com/skygenesisenterprise/skybridge/sip/screen"
)

// protection reads the settings of what guards SIP, and gives what puts them into effect.
func (s *server) protection(cfg config.Config) (apply func(), err error) {
	c, err := guards.Screen(cfg.SIP)
	if err != nil {
		return nil, err
	}
	o := guards.Overload(cfg.SIP)
	if err := o.Validate(); err != nil {
		return nil, err
	}
	limits, err := guards.API(cfg.API)
	if err != nil {
		return nil, err
	}
	return func() {
		s.limits.Configure(limits)
		s.screen.Configure(c)
		s.overload.Configure(o)
	}, nil
}

// startScreen makes what decides whom SIP listens to, with the bans of before, and what
// new work is taken.
func (s *server) startScreen(ctx context.Context, passwords *digest.Authenticator) error {
	c, err := guards.Screen(s.cfg.SIP)
	if err != nil {
		return err
	}
	s.screen = screen.New(c, guards.KeptBans{Bans: s.db.Bans}, s.log)
	s.overload = overload.New(guards.Overload(s.cfg.SIP), overload.Measure{
		Late: guards.LateTicks(s.mixer.Stats), Memory: overload.Memory, Descriptors: overload.Descriptors, Ports: s.ports.Used,
		Known: guards.Known(s.screen, passwords),
	}, s.log)
	s.defers(func() error { s.overload.Close(); return nil })
	return s.screen.Load(ctx)
}

// knows tells the screen of who registers: a phone may have no password to show.
func (s *server) knows(e registrar.Event) {
	if e.Kind == registrar.Added || e.Kind == registrar.Updated {
		s.screen.Expect(e.Binding.Source.Addr())
	}
}

// knowsRegistered tells it of those that were registered before the start.
func (s *server) knowsRegistered() {
	for _, list := range s.registrar.All() {
		for i := range list {
			s.screen.Expect(list[i].Source.Addr())
		}
	}
}
