package jitter

import "github.com/skygenesisenterprise/skybridge/media/rtp"

// Source follows which stream (SSRC) a peer sends, and extends its sequence
// numbers. A change of SSRC is believed when two packets of the new one come in
// sequence (RFC 3550 A.1), or at once when the present one has fallen silent; a
// stray packet of somebody else changes nothing. The zero value waits for the
// first packet.
type Source struct {
	ssrc     uint32
	sequence rtp.Sequence
	started  bool

	rival    uint32 // another SSRC seen last
	rivalSeq uint16 // the number that would follow
	rivals   bool
}

// SSRC is the stream's identifier; 0 before the first packet.
func (s *Source) SSRC() uint32 { return s.ssrc }

// Highest is the highest extended sequence number; 0 before the first packet.
func (s *Source) Highest() uint32 { return s.sequence.Highest() }

// SetResends says whether the peer sends again what was lost (rtp.Sequence.Resends).
func (s *Source) SetResends(resends bool) { s.sequence.Resends = resends }

// Update takes the next packet and gives its extended sequence number. silent
// tells that nothing came for a while. rtp.Restart means that what was buffered
// belongs to another stream; numbers start anew. rtp.Suspect means drop.
func (s *Source) Update(ssrc uint32, seq uint16, silent bool) (extended uint32, order rtp.Order) {
	if ssrc == s.ssrc && s.started {
		s.rivals = false
		return s.sequence.Update(seq, silent)
	}
	if s.started && !silent && !(s.rivals && s.rival == ssrc && s.rivalSeq == seq) {
		s.rival, s.rivalSeq, s.rivals = ssrc, seq+1, true
		return 0, rtp.Suspect
	}
	order = rtp.Ahead
	if s.started {
		order = rtp.Restart
	}
	*s = Source{ssrc: ssrc, started: true, sequence: rtp.Sequence{Resends: s.sequence.Resends}}
	extended, _ = s.sequence.Update(seq, silent)
	return extended, order
}
