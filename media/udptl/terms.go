package udptl

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Terms are what a party says of its T.38 (Annex D.2.3), as they go on to the other one.
type Terms struct {
	// Version is that of T.38: 0 to 4.
	Version int
	// MaxBitRate is in bit/s; 0 is not told.
	MaxBitRate int
	// What may be done to the image on its way.
	FillBitRemoval, TranscodingMMR, TranscodingJBIG bool
	// RateManagement is "transferredTCF" or "localTCF".
	RateManagement string
	// MaxBuffer and MaxDatagram are what the party can take, octets; 0 is not told.
	MaxBuffer, MaxDatagram int
	// ErrorCorrection is "t38UDPRedundancy", "t38UDPFEC", "t38UDPNoEC" or "" for not told.
	ErrorCorrection string
}

// Validate reports what cannot be; the error is fault.Invalid.
func (t *Terms) Validate() error {
	switch {
	case t.Version < 0 || t.Version > 4:
		return fault.New(fault.Invalid, "udptl: T.38 of version %d", t.Version)
	case t.MaxBitRate < 0 || t.MaxBitRate > 33600:
		return fault.New(fault.Invalid, "udptl: a facsimile of %d bit/s", t.MaxBitRate)
	case t.MaxBuffer < 0 || t.MaxBuffer > 1<<16 || t.MaxDatagram < 0 || t.MaxDatagram > 1<<16:
		return fault.New(fault.Invalid, "udptl: a buffer of %d, datagrams of %d octets", t.MaxBuffer, t.MaxDatagram)
	case !known(t.RateManagement, "", "transferredTCF", "localTCF"):
		return fault.New(fault.Invalid, "udptl: rate management %q", t.RateManagement)
	case !known(t.ErrorCorrection, "", "t38UDPRedundancy", "t38UDPFEC", "t38UDPNoEC"):
		return fault.New(fault.Invalid, "udptl: error correction %q", t.ErrorCorrection)
	}
	return nil
}

func known(s string, words ...string) bool {
	for _, w := range words {
		if strings.EqualFold(s, w) {
			return true
		}
	}
	return false
}
