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
	tag  int
	keys srtp.Masters
}

// takeKeys finds the first of an offer's keys that we can use, as its author prefers
// it, and ours to go with it.
func (n *Negotiator) takeKeys(m *Media) (keyed, error) {
	secure := secureProfile(m.Profile)
	switch {
	case !secure && !plainProfile(m.Profile), secure && n.cfg.Protection == Unprotected:
		return keyed{}, errNoAudio("m=audio wants %s", m.Profile)
	case n.cfg.Protection == Unprotected:
		return keyed{}, nil
	}
	lines, refusal := m.cryptos()
	for _, c := range lines {
		theirs, err := c.master()
		if err == nil {
			return keyed{c.Tag, srtp.Masters{Send: n.ours(theirs.Suite), Receive: theirs}}, nil
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
	return keyed{}, errNoAudio("m=audio %s has no key", m.Profile)
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

// settleKeys finds the peer's key in the answer to an offer of ours: the line that it
// accepted, with its own key in it (RFC 4568 §5.1.3). A peer that was offered keys
// beside RTP/AVP may do without.
func (n *Negotiator) settleKeys(o *offered, m *Media) (keyed, error) {
	profile := n.state.Lines[n.state.Audio].Profile
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
		return keyed{c.Tag, srtp.Masters{Send: own, Receive: theirs}}, err
	}
	switch {
	case refusal != nil:
		return keyed{}, errNoAudio("no usable key in the answer: %w", refusal)
	case secureProfile(profile) || secureProfile(m.Profile) || n.cfg.Protection == Protected:
		return keyed{}, fault.New(fault.NotAcceptable, "sdp: the answer has no key, so the call would not be encrypted")
	}
	return keyed{}, nil
}
