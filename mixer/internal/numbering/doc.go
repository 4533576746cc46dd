// Package numbering gives outgoing RTP packets their sequence numbers and
// timestamps (RFC 3550 §5.1): whatever a leg's packets come from, frames made
// here, digits, packets relayed from somebody else, they leave as one Stream
// without a break. It starts no goroutine.
package numbering
