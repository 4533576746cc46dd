package webrtc

import (
	"context"
	"fmt"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/transport"
)

var (
	errClosed = fault.New(fault.Gone, "webrtc: peer closed")
	errGlare  = fault.New(fault.Conflict, "webrtc: an offer of ours waits for its answer")
)

// reading is what a peer's description means to us.
type reading struct {
	d          *description
	audio      int
	transport  parameters
	candidates []string
	payloads   []payload // under the peer's numbers
	mid        string    // the section's
	prints     srtp.Fingerprints
}

// read parses and judges a peer's description against what was agreed before.
func (p *Peer) read(text string, answer bool) (*reading, error) {
	d, err := parseDescription(text)
	if err != nil {
		return nil, err
	}
	s := &p.session
	earlier := s.audio
	if answer && earlier < 0 {
		earlier = 0 // where our first offer has it
	}
	if len(d.sections) < len(s.layout) {
		return nil, fault.New(fault.Invalid, "sdp: %d m= lines after %d (RFC 3264 §8)", len(d.sections), len(s.layout))
	}
	r := &reading{d: d}
	if r.audio, err = d.audio(earlier); err != nil {
		return nil, err
	}
	if r.transport, err = d.transportOf(r.audio); err != nil {
		return nil, err
	}
	if r.transport.setup == "" && s.role == "" { // RFC 4145 §4
		r.transport.setup = "active"
		if answer {
			r.transport.setup = "passive"
		}
	}
	if s.role != "" && r.transport.fingerprint != s.remote.fingerprint {
		return nil, fault.New(fault.NotAcceptable, "sdp: a new certificate within a session")
	}
	if r.candidates, err = d.usableCandidates(r.audio, p.api.loopback); err != nil {
		return nil, err
	}
	audio := &d.sections[r.audio]
	ours := s.allowed
	if answer {
		ours = s.ours
	}
	if r.payloads = audio.common(ours, answer); r.payloads == nil {
		return nil, fault.New(fault.NotAcceptable, "sdp: line %d: no codec in common", audio.line)
	}
	told, err := srtp.ParseFingerprint(r.transport.fingerprint.hash + " " + r.transport.fingerprint.value)
	if err != nil {
		return nil, fmt.Errorf("sdp: line %d: %w", audio.line, err)
	}
	r.prints = srtp.Fingerprints{told}
	r.mid, err = s.midOf(audio, answer)
	return r, err
}

// midOf is what the section is called from now on. One that has had a name keeps it.
func (s *session) midOf(audio *section, answer bool) (string, error) {
	want := s.told
	if want == "" && answer {
		want = "0"
	}
	switch {
	case audio.mid == "" && want == "":
		return "0", nil
	case audio.mid == "":
		return want, nil
	case want != "" && audio.mid != want:
		return "", fault.New(fault.Invalid, "sdp: line %d: mid %q was %q before", audio.line, audio.mid, want)
	}
	return audio.mid, nil
}

// Answer takes an offer, the first one or any later one (hold, resume, other
// codecs, ICE restart), and gives our answer. With trickle the answer carries what
// candidates we have and OnCandidate tells the rest; without, it waits for all of
// them. Sections besides the audio are refused in it.
//
// A bad offer leaves everything as it was. Its error is of kind Invalid or TooLarge
// (with the line), NotAcceptable (no codec in common, no DTLS-SRTP, a new
// certificate), Conflict (our own offer is open), or Gone. An error of ctx comes too
// late for that: the exchange is half done, and Close is what is left.
func (p *Peer) Answer(ctx context.Context, offer string, trickle bool) (string, error) {
	p.negotiation.Lock()
	defer p.negotiation.Unlock()
	s := &p.session
	switch {
	case p.gone():
		return "", errClosed
	case s.pending != nil || s.untold:
		return "", errGlare
	}
	r, err := p.read(offer, false)
	if err != nil {
		return "", err
	}
	role := s.role
	switch {
	case r.transport.setup == role && role != "":
		return "", fault.New(fault.NotAcceptable, "sdp: DTLS role changed within a session")
	case role != "":
	case r.transport.setup == "active":
		role = "passive"
	default:
		role = "active"
	}
	if s.role == "" || s.restarts(r.transport) {
		if s.role != "" {
			p.ice.restarted()
		}
		if err := p.applyOffer(r, role); err != nil {
			return "", p.spoiled(err)
		}
	} else if err := p.addCandidates(r.candidates); err != nil {
		return "", err
	}
	s.role, s.remote, s.told = role, r.transport, r.mid
	s.keep(r.d, r.audio)
	audio := &r.d.sections[r.audio]
	s.level = audio.audioLevel()
	s.ours = r.payloads
	direction := directionOf(r.transport.direction, p.wished())
	p.agree(audio.negotiated(r.payloads, r.payloads, direction))
	p.described(r.transport.ufrag)
	return p.describe(ctx, local{
		setup: role, direction: direction, payloads: r.payloads, level: s.level, trickle: trickle,
	})
}

// applyOffer has the path look for a peer as its offer says: the first time, or anew.
func (p *Peer) applyOffer(r *reading, role string) error {
	again := p.session.role != ""
	if again {
		if err := p.path.Restart("", ""); err != nil {
			return fmt.Errorf("apply offer: %w", err)
		}
	}
	if err := p.gather(again); err != nil {
		return fmt.Errorf("apply offer: %w", err)
	}
	return p.meet(r, transport.Role{Active: role == "active", Controlling: r.d.iceLite})
}

// gather begins to look for candidates of the present generation, and takes note of its
// credentials.
func (p *Peer) gather(again bool) (err error) {
	s := &p.session
	if s.begun && !again {
		return nil
	}
	if s.ufrag, s.pwd, err = p.path.Credentials(); err != nil {
		return err
	}
	s.begun = true
	return p.path.Gather()
}

// meet tells the path where the peer is to be looked for.
func (p *Peer) meet(r *reading, role transport.Role) error {
	if p.session.role != "" {
		if err := p.path.Resume(r.transport.ufrag, r.transport.pwd); err != nil {
			return err
		}
	} else {
		remote := transport.Remote{
			Ufrag: r.transport.ufrag, Pwd: r.transport.pwd, Lite: r.d.iceLite, Fingerprints: r.prints,
		}
		if err := p.path.Start(remote, role); err != nil {
			return err
		}
	}
	return p.addCandidates(r.candidates)
}

// Offer gives an offer of ours: a first one with every codec, a later one (to
// hold, to resume) with what was agreed. SetAnswer or Rollback must follow. Errors
// are of kind Conflict when an offer is open already, or Gone.
func (p *Peer) Offer(ctx context.Context, trickle bool) (string, error) {
	return p.offer(ctx, trickle, false)
}

// Restart is an Offer that also looks for a new network path (ICE restart, RFC
// 8445 §9). Media pauses until the answer is there; Rollback cannot undo it.
func (p *Peer) Restart(ctx context.Context, trickle bool) (string, error) {
	return p.offer(ctx, trickle, true)
}

func (p *Peer) offer(ctx context.Context, trickle, restart bool) (string, error) {
	p.negotiation.Lock()
	defer p.negotiation.Unlock()
	s := &p.session
	switch {
	case p.gone():
		return "", errClosed
	case s.pending != nil:
		return "", errGlare
	}
	first := s.role == ""
	restart = restart && !first
	if (first || restart) && !s.untold {
		if restart {
			p.ice.restarted()
		}
		if err := p.createOffer(restart); err != nil {
			return "", p.spoiled(err)
		}
		s.untold = true
	}
	if first {
		s.bundled = true
	}
	pending := &pendingOffer{transport: s.untold, direction: p.wished()}
	text, err := p.describe(ctx, local{
		setup: "actpass", direction: pending.direction, payloads: s.ours, level: s.level, trickle: trickle,
	})
	if err != nil {
		return "", err
	}
	s.pending, s.untold = pending, false
	return text, nil
}

// createOffer prepares the path for a first offer or an ICE restart.
func (p *Peer) createOffer(restart bool) error {
	if restart {
		if err := p.path.Restart("", ""); err != nil {
			return fmt.Errorf("create offer: %w", err)
		}
	}
	return p.gather(restart)
}

// SetAnswer takes the answer to our offer. A bad one leaves the offer open. Errors
// are of kind Invalid or TooLarge (with the line), NotAcceptable (refused, or no
// codec of ours), Conflict (no offer is open) or Gone.
func (p *Peer) SetAnswer(answer string) error {
	p.negotiation.Lock()
	defer p.negotiation.Unlock()
	s := &p.session
	if p.gone() {
		return errClosed
	}
	if s.pending == nil {
		return fault.New(fault.Conflict, "webrtc: an answer without an offer of ours")
	}
	r, err := p.read(answer, true)
	if err != nil {
		return err
	}
	role := s.role
	switch {
	case r.transport.setup == "actpass":
		return fault.New(fault.Invalid, "sdp: line %d: an answer with setup:actpass", r.d.sections[r.audio].line)
	case role != "": // some answer as if it were the first time; the association stays
	case r.transport.setup == "passive":
		role = "active"
	default:
		role = "passive"
	}
	switch {
	case s.pending.transport:
		role := transport.Role{Active: role == "active", Controlling: true}
		if err := p.meet(r, role); err != nil {
			return p.spoiled(fmt.Errorf("apply answer: %w", err))
		}
	case s.restarts(r.transport):
		return fault.New(fault.Invalid, "sdp: new ICE credentials in an answer to an offer without (RFC 8839 §4.4.3)")
	default:
		if err := p.addCandidates(r.candidates); err != nil {
			return err
		}
	}
	direction := directionOf(r.transport.direction, s.pending.direction)
	audio := &r.d.sections[r.audio]
	agreed := audio.negotiated(r.payloads, s.ours, direction)
	s.pending = nil
	s.role, s.remote = role, r.transport
	s.level = audio.audioLevel()
	s.ours = s.agreedOf(r.payloads)
	if s.audio < 0 {
		s.keep(r.d, r.audio)
		s.layout[s.audio].mid, s.layout[s.audio].proto = r.mid, "UDP/TLS/RTP/SAVPF"
		s.bundled = true
	}
	s.told = r.mid
	p.agree(agreed)
	p.described(r.transport.ufrag)
	return nil
}

// Rollback takes back an open offer of ours that changed neither certificate nor
// path: the other side has refused it, or made one of its own first. Everything is
// as before it. Conflict says that none is open, or that it was the first offer or
// an ICE restart, after which only Close is left.
func (p *Peer) Rollback() error {
	p.negotiation.Lock()
	defer p.negotiation.Unlock()
	s := &p.session
	switch {
	case s.pending == nil:
		return fault.New(fault.Conflict, "webrtc: no offer of ours to take back")
	case s.pending.transport:
		return fault.New(fault.Conflict, "webrtc: a first offer or an ICE restart cannot be taken back")
	}
	s.pending = nil
	return nil
}

// describe writes our description of the present state. The caller holds
// negotiation.
func (p *Peer) describe(ctx context.Context, l local) (string, error) {
	s := &p.session
	if !l.trickle {
		if err := p.waitGathered(ctx); err != nil {
			return "", err
		}
	}
	l.ufrag, l.pwd = s.ufrag, s.pwd
	l.candidates, l.complete = p.ice.candidates()
	s.version++
	text := s.compose(l)
	p.release(s.mid(), max(s.audio, 0), l.ufrag)
	return text, nil
}

// agree makes a negotiation's outcome the one that packets go by.
func (p *Peer) agree(n Negotiated) {
	n.SSRC = p.session.ssrc
	n.AudioLevel = p.session.level
	p.media.Store(newAgreement(n))
	p.log.Debug("peer media", "send", n.Send.String(), "direction", n.Direction.String())
}

// agreedOf is our list of payloads without what the peer left out.
func (s *session) agreedOf(theirs []payload) []payload {
	var kept []payload
	for _, o := range s.ours {
		for _, t := range theirs {
			if o.same(t) {
				kept = append(kept, o)
			}
		}
	}
	return kept
}

// restarts reports whether an offer begins a new ICE generation.
func (s *session) restarts(t parameters) bool {
	return s.role != "" && (t.ufrag != s.remote.ufrag || t.pwd != s.remote.pwd)
}

// spoiled is for errors after which the path and we may disagree: descriptions that reach
// it are well-formed, so the peer is either closed or beyond use.
func (p *Peer) spoiled(err error) error {
	if p.gone() {
		return errClosed
	}
	err = fmt.Errorf("webrtc: %w", err)
	p.fail(err)
	p.Close()
	return err
}
