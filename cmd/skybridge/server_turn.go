package main

import (
	"context"
	"crypto/tls"
	"net/netip"

	"github.com/skygenesisenterprise/skybridge/api/voip"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/config"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/turn"
)

const turnSecret = "turn.secret"

// startTURN opens STUN and TURN, unless both listeners are switched off. They are closed
// after the calls that go through them have ended.
func (s *server) startTURN(ctx context.Context) error {
	t, c := s.cfg.TURN, turn.Default()
	c.Listen, c.TLSListen = listening(t.Listen), listening(t.TLSListen)
	if c.Listen == "" && c.TLSListen == "" {
		return nil
	}
	secret := t.Secret
	var err error
	if secret == "" {
		// One that outlives the process: credentials from before a restart go on.
		secret, err = s.db.Settings.GetOrCreate(ctx, turnSecret, func() (string, error) { return string(auth.NewSecret()), nil })
		if err != nil {
			return err
		}
	}
	first, last, err := t.Range()
	if err != nil {
		return err
	}
	if c.AllowPeers, err = t.Peers(); err != nil {
		return err
	}
	c.TLS = s.tls.Web(tls.VersionTLS12) // libraries of phones' applications have no 1.3 at times
	c.Secret, c.Lifetime, c.Realm, c.Host = []byte(secret), t.CredentialLifetime, t.Realm, t.Host
	c.FirstPort, c.LastPort = uint16(first), uint16(last) //nolint:gosec // Range has bounded them
	c.Media, c.Loopback = s.webrtc.Addr(), s.how.dev
	c.PerUser, c.PerAddress, c.Total, c.Bitrate = t.PerUser, t.PerAddress, t.MaxAllocations, t.UserBitrate
	c.Connections, c.ConnectionsPerAddress, c.Strangers = t.MaxConnections, t.ConnectionsPerAddress, t.StrangerRate
	c.Log = s.log
	if s.turn, err = turn.New(c); err != nil {
		return err
	}
	s.defers(s.turn.Close)
	s.turnOutside(s.loaded.Load().outside(s.cfg).Media)
	for network, at := range map[string]netip.AddrPort{"udp and tcp": s.turn.Addr(), "tls": s.turn.TLSAddr()} {
		if at.IsValid() {
			s.log.Info("listening", "for", "turn", "network", network, "address", at.String())
		}
	}
	return nil
}

// listening is a listener's setting; "" is off.
func listening(setting string) string {
	if setting == config.Off {
		return ""
	}
	return setting
}

// turnOutside tells TURN what others call this machine.
func (s *server) turnOutside(external []netip.Addr) {
	if s.turn != nil {
		s.turn.SetExternalIP(external...)
	}
}

// relaying is how many allocations there are.
func (s *server) relaying() int {
	if s.turn == nil {
		return 0
	}
	return s.turn.Stats().Allocations
}

// iceServers are what a user's browser is given to reach us with.
func (s *server) iceServers(user string) []voip.ICEServerBody {
	out := []voip.ICEServerBody{}
	if s.turn == nil {
		return out
	}
	for _, e := range s.turn.ICEServers(user) {
		out = append(out, voip.ICEServerBody{URLs: e.URLs, Username: e.Username, Credential: e.Credential})
	}
	return out
}
