package sdp

import (
	"slices"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// What stands in for the negotiated stream as long as it is away: the line of a facsimile
// (T.38 Annex D), which the caller makes and reads. Audio comes back with the next Offer
// or Answer.

// AnswerAlone answers the peer's offer by one line, in the place of one that the offer has;
// all others are refused. The error is that of Answer.
func (n *Negotiator) AnswerAlone(offer *Session, at int, line *Media) ([]byte, error) {
	switch {
	case n.offered != nil && !n.answered:
		return nil, fault.New(fault.Conflict, "sdp: an offer of ours is not answered yet")
	case len(offer.Media) > MaxMedia:
		return nil, fault.New(fault.Invalid, "sdp: %d media lines, more than %d", len(offer.Media), MaxMedia)
	case at < 0 || at >= len(offer.Media):
		return nil, fault.New(fault.Invalid, "sdp: no media line %d among %d", at, len(offer.Media))
	}
	lines := linesOf(offer)
	n.offered, n.answered, n.beside = nil, false, placed{}
	n.state.Lines = lines
	n.state.Audio = max(slices.IndexFunc(offer.Media, n.isOurs), 0)
	return n.seal(lines, at, line), nil
}

// OfferAlone makes a description with that line in the place of the negotiated stream; the
// answer has it at the index that is returned. RollbackAlone follows a refusal.
func (n *Negotiator) OfferAlone(line *Media) (body []byte, at int) {
	n.offered, n.answered, n.beside = nil, false, placed{}
	n.displaced = slices.Clone(n.state.Lines)
	at = n.state.Audio
	lines := slices.Clone(n.state.Lines)
	if len(lines) == 0 {
		lines, at = make([]MediaLine, 1), 0
	}
	lines[at] = MediaLine{line.Kind, line.Profile, "0"}
	if len(line.Formats) > 0 {
		lines[at].Format = line.Formats[0]
	}
	n.state.Lines = lines
	return n.seal(lines, at, line), at
}

// RollbackAlone forgets the offer of OfferAlone.
func (n *Negotiator) RollbackAlone() { n.state.Lines = n.displaced }

// comeBack has the negotiated stream in its place again.
func (n *Negotiator) comeBack() {
	if l := &n.state.Lines[n.state.Audio]; !n.isOurs(&Media{Kind: l.Kind}) {
		*l = MediaLine{n.kind(), n.offerProfile(), "0"}
	}
}
