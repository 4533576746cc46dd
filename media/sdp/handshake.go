package sdp

import (
	"crypto/rand"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// Setup is who begins a handshake, from the side of whoever says it (RFC 4145 §4).
type Setup uint8

// The ways. Holdconn is not here: a call without keys is none.
const (
	ActPass Setup = iota // either
	Active
	Passive
)

var setups = [...]string{"actpass", "active", "passive"}

// String is the value of a=setup.
func (s Setup) String() string { return setups[s] }

// Handshaking is what one leg brings to a handshake for the keys (DTLS-SRTP, RFC 5763).
type Handshaking struct {
	// Fingerprint is that of our certificate.
	Fingerprint srtp.Fingerprint
	// Setup is what we offer.
	Setup Setup
	// Wait has the peer begin where it leaves that to us, as one behind a translator of
	// addresses must.
	Wait bool
	// Offered makes offers with it, in place of keys in the description.
	Offered bool
}

// Handshake is the one that a negotiation came to.
type Handshake struct {
	// Number tells handshakes apart: another one has to be done.
	Number uint32
	// Active makes us the one who begins.
	Active bool
	// Fingerprints are of the peer's certificate.
	Fingerprints srtp.Fingerprints
}

// association is a handshake with what must change for another (RFC 8842 §4).
type association struct {
	number       uint32
	active       bool
	fingerprints srtp.Fingerprints
	ours, theirs string // tls-id
}

// Association is the part of a State that is about a handshake.
type Association struct {
	Number uint32
	Active bool
	// Fingerprints are as in a=fingerprint, ID and PeerID as in a=tls-id.
	Fingerprints []string
	ID, PeerID   string
}

// maxFingerprints bounds those of one media line.
const maxFingerprints = 16

// Fingerprints are those that hold for the line m, its own or else the session's, by the
// strongest hash function. The error is of kind fault.Invalid for one that cannot be read,
// of kind fault.Unsupported when there is none that is believed.
func (s *Session) Fingerprints(m *Media) (srtp.Fingerprints, error) {
	for _, attributes := range [...][]Attribute{m.Attributes, s.Attributes} {
		var list srtp.Fingerprints
		var refusal error
		for _, a := range attributes {
			if !strings.EqualFold(a.Name, "fingerprint") {
				continue
			}
			f, err := srtp.ParseFingerprint(a.Value)
			switch {
			case err == nil && len(list) == maxFingerprints:
				return nil, bad("more than %d fingerprints", maxFingerprints)
			case err == nil:
				list = append(list, f)
			case fault.Of(err) == fault.Invalid:
				return nil, err
			default:
				refusal = err
			}
		}
		if len(list) > 0 {
			return list.Strongest(), nil
		}
		if refusal != nil {
			return nil, refusal
		}
	}
	return nil, fault.New(fault.Unsupported, "sdp: no fingerprint")
}

// setup is what the line m says of who begins; otherwise is what counts where it says
// nothing (RFC 4145 §4).
func (s *Session) setup(m *Media, otherwise Setup) (Setup, error) {
	value, ok := s.Attribute(m, "setup")
	if !ok {
		return otherwise, nil
	}
	for i, name := range setups {
		if strings.EqualFold(strings.TrimSpace(value), name) {
			return Setup(i), nil
		}
	}
	return 0, bad("a=setup:%s", value)
}

// overUDP reports whether a profile's handshake goes through the port of RTP.
func overUDP(profile string) bool {
	return len(profile) >= 4 && !strings.EqualFold(profile[:4], "TCP/")
}

// handshakes reports whether the line m is to have its keys by a handshake: it can have
// them no other way, or it can and we offer nothing else.
func (n *Negotiator) handshakes(s *Session, m *Media) bool {
	_, fingerprint := s.Attribute(m, "fingerprint")
	_, crypto := m.Attribute("crypto")
	h := n.cfg.Handshaking
	switch KeyingOf(m.Profile, fingerprint, crypto) {
	case DTLS:
		return !crypto || !secureProfile(m.Profile) || h != nil && h.Offered
	case Plain:
		return fingerprint && h != nil && h.Offered && n.cfg.Protection != Unprotected
	}
	return false
}

// takeHandshake takes an offer's.
func (n *Negotiator) takeHandshake(s *Session, m *Media) (keyed, error) {
	h := n.cfg.Handshaking
	if h == nil || !overUDP(m.Profile) {
		return keyed{}, errNoAudio("m=%s wants %s", m.Kind, m.Profile)
	}
	fingerprints, err := s.Fingerprints(m)
	if err != nil {
		return keyed{}, errNoAudio("%w", err)
	}
	setup, err := s.setup(m, Active)
	if err != nil {
		return keyed{}, err
	}
	now := n.state.association()
	active := setup == Passive
	if setup == ActPass {
		switch {
		case now.number != 0 && !now.renewed(now.active, fingerprints, s.id(m)):
			active = now.active // it goes on
		case h.Setup != ActPass:
			active = h.Setup == Active
		default:
			active = !h.Wait
		}
	}
	return keyed{handshake: now.next(active, fingerprints, s.id(m))}, nil
}

// settleHandshake takes an answer's to our offer.
func (n *Negotiator) settleHandshake(o *offered, s *Session, m *Media) (keyed, error) {
	fingerprints, err := s.Fingerprints(m)
	if err != nil {
		return keyed{}, errNoAudio("the answer: %w", err)
	}
	otherwise := Passive
	if o.setup == Passive {
		otherwise = Active
	}
	setup, err := s.setup(m, otherwise)
	switch {
	case err != nil:
		return keyed{}, err
	case setup == o.setup && setup != ActPass:
		return keyed{}, errNoAudio("a=setup:%s is answered by %s", o.setup, setup)
	case setup == ActPass: // no answer to anything, but what is meant is plain
		setup = otherwise
	}
	now, id := n.state.association(), s.id(m)
	if n.answered && (o.forked || id != now.theirs) {
		// Another fork of the call answers, behind the same certificate perhaps: an
		// association is of one pair of tls-ids (RFC 8842 §5.1), and of one pair of ports.
		other := now.another(setup == Passive, fingerprints, id)
		other.ours = now.ours // which the offer has told to all forks
		return keyed{handshake: other}, nil
	}
	a := now.next(setup == Passive, fingerprints, id)
	a.ours = now.ours
	return keyed{handshake: a}, nil
}

// id is a=tls-id of the line m (RFC 8842 §5.2).
func (s *Session) id(m *Media) string {
	value, _ := s.Attribute(m, "tls-id")
	return strings.TrimSpace(value)
}

// renewed reports whether a description asks for another handshake than that of a.
func (a *association) renewed(active bool, f srtp.Fingerprints, id string) bool {
	return a.number == 0 || active != a.active || !f.Same(a.fingerprints) || id != "" && a.theirs != "" && id != a.theirs
}

// next is the association that a description asks for: a itself, or another one.
func (a association) next(active bool, f srtp.Fingerprints, id string) *association {
	if !a.renewed(active, f, id) {
		if id != "" {
			a.theirs = id
		}
		return &a
	}
	return a.another(active, f, id)
}

// another is an association that follows a.
func (a association) another(active bool, f srtp.Fingerprints, id string) *association {
	n := &association{number: a.number + 1, active: active, fingerprints: f, ours: a.ours, theirs: id}
	if a.number != 0 || n.ours == "" {
		n.ours = newID()
	}
	return n
}

// newID makes a value of a=tls-id.
func newID() string {
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawStdEncoding.EncodeToString(b[:])
}

// association is the state's.
func (s *State) association() association {
	a := association{number: s.Handshake.Number, active: s.Handshake.Active, ours: s.Handshake.ID, theirs: s.Handshake.PeerID}
	for _, text := range s.Handshake.Fingerprints {
		if f, err := srtp.ParseFingerprint(text); err == nil { // State.validate has looked
			a.fingerprints = append(a.fingerprints, f)
		}
	}
	return a
}

// keep makes an association the state's; nil is none, but numbers are not used again.
func (s *State) keep(a *association) {
	if a == nil {
		s.Handshake = Association{Number: s.Handshake.Number, ID: s.Handshake.ID}
		return
	}
	s.Handshake = Association{Number: a.number, Active: a.active, ID: a.ours, PeerID: a.theirs}
	for _, f := range a.fingerprints {
		s.Handshake.Fingerprints = append(s.Handshake.Fingerprints, f.String())
	}
}

// validate reports what an Association cannot be.
func (a *Association) validate() error {
	if len(a.Fingerprints) > maxFingerprints || len(a.ID) > maxID || len(a.PeerID) > MaxLineBytes {
		return bad("sdp: state: %d fingerprints, tls-id of %d and %d bytes", len(a.Fingerprints), len(a.ID), len(a.PeerID))
	}
	for _, f := range a.Fingerprints {
		if _, err := srtp.ParseFingerprint(f); err != nil {
			return bad("sdp: state: %w", err)
		}
	}
	return nil
}

// maxID is how long a=tls-id may be (RFC 8842 §5.1).
const maxID = 255

// attributes are those of a handshake in a description of ours. An id is told to who told
// one, and in offers.
func (h *Handshaking) attributes(s Setup, id string) []Attribute {
	list := []Attribute{{"fingerprint", h.Fingerprint.String()}, {"setup", s.String()}}
	if id != "" {
		list = append(list, Attribute{"tls-id", id})
	}
	return list
}

// attributes are those of an answer to an association.
func (a *association) attributes(h *Handshaking) []Attribute {
	setup, id := Passive, ""
	if a.active {
		setup = Active
	}
	if a.theirs != "" {
		id = a.ours
	}
	return h.attributes(setup, id)
}

// result is the handshake of an association; nil without one.
func (a *association) result() *Handshake {
	if a == nil {
		return nil
	}
	return &Handshake{Number: a.number, Active: a.active, Fingerprints: slices.Clone(a.fingerprints)}
}
