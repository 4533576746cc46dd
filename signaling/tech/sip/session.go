package sip

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/webrtc"
)

// session is the media of one SIP leg: RTP in the clear or with keys in SDP, or WebRTC
// for phones that speak DTLS-SRTP. Descriptions are SDP bodies.
type session interface {
	Port() *mixer.Port
	// Offer describes what we want; direction is ours. SetAnswer or Rollback follows.
	Offer(ctx context.Context, direction media.Direction) ([]byte, error)
	// Answer takes an offer, puts it into effect and gives the answer; an error
	// changes nothing. Should the party not get the answer, Undo takes it back.
	Answer(ctx context.Context, offer []byte) ([]byte, error)
	// Sent is told that the party was sent what Answer gave, or once more that it may
	// count on what was agreed.
	Sent()
	// Undo puts into effect again what was agreed before the last Answer.
	Undo() error
	// SetAnswer puts the answer to our offer into effect.
	SetAnswer(answer []byte) error
	// Rollback takes back an offer that the party refused: all is as it was before.
	Rollback()
	// Format is what we send.
	Format() media.Format
	// Held reports whether the party does not want to hear us.
	Held() bool
	// Remote is where media goes, for people to read.
	Remote() string
	Secure() bool
	Close()
	Wait(ctx context.Context) error
}

// rtpSession is RTP or SRTP on a socket of its own.
type rtpSession struct {
	port      *mixer.Port
	log       *slog.Logger
	symmetric bool
	encoder   media.EncoderConfig
	// handshakes make keys; nil where none can be wanted.
	handshakes *handshakes

	mu         sync.Mutex
	negotiator *sdp.Negotiator
	result     sdp.Result
	before     agreement // the last Answer
	early      made      // keys of RTCP that were there before RTP's
}

// agreement is what the exchanges of a session have come to.
type agreement struct {
	negotiator sdp.Negotiator
	result     sdp.Result
}

type rtpConfig struct {
	name       string
	ports      *rtp.Ports
	mixer      *mixer.Engine
	codecs     []*media.Codec
	address    netip.Addr // ours, as the party must see it
	dtmf       bool
	preferOurs bool
	noise      bool
	encoder    media.EncoderConfig // of its class of legs
	symmetric  bool
	protection sdp.Protection
	suites     []srtp.Suite     // to offer; none are the usual ones
	handshake  *handshakeConfig // nil for none
	log        *slog.Logger
	mux        bool // offer RTCP on the port of RTP
	timeout    time.Duration
	hold       time.Duration
	life       bool // RTCP keeps the timeout away
	keepalive  time.Duration
	events     func(mixer.Event)
}

func newRTPSession(cfg rtpConfig) (*rtpSession, error) {
	socket, control, err := cfg.ports.OpenPair()
	if err != nil {
		return nil, err
	}
	sc := sdp.DefaultConfig()
	sc.Codecs = cfg.codecs
	sc.PreferOurs = cfg.preferOurs
	sc.DTMF = cfg.dtmf
	sc.Noise = cfg.noise
	sc.AudioLevel = true // gateways and soft phones tell it; who does not know of it ignores it
	sc.Protection = cfg.protection
	if len(cfg.suites) > 0 {
		sc.Suites = cfg.suites
	}
	sc.RTCPMux = cfg.mux
	sc.Extended = true
	sc.Address = cfg.address
	sc.Port = socket.LocalAddr().Port()
	s := &rtpSession{log: cfg.log, symmetric: cfg.symmetric, encoder: cfg.encoder}
	if err := s.newHandshakes(&cfg, &sc, socket, control); err != nil {
		return nil, closeAfter(err, socket, control)
	}
	if s.negotiator, err = sdp.NewNegotiator(sc); err != nil {
		return nil, closeAfter(err, socket, control)
	}
	pc := mixer.PortConfig{
		Name: cfg.name, Transport: socket, RTCP: control, Events: cfg.events, MediaTimeout: cfg.timeout, HoldTimeout: cfg.hold,
		RTCPIsLife: cfg.life, Keepalive: cfg.keepalive,
	}
	s.handshakes.keying(&pc)
	if s.port, err = cfg.mixer.NewPort(pc); err != nil {
		return nil, closeAfter(err, socket, control)
	}
	return s, nil
}

func closeAfter(err error, sockets ...*rtp.Socket) error {
	for _, s := range sockets {
		if cerr := s.Close(); cerr != nil {
			err = fault.New(fault.Of(err), "%w (and closing the socket: %v)", err, cerr)
		}
	}
	return err
}

func (s *rtpSession) Port() *mixer.Port { return s.port }

func (s *rtpSession) Offer(_ context.Context, direction media.Direction) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.negotiator.Offer(direction), nil
}

func (s *rtpSession) Answer(_ context.Context, offer []byte) ([]byte, error) {
	parsed, err := sdp.Parse(offer)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = agreement{*s.negotiator, s.result}
	answer, result, err := s.negotiator.Answer(parsed)
	if err != nil {
		return nil, err
	}
	if err := s.apply(result); err != nil {
		*s.negotiator = s.before.negotiator
		return nil, err
	}
	return answer, nil
}

func (s *rtpSession) Undo() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	*s.negotiator = s.before.negotiator
	if s.handshakes != nil {
		s.handshakes.rest()
		s.early = made{}
	}
	return s.apply(s.before.result)
}

func (s *rtpSession) SetAnswer(answer []byte) error {
	parsed, err := sdp.Parse(answer)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	result, err := s.negotiator.SetAnswer(parsed)
	if err != nil {
		return err
	}
	if err := s.apply(result); err != nil {
		return err
	}
	s.handshakes.begin(&s.result, s.symmetric)
	return nil
}

func (s *rtpSession) Rollback() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.negotiator.Rollback()
}

// apply puts a negotiation into effect. The lock is held.
func (s *rtpSession) apply(r sdp.Result) error {
	if err := s.put(&r); err != nil {
		return err
	}
	if r.Remote.IsValid() && r.Remote != s.result.Remote {
		s.port.SetRemote(r.Remote, s.symmetric)
	}
	if s.result.Secure() && !r.Secure() && r.Send.Codec != nil {
		s.log.Warn("the party goes on without encryption, as its endpoint may")
	}
	s.result = r
	return nil
}

// put has the mixer do what was negotiated, with the keys that there are.
func (s *rtpSession) put(r *sdp.Result) error {
	keys, await := s.handshakes.keys(r)
	m := mixer.Media{
		Send: r.Send, Receive: r.Receive, SendEvents: r.Events, ReceiveEvents: r.ReceiveEvents, Direction: r.Direction,
		AudioLevel: r.AudioLevel, Noise: r.Noise, Encoder: sdp.EncoderFor(r.Send, s.encoder), AwaitKeys: await,
	}
	if keys != nil {
		m.Keys = &keys.media
	}
	if err := s.port.SetMedia(m); err != nil {
		return err
	}
	s.port.SetReports(s.reports(r, keys, await))
	return nil
}

// reports is to whom reports are sent after a negotiation.
func (s *rtpSession) reports(r *sdp.Result, keys *made, await bool) mixer.ReportPeer {
	p := mixer.ReportPeer{
		Media: r.Remote, Remote: r.RemoteRTCP, Mux: r.RTCPMux, Symmetric: s.symmetric,
		Metrics: r.Extended.Metrics, RoundTrip: r.Extended.RoundTrip, AwaitKeys: await,
	}
	if keys != nil {
		p.AwaitKeys = !keys.control.Secure()
		p.Keys = &keys.control
	}
	if p.AwaitKeys {
		p.Keys = nil
	}
	if r.NoReports || p.AwaitKeys {
		p.Remote = netip.AddrPort{}
	}
	return p
}

func (s *rtpSession) Format() media.Format {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.result.Send
}

func (s *rtpSession) Held() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.result.OnHold
}

func (s *rtpSession) Remote() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.result.Remote.IsValid() {
		return ""
	}
	return s.result.Remote.String()
}

func (s *rtpSession) Secure() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.result.Secure()
}

func (s *rtpSession) Close() {
	s.handshakes.close() // says goodbye, as long as there is a socket
	s.port.Close()
}

func (s *rtpSession) Wait(ctx context.Context) error { return s.port.Wait(ctx) }

// dtlsSession is WebRTC media under SDP that SIP carries: no trickling, every
// candidate stands in the description.
type dtlsSession struct {
	*webrtc.Session
	wish, agreed media.Direction // ours: in the last offer, and in effect
	before       rtc.Negotiated  // the last Answer
}

func (s *dtlsSession) Offer(ctx context.Context, direction media.Direction) ([]byte, error) {
	s.wish = direction
	s.SetDirection(direction)
	offer, err := s.Session.Offer(ctx, false)
	if err != nil {
		s.SetDirection(s.agreed)
	}
	return []byte(offer), err
}

func (s *dtlsSession) Answer(ctx context.Context, offer []byte) ([]byte, error) {
	s.before = s.Media()
	answer, err := s.Session.Answer(ctx, string(offer), false)
	return []byte(answer), err
}

// Sent does nothing: the connection waits for no call to be answered.
func (s *dtlsSession) Sent() {}

// Undo has the mixer do as before. The connection itself knows no way back from an
// answer; the party's next offer brings both sides together again.
func (s *dtlsSession) Undo() error {
	b := s.before
	return s.Port().SetMedia(mixer.Media{
		Send: b.Send, Receive: b.Receive, SendEvents: b.SendEvents, ReceiveEvents: b.ReceiveEvents, Direction: b.Direction,
		AudioLevel: b.AudioLevel,
	})
}

func (s *dtlsSession) SetAnswer(answer []byte) error {
	if err := s.Session.SetAnswer(string(answer)); err != nil {
		return err
	}
	s.agreed = s.wish
	return nil
}

func (s *dtlsSession) Rollback() {
	s.SetDirection(s.agreed)
	s.Session.Rollback()
}

func (s *dtlsSession) Format() media.Format { return s.Media().Send }
func (s *dtlsSession) Held() bool           { return s.Media().Send.Codec != nil && !s.Media().Direction.Sends() }
func (s *dtlsSession) Remote() string       { return "webrtc" }
func (s *dtlsSession) Secure() bool         { return true }

// sourceFor is the local address that packets to remote leave from. It sends
// nothing.
func sourceFor(remote netip.Addr) (netip.Addr, error) {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(remote, 9)))
	if err != nil {
		return netip.Addr{}, fault.New(fault.Unreachable, "no route to %s: %w", remote, err)
	}
	local := conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
	if err := conn.Close(); err != nil {
		return netip.Addr{}, err
	}
	return local, nil
}
