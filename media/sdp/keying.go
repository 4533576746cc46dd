package sdp

import (
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// secureProfile reports whether a media line's profile wants keys in SDP.
func secureProfile(profile string) bool {
	return strings.EqualFold(profile, "RTP/SAVP") || strings.EqualFold(profile, "RTP/SAVPF")
}

// plainProfile reports whether it is that of RTP in the clear, beside which keys may
// stand (RFC 8643).
func plainProfile(profile string) bool { return KeyingOf(profile, false, false) == Plain }

// keyed is what came of the keys of a media line; the zero value is RTP in the clear.
type keyed struct {
	tag       int
	keys      srtp.Masters
	handshake *association // by which keys are made in place of these
}

// takeKeys finds the first of an offer's keys that we can use, as its author prefers
// it but for tags of 32 bits, and ours to go with it.
func (n *Negotiator) takeKeys(s *Session, m *Media) (keyed, error) {
	if n.handshakes(s, m) {
		return n.takeHandshake(s, m)
	}
	secure, byHandshake := secureProfile(m.Profile), n.cfg.Handshaking != nil && n.cfg.Handshaking.Offered
	switch {
	case byHandshake && n.cfg.Protection == Protected:
		return keyed{}, errNoAudio("m=%s %s has no fingerprint", m.Kind, m.Profile)
	case byHandshake && !secure && plainProfile(m.Profile):
		return keyed{}, nil
	case byHandshake:
		return keyed{}, errNoAudio("m=%s wants %s", m.Kind, m.Profile)
	case !secure && !plainProfile(m.Profile), secure && n.cfg.Protection == Unprotected:
		return keyed{}, errNoAudio("m=%s wants %s", m.Kind, m.Profile)
	case n.cfg.Protection == Unprotected:
		return keyed{}, nil
	}
	lines, refusal := m.cryptos()
	slices.SortStableFunc(lines, func(a, b Crypto) int { return n.rank(a.Suite) - n.rank(b.Suite) })
	for _, c := range lines {
		theirs, err := c.master()
		if err == nil {
			return keyed{tag: c.Tag, keys: srtp.Masters{Send: n.ours(theirs.Suite), Receive: theirs}}, nil
		}
		if refusal == nil {
			refusal = bad("a=crypto:%d: %w", c.Tag, err)
		}
	}
	switch {
	case !secure && n.cfg.Protection == Opportunistic:
		return keyed{}, nil
	case refusal != nil:
		return keyed{}, errNoAudio("no usable key: %w", refusal)
	}
	return keyed{}, errNoAudio("m=%s %s has no key", m.Kind, m.Profile)
}

// rank orders an offer's suites. Tags of 32 bits are what an endpoint either wants before
// all others, or not as long as there is another.
func (n *Negotiator) rank(suite string) int {
	switch at := slices.Index(n.cfg.Suites, srtp.AESCM32); {
	case srtp.SuiteByName(suite) != srtp.AESCM32:
		return 1
	case at == 0:
		return 0
	case at < 0:
		return 2
	}
	return 1
}

// ours is the key that we send with under a suite. It stays the same as long as the
// suite does, so that the rollover counter goes on; a key that was left is never taken
// up again.
func (n *Negotiator) ours(s srtp.Suite) srtp.Master {
	if n.state.Key.Suite == s {
		return n.state.Key
	}
	return srtp.NewMaster(s)
}

// offerKeys are our lines of an offer, that of the suite in use first.
func (n *Negotiator) offerKeys(profile string) []Crypto {
	if n.cfg.Protection == Unprotected && !secureProfile(profile) {
		return nil
	}
	suites := slices.Clone(n.cfg.Suites)
	if used := n.state.Key.Suite; used != srtp.None {
		suites = append([]srtp.Suite{used}, slices.DeleteFunc(suites, func(s srtp.Suite) bool { return s == used })...)
	}
	lines := make([]Crypto, len(suites))
	for i, s := range suites {
		lines[i] = cryptoOf(i+1, n.ours(s))
	}
	return lines
}

// offerProfile is the profile of a first offer.
func (n *Negotiator) offerProfile() string {
	profile := "RTP/AVP"
	switch h := n.cfg.Handshaking; {
	case n.cfg.Protection != Protected:
	case h != nil && h.Offered:
		profile = "UDP/TLS/RTP/SAVP"
		if n.cfg.Feedback {
			profile = "UDP/TLS/RTP/SAVPF"
		}
	default:
		profile = "RTP/SAVP"
	}
	return profile
}

// offersHandshake reports whether our offer in a profile is of a handshake.
func (n *Negotiator) offersHandshake(profile string) bool {
	h := n.cfg.Handshaking
	if h == nil {
		return false
	}
	return KeyingOf(profile, false, false) == DTLS || h.Offered && n.cfg.Protection != Unprotected ||
		secureProfile(profile) && n.state.Handshake.Fingerprints != nil
}

// settleKeys finds the peer's key in the answer to an offer of ours: the line that it
// accepted, with its own key in it (RFC 4568 §5.1.3). A peer that was offered keys
// beside RTP/AVP may do without.
func (n *Negotiator) settleKeys(o *offered, s *Session, m *Media) (keyed, error) {
	profile := n.state.Lines[n.state.Audio].Profile
	if o.handshake {
		_, fingerprint := s.Attribute(m, "fingerprint")
		switch {
		case fingerprint && (plainProfile(m.Profile) == plainProfile(profile)):
			return n.settleHandshake(o, s, m)
		case !plainProfile(profile) || !plainProfile(m.Profile) || n.cfg.Protection == Protected:
			return keyed{}, fault.New(fault.NotAcceptable, "sdp: the answer has no fingerprint, so the call would not be encrypted")
		}
		return keyed{}, nil
	}
	if !secureProfile(m.Profile) && !plainProfile(m.Profile) || secureProfile(m.Profile) && len(o.keys) == 0 {
		return keyed{}, errNoAudio("%s is answered by %s", profile, m.Profile)
	}
	if len(o.keys) == 0 {
		return keyed{}, nil
	}
	lines, refusal := m.cryptos()
	for _, c := range lines {
		i := slices.IndexFunc(o.keys, func(k Crypto) bool { return k.Tag == c.Tag })
		if i < 0 || !strings.EqualFold(o.keys[i].Suite, c.Suite) {
			refusal = bad("a=crypto:%d %s was not offered", c.Tag, c.Suite)
			continue
		}
		theirs, err := c.master()
		if err != nil {
			refusal = bad("a=crypto:%d: %w", c.Tag, err)
			continue
		}
		own, err := o.keys[i].master()
		return keyed{tag: c.Tag, keys: srtp.Masters{Send: own, Receive: theirs}}, err
	}
	switch {
	case refusal != nil:
		return keyed{}, errNoAudio("no usable key in the answer: %w", refusal)
	case secureProfile(profile) || secureProfile(m.Profile) || n.cfg.Protection == Protected:
		return keyed{}, fault.New(fault.NotAcceptable, "sdp: the answer has no key, so the call would not be encrypted")
	}
	return keyed{}, nil
}
