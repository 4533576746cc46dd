package sip

import (
	"context"
	"net"
	"net/netip"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
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
	// Keyless is why there are no keys for the media; nil when there are, or may be still.
	Keyless() error
	Close()
	Wait(ctx context.Context) error
}

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
func (s *dtlsSession) Keyless() error       { return nil }

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
