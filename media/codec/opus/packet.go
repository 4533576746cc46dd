package opus

import "time"

// join makes a packet of code 3 with frames of different lengths (RFC 6716 §3.2.5) out
// of packets of one frame each. They go together when mode, bandwidth and frame size
// are the same, and the whole is no longer than a packet may be.
func join(dst []byte, packets [][]byte) int {
	if len(packets) == 0 {
		return 0
	}
	toc := packets[0]
	for _, p := range packets {
		if len(p) == 0 || p[0] != toc[0] || p[0]&3 != 0 || len(p)-1 > maxLength {
			return 0
		}
	}
	if len(packets) == 1 {
		if len(toc) > len(dst) {
			return 0
		}
		return copy(dst, toc)
	}
	if time.Duration(len(packets))*frameDuration(toc[0]) > maxPacket {
		return 0
	}
	size := 2
	for i, p := range packets {
		size += len(p) - 1
		if i < len(packets)-1 {
			size += lengthBytes(len(p) - 1)
		}
	}
	if size > len(dst) {
		return 0
	}
	dst[0], dst[1] = toc[0]|3, 0x80|byte(len(packets)) // 0x80: VBR
	at := 2
	for _, p := range packets[:len(packets)-1] {
		at += putLength(dst[at:], len(p)-1)
	}
	for _, p := range packets {
		at += copy(dst[at:], p[1:])
	}
	return at
}

// maxLength is the longest frame (RFC 6716 §3.4, R2).
const maxLength = 1275

// lengthBytes is how many bytes tell a frame's length (RFC 6716 §3.2.1).
func lengthBytes(n int) int {
	if n < 252 {
		return 1
	}
	return 2
}

func putLength(dst []byte, n int) int {
	if n < 252 {
		dst[0] = byte(n)
		return 1
	}
	dst[0] = byte(252 + n&3)
	dst[1] = byte((n - int(dst[0])) >> 2)
	return 2
}

// split takes apart what an encoder of short frames gives: the first packet's length in
// two bytes, and both.
func split(encoded []byte) (first, second []byte) {
	if len(encoded) < 2 {
		return nil, nil
	}
	n := int(encoded[0])<<8 | int(encoded[1])
	if rest := encoded[2:]; n <= len(rest) {
		return rest[:n], rest[n:]
	}
	return nil, nil
}
