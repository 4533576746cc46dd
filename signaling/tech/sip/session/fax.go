package session

import (
	"net/netip"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/media/sdp/t38"
	"github.com/skygenesisenterprise/skybridge/media/udptl"
)

// Fax is how a party may have T.38 in the place of its audio.
type Fax struct {
	Allowed bool
	// Symmetric sends where its datagrams come from, for a party behind a NAT.
	Symmetric bool
	// MaxDatagram is what the party is taken to receive, octets; 0 is what it says.
	MaxDatagram int
}

// facsimile is the T.38 of a session.
type facsimile struct {
	Fax
	ports *rtp.Ports
	local netip.Addr
	end   *udptl.End // nil while there is none
	on    bool       // in the place of audio
	at    int        // the media line of our last offer
	told  udptl.Terms
}

// FaxWanted reads whether an offer turns the call to T.38, and what it says of that.
func FaxWanted(offer []byte) (terms udptl.Terms, wanted bool, err error) {
	s, err := sdp.Parse(offer)
	if err != nil {
		return terms, false, nil //nolint:nilerr // who answers it says so
	}
	at := t38.Wanted(s)
	if at < 0 {
		return terms, false, nil
	}
	terms, err = t38.Read(s.Media[at])
	return terms, true, err
}

// FaxAllowed reports whether the party may have T.38 now: nothing encrypts that.
func (s *RTP) FaxAllowed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fax.Allowed && !s.result.Secure()
}

// Faxing reports whether the party has T.38 in the place of audio, and what it was told of
// the other's.
func (s *RTP) Faxing() (told udptl.Terms, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fax.told, s.fax.on
}

// OfferFax describes T.38 in the place of audio, at a port that it opens; SetFaxAnswer or
// RollbackFax follows.
func (s *RTP) OfferFax(terms udptl.Terms) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	line, err := s.openFax(&terms)
	if err != nil {
		return nil, err
	}
	var body []byte
	body, s.fax.at = s.negotiator.OfferAlone(line)
	s.fax.told = terms
	return body, nil
}

// SetFaxAnswer takes the answer to OfferFax; from then on there is no audio.
func (s *RTP) SetFaxAnswer(answer []byte) (terms udptl.Terms, err error) {
	parsed, err := sdp.Parse(answer)
	if err != nil {
		return terms, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := t38.Find(parsed)
	if at != s.fax.at || parsed.Media[at].Port == 0 {
		return terms, fault.New(fault.NotAcceptable, "the answer has no T.38")
	}
	if terms, err = t38.Read(parsed.Media[at]); err == nil {
		err = s.beginFax(parsed, at)
	}
	if s.fax.MaxDatagram > 0 {
		terms.MaxDatagram = s.fax.MaxDatagram
	}
	return terms, err
}

// RollbackFax takes back an offer of T.38 that was refused.
func (s *RTP) RollbackFax() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.negotiator.RollbackAlone()
	if !s.fax.on {
		s.fax.close(s)
	}
}

// AnswerFax answers an offer of T.38 with what the other party said of its own. From then
// on there is no audio; an error changes nothing.
func (s *RTP) AnswerFax(offer []byte, terms udptl.Terms) ([]byte, error) {
	parsed, err := sdp.Parse(offer)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := t38.Wanted(parsed)
	if at < 0 {
		return nil, fault.New(fault.NotAcceptable, "the offer has no T.38")
	}
	line, err := s.openFax(&terms)
	if err != nil {
		return nil, err
	}
	before, unseen := s.before, s.unseen
	s.before, s.unseen = agreement{negotiator: *s.negotiator, result: s.result}, s.sight.keep()
	body, err := s.negotiator.AnswerAlone(parsed, at, line)
	if err == nil {
		err = s.beginFax(parsed, at)
	}
	if err != nil {
		*s.negotiator = s.before.negotiator
		s.before, s.unseen = before, unseen
		if !s.fax.on {
			s.fax.close(s)
		}
		return nil, err
	}
	s.fax.told = terms
	return body, nil
}

// FaxEnd is the party's T.38, nil while there is none.
func (s *RTP) FaxEnd() *udptl.End {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fax.end
}

// EndFax closes the party's T.38, and reports whether there was some.
func (s *RTP) EndFax() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fax.close(s)
}

// openFax opens the port of T.38 and makes its line. The lock is held.
func (s *RTP) openFax(terms *udptl.Terms) (*sdp.Media, error) {
	if s.fax.end == nil {
		socket, err := s.fax.ports.OpenOn(s.fax.local)
		if err != nil {
			return nil, err
		}
		if s.fax.end, err = udptl.NewEnd(socket); err != nil {
			return nil, err
		}
	}
	return t38.Line(terms, s.fax.end.LocalAddr().Port()), nil
}

// beginFax sends the party's datagrams where a description says, and ends its audio. The
// lock is held.
func (s *RTP) beginFax(of *sdp.Session, at int) error {
	target, err := of.Target(of.Media[at])
	if err != nil {
		return err
	}
	if err := s.apply(sdp.Result{Direction: media.Inactive}); err != nil {
		return err
	}
	s.sight.settle(nil)
	s.fax.end.SetRemote(netip.AddrPortFrom(target.RTP.Addr().Unmap(), target.RTP.Port()), s.fax.Symmetric)
	s.fax.on = true
	return nil
}

func (f *facsimile) close(s *RTP) bool {
	if f.end == nil {
		return false
	}
	if err := f.end.Close(); err != nil {
		s.log.Warn("port of a facsimile not closed", "err", err)
	}
	f.end, f.on = nil, false
	return true
}
