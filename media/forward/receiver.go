package forward

import "time"

// Receiver is a party that watches: what all its subscriptions have in common.
type Receiver struct {
	ext     Extensions
	carried [carriedKinds]uint8
	none    bool // no extension is made here
	long    bool // ids beyond those of the one-byte form
	number  uint16

	roundTrip time.Duration
	// What may be sent again: bytes, of which resendShare of the rate come back each second.
	resend, most int64
	rate         int64
	filled       time.Duration
}

// How much may be sent again to one receiver: a share of what it can take, or what is sent again
// would fill a way that is full; at once at least so much that a lost key frame of a small layer
// can be.
const (
	resendShare   = 4 // a quarter
	leastResend   = 16 << 10
	defaultResend = 125_000 // bytes a second, before there is an estimate
)

// NewReceiver makes one, with the extensions that it takes.
func NewReceiver(ext Extensions) *Receiver {
	r := &Receiver{roundTrip: defaultTrip}
	r.SetExtensions(ext)
	r.rate = defaultResend
	r.resend, r.most = leastResend, leastResend
	return r
}

// SetExtensions changes the extensions, from the next packet on.
func (r *Receiver) SetExtensions(ext Extensions) {
	r.ext, r.carried, r.long = ext, ext.carried(), false
	r.none = ext.MID == 0 && ext.TransportWide == 0 && ext.AbsSendTime == 0
	for _, id := range append([]uint8{ext.MID, ext.TransportWide, ext.AbsSendTime}, r.carried[:]...) {
		r.long = r.long || id > 14
	}
}

// Number is the transport-wide sequence number of the last packet that was written.
func (r *Receiver) Number() uint16 { return r.number }

// NextNumber takes the next transport-wide number, for a packet that is made elsewhere, as
// audio is.
func (r *Receiver) NextNumber() uint16 {
	r.number++
	return r.number
}

// SetRoundTrip tells how long it takes to the receiver and back.
func (r *Receiver) SetRoundTrip(d time.Duration) {
	r.roundTrip = min(max(d, time.Millisecond), time.Second)
}

// SetEstimate tells what the receiver can take, in bit/s, of which a part may be what is sent
// again.
func (r *Receiver) SetEstimate(bps int) {
	r.rate = int64(bps) / 8 / resendShare
	r.most = max(r.rate/2, leastResend)
}

// mayResend takes bytes from the budget of what is sent again.
func (r *Receiver) mayResend(now time.Duration, bytes int) bool {
	r.resend = min(r.most, r.resend+r.rate*int64(min(now-r.filled, time.Second))/int64(time.Second))
	r.filled = now
	if r.resend < int64(bytes) {
		return false
	}
	r.resend -= int64(bytes)
	return true
}
