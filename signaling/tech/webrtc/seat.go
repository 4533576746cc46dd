package webrtc

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/rtcp"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
)

// seat is one peer's time in a session. A browser that comes back with another connection, as a
// page does that was loaded again, takes another seat of the same session: port, channel and
// bridge stay as they are.
type seat struct {
	peer    *rtc.Peer
	left    atomic.Bool // what the peer still says is of no interest
	carries atomic.Bool // what it receives is the port's
	seen    func()      // has its video be the browser's
}

// newSeat makes a peer that may come to carry the session.
func (s *Session) newSeat() (*seat, error) {
	st := &seat{}
	cfg := rtc.PeerConfig{
		Name: s.cfg.Name, Codecs: s.cfg.Codecs, Data: s.cfg.Data,
		Packets: func(packet []byte, arrival time.Time) {
			if st.carries.Load() {
				s.received(packet, arrival)
			}
		},
		Reported: func(f rtcp.Feedback) {
			if st.carries.Load() {
				s.reported(f)
			}
		},
	}
	if s.cfg.Candidate != nil {
		cfg.OnCandidate = func(c rtc.Candidate) {
			if !st.left.Load() {
				s.cfg.Candidate(c)
			}
		}
	}
	if s.cfg.State != nil {
		cfg.OnState = func(state rtc.State) {
			if !st.left.Load() || state == rtc.StateClosed && s.closed.Load() {
				s.cfg.State(state)
			}
		}
	}
	var bind func(*rtc.Peer)
	if s.cfg.Video != nil {
		bind = s.cfg.Video.Prepare(&cfg)
	}
	var err error
	st.peer, err = s.cfg.API.NewPeer(cfg)
	st.seen = func() {
		if bind != nil {
			bind(st.peer)
		}
	}
	return st, err
}

// take has the peer carry the session.
func (st *seat) take() {
	st.carries.Store(true)
	st.seen()
}

// leave ends the peer's time.
func (st *seat) leave() {
	st.left.Store(true)
	st.carries.Store(false)
	st.peer.Close()
}

// peer is the one that carries the session now.
func (s *Session) peer() *rtc.Peer { return s.seat.Load().peer }

// Replace takes the first offer of another connection of the same browser's, in the place of the
// present one, and gives the answer: another peer, with keys of its own, on the same port. With
// an error all stays as it was, unless the old peer would not go, with which the session fails.
func (s *Session) Replace(ctx context.Context, offer string, trickle bool) (string, error) {
	s.replacing.Lock()
	defer s.replacing.Unlock()
	next, err := s.newSeat()
	if err != nil {
		return "", err
	}
	answer, err := next.peer.Answer(ctx, offer, trickle)
	if err != nil {
		next.leave()
		return "", err
	}
	old := s.seat.Swap(next)
	old.leave()
	if s.closed.Load() { // meanwhile, with the old one
		next.leave()
		return "", fault.New(fault.Gone, "the call's media has ended")
	}
	late := time.NewTimer(closeTimeout)
	defer late.Stop()
	select {
	case <-old.peer.Done(): // no two of them deliver at a time
	case <-late.C:
		s.failed()
		return "", fault.New(fault.Unavailable, "the connection before did not end in time")
	}
	next.take()
	return answer, s.apply()
}
