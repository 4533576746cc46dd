package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/api"
	"github.com/skygenesisenterprise/skybridge/api/cli"
	"github.com/skygenesisenterprise/skybridge/api/limit"
	"github.com/skygenesisenterprise/skybridge/api/metrics"
	"github.com/skygenesisenterprise/skybridge/api/voip"
	"github.com/skygenesisenterprise/skybridge/api/voip/plancalls"
	"github.com/skygenesisenterprise/skybridge/cmd/skybridge/internal/kept"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	asteriskconf "github.com/skygenesisenterprise/skybridge/internal/asterisk/settings"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/tlsserver"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/certs/acme"
	"github.com/skygenesisenterprise/skybridge/internal/config"
	"github.com/skygenesisenterprise/skybridge/internal/defaults"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/turn"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/app"
	"github.com/skygenesisenterprise/skybridge/signaling/app/pickup"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/conference/planned"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/extension"
	"github.com/skygenesisenterprise/skybridge/signaling/music"
	"github.com/skygenesisenterprise/skybridge/signaling/ownaddress"
	"github.com/skygenesisenterprise/skybridge/signaling/recording"
	"github.com/skygenesisenterprise/skybridge/signaling/ringgroup"
	"github.com/skygenesisenterprise/skybridge/signaling/sound"
	"github.com/skygenesisenterprise/skybridge/signaling/stasis"
	"github.com/skygenesisenterprise/skybridge/signaling/talk"
	siptech "github.com/skygenesisenterprise/skybridge/signaling/tech/sip"
	webrtctech "github.com/skygenesisenterprise/skybridge/signaling/tech/webrtc"
	"github.com/skygenesisenterprise/skybridge/signaling/transfer"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/overload"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
	"github.com/skygenesisenterprise/skybridge/sip/resolver"
	"github.com/skygenesisenterprise/skybridge/sip/screen"
	"github.com/skygenesisenterprise/skybridge/sip/trunk"
)

// server is everything that runs, in the order in which it was started; stop
// undoes it backwards.
type server struct {
	cfg    config.Config
	how    manner
	log    *slog.Logger
	codecs media.Codecs

	db      *store.Store
	auth    *auth.Authenticator
	tls     tlsserver.Served
	acme    *acme.Certificates // nil is off
	mixer   *mixer.Engine
	webrtc  *rtc.API
	turn    *turn.Server // nil is off
	ports   *rtp.Ports
	address *ownaddress.Finder
	engine  *signaling.Engine
	music   *music.Player
	rooms   *conference.Registry

	recordings *recording.Registry
	groups     ringgroup.Registry
	desk       pickup.Desk
	services   *extension.Registry // what phones have switched on
	stasis     *stasis.Registry
	apps       dialplan.Apps
	globals    *dialplan.Globals
	executor   *dialplan.Executor
	screen     *screen.Screen
	overload   *overload.Gate
	sip        *sip.Server
	dns        *resolver.Resolver
	registrar  *registrar.Registrar
	trunks     *trunk.Registrations
	tech       *siptech.Tech
	browsers   webrtctech.Tech
	transfers  *transfer.Service
	voip       *voip.Service
	api        *api.Server
	limits     *limit.Limiter
	figures    *metrics.Metrics
	planCalls  *plancalls.Follower
	console    *cli.Socket

	plan       atomic.Pointer[dialplan.Plan]
	loaded     atomic.Pointer[installation]
	lastReload atomic.Pointer[time.Time]
	reloading  sync.Mutex
	realms     *digest.Realms // that our trunks ask for
	stopAsked  chan bool
	patience   time.Duration // with which each part ends

	undo []func() error // what stop does, last first
	once sync.Once
	err  error
}

// manner is how a server is started, besides its settings.
type manner struct {
	dev bool // browsers on loopback may call
	// runDir is where the console's socket is looked for if asterisk.conf does not
	// say; "" is nowhere.
	runDir string
	// settings reads the settings again, for a reload; nil keeps them.
	settings func(context.Context) (config.Config, error)
}

// start starts the server whole or not at all.
func start(ctx context.Context, cfg config.Config, how manner, log *slog.Logger) (_ *server, err error) {
	s := &server{cfg: cfg, how: how, log: log, codecs: codecs(cfg.Media, log), stopAsked: make(chan bool, 1), patience: 15 * time.Second}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop(false))
		}
	}()
	if err := cfg.Unresolved(); err != nil {
		return nil, err
	}
	for _, step := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"database", s.startStore},
		{"configuration", s.loadInstallation},
		{"certificate", s.loadCertificate},
		{"media", s.startMedia},
		{"turn", s.startTURN},
		{"calls", s.startEngine},
		{"sip", s.startSIP},
		{"api", s.startAPI},
		{"snmp", s.startSNMP},
		{"certificates", s.startACME},
		{"console", s.startConsole},
	} {
		if err := step.run(ctx); err != nil {
			if strings.HasPrefix(err.Error(), step.name+": ") { // says so itself
				return nil, err
			}
			return nil, fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return s, nil
}

func (s *server) defers(f func() error) { s.undo = append(s.undo, f) }

// stop ends everything, in the reverse order of its start.
func (s *server) stop(gracefully bool) error {
	s.once.Do(func() {
		if s.engine != nil && !gracefully {
			s.engine.HangupAll(signaling.CauseNormal)
		}
		var errs []error
		for i := len(s.undo) - 1; i >= 0; i-- {
			errs = append(errs, s.undo[i]())
		}
		s.err = errors.Join(errs...)
	})
	return s.err
}

func (s *server) startStore(ctx context.Context) error {
	var err error
	if s.db, err = openStore(ctx, s.cfg, s.log); err != nil {
		return err
	}
	s.defers(s.db.Close)
	return s.startAuth(ctx)
}

// loadInstallation reads the Asterisk files: the operator's, or those of a fresh
// installation.
func (s *server) loadInstallation(ctx context.Context) error {
	dir := s.cfg.AsteriskDir
	if dir == "" {
		dir = filepath.Join(s.cfg.DataDir, "asterisk")
		if _, err := defaults.Write(dir); err != nil {
			return err
		}
	}
	extensions, err := s.db.Extensions.List(ctx)
	if err != nil {
		return err
	}
	in, err := readInstallation(dir, s.cfg, s.codecs, extensions)
	if err != nil {
		return err
	}
	in.apply(&s.cfg)
	s.log.Info("configuration read", "dir", dir, "endpoints", len(in.directory.Endpoints), "warnings", len(in.warnings))
	asterisk.Say(s.log, in.warnings)
	s.use(in)
	return nil
}

func (s *server) use(in *installation) {
	now := time.Now()
	s.loaded.Store(in)
	s.plan.Store(in.plan)
	s.lastReload.Store(&now)
}

// reload reads everything again and puts it into effect if all of it is valid.
func (s *server) reload(ctx context.Context) error {
	s.reloading.Lock() // a signal and the console may ask at the same time
	defer s.reloading.Unlock()
	cfg, fresh := s.cfg, s.cfg
	if s.how.settings != nil {
		var err error
		if fresh, err = s.how.settings(ctx); err != nil {
			return err
		}
		cfg = cfg.Reloaded(fresh)
	}
	extensions, err := s.db.Extensions.List(ctx)
	if err != nil {
		return err
	}
	in, err := readInstallation(s.loaded.Load().dir, cfg, s.codecs, extensions)
	if err != nil {
		return err
	}
	protect, err := s.protection(fresh)
	if err != nil {
		return err
	}
	regroup, err := s.checkGroups(fresh)
	if err != nil {
		return err
	}
	certify, err := s.certificate(ctx, in, cfg)
	if err != nil {
		return err
	}
	if err := s.configure(ctx, in); err != nil {
		return err
	}
	protect()
	certify()
	regroup()
	s.globals.Merge(in.plan.Globals, in.plan.General.ClearGlobalVars)
	s.music.Configure(&in.settings.Music)
	in.takesEffect(s.loaded.Load(), s.log)
	s.later(fresh)
	s.use(in)
	s.realms.Forget()
	s.log.Info("configuration reloaded", "endpoints", len(in.directory.Endpoints), "warnings", len(in.warnings))
	asterisk.Say(s.log, in.warnings)
	return nil
}

func (s *server) startMedia(context.Context) error {
	mc := mixer.Default()
	mc.Workers, mc.FIFO, mc.IO = s.cfg.Media.Workers, s.cfg.Media.FIFO, mixer.IO(s.cfg.Media.IO)
	mc.Reports.Interval = s.cfg.RTP.ReportInterval
	var err error
	if s.mixer, err = mixer.New(mc, s.codecs, s.log); err != nil {
		return err
	}
	s.defers(s.mixer.Close)
	return s.startWebRTC()
}

// startWebRTC opens the browsers' port, unless it is switched off.
func (s *server) startWebRTC() error {
	if s.cfg.WebRTC.Listen == config.Off {
		s.webrtc = rtc.Off(s.log)
		return nil
	}
	rc := rtc.Default()
	rc.Listen = s.cfg.WebRTC.Listen
	rc.Loopback = s.how.dev
	rc.Encoder = encoderOf(s.cfg.WebRTC.Opus)
	rc.ExternalIP = s.loaded.Load().outside(s.cfg).Media
	var err error
	if s.webrtc, err = rtc.New(rc, browserCodecs(s.codecs), s.log); err != nil {
		return err
	}
	s.defers(s.webrtc.Close)
	s.log.Info("listening", "for", "webrtc", "network", "udp and tcp", "address", s.webrtc.Addr().String())
	return nil
}

// browserCodecs are those that WebRTC has (RFC 7874), best first. What only passes
// through, as Opus does in a build without cgo, comes last: no room could hear it.
func browserCodecs(all media.Codecs) media.Codecs {
	var out, passing media.Codecs
	for _, name := range []string{"opus", "g722", "ulaw", "alaw"} {
		switch c := all.ByConfName(name); {
		case c == nil:
		case c.Transcodable():
			out = append(out, c)
		default:
			passing = append(passing, c)
		}
	}
	return append(out, passing...)
}

func (s *server) startEngine(ctx context.Context) error {
	folders := []string{filepath.Join(s.cfg.DataDir, "sounds"), s.loaded.Load().soundDir()}
	sounds := sound.NewLibrary(s.codecs, folders...)
	s.music = music.NewPlayer(music.Config{Mixer: s.mixer, Codecs: s.codecs, Log: s.log, Data: s.loaded.Load().dataDir()})
	s.music.Configure(&s.loaded.Load().settings.Music)
	s.defers(s.music.Close)
	s.engine = signaling.New(signaling.Config{
		Mixer: s.mixer, Log: s.log, MaxChannels: s.cfg.Calls.MaxChannels, Music: s.music, Crew: s.crew(),
	})
	s.stasis = stasis.New(stasis.Config{Engine: s.engine, Log: s.log, Endpoint: s.hasEndpoint})
	s.limitCalls()
	s.rooms = conference.NewRegistry(s.engine)
	s.rooms.Plan(planned.New(s.plan.Load).Has)
	s.recordings = recording.NewRegistry(recording.Config{
		Engine: s.engine, Codecs: s.codecs, Log: s.log,
		Monitor: s.loaded.Load().monitorDir(s.cfg.DataDir), Sounds: folders[0],
	})
	s.defers(s.recordings.Close)
	talking := talk.NewRegistry()
	s.defers(talking.Close)
	regroup, err := s.checkGroups(s.cfg)
	if err != nil {
		return err
	}
	regroup()
	if s.services, err = extension.Load(ctx, kept.Services{Table: s.db.Services}); err != nil {
		return err
	}
	s.desk.Engine = s.engine
	services := &app.Services{
		Groups: &s.groups, Extensions: s.services,
		Talk:   talking,
		Engine: s.engine, Rooms: s.rooms, Stasis: s.stasis, Sounds: sounds, Recordings: s.recordings,
		ConfBridge: func() *asteriskconf.ConfBridge { return &s.loaded.Load().settings.ConfBridge },
	}
	if s.apps, err = applications(services, &s.desk); err != nil {
		return err
	}
	funcs, err := functions(services, s.contacts)
	if err != nil {
		return err
	}
	s.globals = dialplan.NewGlobals(s.plan.Load().Globals)
	dc := dialplan.DefaultConfig()
	dc.Strict = s.cfg.Strict
	s.executor, err = dialplan.NewExecutor(dialplan.Options{
		Config: dc, Plan: s.plan.Load, Apps: s.apps, Functions: funcs, Globals: s.globals, Log: s.log,
	})
	s.transfers = transfer.New(transfer.Config{Engine: s.engine, Exists: s.entry().Exists, Run: s.entry().Run, Log: s.log})
	services.Features = s.features(sounds, services)
	s.defers(s.endCalls)
	return err
}

// entry is the way into the dialplan.
func (s *server) entry() app.Entry { return app.Entry{Executor: s.executor} }

// patient is how long one part waits for others when it ends.
func (s *server) patient() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), s.patience)
}

// endCalls hangs up what is left and waits for it to be gone.
func (s *server) endCalls() error {
	s.engine.HangupAll(signaling.CauseNormal)
	ctx, cancel := s.patient()
	defer cancel()
	if err := s.engine.Drain(ctx); err != nil {
		return fmt.Errorf("%d channels did not end: %w", len(s.engine.Channels()), err)
	}
	return nil
}
