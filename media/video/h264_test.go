package video_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/media/video"
)

func TestAnswerH264(t *testing.T) {
	const asymmetric = "level-asymmetry-allowed=1;"
	for _, c := range []struct{ ours, theirs, want string }{
		// Each has its own level, or both the lower one (RFC 6184 §8.2.2).
		{asymmetric + "profile-level-id=42e01f", asymmetric + "profile-level-id=42e033", asymmetric + "packetization-mode=0;profile-level-id=42e01f"},
		{asymmetric + "profile-level-id=42e01f", "profile-level-id=42e033", "packetization-mode=0;profile-level-id=42e01f"},
		{asymmetric + "profile-level-id=42e01f", "profile-level-id=42e00d", "packetization-mode=0;profile-level-id=42e00d"},
		{asymmetric + "packetization-mode=1;profile-level-id=42e01f", "packetization-mode=1;profile-level-id=42e00d", "packetization-mode=1;profile-level-id=42e00d"},
		// The profile is as the offer writes it.
		{"profile-level-id=42e01f", "profile-level-id=42C01F", "packetization-mode=0;profile-level-id=42c01f"},
		{"profile-level-id=64001f", "profile-level-id=640c28", "packetization-mode=0;profile-level-id=640c1f"},
		// 1b lies between 1 and 1.1.
		{"profile-level-id=42e01f", "profile-level-id=42f00b", "packetization-mode=0;profile-level-id=42f00b"},
		{"profile-level-id=42e00a", "profile-level-id=42f00b", "packetization-mode=0;profile-level-id=42e00a"},
		{"profile-level-id=42f00b", "profile-level-id=42e00b", "packetization-mode=0;profile-level-id=42f00b"},
		// Unsaid is baseline, level 1 (RFC 6184 §8.1).
		{"profile-level-id=42001f", "", "packetization-mode=0;profile-level-id=42000a"},
		{"profile-level-id=42001f", "profile-level-id=nonsense", "packetization-mode=0;profile-level-id=42000a"},
	} {
		if got := video.AnswerH264(c.ours, c.theirs); got != c.want {
			t.Errorf("%q to %q: %q, want %q", c.ours, c.theirs, got, c.want)
		}
	}
}
