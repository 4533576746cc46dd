package webrtc

import (
	"context"
	"errors"
	"fmt"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/transport"
)

var (
	errClosed = fault.New(fault.Gone, "webrtc: peer closed")
	errGlare  = fault.New(fault.Conflict, "webrtc: an offer of ours waits for its answer")
)

// Answer takes an offer, the first one or any later one (hold, resume, other
// codecs, ICE restart, more or fewer sections), and gives our answer. With trickle the answer
// carries what candidates we have and OnCandidate tells the rest; without, it waits for all of
// them. Sections that PeerConfig does not want are refused in it. An open offer of ours is
// taken back (docs/adr/0014); OnNegotiation tells afterwards if it still matters.
//
// A bad offer leaves everything as it was. Its error is of kind Invalid, TooLarge or
// TooMany (with the line), NotAcceptable (no codec in common, no DTLS-SRTP, a new
// certificate), Conflict (theirs is an earlier one), or Gone. An error of ctx comes too late
// for that: the exchange is half done, and Close is what is left.
func (p *Peer) Answer(ctx context.Context, offer string, trickle bool) (string, error) {
	p.negotiation.Lock()
	defer p.negotiation.Unlock()
	s := &p.session
	if p.gone() {
		return "", errClosed
	}
	if err := p.check(offer); err != nil {
		return "", err
	}
	s.text.Limit("", p.wished())
	was := s.text.Agreed()
	agreed, err := s.text.SetOffer(offer)
	if err != nil {
		return "", err
	}
	if err := p.carryOut(ctx, agreed, was); err != nil {
		return "", p.spoiled(fmt.Errorf("apply offer: %w", err))
	}
	text, err := p.describe(ctx, trickle, restarts(agreed, was))
	if err == nil {
		p.needsOffer()
	}
	return text, err
}

// restarts reports whether an exchange began a new generation of ICE.
func restarts(agreed, was *jsep.Agreed) bool {
	return was != nil && was.Transport.Generation != agreed.Transport.Generation
}

// check refuses what the session has no use for, though it would be SDP.
func (p *Peer) check(text string) error {
	d, err := jsep.Parse(text)
	if err != nil {
		return err
	}
	for i := range d.Sections {
		for _, c := range d.Sections[i].Candidates {
			if _, err := usable(c.Text, p.api.loopback); err != nil {
				return fmt.Errorf("sdp: line %d: %w", c.Line, err)
			}
		}
	}
	if m := audioOf(p.session.text.Agreed()); m != nil && m.Index < len(d.Sections) && d.Sections[m.Index].Rejected() {
		return fault.New(fault.NotAcceptable, "sdp: line %d: the audio is switched off", d.Sections[m.Index].Line)
	}
	return nil
}

// carryOut has the path look for the peer as its description says, the first time, anew,
// or at further addresses, and makes what was agreed on what packets go by.
func (p *Peer) carryOut(ctx context.Context, agreed, was *jsep.Agreed) error {
	t := agreed.Transport
	switch {
	case was == nil:
		if err := p.gather(); err != nil {
			return err
		}
		remote := transport.Remote{
			Ufrag: t.Remote.Ufrag, Pwd: t.Remote.Pwd, Lite: t.RemoteLite, Fingerprints: t.Fingerprints,
		}
		role := transport.Role{Active: t.Active, Controlling: t.Offered || t.RemoteLite}
		if err := p.path.Start(remote, role); err != nil {
			return err
		}
	case restarts(agreed, was):
		if err := p.restart(ctx, t.Local, t.Remote); err != nil {
			return err
		}
	}
	for _, c := range t.Candidates[:min(len(t.Candidates), maxRemoteCandidates)] {
		if ok, err := usable(c.Text, p.api.loopback); err != nil || !ok {
			continue // checked before
		}
		if err := p.addCandidate(Candidate{Candidate: c.Text}); err != nil {
			return err
		}
	}
	p.agree(agreed)
	p.described(t.Remote.Ufrag)
	return nil
}

// gather begins to look for candidates of ours, once.
func (p *Peer) gather() error {
	if p.session.begun {
		return nil
	}
	p.session.begun = true
	return p.path.Gather()
}

// restart begins a generation of ICE that both sides know of. Until then nothing has changed,
// so that an offer of it can be taken back.
func (p *Peer) restart(ctx context.Context, local, remote jsep.Credentials) error {
	// What the earlier search has yet to tell must not count as the next one's.
	if err := p.waitGathered(ctx, p.api.restartGather); err != nil {
		return err
	}
	p.ice.restarted(local.Ufrag)
	return errors.Join(
		p.path.Restart(local.Ufrag, local.Pwd), p.path.Gather(), p.path.Resume(remote.Ufrag, remote.Pwd),
	)
}

// Offer gives an offer of ours: a first one with every codec, a later one (to
// hold, to resume, with other tracks) with what was agreed. SetAnswer or Rollback must follow,
// or an offer of the peer's. Errors are of kind Conflict when an offer is open already, or Gone.
func (p *Peer) Offer(ctx context.Context, trickle bool) (string, error) {
	return p.offer(ctx, trickle, false)
}

// Restart is an Offer that also looks for a new network path (ICE restart, RFC
// 8445 §9). Media goes on along the one there is until another is found.
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
	case s.text.Pending():
		return "", errGlare
	}
	s.text.Limit("", p.wished())
	if restart {
		s.text.Restart()
	}
	if err := s.text.Offer(); err != nil {
		return "", err
	}
	if err := p.gather(); err != nil {
		return "", p.spoiled(fmt.Errorf("create offer: %w", err))
	}
	text, err := p.describe(ctx, trickle, false)
	if err != nil {
		s.text.Rollback() // nobody was told
	}
	p.session.pending.Store(err == nil)
	return text, err
}

// SetAnswer takes the answer to our offer. A bad one leaves the offer open. Errors
// are of kind Invalid, TooLarge or TooMany (with the line), NotAcceptable (refused, or no
// codec of ours), Conflict (no offer is open, or the answer is to an earlier one) or Gone.
func (p *Peer) SetAnswer(answer string) error {
	p.negotiation.Lock()
	defer p.negotiation.Unlock()
	s := &p.session
	switch {
	case p.gone():
		return errClosed
	case !s.text.Pending():
		return fault.New(fault.Conflict, "webrtc: an answer without an offer of ours")
	}
	if err := p.check(answer); err != nil {
		return err
	}
	was := s.text.Agreed()
	agreed, err := s.text.SetAnswer(answer)
	if err != nil {
		return err
	}
	if err := p.carryOut(p.ctx, agreed, was); err != nil {
		return p.spoiled(fmt.Errorf("apply answer: %w", err))
	}
	if restarts(agreed, was) {
		p.releaseCandidates()
	}
	p.needsOffer()
	return nil
}

// Rollback takes back an open offer of ours: the other side has refused it, or does not
// answer. Everything is as before it. Conflict says that none is open, or that it was the
// first offer, after which only Close is left.
func (p *Peer) Rollback() error {
	p.negotiation.Lock()
	defer p.negotiation.Unlock()
	s := &p.session
	switch {
	case !s.text.Pending():
		return fault.New(fault.Conflict, "webrtc: no offer of ours to take back")
	case s.text.Agreed() == nil:
		return fault.New(fault.Conflict, "webrtc: a first offer cannot be taken back")
	}
	s.text.Rollback()
	s.pending.Store(false)
	return nil
}

// Pending tells whether an offer of ours waits for its answer. Exchanges that are under way are not
// waited for.
func (p *Peer) Pending() bool { return p.session.pending.Load() }

// needsOffer tells the owner if there is something to offer. The caller holds negotiation.
func (p *Peer) needsOffer() {
	if p.config.OnNegotiation != nil && p.session.text.Agreed() != nil && p.session.text.NeedsOffer() {
		p.post(p.config.OnNegotiation)
	}
}

// describe writes our latest description. The caller holds negotiation.
//
// An answer of a new generation has the candidates that are there at once, however it
// trickles: what would bring them later may go by the network that has just gone, and until
// they are known the browser goes on checking with the names of the generation before.
func (p *Peer) describe(ctx context.Context, trickle, restarted bool) (string, error) {
	var err error
	switch {
	case !trickle:
		err = p.waitGathered(ctx, p.api.config.GatherTimeout)
	case restarted:
		err = p.waitGathered(ctx, p.api.restartGather)
	}
	if err != nil {
		return "", err
	}
	s := &p.session
	var g jsep.Gathered
	g.Candidates, g.Complete = p.ice.candidates()
	if s.text.Restarting() {
		all := len(g.Candidates)
		g.Candidates = renamed(g.Candidates, s.text.Local().Ufrag)
		g.Complete = g.Complete && len(g.Candidates) == all
		return s.text.Describe(g), nil
	}
	text := s.text.Describe(g)
	p.releaseCandidates()
	return text, nil
}

// releaseCandidates lets candidates out that belong to the description in use.
func (p *Peer) releaseCandidates() {
	mid, index := p.session.text.Carrier()
	p.release(mid, index, p.session.text.Local().Ufrag)
}

// audioOf is the section of audio that was agreed on; nil for none.
func audioOf(a *jsep.Agreed) *jsep.Media {
	if a == nil {
		return nil
	}
	for i := range a.Media {
		if m := &a.Media[i]; m.Kind == jsep.Audio && !m.Refused {
			return m
		}
	}
	return nil
}

// agree makes a negotiation's outcome the one that packets go by.
func (p *Peer) agree(a *jsep.Agreed) {
	n := Negotiated{Direction: media.Inactive, SSRC: p.session.ssrc}
	if m := audioOf(a); m != nil {
		sound := m.Sound(p.config.Codecs)
		n.Send, n.Receive = sound.Send, sound.Receive
		n.SendEvents, n.ReceiveEvents = sound.SendEvents, sound.ReceiveEvents
		if n.ReceiveRedundant = sound.ReceiveRedundant; isRedundant(n.Send.Codec) {
			n.SendRedundant = sound.SendRedundant
		}
		n.Direction, n.AudioLevel = m.Direction, m.Extensions.AudioLevel
	}
	p.expectVideo(a)
	p.media.Store(newAgreement(n))
	p.agreed.Store(a)
	p.session.pending.Store(false) // before anybody hears of it
	if p.config.OnAgreed != nil {
		p.post(func() { p.config.OnAgreed(a) })
	}
	p.log.Debug("peer media", "send", n.Send.String(), "direction", n.Direction.String())
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
