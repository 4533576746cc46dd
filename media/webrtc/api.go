// Package webrtc is the media of one browser, or of one phone that speaks like
// one: its audio, and where its owner wants them video in any number of sections and the
// packets of data channels; ICE (RFC 8445), DTLS-SRTP (RFC 5764) and the JSEP offer
// and answer (RFC 8829). It knows neither SIP nor REST nor channels: a Peer takes
// and gives SDP and candidates as text, RTP packets as bytes.
//
// One API holds the one UDP and the one TCP port, the DTLS certificate and the
// settings; every Peer has its own transport on them. We are a full ICE
// agent rather than ICE-lite: lite would save the checks we send, but cannot
// offer to another lite agent, cannot be reached through its own TURN server and
// does not notice a browser that vanished. Our side announces no mDNS names and
// resolves none: a browser that hides behind one reaches us, which makes it a
// peer-reflexive candidate.
//
// A peer's packets go past pion's PeerConnection (docs/adr/0018): package transport has
// its path, its keys and the sealing of what goes along it. Received packets are taken as
// the socket's reader finds them: those of audio whatever their SSRC, those of video by their
// section. For audio there is no NACK and no transport-wide feedback (docs/adr/0019); its RTCP
// reports are made here from the same counters that Stats shows. What is asked and told about
// video is its owner's.
//
// Goroutines: per API one that reads each UDP socket, one that accepts TCP, and
// one per peer being closed; per Peer its event actor and those of its transport. Peer.Close
// ends a peer's, API.Close all of them.
package webrtc

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
	"github.com/skygenesisenterprise/skybridge/media/srtp/dtls"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/internal/mux"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/internal/pionlog"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/transport"
)

// certificateLife is how long a DTLS certificate is valid; new peers get a fresh
// one once half of it has passed, as no call lasts the other half.
const certificateLife = 365 * 24 * time.Hour

// API makes peers that share one port and one certificate.
type API struct {
	config   Config
	loopback bool
	// restartGather is how long a trickled description of an ICE restart waits for our
	// candidates: those of our own sockets are there in a moment.
	restartGather time.Duration
	codecs        media.Codecs
	log           *slog.Logger
	settings      transport.Config // but for what is a peer's own
	sockets       *mux.Sockets
	now           func() time.Time
	off           bool // as Off made it
	external      atomic.Pointer[[]netip.Addr]

	mu          sync.Mutex
	closed      bool
	peers       map[*Peer]struct{}
	places      int // taken: those of peers, and of peers being made
	certificate *dtls.Certificate
	renew       time.Time
	making      sync.WaitGroup // peers being made; none begins once closed
	closing     sync.WaitGroup // shutdowns of peers under way
}

// Encoder is the Encoder of the Config.
func (a *API) Encoder() media.EncoderConfig { return a.config.Encoder }

// New opens the port. codecs are those a peer gets that names none of its own. An
// error of a port in use wraps syscall.EADDRINUSE and names the address.
func New(config Config, codecs media.Codecs, log *slog.Logger) (*API, error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("webrtc: %w", err)
	}
	at, err := config.address()
	if err != nil {
		return nil, fmt.Errorf("webrtc: %w", err)
	}
	at = config.everywhere(at)
	a := &API{
		config:   config,
		loopback: config.loopback(), restartGather: 200 * time.Millisecond,
		codecs: codecs,
		log:    log,
		now:    time.Now,
		peers:  map[*Peer]struct{}{},
	}
	if _, err := a.currentCertificate(); err != nil {
		return nil, err
	}
	if _, err := mux.LocalAddresses(at.Addr(), a.loopback); errors.Is(err, mux.ErrOnlyLoopback) {
		log.Warn("this machine has no address besides loopback: browsers elsewhere cannot connect", "listen", config.Listen)
		a.loopback = true
	}
	logs := pionlog.Factory{Log: log}
	if a.sockets, err = mux.Listen(at, a.loopback, config.MaxTCP, logs); err != nil {
		return nil, err
	}
	if err := a.configure(at); err != nil {
		return nil, fmt.Errorf("webrtc: %w", errors.Join(err, a.sockets.Close()))
	}
	return a, nil
}

// Off is an API without a port: it makes no peers.
func Off(log *slog.Logger) *API { return &API{log: log, now: time.Now, off: true, closed: true} }

// configure makes what all transports have in common.
func (a *API) configure(at netip.AddrPort) error {
	networks := []ice.NetworkType{ice.NetworkTypeUDP4, ice.NetworkTypeTCP4}
	if at.Addr().Is6() {
		networks = append(networks, ice.NetworkTypeUDP6, ice.NetworkTypeTCP6)
	}
	a.setExternalIP(a.config.ExternalIP)
	loopback := a.loopback
	a.settings = transport.Config{
		Sockets: a.sockets, Networks: networks, Loopback: loopback,
		RemoteFilter: func(ip net.IP) bool {
			addr, ok := netip.AddrFromSlice(ip)
			return ok && reachable(addr.Unmap(), loopback)
		},
		Suites:              []srtp.Suite{srtp.GCM128, srtp.GCM256, srtp.AESCM80},
		GatherTimeout:       a.config.GatherTimeout,
		HandshakeTimeout:    a.config.HandshakeTimeout,
		DisconnectedTimeout: a.config.DisconnectedTimeout,
		FailedTimeout:       a.config.FailedTimeout,
		KeepaliveInterval:   a.config.KeepaliveInterval,
	}
	for _, s := range a.config.ICEServers {
		for _, u := range s.URLs {
			uri, err := stun.ParseURI(u)
			if err != nil {
				return fault.New(fault.Invalid, "ice_servers: %q: %w", u, err)
			}
			uri.Username, uri.Password = s.Username, s.Credential
			a.settings.Servers = append(a.settings.Servers, uri)
		}
	}
	return nil
}

// SetExternalIP is Config.ExternalIP for the peers that are made from now on. It fails with
// fault.Invalid, and then nothing changes.
func (a *API) SetExternalIP(external ...netip.Addr) error {
	if err := checkExternal(external); err != nil {
		return err
	}
	a.setExternalIP(external)
	return nil
}

func (a *API) setExternalIP(external []netip.Addr) {
	own := slices.Clone(external)
	a.external.Store(&own)
}

// Addr is the address of the UDP and the TCP port; the zero AddrPort when off.
func (a *API) Addr() netip.AddrPort {
	if a.off {
		return netip.AddrPort{}
	}
	return a.sockets.Addr
}

// Peers is the number of peers alive.
func (a *API) Peers() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.peers)
}

// Close ends every peer and the port, and waits for their goroutines. It must not
// be called from a peer's callback.
func (a *API) Close() error {
	a.mu.Lock()
	already := a.closed
	a.closed = true
	a.mu.Unlock()
	a.making.Wait()
	a.mu.Lock()
	peers := make([]*Peer, 0, len(a.peers))
	for p := range a.peers {
		peers = append(peers, p)
	}
	a.mu.Unlock()
	for _, p := range peers {
		p.Close()
	}
	for _, p := range peers {
		<-p.Done()
	}
	a.closing.Wait()
	if already {
		return nil
	}
	if err := a.sockets.Close(); err != nil {
		return fmt.Errorf("webrtc: close: %w", err)
	}
	return nil
}

// reserve takes the place of a peer to be made. keep or release follows, then the
// end of making.
func (a *API) reserve() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return fault.New(fault.Unavailable, "webrtc: closed")
	}
	if a.places >= a.config.MaxPeers {
		return fault.New(fault.Unavailable, "webrtc: %d peers, which is the limit", a.places)
	}
	a.places++
	a.making.Add(1)
	return nil
}

// keep gives the place to a peer that is whole, so that Close finds it.
func (a *API) keep(p *Peer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.peers[p] = struct{}{}
}

// release gives back the place of a peer that was not made.
func (a *API) release() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.places--
}

// forget gives back the place of a peer that is gone.
func (a *API) forget(p *Peer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.peers, p)
	a.places--
}

// currentCertificate is the certificate for a new peer.
func (a *API) currentCertificate() (*dtls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	if a.certificate != nil && now.Before(a.renew) {
		return a.certificate, nil
	}
	// Its name says nothing about us on purpose.
	certificate, err := dtls.NewCertificateFor("WebRTC", now.Add(-24*time.Hour), now.Add(certificateLife))
	if err != nil {
		return nil, fmt.Errorf("webrtc: %w", err)
	}
	a.certificate, a.renew = certificate, now.Add(certificateLife/2)
	return certificate, nil
}
