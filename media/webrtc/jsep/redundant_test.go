package jsep_test

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
)

// Browsers send the redundant form where an answer has it first: it has where they do.
func TestRedundantFirst(t *testing.T) {
	offer := session(t, "chromium-audio")[0]
	for theirs, ours := range map[string]string{" 111 63 ": " 111 63 ", " 63 111 ": " 63 111 "} {
		answer, agreed := answered(t, server(t), strings.Replace(offer, " 111 63 ", theirs, 1))
		if !strings.Contains(answer, "SAVPF"+ours) {
			t.Errorf("%q is answered by\n%s", theirs, answer)
		}
		s := agreed.Media[0].Sound(media.Codecs{opus.Codec()})
		if s.Send.PayloadType != 111 || s.SendRedundant != 63 || s.ReceiveRedundant != 63 {
			t.Errorf("%q: %+v", theirs, s)
		}
	}
}
