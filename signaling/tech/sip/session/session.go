// Package session is the media of a SIP leg: RTP or SRTP on ports of its own, in the
// clear, with keys in the descriptions, or with keys made by a handshake on those ports,
// with video beside the audio where that was granted; or WebRTC. It says what is
// negotiated (media/sdp), with what keys (media/srtp/dtls), and that the mixer does it.
//
// It starts no goroutine but those of handshakes, which Close ends.
package session

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
	"github.com/skygenesisenterprise/skybridge/media/video"
	"github.com/skygenesisenterprise/skybridge/mixer"
)

// RTP is RTP or SRTP on a socket of its own.
type RTP struct {
	port      *mixer.Port
	log       *slog.Logger
	symmetric bool
	encoder   media.EncoderConfig
	// handshakes make keys; nil where none can be wanted.
	handshakes *handshakes

	mu          sync.Mutex
	sight       sight
	negotiation sdp.Config // of video
	negotiator  *sdp.Negotiator
	result      sdp.Result
	remote      netip.AddrPort // the last that was announced
	offering    []byte         // our last offer
	local       []byte         // the descriptions that were agreed on last
	theirs      []byte
	before      agreement // the last Answer
	unseen      agreement // and of video
	early       made      // keys of RTCP that were there before RTP's
	fax         facsimile
	direct      bypass
}

// agreement is what the exchanges of a session have come to.
type agreement struct {
	negotiator sdp.Negotiator
	result     sdp.Result

	local, theirs []byte
	of            *RTP // of video: whose it is
	declined      bool // and that it was
}

// Config is what a session is made with.
type Config struct {
	Name       string
	Ports      *rtp.Ports
	Mixer      *mixer.Engine
	Codecs     []*media.Codec
	Address    netip.Addr // ours, as the party must see it
	Local      netip.Addr // the one that the ports are opened on
	DTMF       bool
	PreferOurs bool
	Noise      bool
	Encoder    media.EncoderConfig // of its class of legs
	Symmetric  bool
	Protection sdp.Protection
	Suites     []srtp.Suite // to offer; none are the usual ones
	Handshake  *Handshake   // nil for none
	Log        *slog.Logger
	Mux        bool // offer RTCP on the port of RTP
	Timeout    time.Duration
	Hold       time.Duration
	Life       bool // RTCP keeps the timeout away
	Keepalive  time.Duration
	Events     func(mixer.Event)
	Video      []*video.Kind // that may be had; none is no video
	Fax        Fax
	Direct     Direct
}

// New opens the ports of a session and makes its port of the mixer.
func New(cfg Config) (*RTP, error) {
	s, err := open(cfg, func(*sdp.Config) {}, 0)
	if err != nil {
		return nil, err
	}
	s.sight.permitted, s.sight.cfg = cfg.Video, cfg
	s.fax = facsimile{Fax: cfg.Fax, ports: cfg.Ports, local: cfg.Local}
	s.direct.Direct, s.direct.codecs, s.direct.events = cfg.Direct, cfg.Codecs, cfg.DTMF
	return s, nil
}

// open is New, with what change makes of the negotiations and buffers of sockets of so many
// bytes, 0 for the usual ones.
func open(cfg Config, change func(*sdp.Config), buffer int) (*RTP, error) {
	socket, control, err := cfg.Ports.OpenPairOn(cfg.Local)
	if err != nil {
		return nil, err
	}
	if buffer > 0 {
		if err := socket.SetBuffers(buffer); err != nil {
			return nil, closeAfter(err, socket, control)
		}
	}
	sc := sdp.DefaultConfig()
	sc.Codecs = cfg.Codecs
	sc.PreferOurs = cfg.PreferOurs
	sc.DTMF = cfg.DTMF
	sc.Noise = cfg.Noise
	sc.AudioLevel = true // gateways and soft phones tell it; who does not know of it ignores it
	sc.Protection = cfg.Protection
	if len(cfg.Suites) > 0 {
		sc.Suites = cfg.Suites
	}
	sc.RTCPMux = cfg.Mux
	sc.Extended = true
	sc.Address = cfg.Address
	sc.Port = socket.LocalAddr().Port()
	s := &RTP{log: cfg.Log, symmetric: cfg.Symmetric, encoder: cfg.Encoder}
	if err := s.newHandshakes(&cfg, &sc, socket, control); err != nil {
		return nil, closeAfter(err, socket, control)
	}
	change(&sc)
	s.negotiation = sc
	if s.negotiator, err = sdp.NewNegotiator(sc); err != nil {
		return nil, closeAfter(err, socket, control)
	}
	pc := mixer.PortConfig{
		Name: cfg.Name, Transport: socket, RTCP: control, Events: s.direct.watch(cfg.Events), MediaTimeout: cfg.Timeout, HoldTimeout: cfg.Hold,
		RTCPIsLife: cfg.Life, Keepalive: cfg.Keepalive,
	}
	s.handshakes.keying(&pc)
	if s.port, err = cfg.Mixer.NewPort(pc); err != nil {
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

// Port is the session's port of the mixer.
func (s *RTP) Port() *mixer.Port { return s.port }

// Offer describes what we want; SetAnswer or Rollback follows.
func (s *RTP) Offer(_ context.Context, direction media.Direction) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offering = s.negotiator.OfferWith(s.sight.offers(), direction)
	return s.offering, nil
}

// Refresh offers what was agreed on as it stands.
func (s *RTP) Refresh(_ context.Context, direction media.Direction) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if beside := s.sight.offers(); beside != nil {
		s.offering = s.negotiator.OfferWith(beside, direction)
	} else {
		s.offering = s.negotiator.Repeat(s.local)
	}
	return s.offering, nil
}

// unchanged reports whether a description of the party's says nothing new, so that the media
// is not touched.
func (s *RTP) unchanged(description []byte, r *sdp.Result) bool {
	return bytes.Equal(description, s.theirs) && !s.fax.on && !r.Secure() && !s.result.Secure() &&
		r.Remote == s.result.Remote && r.Direction == s.result.Direction && r.OnHold == s.result.OnHold &&
		r.Send.Codec == s.result.Send.Codec && r.Send.PayloadType == s.result.Send.PayloadType
}

// Answer takes an offer, puts it into effect and gives the answer; an error changes
// nothing.
func (s *RTP) Answer(_ context.Context, offer []byte) ([]byte, error) {
	parsed, err := sdp.Parse(offer)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before, unseen := s.before, s.unseen
	s.keep()
	answer, result, seen, err := s.negotiator.AnswerWith(s.sight.negotiator(), parsed)
	if err == nil && !s.unchanged(offer, &result) {
		err = s.apply(result)
	}
	if err != nil {
		*s.negotiator = s.before.negotiator
		if s.sight.granted != nil {
			*s.sight.granted.negotiator = s.unseen.negotiator
		}
		s.before, s.unseen = before, unseen
		return nil, err
	}
	s.seen(parsed)
	s.sight.settle(seen)
	s.local, s.theirs = answer, offer
	return answer, nil
}

// SetAnswer puts the answer to our offer into effect.
func (s *RTP) SetAnswer(answer []byte) error {
	parsed, err := sdp.Parse(answer)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	result, seen, err := s.negotiator.SetAnswerWith(s.sight.negotiator(), parsed)
	if err != nil {
		return err
	}
	if !s.unchanged(answer, &result) {
		if err := s.apply(result); err != nil {
			return err
		}
	}
	s.local, s.theirs = s.offering, answer
	s.sight.settle(seen)
	s.sight.begin()
	s.handshakes.begin(&s.result, s.symmetric)
	return nil
}

// Rollback takes back an offer that the party refused.
func (s *RTP) Rollback() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.negotiator.RollbackWith(s.sight.negotiator())
}

// apply puts a negotiation into effect. The lock is held.
func (s *RTP) apply(r sdp.Result) error {
	if err := s.put(&r); err != nil {
		return err
	}
	if r.Remote.IsValid() && r.Remote != s.result.Remote {
		s.port.SetRemote(r.Remote, s.symmetric)
	}
	if r.Remote.IsValid() {
		s.remote = r.Remote
	}
	if s.result.Secure() && !r.Secure() && r.Send.Codec != nil {
		s.log.Warn("the party goes on without encryption, as its endpoint may")
	}
	s.result = r
	return nil
}

// put has the mixer do what was negotiated, with the keys that there are.
func (s *RTP) put(r *sdp.Result) error {
	keys, await := s.handshakes.keys(r)
	m := mixer.Media{
		Send: r.Send, Receive: r.Receive, SendEvents: r.Events, ReceiveEvents: r.ReceiveEvents, Direction: r.Direction,
		Passed: r.Passed, AudioLevel: r.AudioLevel, Noise: r.Noise, AwaitKeys: await,
		KeysAnew: r.Handshake != nil || s.moves(r),
	}
	if len(r.Passed) == 0 {
		m.Encoder = sdp.EncoderFor(r.Send, s.encoder)
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

// moves reports whether a negotiation has the peer elsewhere than before. Who holds by the
// manner of RFC 2543 is nowhere, and has not moved when it is back.
func (s *RTP) moves(r *sdp.Result) bool {
	return s.remote.IsValid() && r.Remote.IsValid() && r.Remote != s.remote
}

// reports is to whom reports are sent after a negotiation.
func (s *RTP) reports(r *sdp.Result, keys *made, await bool) mixer.ReportPeer {
	p := mixer.ReportPeer{
		Media: r.Remote, Remote: r.RemoteRTCP, Mux: r.RTCPMux, Symmetric: s.symmetric,
		Metrics: r.Extended.Metrics, RoundTrip: r.Extended.RoundTrip, AwaitKeys: await,
	}
	if len(r.Passed) > 0 {
		p.Metrics, p.Requests = false, rtp.RequestsOf(r.Requests)
	}
	if keys != nil {
		of := keys.reports(r.RTCPMux)
		p.AwaitKeys, p.Keys = !of.Secure(), &of
	}
	if p.AwaitKeys {
		p.Keys = nil
	}
	if r.NoReports || p.AwaitKeys {
		p.Remote = netip.AddrPort{}
	}
	return p
}

// Format is what we send.
func (s *RTP) Format() media.Format {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.result.Send
}

// Held reports whether the party does not want to hear us.
func (s *RTP) Held() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.result.OnHold
}

// Remote is where media goes, for people to read.
func (s *RTP) Remote() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.result.Remote.IsValid() {
		return ""
	}
	return s.result.Remote.String()
}

// Secure reports whether packets are protected, by keys that are there or to come.
func (s *RTP) Secure() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.result.Secure()
}

// Close ends the media.
func (s *RTP) Close() {
	s.mu.Lock()
	seen := s.sight.granted
	s.fax.close(s)
	s.mu.Unlock()
	if seen != nil {
		seen.Close()
	}
	s.handshakes.close() // says goodbye, as long as there is a socket
	s.port.Close()
}

// Wait waits until its ports are closed.
func (s *RTP) Wait(ctx context.Context) error {
	s.mu.Lock()
	seen := s.sight.granted
	s.mu.Unlock()
	if seen != nil {
		if err := seen.Wait(ctx); err != nil {
			return err
		}
	}
	return s.port.Wait(ctx)
}
