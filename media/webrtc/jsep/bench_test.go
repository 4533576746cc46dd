package jsep_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
)

// The largest offer there is here, and our answer.
func BenchmarkAnswer(b *testing.B) {
	cfg, offer := serverConfig(b), session(b, "chromium-whole")[0]
	b.SetBytes(int64(len(offer)))
	b.ReportAllocs()
	for b.Loop() {
		s := jsep.NewSession(cfg)
		if _, err := s.SetOffer(offer); err != nil {
			b.Fatal(err)
		}
		s.Describe(gathered)
	}
}
