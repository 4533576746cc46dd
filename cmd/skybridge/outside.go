package main

import (
	"context"
	"errors"
	"reflect"

	"github.com/skygenesisenterprise/skybridge/cmd/skybridge/internal/outside"
	"github.com/skygenesisenterprise/skybridge/internal/config"
)

// outside is what the setting says, or the files where it is not made.
func (in *installation) outside(cfg config.Config) outside.Told {
	return in.external.Or(cfg.External())
}

// configure gives phones and browsers the settings of an installation, both or neither.
func (s *server) configure(ctx context.Context, in *installation) error {
	if err := s.webrtc.SetExternalIP(in.outside(s.cfg).Media...); err != nil {
		return err
	}
	o := in.outside(s.cfg)
	if err := s.sip.SetExternal(o.External()); err != nil {
		return errors.Join(err, s.webrtc.SetExternalIP(s.loaded.Load().outside(s.cfg).Media...))
	}
	s.address.SetOutside(o.Media, o.Local)
	s.turnOutside(o.Media)
	if err := s.tech.Configure(ctx, in.directory); err != nil {
		was := s.loaded.Load().outside(s.cfg)
		s.address.SetOutside(was.Media, was.Local)
		s.turnOutside(was.Media)
		return errors.Join(err, s.sip.SetExternal(was.External()), s.webrtc.SetExternalIP(was.Media...))
	}
	// Registrars send their calls to what they were told last.
	if !reflect.DeepEqual(o.External(), s.loaded.Load().outside(s.cfg).External()) {
		s.trunks.Renew()
	}
	return nil
}
