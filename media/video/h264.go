package video

import (
	"encoding/hex"
	"strconv"
	"strings"
)

// AnswerH264 is what to say of H.264 with our parameters to one who has offered it with
// theirs, of the same Variant (RFC 6184 §8.2.2): each side has its own level if both say
// that it may, else both have the lower one.
func AnswerH264(ours, theirs string) string {
	const without = "42000a" // RFC 6184 §8.1
	o, t := parse(ours), parse(theirs)
	asymmetric := o.get("level-asymmetry-allowed", "0") == "1" && t.get("level-asymmetry-allowed", "0") == "1"
	our, their := profileOf(o.get("profile-level-id", without)), profileOf(t.get("profile-level-id", without))
	level := our
	if !asymmetric && their.level() < our.level() {
		level = their
	}
	answer := h264Profile{their[0], their[1], level[2]}
	// The third constraint of the lower profiles is a part of the level: 1b.
	answer[1] = their[1]&^0x10 | level[1]&0x10
	if their[0] != level[0] {
		answer[1] = their[1]
	}
	var b strings.Builder
	if asymmetric {
		b.WriteString("level-asymmetry-allowed=1;")
	}
	b.WriteString("packetization-mode=" + o.get("packetization-mode", "0"))
	b.WriteString(";profile-level-id=" + answer.String())
	return b.String()
}

// h264Profile is a profile-level-id: profile_idc, the constraint flags and level_idc.
type h264Profile [3]byte

func profileOf(text string) h264Profile {
	n, err := strconv.ParseUint(text, 16, 24)
	if err != nil || len(text) != 6 {
		return h264Profile{0x42, 0x00, 0x0a}
	}
	return h264Profile{byte(n >> 16), byte(n >> 8), byte(n)}
}

// level orders levels; 1b stands between 1 and 1.1 (ITU-T H.264 table A-1).
func (p h264Profile) level() int {
	if p[2] == 9 || p[2] == 11 && p[1]&0x10 != 0 && (p[0] == 0x42 || p[0] == 0x4d || p[0] == 0x58) {
		return 10*2 + 1
	}
	return int(p[2]) * 2
}

func (p h264Profile) String() string { return hex.EncodeToString(p[:]) }
