package webrtc

import "testing"

// Whatever a description is, it is read and answered, or refused.
func FuzzRead(f *testing.F) {
	f.Add("a=ice-ufrag:u\na=ice-pwd:p\nm=video 9 X 100\na=rtpmap:100 VP8/90000\na=fmtp:99 apt=100\na=candidate:1 1 udp 1 127.0.0.1 9 typ host\n")
	f.Add("m=audio 9 RTP/AVP 300 x\na=extmap:-1/x y\na=rtpmap:999 opus\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := read(text)
		if err != nil {
			return
		}
		if answer, err := new(Client).answer(d, "active"); err == nil && answer == "" {
			t.Errorf("an empty answer to %q", text)
		}
	})
}
