// Package transport is to carry the media of one browser past pion's PeerConnection; what
// that saves, its benchmark measures (docs/adr/0013).
package transport
