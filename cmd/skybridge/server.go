package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/api"
	"github.com/skygenesisenterprise/skybridge/api/cli"
	"github.com/skygenesisenterprise/skybridge/api/voip"
	asteriskconf "github.com/skygenesisenterprise/skybridge/internal/asterisk/settings"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/certs"
	"github.com/skygenesisenterprise/skybridge/internal/config"
	"github.com/skygenesisenterprise/skybridge/internal/defaults"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/app"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/external"
	"github.com/skygenesisenterprise/skybridge/signaling/music"
	"github.com/skygenesisenterprise/skybridge/signaling/recording"
	"github.com/skygenesisenterprise/skybridge/signaling/sound"
	"github.com/skygenesisenterprise/skybridge/signaling/stasis"
	"github.com/skygenesisenterprise/skybridge/signaling/talk"
	siptech "github.com/skygenesisenterprise/skybridge/signaling/tech/sip"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
	"github.com/skygenesisenterprise/skybridge/sip/trunk"
	"github.com/skygenesisenterprise/skybridge/web"
)

// server is everything that runs, in the order in which it was started; stop
// undoes it backwards.
type server struct {
	cfg    config.Config
	how    manner
	log    *slog.Logger
	codecs media.Codecs

	db        *store.Store
	auth      *auth.Authenticator
	cert      tls.Certificate
	mixer     *mixer.Engine
	webrtc    *rtc.API
	ports     *rtp.Ports
	engine    *signaling.Engine
	music     *music.Player
	rooms     *conference.Registry
	stasis    stasis.Registry
	apps      dialplan.Apps
	globals   *dialplan.Globals
	executor  *dialplan.Executor
	sip       *sip.Server
	registrar *registrar.Registrar
	trunks    *trunk.Registrations
	tech      *siptech.Tech
	voip      *voip.Service
	api       *api.Server
	console   *cli.Socket

	plan       atomic.Pointer[dialplan.Plan]
	loaded     atomic.Pointer[installation]
	lastReload atomic.Pointer[time.Time]
	reloading  sync.Mutex
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
}

// start starts the server whole or not at all.
func start(ctx context.Context, cfg config.Config, how manner, log *slog.Logger) (_ *server, err error) {
	s := &server{cfg: cfg, how: how, log: log, codecs: codecs(cfg.Media, log), stopAsked: make(chan bool, 1), patience: 15 * time.Second}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop(false))
		}
	}()
	for _, step := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"database", s.startStore},
		{"configuration", s.loadInstallation},
		{"certificate", s.loadCertificate},
		{"media", s.startMedia},
		{"calls", s.startEngine},
		{"sip", s.startSIP},
		{"api", s.startAPI},
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
	s.auth, err = newAuthenticator(ctx, s.cfg, s.db)
	return err
}

func (s *server) loadCertificate(context.Context) (err error) {
	if s.cfg.TLS.CertFile != "" {
		if s.cert, err = certs.Load(s.cfg.TLS.CertFile, s.cfg.TLS.KeyFile); err != nil {
			return &config.Error{File: s.cfg.TLS.CertFile, Err: err}
		}
		return nil
	}
	s.cert, err = certs.SelfSigned(s.cfg.DataDir, time.Now())
	return err
}

// loadInstallation reads the Asterisk files: the operator's, or those of a fresh
// installation.
func (s *server) loadInstallation(context.Context) error {
	dir := s.cfg.AsteriskDir
	if dir == "" {
		dir = filepath.Join(s.cfg.DataDir, "asterisk")
		if _, err := defaults.Write(dir); err != nil {
			return err
		}
	}
	in, err := readInstallation(dir, s.cfg, s.codecs)
	if err != nil {
		return err
	}
	in.apply(&s.cfg)
	s.log.Info("configuration read", "dir", dir, "endpoints", len(in.directory.Endpoints), "warnings", len(in.warnings))
	for _, w := range in.warnings {
		s.log.Warn("configuration", "warning", w.String())
	}
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
	in, err := readInstallation(s.loaded.Load().dir, s.cfg, s.codecs)
	if err != nil {
		return err
	}
	if err := s.configure(ctx, in); err != nil {
		return err
	}
	s.globals.Merge(in.plan.Globals, in.plan.General.ClearGlobalVars)
	s.music.Configure(&in.settings.Music)
	s.use(in)
	s.log.Info("configuration reloaded", "endpoints", len(in.directory.Endpoints), "warnings", len(in.warnings))
	for _, w := range in.warnings {
		s.log.Warn("configuration", "warning", w.String())
	}
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
	rc.ExternalIP = s.loaded.Load().outside(s.cfg).addresses()
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

func (s *server) startEngine(context.Context) error {
	folders := []string{filepath.Join(s.cfg.DataDir, "sounds"), s.loaded.Load().soundDir()}
	sounds := sound.NewLibrary(s.codecs, folders...)
	s.music = music.NewPlayer(music.Config{Mixer: s.mixer, Codecs: s.codecs, Log: s.log, Data: s.loaded.Load().dataDir()})
	s.music.Configure(&s.loaded.Load().settings.Music)
	s.defers(s.music.Close)
	s.engine = signaling.New(signaling.Config{
		Mixer: s.mixer, Log: s.log, MaxChannels: s.cfg.Calls.MaxChannels, Music: s.music,
	})
	s.rooms = conference.NewRegistry(s.engine)
	recordings := recording.NewRegistry(recording.Config{
		Engine: s.engine, Codecs: s.codecs, Log: s.log,
		Monitor: s.loaded.Load().monitorDir(s.cfg.DataDir), Sounds: folders[0],
	})
	s.defers(recordings.Close)
	talking := talk.NewRegistry()
	s.defers(talking.Close)
	services := &app.Services{
		Talk:   talking,
		Engine: s.engine, Rooms: s.rooms, Stasis: &s.stasis, Sounds: sounds, Recordings: recordings,
		ConfBridge: func() *asteriskconf.ConfBridge { return &s.loaded.Load().settings.ConfBridge },
	}
	var err error
	if s.apps, err = applications(services); err != nil {
		return err
	}
	funcs, err := functions(services)
	if err != nil {
		return err
	}
	s.globals = dialplan.NewGlobals(s.plan.Load().Globals)
	dc := dialplan.DefaultConfig()
	dc.Strict = s.cfg.Strict
	s.executor, err = dialplan.NewExecutor(dialplan.Options{
		Config: dc, Plan: s.plan.Load, Apps: s.apps, Functions: funcs, Globals: s.globals, Log: s.log,
	})
	s.defers(s.endCalls)
	return err
}

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

func (s *server) startAPI(ctx context.Context) error {
	var err error
	s.voip, err = voip.NewService(ctx, voip.Config{
		Engine: s.engine, Rooms: s.rooms, WebRTC: s.webrtc, Codecs: browserCodecs(s.codecs), Store: s.db, Log: s.log,
		RingTimeout: s.cfg.Calls.RingTimeout, OfferGrace: 3 * time.Second, PerUser: s.cfg.Calls.PerUser,
		External: &external.Config{
			Engine: s.engine, Ports: s.ports, Codecs: s.codecs, Log: s.log,
			Address: s.outsideMedia,
		},
	})
	if err != nil {
		return err
	}
	s.defers(func() error { s.voip.Close(); return nil })
	if err := s.demoRoom(); err != nil {
		return err
	}
	if s.cfg.API.Listen == config.Off {
		return nil
	}
	ac := api.Config{
		Listen: s.cfg.API.Listen, Origins: s.cfg.API.Origins, Auth: s.auth, VoIP: s.voip, Pages: web.Pages(), Version: version, Log: s.log, Ready: s.ready,
	}
	if s.cfg.API.TLS {
		ac.TLS = &tls.Config{Certificates: []tls.Certificate{s.cert}, MinVersion: tls.VersionTLS13}
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
	return nil
}

// rtpPorts opens the allocator of the phones' media ports.
func rtpPorts(cfg config.RTP) (*rtp.Ports, error) {
	lo, hi, err := cfg.Range()
	if err != nil {
		return nil, err
	}
	pc := rtp.DefaultPortsConfig()
	pc.First, pc.Last = uint16(lo), uint16(hi) //nolint:gosec // Range has bounded them
	if cfg.Address != "" {
		pc.Addresses = []netip.Addr{netip.MustParseAddr(cfg.Address)}
	}
	return rtp.NewPorts(pc)
}
