package session

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/mixer"
)

// Session is the media of one SIP leg: RTP in the clear or with keys in SDP, or WebRTC
// for phones that speak DTLS-SRTP. Descriptions are SDP bodies.
type Session interface {
	Port() *mixer.Port
	// Offer describes what we want; direction is ours. SetAnswer or Rollback follows.
	Offer(ctx context.Context, direction media.Direction) ([]byte, error)
	// Refresh offers what was agreed on last, unchanged; SetAnswer or Rollback follows.
	Refresh(ctx context.Context, direction media.Direction) ([]byte, error)
	// Answer takes an offer, puts it into effect and gives the answer; an error
	// changes nothing. Should the party not get the answer, Undo takes it back.
	Answer(ctx context.Context, offer []byte) ([]byte, error)
	// Sent is told that the party was sent what Answer gave, or once more that it may
	// count on what was agreed.
	Sent()
	// Undo puts into effect again what was agreed before the last Answer.
	Undo() error
	// Mark gives what puts into effect again what is agreed now, whatever is agreed meanwhile.
	Mark() (back func() error)
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

var (
	_ Session = (*RTP)(nil)
	_ Session = (*WebRTC)(nil)
)
