package webrtc

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// iceState is the candidates of both sides since the last ICE restart.
type iceState struct {
	mu       sync.Mutex
	own      string        // our ufrag of this generation
	found    []string      // ours, without "candidate:"
	gathered chan struct{} // closed when ours are complete
	complete bool
	open     bool        // OnCandidate may be told at once
	held     []Candidate // waiting until open
	ufrag    string      // ours
	mid      string
	index    uint16

	accepted int         // of theirs
	early    []Candidate // theirs, from before their description
	remote   string      // their ufrag, once their description is there
}

// foundCandidate is the news of a candidate of ours, or of their end.
func (p *Peer) foundCandidate(text string) {
	s := &p.ice
	s.mu.Lock()
	defer s.mu.Unlock()
	if named := ufragOf(text); named != "" && named != s.own {
		return // of a search that has ended
	}
	if text == "" {
		if s.complete {
			return
		}
		s.complete = true
		close(s.gathered)
		p.tell(Candidate{})
		return
	}
	s.found = append(s.found, text)
	p.tell(Candidate{Candidate: "candidate:" + text})
}

// tell passes a candidate of ours to the owner, now or when the description that
// it belongs to is out. The caller holds ice.mu.
func (p *Peer) tell(c Candidate) {
	s := &p.ice
	if !s.open {
		s.held = append(s.held, c)
		return
	}
	if p.config.OnCandidate == nil {
		return
	}
	mid, index, ufrag := s.mid, s.index, s.ufrag
	c.SDPMid, c.SDPMLineIndex, c.UsernameFragment = &mid, &index, &ufrag
	p.post(func() { p.config.OnCandidate(c) })
}

// release lets candidates go out: the description they belong to is made.
func (p *Peer) release(mid string, index int, ufrag string) {
	s := &p.ice
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mid, s.index, s.ufrag = mid, uint16(index), ufrag
	s.open = true
	held := s.held
	s.held = nil
	for _, c := range held {
		p.tell(c)
	}
}

// ufragOf is the ufrag that a candidate names; empty for none.
func ufragOf(text string) string {
	_, rest, _ := strings.Cut(text, " ufrag ")
	name, _, _ := strings.Cut(rest, " ")
	return name
}

// renamed are candidates of our sockets under another generation's ufrag: where those
// listen does not change.
func renamed(candidates []string, ufrag string) []string {
	var out []string
	for _, c := range candidates {
		if strings.Contains(c, " typ host") {
			out = append(out, strings.Replace(c, " ufrag "+ufragOf(c), " ufrag "+ufrag, 1))
		}
	}
	return out
}

// restarted forgets the candidates of the generation that ends.
func (s *iceState) restarted(own string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.own = own
	s.found, s.held = nil, nil
	s.complete, s.open = false, false
	s.gathered = make(chan struct{})
	s.accepted = 0
	s.remote = "" // until their description of it is there, what comes is the old one's
}

const (
	// maxRestarts is how many ICE restarts of the peer's may follow each other closely: each
	// has us look for candidates, and check theirs, anew.
	maxRestarts = 8
	// restartInterval is the time after which there may be one more.
	restartInterval = 2 * time.Second
)

// mayRestart fails with fault.TooMany for more generations of ICE than a peer may begin. The
// caller holds negotiation.
func (p *Peer) mayRestart() error {
	s := &p.session
	now := p.api.now()
	// full is when the peer may begin all of them again.
	full := s.restartsFull
	if full.Before(now) {
		full = now
	}
	if full = full.Add(restartInterval); full.Sub(now) > maxRestarts*restartInterval {
		return fault.New(fault.TooMany, "webrtc: more than %d ICE restarts in a row, and one each %v", maxRestarts, restartInterval)
	}
	s.restartsFull = full
	return nil
}

// waitGathered waits until our candidates are complete, the patience has an end (what is
// there then has to do), or the caller or the peer has ended.
func (p *Peer) waitGathered(ctx context.Context, patience time.Duration) error {
	p.ice.mu.Lock()
	gathered := p.ice.gathered
	p.ice.mu.Unlock()
	select {
	case <-gathered: // even if ctx has ended
		return nil
	default:
	}
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case <-gathered:
	case <-timeout.C:
		p.log.Warn("candidates incomplete", "timeout", patience)
	case <-ctx.Done():
		return fmt.Errorf("webrtc: gather candidates: %w", ctx.Err())
	case <-p.ctx.Done():
		return errClosed
	}
	return nil
}

// candidates is ours so far, and whether they are all.
func (s *iceState) candidates() ([]string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.found, s.complete
}

// AddCandidate takes one candidate of the peer's. Candidates that come before
// their description wait for it; those that we have no use for (TCP, mDNS and other
// names, other sections) are taken and left aside, as are those of an earlier ICE
// generation. Errors are of kind Invalid, TooLarge, TooMany (over 64) or Gone.
func (p *Peer) AddCandidate(c Candidate) error {
	if p.gone() {
		return errClosed
	}
	if c.End() {
		return nil // checks go on until one succeeds or time is up
	}
	ok, err := usable(c.Candidate, p.api.loopback)
	if err != nil {
		return err
	}
	p.ice.mu.Lock()
	if p.ice.accepted++; p.ice.accepted > maxRemoteCandidates {
		p.ice.mu.Unlock()
		return fault.New(fault.TooMany, "ice candidate: more than %d", maxRemoteCandidates)
	}
	if ok && !p.ice.current(c) {
		p.ice.early = append(p.ice.early, c)
		ok = false
	}
	p.ice.mu.Unlock()
	if !ok {
		return nil
	}
	return p.addCandidate(c)
}

func (p *Peer) addCandidate(c Candidate) error {
	err := p.path.AddCandidate(strings.TrimPrefix(c.Candidate, "candidate:"))
	if err != nil && p.gone() {
		return errClosed
	}
	return err
}

// current reports whether a candidate of theirs belongs to their description.
// The caller holds mu.
func (s *iceState) current(c Candidate) bool {
	if s.remote == "" {
		return false
	}
	return c.UsernameFragment == nil || *c.UsernameFragment == "" || *c.UsernameFragment == s.remote
}

// described takes note of their description, and adds the candidates that came
// before it. Those of a generation that never came, or has gone, are dropped.
func (p *Peer) described(ufrag string) {
	p.ice.mu.Lock()
	p.ice.remote = ufrag
	early := p.ice.early
	p.ice.early = nil
	p.ice.mu.Unlock()
	for _, c := range early {
		p.ice.mu.Lock()
		now := p.ice.current(c)
		p.ice.mu.Unlock()
		if !now {
			continue
		}
		if err := p.addCandidate(c); err != nil {
			p.log.Debug("candidate left aside", "err", err)
		}
	}
}
