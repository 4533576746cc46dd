package main

import (
	"context"
	"errors"
	"time"

	"github.com/skygenesisenterprise/skybridge/api"
	accountsapi "github.com/skygenesisenterprise/skybridge/api/identity"
	"github.com/skygenesisenterprise/skybridge/api/voip"
	"github.com/skygenesisenterprise/skybridge/api/voip/asterisk"
	"github.com/skygenesisenterprise/skybridge/api/voip/chat"
	"github.com/skygenesisenterprise/skybridge/api/voip/chat/keeping"
	"github.com/skygenesisenterprise/skybridge/api/voip/chat/quota"
	"github.com/skygenesisenterprise/skybridge/api/voip/endpoints"
	"github.com/skygenesisenterprise/skybridge/api/voip/extensions"
	"github.com/skygenesisenterprise/skybridge/api/voip/protection"
	"github.com/skygenesisenterprise/skybridge/api/voip/roomfeed"
	"github.com/skygenesisenterprise/skybridge/api/ws"
	"github.com/skygenesisenterprise/skybridge/api/ws/fanout"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/config"
	"github.com/skygenesisenterprise/skybridge/internal/defaults"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/external"
	"github.com/skygenesisenterprise/skybridge/signaling/onward"
	"github.com/skygenesisenterprise/skybridge/signaling/presence"
	"github.com/skygenesisenterprise/skybridge/web"
)

func (s *server) startAPI(ctx context.Context) (err error) {
	s.figures = s.measured()
	callRecords, err := s.keepRecords()
	if err != nil {
		return err
	}
	hub := fanout.NewHub()
	pc := presence.Default()
	pc.Changed = ws.PresenceChanged(hub)
	users := presence.New(pc)
	follow := users.Follow(s.engine, s.log)
	s.defers(func() error { follow(); return nil })
	messages := chat.New(chat.Config{
		Store: s.db.Messages, Hub: hub, Quota: quota.Default(), Now: time.Now, Log: s.log,
		Members: func(p auth.Principal, room string) ([]string, error) { return s.voip.Members(p, room) },
		Talkers: func(p auth.Principal, call string) (string, []string, error) { return s.voip.Talkers(p, call) },
	})
	s.defers(func() error { messages.Close(); return nil })
	s.voip, err = voip.NewService(ctx, voip.Config{
		Hub: hub, Presence: users, Data: messages.Line,
		Engine: s.engine, Rooms: s.rooms, WebRTC: s.webrtc, Codecs: browserCodecs(s.codecs), Store: s.db, Records: callRecords, Log: s.log,
		RingTimeout: s.cfg.Calls.RingTimeout, Recordings: s.recordings, OfferGrace: 3 * time.Second, PerUser: s.cfg.Calls.PerUser, MediaTimeout: s.cfg.Calls.RTPTimeout, Reconnect: s.cfg.Calls.Reconnect, MaxDuration: s.cfg.Calls.MaxDuration,
		ICEServers: s.iceServers, Dial: endpoints.Rules{Context: phonebook{s.tech}.context},
		Onward:   &onward.Config{Engine: s.engine, Services: s.services, Log: s.log},
		External: &external.Config{Engine: s.engine, Ports: s.ports, Codecs: s.codecs, Log: s.log, Address: s.address},
	})
	if err != nil {
		return err
	}
	s.defers(func() error { s.voip.Close(); return nil })
	s.browsers.Serve(s.voip)
	feed := roomfeed.Follow(s.engine, s.rooms, hub, s.log)
	s.defers(func() error { feed.Close(); return nil })
	if err := s.demoRoom(); err != nil {
		return err
	}
	if s.cfg.API.Listen == config.Off {
		return nil
	}
	sockets := ws.Default()
	sockets.StrangersOfOne = s.cfg.API.RateLimit.Strangers
	sockets.Hub, sockets.Calls, sockets.Presence, sockets.Log = hub, s.voip, users, s.log
	old := keeping.New(keeping.Config{Store: s.db.Messages, Keep: s.cfg.Messages.Keep, Now: time.Now, Log: s.log})
	s.defers(func() error { old.Close(); return nil })
	sockets.Chat = messages
	ac := api.Config{
		WebSocket: &sockets,
		Listen:    s.cfg.API.Listen, Origins: s.cfg.API.Origins, Auth: s.auth, VoIP: s.voip, PlanCalls: s.planCalls, Pages: web.Pages(), Version: version, Log: s.log, Ready: s.ready,
		Extensions:  &extensions.Source{Groups: &s.groups, Services: s.services},
		Idempotency: s.db.Idempotency,
		Limits:      s.limits, MonitoringLocal: s.localMonitoring(),
		Asterisk:   &asterisk.Config{Source: s.engine, Installation: s.installed},
		Identity:   &accountsapi.Config{Store: s.db, Phones: phones{s}, Realm: s.cfg.SIP.Realm, Now: time.Now, Log: s.log},
		Protection: &protection.Config{Bans: s.screen, Overload: s.overload}, Metrics: s.figures,
	}
	if s.cfg.API.TLS {
		ac.TLS = s.tls.API()
	}
	if s.api, err = api.New(ac); err != nil {
		return err
	}
	if err := s.api.Start(ctx); err != nil {
		return err
	}
	s.defers(func() error {
		ctx, cancel := s.patient()
		defer cancel()
		return s.api.Shutdown(ctx)
	})
	network := "http"
	if s.cfg.API.TLS {
		network = "https"
	}
	s.log.Info("listening", "for", "api", "network", network, "address", s.api.Addr().String())
	return nil
}

// demoRoom makes the room of a fresh installation, unless somebody made one with
// its number.
func (s *server) demoRoom() error {
	if s.cfg.AsteriskDir != "" {
		return nil
	}
	_, err := s.rooms.Create(conference.Settings{Number: defaults.Room, Name: "Demo room", Kept: true})
	if err != nil && fault.Of(err) != fault.Conflict {
		return err
	}
	return nil
}

// ready says why no calls are taken now.
func (s *server) ready() error {
	if s.engine.Draining() {
		return errors.New("shutting down")
	}
	ctx, cancel := context.WithTimeout(context.Background(), readyWithin)
	defer cancel()
	if err := s.db.Ping(ctx); err != nil {
		s.log.Debug("not ready", "err", err)
		return errors.New("the database does not answer") // where it is, is nobody's business
	}
	return s.auth.Ready()
}

// readyWithin is how long the database may take to say that it is there.
const readyWithin = 2 * time.Second
