// Package webrtc is the load of browsers: clients that are browsers on the wire, with ICE, DTLS
// and SRTP, and cost next to nothing. A client is one socket. What it says, Opus or VP8, was
// encoded before; what it is sent is counted, and opened only where somebody listens.
//
// Goroutines: one per client from its first description on, which Take of a Load or the client's
// Close ends and awaits, and those of its DTLS handshake, which end with that. A Load runs on its
// caller's.
package webrtc
