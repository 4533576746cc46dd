package main

import (
	"context"
	"crypto/tls"
	"errors"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/config"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/signaling/ownaddress"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/local"
	siptech "github.com/skygenesisenterprise/skybridge/signaling/tech/sip"
	webrtctech "github.com/skygenesisenterprise/skybridge/signaling/tech/webrtc"
	"github.com/skygenesisenterprise/skybridge/sip"
	sipauth "github.com/skygenesisenterprise/skybridge/sip/auth"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/gruu"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
	"github.com/skygenesisenterprise/skybridge/sip/resolver"
	"github.com/skygenesisenterprise/skybridge/sip/sessiontimer"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
	"github.com/skygenesisenterprise/skybridge/sip/trunk"
)

const digestSecret = "sip.digest_secret"

// startSIP opens the SIP listeners and what lives on them.
func (s *server) startSIP(ctx context.Context) error {
	var err error
	if s.ports, err = rtpPorts(s.cfg.RTP); err != nil {
		return err
	}
	s.address = ownaddress.New(s.ports)
	dc := digest.Default()
	dc.Realm = s.cfg.SIP.Realm
	dc.Algorithms = digestAlgorithms(s.cfg.SIP.Algorithms)
	// A secret that outlives the process: phones answer a nonce from before a
	// restart without asking for the password again.
	secret, err := s.db.Settings.GetOrCreate(ctx, digestSecret, func() (string, error) { return string(auth.NewSecret()), nil })
	if err != nil {
		return err
	}
	dc.Secret = []byte(secret)
	authenticator, err := digest.NewAuthenticator(dc)
	if err != nil {
		return err
	}
	phones, err := gruu.New([]byte(secret))
	if err != nil {
		return err
	}
	if s.dns, err = s.nameResolver(); err != nil {
		return err
	}
	s.defers(func() error { s.dns.Close(); return nil })
	if err := s.startScreen(ctx, authenticator); err != nil {
		return err
	}
	gate := sipauth.NewGate(authenticator, s.log)
	gate.Watch(s.screen)
	tc := siptech.Config{
		Hosts: s.dns, GRUU: phones,
		Engine: s.engine, Mixer: s.mixer, WebRTC: s.webrtc, Ports: s.ports, Address: s.address, Log: s.log,
		Gate: gate, Trust: s.screen.Trust, ComfortNoise: s.cfg.Media.ComfortNoise,
		Encoder: encoderOf(s.cfg.Media.Opus), RTCPIsLife: s.cfg.RTP.TimeoutByRTCP, HoldPing: s.cfg.SIP.HoldPing,
		Transfers: s.transfers, Exists: s.exists, Run: s.begin,
	}
	s.tech = siptech.New(tc)
	o := s.loaded.Load().outside(s.cfg)
	s.address.SetOutside(o.Media, o.Local)
	s.engine.AddTech(webrtctech.Extensions{Tech: s.tech, Browsers: &s.browsers}, "SIP")
	s.engine.AddTech(&s.browsers)
	s.engine.AddTech(local.New(local.Config{Engine: s.engine, Log: s.log, Exists: s.exists, Run: s.begin}))
	s.services.Serve(phonebook{s.tech})
	s.desk.Groups, s.desk.Context = phonebook{s.tech}.groups, phonebook{s.tech}.context

	sc := s.sipConfig()
	sc.Resolver = s.dns
	if s.sip, err = sip.NewServer(sc, s.tech, s.log); err != nil {
		return err
	}
	rc := registrar.Default()
	rc.GRUU, rc.Ping, rc.KeepAlive = phones, s.sip.KeepAlive, s.cfg.SIP.NATKeepAlive
	rc.Own, rc.OnEvent = s.sip.Own, func(e registrar.Event) {
		s.knows(e)
		s.tech.OnBinding(e)
	}
	if s.registrar, err = registrar.New(rc, s.sip, s.db.Bindings, s.log); err != nil {
		return err
	}
	s.trunks = trunk.NewRegistrations(s.sip, s.log, nil)
	s.tech.Serve(s.sip, s.registrar, s.trunks)
	// Who is who is known before the first one can ask: a right password would be
	// a wrong one until then, and count against the phone.
	if err := s.tech.Know(ctx, s.loaded.Load().directory); err != nil {
		return err
	}
	if err := s.sip.Start(ctx); err != nil {
		return err
	}
	s.defers(s.closeSIP)
	s.logSIP(sc.Transport.Listeners)
	if err := s.registrar.Start(ctx); err != nil {
		return err
	}
	s.defers(func() error { s.registrar.Stop(); return nil })
	s.knowsRegistered()
	stop := s.tech.Refresh(refreshHosts)
	s.defers(func() error { stop(); return nil })
	s.defers(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), unregisterTimeout)
		defer cancel()
		if err := s.trunks.Stop(ctx); err != nil { // a server that is gone needs no farewell
			s.log.Info("not unregistered everywhere", "err", err)
		}
		return nil
	})
	return s.tech.Join(ctx)
}

// nameResolver finds where hosts of SIP are, at the configured name servers or the
// system's.
func (s *server) nameResolver() (*resolver.Resolver, error) {
	c := resolver.Default()
	c.MaxTTL = time.Hour
	var err error
	if c.Servers, err = s.cfg.SIP.NameServers(); err != nil {
		return nil, err
	}
	return resolver.New(c, s.log)
}

// logSIP says where phones may come in, with the port that a listener of port 0 has.
func (s *server) logSIP(listeners []transport.Listener) {
	seen := make(map[string]bool)
	for _, l := range listeners {
		address := l.Address
		if !seen[l.Network] { // the server knows the first of each
			address = s.sip.Addr(l.Network).String()
		}
		seen[l.Network] = true
		s.log.Info("listening", "for", "sip", "network", l.Network, "address", address)
	}
}

// digestAlgorithms are the configured digests; Validate has checked their names.
func digestAlgorithms(names []string) []digest.Algorithm {
	var out []digest.Algorithm
	for _, name := range names {
		if a, ok := digest.ParseAlgorithm(name); ok {
			out = append(out, a)
		}
	}
	return out
}

// refreshHosts is how soon an address of a trunk's name is known, at the shortest TTL.
const refreshHosts = 30 * time.Second

// unregisterTimeout bounds how long the end waits for other registrars.
const unregisterTimeout = 3 * time.Second

// closeSIP ends SIP. A peer that is gone answers no BYE, which is no failure of ours.
func (s *server) closeSIP() error {
	ctx, cancel := s.patient()
	defer cancel()
	err := s.sip.Close(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.Warn("sip closed before every peer had answered", "err", err)
		return nil
	}
	return err
}

// sipConfig is the SIP stack's configuration: its listeners and identity.
func (s *server) sipConfig() sip.Config {
	c := sip.Default()
	c.Understood = []string{sessiontimer.Tag}
	c.UserAgent = s.cfg.SIP.UserAgent
	c.T1 = s.cfg.SIP.T1
	c.T2 = max(c.T2, c.T1)
	c.UDPMax = s.cfg.SIP.UDPMax
	c.Transport.KeepAlive = s.cfg.SIP.KeepAlive
	c.External = s.loaded.Load().outside(s.cfg).External()
	c.Transport.Screen = s.screen
	c.Transport.Unread, c.Admission = s.overload.Unread, s.overload
	s.realms = digest.NewRealms(s.log)
	c.Realms = s.realms
	c.Transport.TLSClient = func(d transport.Destination) *tls.Config {
		in := s.loaded.Load()
		return in.trunksTLS.Config(d, in.tlsClient)
	}
	beside := s.ari()
	add := func(name, network, address string) {
		if address == config.Off {
			return
		}
		l := transport.Listener{Name: name, Network: network, Address: address, Origins: s.cfg.SIP.Origins, HTTP: beside}
		switch network {
		case "tls":
			l.TLS = s.tls.Transport(address)
		case "wss":
			l.TLS = s.tls.Web(tls.VersionTLS12)
		}
		c.Transport.Listeners = append(c.Transport.Listeners, l)
	}
	for _, l := range s.loaded.Load().sipListeners(s.cfg) {
		add(l.Name, l.Network, l.Address)
	}
	add("", "ws", s.cfg.ARI.Listen)
	add("", "wss", s.cfg.ARI.TLSListen)
	return c
}

// rtpPorts opens the allocator of the phones' media ports.
func rtpPorts(cfg config.RTP) (*rtp.Ports, error) {
	lo, hi, err := cfg.Range()
	if err != nil {
		return nil, err
	}
	pc := rtp.DefaultPortsConfig()
	pc.First, pc.Last = uint16(lo), uint16(hi) //nolint:gosec // Range has bounded them
	if pc.Addresses, err = cfg.Addresses(); err != nil {
		return nil, err
	}
	return rtp.NewPorts(pc)
}
