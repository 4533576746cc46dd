package session

import (
	"bytes"
	"net/netip"
	"sync/atomic"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/media/sdp/direct"
	"github.com/skygenesisenterprise/skybridge/mixer"
)

// Direct is whether a party may send its audio to another one without us.
type Direct struct {
	Allowed bool
	// NotByNAT keeps that of a party that is not where it says.
	NotByNAT bool
	// Signals is where its signalling comes from; invalid where that is not known.
	Signals netip.Addr
}

// bypass is the audio of a session that does not pass here.
type bypass struct {
	Direct
	codecs  []*media.Codec
	events  bool
	learned atomic.Pointer[netip.AddrPort] // where its packets come from; nil where it says
	on      bool
	at      int    // the media line of our last offer
	to      []byte // our description of the other party, while on
	answer  []byte // the party's to that
	offered []byte // our last offer of it
}

// watch notes where a party's packets come from.
func (b *bypass) watch(events func(mixer.Event)) func(mixer.Event) {
	return func(ev mixer.Event) {
		if ev.Kind == mixer.RemoteLearned {
			b.learned.Store(&ev.Addr)
		}
		if events != nil {
			events(ev)
		}
	}
}

// DirectTerms is how the party takes audio, of others too; as of directmedia.Party.
func (s *RTP) DirectTerms() (direct.Terms, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := &s.direct
	seen := s.sight.granted
	switch {
	case !b.Allowed || s.result.Secure() || s.handshakes != nil:
		return direct.Terms{}, fault.New(fault.Unsupported, "the party's audio may not go elsewhere")
	case seen != nil && !s.sight.declined:
		return direct.Terms{}, fault.New(fault.Unsupported, "the party has video")
	case b.on || s.fax.on || s.theirs == nil || s.result.OnHold || s.result.Direction != media.SendRecv || s.result.Send.Codec == nil:
		return direct.Terms{}, fault.New(fault.Conflict, "the party's audio is not to be had now")
	case s.symmetric && s.port.Stats().PacketsIn == 0:
		return direct.Terms{}, fault.New(fault.Conflict, "where the party's audio comes from is not known")
	}
	parsed, err := sdp.Parse(s.theirs)
	if err != nil {
		return direct.Terms{}, err
	}
	terms, err := direct.Read(parsed, s.negotiator.State().Audio, b.codecs, b.events)
	if err != nil {
		return terms, err
	}
	if b.NotByNAT && b.behindNAT(terms.Media) {
		return terms, fault.New(fault.Unsupported, "the party is behind a NAT")
	}
	if at := b.learned.Load(); at != nil && s.symmetric {
		terms.Media, terms.Reports = *at, netip.AddrPort{}
	}
	return terms, nil
}

// behindNAT reports whether a party is not where it says that it takes audio.
func (b *bypass) behindNAT(said netip.AddrPort) bool {
	if at := b.learned.Load(); at != nil && *at != said {
		return true
	}
	return said.Addr().IsPrivate() && b.Signals.IsValid() && b.Signals.Unmap() != said.Addr()
}

// OfferDirect describes who has the terms in the place of us; SetDirectAnswer or RollbackDirect
// follows.
func (s *RTP) OfferDirect(to direct.Terms) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.direct.offered, s.direct.at = s.negotiator.OfferAlone(to.Line())
	return s.direct.offered
}

// RepeatDirect offers that once more, as it stands; nil where audio passes here.
func (s *RTP) RepeatDirect() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.direct.to
}

// SetDirectAnswer takes the answer to OfferDirect: from then on the party's audio goes past
// us, and what comes here still is passed on until Bypassed.
func (s *RTP) SetDirectAnswer(answer []byte) (direct.Terms, error) {
	parsed, err := sdp.Parse(answer)
	if err != nil {
		return direct.Terms{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b := &s.direct
	terms, err := direct.Read(parsed, b.at, b.codecs, b.events)
	if err == nil {
		_, err = terms.Meet(terms) // has a codec
	}
	if err != nil {
		return terms, err
	}
	b.on, b.to, b.answer = true, b.offered, answer
	s.theirs = nil // the next description is a new one
	if terms.Media != s.result.Remote {
		s.result.Remote, s.remote = terms.Media, terms.Media
		b.learned.Store(nil)
		s.port.SetRemote(terms.Media, s.symmetric)
	} else if at := b.learned.Load(); at != nil && s.symmetric {
		terms.Media, terms.Reports = *at, netip.AddrPort{}
	}
	return terms, nil
}

// RollbackDirect takes back an offer of OfferDirect that was refused.
func (s *RTP) RollbackDirect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.negotiator.RollbackAlone()
}

// Bypassed ends what is sent to the party, and the wait for what it sends.
func (s *RTP) Bypassed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.direct.on {
		return nil
	}
	s.port.SetReports(mixer.ReportPeer{})
	return s.port.SetMedia(mixer.Media{Send: s.result.Send, SendEvents: s.result.Events, Direction: media.Inactive})
}

// EndDirect has us take the party's audio again, as it was agreed on before; the party is to
// be told. It reports whether it went past us.
func (s *RTP) EndDirect() (was bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.endDirect(true)
}

// endDirect is EndDirect; without again, what is agreed on now takes its place. The lock is
// held.
func (s *RTP) endDirect(again bool) (was bool, err error) {
	b := &s.direct
	if !b.on {
		return false, nil
	}
	b.on, b.to, b.answer = false, nil, nil
	if again {
		err = s.put(&s.result)
	}
	return true, err
}

// AnswerDirect is the answer to an offer that changes nothing of what goes past us; nil for
// another one.
func (s *RTP) AnswerDirect(offer []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := &s.direct; b.on && bytes.Equal(offer, b.answer) {
		return b.to
	}
	return nil
}
