package session

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/media"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/webrtc"
)

// WebRTC is WebRTC media under SDP that SIP carries: no trickling, every
// candidate stands in the description.
type WebRTC struct {
	*webrtc.Session
	wish, agreed media.Direction // ours: in the last offer, and in effect
	before       rtc.Negotiated  // the last Answer
}

// Offer describes what we want; SetAnswer or Rollback follows.
func (s *WebRTC) Offer(ctx context.Context, direction media.Direction) ([]byte, error) {
	s.wish = direction
	s.SetDirection(direction)
	offer, err := s.Session.Offer(ctx, false)
	if err != nil {
		s.SetDirection(s.agreed)
	}
	return []byte(offer), err
}

// Refresh is Offer: every description of a connection is its own.
func (s *WebRTC) Refresh(ctx context.Context, direction media.Direction) ([]byte, error) {
	return s.Offer(ctx, direction)
}

// Answer takes an offer, puts it into effect and gives the answer.
func (s *WebRTC) Answer(ctx context.Context, offer []byte) ([]byte, error) {
	s.before = s.Media()
	answer, err := s.Session.Answer(ctx, string(offer), false)
	return []byte(answer), err
}

// Sent does nothing: the connection waits for no call to be answered.
func (s *WebRTC) Sent() {}

// Undo has the mixer do as before. The connection itself knows no way back from an
// answer; the party's next offer brings both sides together again.
func (s *WebRTC) Undo() error { return s.putBack(s.before) }

// Mark is as much of a way back as Undo.
func (s *WebRTC) Mark() func() error {
	now := s.Media()
	return func() error { return s.putBack(now) }
}

func (s *WebRTC) putBack(b rtc.Negotiated) error {
	return s.Port().SetMedia(mixer.Media{
		Send: b.Send, Receive: b.Receive, SendEvents: b.SendEvents, ReceiveEvents: b.ReceiveEvents, Direction: b.Direction,
		AudioLevel: b.AudioLevel,
	})
}

// SetAnswer puts the answer to our offer into effect.
func (s *WebRTC) SetAnswer(answer []byte) error {
	if err := s.Session.SetAnswer(string(answer)); err != nil {
		return err
	}
	s.agreed = s.wish
	return nil
}

// Rollback takes back an offer that the party refused.
func (s *WebRTC) Rollback() {
	s.SetDirection(s.agreed)
	s.Session.Rollback()
}

// Format is what we send.
func (s *WebRTC) Format() media.Format { return s.Media().Send }

// Held reports whether the party does not want to hear us.
func (s *WebRTC) Held() bool { return s.Media().Send.Codec != nil && !s.Media().Direction.Sends() }

// Remote is for people to read.
func (s *WebRTC) Remote() string { return "webrtc" }

// Secure is always true.
func (s *WebRTC) Secure() bool { return true }

// Keyless is nil: without keys there is no connection.
func (s *WebRTC) Keyless() error { return nil }
