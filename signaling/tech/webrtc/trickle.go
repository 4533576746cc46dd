package webrtc

import (
	"slices"
	"strings"
)

// trickles reports whether who made an offer takes candidates after the answer to it (RFC 8838
// §4.1.1). Who does not is answered with all of them.
func trickles(offer string) bool {
	for line := range strings.Lines(offer) {
		options, ok := strings.CutPrefix(strings.TrimSpace(line), "a=ice-options:")
		if ok && slices.Contains(strings.Fields(options), "trickle") {
			return true
		}
	}
	return false
}
