// Package webrtc makes legs of browsers: their media over media/webrtc, their
// signalling through whoever carries offers, answers and candidates (the REST
// API). Session, the media alone, also serves SIP phones that speak WebRTC.
//
// Goroutines: one per session, which carries packets from the mixer to a peer that no
// socket of ours leads to straight, and ends with the session's port, and one per leg that ends, which waits
// for its media to be gone.
package webrtc

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/rtcp"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/webrtc/stage"
)

// SessionConfig is what a session is made of.
type SessionConfig struct {
	Name   string
	Mixer  *mixer.Engine
	API    *rtc.API
	Codecs []*media.Codec
	Log    *slog.Logger
	// Events is told what the mixer says of the port; it must not block.
	Events func(mixer.Event)
	// Candidate, where set, is told our own candidates as they are found
	// (trickle); an empty one is the end.
	Candidate func(rtc.Candidate)
	// State is told how the connection does; it must not block.
	State func(rtc.State)
	// MediaTimeout is as in LegConfig.
	MediaTimeout time.Duration
	// Video, where set, is the browser's; it ends with the session. Without, video is refused.
	Video *stage.Performer
	// Data, where set, carries the browser's data channels, as rtc.PeerConfig.Data; once for each
	// connection that the browser comes with. Without, they are refused.
	Data func(net.Conn)
}

// Session is one browser's media: a peer, and its port in the mixer.
type Session struct {
	cfg  SessionConfig
	seat atomic.Pointer[seat]
	ring *mixer.Ring
	port *mixer.Port

	replacing sync.Mutex // one replacement of the peer at a time

	live    context.Context //nolint:containedctx // the session's life
	stop    context.CancelFunc
	pumping sync.WaitGroup
	closed  atomic.Bool
}

// NewSession makes the peer and its port.
func NewSession(cfg SessionConfig) (*Session, error) {
	s, err := newSession(cfg)
	if err == nil {
		s.start()
	}
	return s, err
}

// newSession makes a session that carries nothing yet.
func newSession(cfg SessionConfig) (*Session, error) {
	s := &Session{cfg: cfg, ring: mixer.NewRing()}
	first, err := s.newSeat()
	if err != nil {
		return nil, err
	}
	first.take()
	s.seat.Store(first)
	s.ring.Through(func(packet []byte) bool {
		sent, err := s.peer().WriteNow(packet)
		if err != nil {
			s.ring.Unsent() // not connected yet, or not any more; the port's statistics show it
		}
		return sent
	})
	port, err := cfg.Mixer.NewPort(mixer.PortConfig{Name: cfg.Name, Transport: s.ring, Events: cfg.Events, MediaTimeout: cfg.MediaTimeout, MutedIsHeld: true})
	if err != nil {
		first.leave()
		return nil, err
	}
	s.port = port
	s.live, s.stop = context.WithCancel(context.Background())
	return s, nil
}

func (s *Session) start() {
	s.pumping.Add(1)
	go s.pump() // owned by s, ended by Close
}

// received takes a packet from the reader of the peer that carries the session.
func (s *Session) received(packet []byte, arrival time.Time) {
	// What the ring cannot take it counts, as the port's Overrun; a closed one has
	// no use for packets.
	_ = s.ring.Deliver(packet, arrival)
}

// reported takes what the peer says of what it is sent, from when it was connected on.
func (s *Session) reported(f rtcp.Feedback) { s.port.Reported(f) }

// pump carries what the mixer's worker cannot send by itself (TCP, relays) to the peer. The session fails with it.
func (s *Session) pump() {
	defer guard.Recover(s.cfg.Log.With("peer", s.cfg.Name), "a session's media, session ended", s.failed, s.Close)
	defer s.pumping.Done()
	buf := make([]byte, mixer.MaxPacketBytes)
	for {
		n, err := s.ring.Next(s.live, buf)
		if err != nil {
			return // the port has closed, or the session has
		}
		if err := s.peer().WriteRTP(buf[:n]); err != nil {
			s.ring.Unsent() // not connected yet, or not any more; the port's statistics show it
		}
	}
}

// failed tells that the connection is of no use any more.
func (s *Session) failed() {
	if s.cfg.State != nil {
		s.cfg.State(rtc.StateFailed)
	}
}

// Port is the session's place in the mixer.
func (s *Session) Port() *mixer.Port { return s.port }

// Answer takes an offer and gives the answer. With trickle our candidates come
// through SessionConfig.Candidate, else they stand in the answer. A repeated
// offer renegotiates.
func (s *Session) Answer(ctx context.Context, offer string, trickle bool) (string, error) {
	answer, err := s.peer().Answer(ctx, offer, trickle)
	if err != nil {
		return "", err
	}
	return answer, s.apply()
}

// Offer makes an offer; SetAnswer takes its answer.
func (s *Session) Offer(ctx context.Context, trickle bool) (string, error) {
	return s.peer().Offer(ctx, trickle)
}

// SetAnswer takes the answer to our offer.
func (s *Session) SetAnswer(answer string) error {
	if err := s.peer().SetAnswer(answer); err != nil {
		return err
	}
	return s.apply()
}

// SetDirection says what we want in offers and answers to come: SendOnly to hold
// the peer, SendRecv to take it back.
func (s *Session) SetDirection(d media.Direction) { s.peer().SetDirection(d) }

// Rollback takes back an offer that the peer refused. A first offer cannot be
// taken back: without its answer the session is to be closed.
func (s *Session) Rollback() {
	if err := s.peer().Rollback(); err != nil {
		s.cfg.Log.Debug("offer not taken back", "peer", s.cfg.Name, "err", err)
	}
}

// apply tells the mixer what was negotiated.
func (s *Session) apply() error {
	n := s.peer().Media()
	return s.port.SetMedia(mixer.Media{
		Send: n.Send, Receive: n.Receive, SendEvents: n.SendEvents, ReceiveEvents: n.ReceiveEvents,
		Direction: n.Direction, AudioLevel: n.AudioLevel, Encoder: sdp.EncoderFor(n.Send, s.cfg.API.Encoder()),
	})
}

// AddCandidate takes a candidate of the peer's.
func (s *Session) AddCandidate(c rtc.Candidate) error { return s.peer().AddCandidate(c) }

// Media is what was negotiated last.
func (s *Session) Media() rtc.Negotiated { return s.peer().Media() }

// Close ends the peer and the port. It returns at once; the port's Closed event
// is the end of it.
func (s *Session) Close() {
	if s.closed.Swap(true) {
		return
	}
	if s.cfg.Video != nil {
		s.cfg.Video.Close()
	}
	s.seat.Load().leave()
	s.port.Close()
	s.stop()
}

// Wait waits until nothing is left of a closed session.
func (s *Session) Wait(ctx context.Context) error {
	if err := s.port.Wait(ctx); err != nil {
		return err
	}
	s.pumping.Wait()
	ends := []<-chan struct{}{s.peer().Done()}
	if s.cfg.Video != nil {
		ends = append(ends, s.cfg.Video.Done())
	}
	for _, end := range ends {
		select {
		case <-end:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
