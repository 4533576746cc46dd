package rtp

// AudioLevelURI names the client-to-mixer audio level extension in a=extmap.
const AudioLevelURI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"

// AudioLevel is the client-to-mixer audio level (RFC 6464) that the packet
// carries under the extension id of a=extmap: 0 dBov is overload, 127 silence.
// voice is the sender's own opinion, in which some senders hold none. ok is
// false when the packet has no such element.
func (h *Header) AudioLevel(id uint8) (level uint8, voice, ok bool) {
	v := h.element(id)
	if len(v) == 0 {
		return 0, false, false
	}
	return v[0] & 0x7f, v[0]&0x80 != 0, true
}

// element finds one extension element by its id in the one-byte and two-byte
// forms (RFC 8285 §4.2, §4.3), or nil. A damaged list ends the search.
func (h *Header) element(id uint8) []byte {
	switch {
	case h.ExtensionProfile == 0xbede:
		for b := h.Extension; len(b) > 0; {
			got, n := b[0]>>4, int(b[0]&0x0f)+1
			switch {
			case b[0] == 0: // padding
				b = b[1:]
				continue
			case got == 15, 1+n > len(b):
				return nil
			case got == id:
				return b[1 : 1+n]
			}
			b = b[1+n:]
		}
	case h.ExtensionProfile&0xfff0 == 0x1000:
		for b := h.Extension; len(b) > 0; {
			if b[0] == 0 {
				b = b[1:]
				continue
			}
			if len(b) < 2 || 2+int(b[1]) > len(b) {
				return nil
			}
			if b[0] == id {
				return b[2 : 2+int(b[1])]
			}
			b = b[2+int(b[1]):]
		}
	}
	return nil
}

// Element is the content of the header extension of an id, or nil; a view into the packet.
func (h *Header) Element(id uint8) []byte { return h.element(id) }
