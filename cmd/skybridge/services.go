package main

import (
	"context"

	asteriskconf "github.com/skygenesisenterprise/skybridge/internal/asterisk/settings"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/app"
	"github.com/skygenesisenterprise/skybridge/signaling/callgroup"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/signaling/extension"
	"github.com/skygenesisenterprise/skybridge/signaling/external"
	"github.com/skygenesisenterprise/skybridge/signaling/feature"
	"github.com/skygenesisenterprise/skybridge/signaling/lifetime"
	"github.com/skygenesisenterprise/skybridge/signaling/snoop"
	siptech "github.com/skygenesisenterprise/skybridge/signaling/tech/sip"
)

// phonebook is the phones of the directory, as it is now.
type phonebook struct{ tech *siptech.Tech }

// Phone implements extension.Phones.
func (p phonebook) Phone(name string) (extension.Phone, bool) { return p.tech.Directory().Phone(name) }

// MayDial implements extension.Phones.
func (p phonebook) MayDial(name, exten string) bool { return p.tech.MayDial(name, exten) }

// groups are those of an endpoint.
func (p phonebook) groups(name string) (calls, pickups callgroup.Groups) {
	return p.tech.Directory().CallGroups(name)
}

// context is where a phone's calls enter the plan; empty for who is none.
func (p phonebook) context(name string) string {
	phone, _ := p.Phone(name)
	return phone.Context
}

// contacts are the phones of an endpoint, for plans: calls come when there is a tech.
func (s *server) contacts(endpoint, aor, user string, vars []dialplan.Variable) ([]dialstring.Target, error) {
	return s.tech.Contacts(endpoint, aor, user, vars)
}

// features is what parties of a call may ask for by keys.
func (s *server) features(sounds signaling.Sounds, services *app.Services) *feature.Service {
	return feature.New(feature.Config{
		Transfers: s.transfers, Sounds: sounds, Plan: s.plan.Load, Visit: s.entry().Visit, Record: services.RecordCall,
		Settings: func() *asteriskconf.Features { return &s.loaded.Load().settings.Features },
		Home:     func(endpoint string) string { return phonebook{s.tech}.context(endpoint) },
	})
}

// isPickup reports whether an extension answers a call of the caller's groups, where the
// plan has none of that name.
func (s *server) isPickup(exten string) bool {
	return exten != "" && s.loaded.Load().settings.Features.PickupExten == exten
}

// exists reports whether phones and trunks can dial an extension.
func (s *server) exists(context, exten string, caller signaling.CallerID) bool {
	return s.entry().Exists(context, exten, caller) || s.isPickup(exten)
}

// begin is what a call of theirs comes to.
func (s *server) begin(ctx context.Context, c *signaling.Channel, context, exten string) error {
	if s.isPickup(exten) && !s.entry().Exists(context, exten, c.Snapshot().Caller) {
		return s.desk.Run(ctx, c)
	}
	return s.entry().Begin(ctx, c, context, exten)
}

// limitCalls ends calls that last for too long.
func (s *server) limitCalls() {
	if limit := s.cfg.Calls.MaxDuration; limit > 0 {
		k := lifetime.New(lifetime.Config{Engine: s.engine, Max: limit, Not: []string{external.Tech, snoop.Tech}, Log: s.log})
		s.defers(func() error { k.Close(); return nil })
	}
}
