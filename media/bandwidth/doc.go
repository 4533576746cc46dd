// Package bandwidth finds out what a way through the network can carry.
//
// For what is sent to us, Arrivals takes note of when packets came and makes the
// transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01) of which the
// sender makes its estimate. For what we send, an Estimator makes one of a receiver's
// feedback: by the change of delay and by loss, as Google Congestion Control does
// (draft-ietf-rmcat-gcc-02, with the trendline filter that its authors' later work has in
// place of the Kalman filter: a line through the last delays), bounded by the receiver's own
// estimate (REMB, draft-alvestrand-rmcat-remb-03) where it sends one. What is being sent
// bounds what can be known, so a rise is found by probes: a burst above the estimate, at whose
// arrival one can see whether it fits.
//
// It does no I/O, starts no goroutine, knows no clock (moments are a time.Duration since any
// start) and, after the constructors, allocates nothing. Nothing is locked.
package bandwidth
