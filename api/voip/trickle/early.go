package trickle

import (
	"encoding/json"
	"log/slog"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
)

// MaxEarly bounds the candidates that may come before their offer.
const MaxEarly = 64

// Read reads the payload of a candidate's message, in either shape.
func Read(payload json.RawMessage) (cand rtc.Candidate, err error) {
	if err := json.Unmarshal(payload, &cand); err != nil {
		return cand, rest.InField("body.payload", fault.New(fault.Invalid, "payload of an ice_candidate: %w", err))
	}
	return cand, nil
}

// Early are a browser's candidates that come before their offer.
type Early []rtc.Candidate

// Add fails with fault.TooMany beyond the limit.
func (e *Early) Add(cand rtc.Candidate) error {
	if len(*e) >= MaxEarly {
		return fault.New(fault.TooMany, "%d candidates before the offer, the limit", MaxEarly)
	}
	*e = append(*e, cand)
	return nil
}

// Give gives them to who takes them once the offer is there. One that cannot be used is noted.
func (e Early) Give(add func(rtc.Candidate) error, log *slog.Logger) {
	for _, cand := range e {
		if err := add(cand); err != nil {
			log.Debug("early candidate not used", "err", err)
		}
	}
}
