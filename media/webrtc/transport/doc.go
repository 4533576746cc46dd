// Package transport carries what one browser sends and is sent, past pion's
// PeerConnection (docs/adr/0018): ICE (RFC 8445) and consent (RFC 7675) by pion's Agent,
// DTLS-SRTP (RFC 5764) by media/srtp/dtls, and RTP and RTCP on one path (RFC 5761), sealed
// and opened by media/srtp. It knows no SDP: who negotiates tells it credentials, candidates
// and fingerprints.
//
// What comes from the address that ICE has nominated goes from the socket's reader
// straight to the Receiver of Config; what comes from others that ICE has checked, or by
// TCP or a relay, comes through the Agent and then the same way. What is sent leaves by the
// socket, or by the Agent where the pair is not one of our own UDP ports. Each SSRC has
// contexts of its own under the one key, so that streams share nothing; how many a peer may
// use is bounded.
//
// Goroutines: per Transport those of pion's Agent, one that reads what comes through it, and
// one that makes the keys and then reads what comes as data. Close ends all of them.
package transport
