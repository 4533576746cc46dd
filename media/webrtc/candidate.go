package webrtc

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/netip"
	"strings"

	"github.com/pion/ice/v4"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// maxCandidateBytes bounds one candidate as JSON or as text; real ones stay
// below 300.
const maxCandidateBytes = 2048

// maxRemoteCandidates bounds the candidates one peer may give us between two
// ICE restarts. A browser on a laptop with a VPN sends about twenty.
const maxRemoteCandidates = 64

// Candidate is one ICE candidate as browsers write it (RTCIceCandidateInit). An
// empty Candidate means that there are no more.
type Candidate struct {
	Candidate        string  `json:"candidate"`
	SDPMid           *string `json:"sdpMid,omitempty"`
	SDPMLineIndex    *uint16 `json:"sdpMLineIndex,omitempty"`
	UsernameFragment *string `json:"usernameFragment,omitempty"`
}

// End reports whether the candidate is the end-of-candidates mark.
func (c Candidate) End() bool { return c.Candidate == "" }

// UnmarshalJSON takes both shapes that clients send: the candidate object
// itself, and {"candidate": object}. null, and a candidate of null or "", mean
// the end of candidates.
func (c *Candidate) UnmarshalJSON(data []byte) error {
	*c = Candidate{}
	if len(data) > maxCandidateBytes {
		return fault.New(fault.TooLarge, "ice candidate: %d bytes, at most %d", len(data), maxCandidateBytes)
	}
	return c.unmarshal(data, true)
}

func (c *Candidate) unmarshal(data []byte, wrapped bool) error {
	if bytes.Equal(bytes.TrimSpace(data), []byte("null")) {
		return nil
	}
	var fields struct {
		Candidate        json.RawMessage `json:"candidate"`
		SDPMid           *string         `json:"sdpMid"`
		SDPMLineIndex    *uint16         `json:"sdpMLineIndex"`
		UsernameFragment *string         `json:"usernameFragment"`
	}
	if err := json.Unmarshal(data, &fields); err != nil {
		return fault.New(fault.Invalid, "ice candidate: %w", err)
	}
	inner := bytes.TrimSpace(fields.Candidate)
	if wrapped && len(inner) > 0 && inner[0] == '{' {
		return c.unmarshal(inner, false)
	}
	c.SDPMid, c.SDPMLineIndex, c.UsernameFragment = fields.SDPMid, fields.SDPMLineIndex, fields.UsernameFragment
	if len(inner) == 0 {
		return fault.New(fault.Invalid, `ice candidate: no "candidate"`)
	}
	if err := json.Unmarshal(inner, &c.Candidate); err != nil {
		return fault.New(fault.Invalid, "ice candidate: %w", err)
	}
	return nil
}

// usable checks a candidate's text and reports whether it is one that we can
// pair with: UDP, first component, a literal address. TCP candidates of theirs
// need nothing from us (they call our passive one), names ending in .local and
// other names are left out, as their owner's checks make them known to us as
// peer-reflexive candidates anyway.
func usable(text string, loopback bool) (bool, error) {
	text = strings.TrimPrefix(text, "candidate:")
	if len(text) > maxCandidateBytes {
		return false, fault.New(fault.TooLarge, "ice candidate: %d bytes, at most %d", len(text), maxCandidateBytes)
	}
	// foundation component transport priority address port "typ" type
	fields := strings.Fields(text)
	if len(fields) < 8 || fields[6] != "typ" {
		return false, fault.New(fault.Invalid, "ice candidate: %q is no candidate", clip(text))
	}
	if !strings.EqualFold(fields[2], "udp") || fields[1] != "1" {
		return false, nil
	}
	addr, err := netip.ParseAddr(fields[4])
	if err != nil {
		if strings.ContainsAny(fields[4], ":%") {
			return false, fault.New(fault.Invalid, "ice candidate: %q is no address", clip(fields[4]))
		}
		return false, nil
	}
	if !reachable(addr.Unmap(), loopback) {
		return false, nil
	}
	if _, err := ice.UnmarshalCandidate(text); err != nil {
		if errors.Is(err, ice.ErrUnknownCandidateTyp) || errors.Is(err, ice.ErrDetermineNetworkType) {
			return false, nil
		}
		return false, fault.New(fault.Invalid, "ice candidate: %q: %w", clip(text), err)
	}
	return true, nil
}

// reachable reports whether we would send checks to an address at all. Link-local ones have
// their meaning on one link alone, where other things than browsers answer.
func reachable(a netip.Addr, loopback bool) bool {
	if a.IsUnspecified() || a.IsLinkLocalUnicast() || a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return false
	}
	return loopback || !a.IsLoopback()
}

// clip keeps what outsiders wrote short enough for an error or a log line.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}
