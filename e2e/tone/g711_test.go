package tone

import "testing"

// What is decoded and encoded again is what it was, and a tone stays a tone.
func TestG711BothWays(t *testing.T) {
	for _, law := range []struct {
		name   string
		encode func([]int16) []byte
		decode func([]byte) []int16
		same   int // another code for the same sample: µ-law has two zeros
	}{{"mu", MuLaw, FromMuLaw, 0x7F}, {"a", ALaw, FromALaw, -1}} {
		for c := range 256 {
			if got := law.encode(law.decode([]byte{byte(c)}))[0]; got != byte(c) && c != law.same {
				t.Errorf("%s-law: code %#02x became %#02x", law.name, c, got)
			}
		}
		pcm := law.decode(law.encode(Sine(1000, 8000, 1, 12000)))
		if level, want := Level(pcm, 8000, 1000), Level(Sine(1000, 8000, 1, 12000), 8000, 1000); level < want-0.5 || level > want+0.5 {
			t.Errorf("%s-law: tone at %.1f dBFS, was %.1f", law.name, level, want)
		}
	}
	// The anchors of ITU-T G.711, tables 1a and 2a.
	if got := MuLaw([]int16{0, 32635, -32635}); got[0] != 0xFF || got[1] != 0x80 || got[2] != 0x00 {
		t.Errorf("µ-law: % x", got)
	}
	if got := ALaw([]int16{0, 32767, -32768}); got[0] != 0xD5 || got[1] != 0xAA || got[2] != 0x2A {
		t.Errorf("A-law: % x", got)
	}
}
