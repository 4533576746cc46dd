package jsep_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
)

func TestSound(t *testing.T) {
	offer := session(t, "chromium-audio")[0]
	known := media.Codecs{opus.Codec(), g711.MuLaw(), g711.ALaw()} // no G.722
	for name, c := range map[string]struct{ from, to, want string }{
		"as it is": {"", "", "opus/48000 pt 111 every 0s; [opus/48000 pt 111 PCMU/8000 pt 0 PCMA/8000 pt 8]; events {110 48000} of [{110 48000} {126 8000}]; red 63 63"},
		"narrow": {
			"SAVPF 111 63 9 0 8 13 110 126", "SAVPF 8 126 110",
			"PCMA/8000 pt 8 every 0s; [PCMA/8000 pt 8]; events {126 8000} of [{110 48000} {126 8000}]; red 0 0",
		},
		"events of another rate": {
			"SAVPF 111 63 9 0 8 13 110 126", "SAVPF 8 110",
			"PCMA/8000 pt 8 every 0s; [PCMA/8000 pt 8]; events {110 48000} of [{110 48000}]; red 0 0",
		},
		"long packets":     {"a=mid:0", "a=mid:0\na=ptime:40", "every 40ms; "},
		"too long packets": {"a=mid:0", "a=mid:0\na=ptime:120", "every 0s; "},
		"odd packets":      {"a=mid:0", "a=mid:0\na=ptime:25", "every 0s; "},
		"at most":          {"a=mid:0", "a=mid:0\na=ptime:60\na=maxptime:40", "every 40ms; "},
		"short packets":    {"a=mid:0", "a=mid:0\na=maxptime:10", "every 10ms; "},
	} {
		t.Run(name, func(t *testing.T) {
			_, agreed := answered(t, server(t, mix), strings.Replace(offer, c.from, c.to, 1))
			s := agreed.Media[0].Sound(known)
			got := fmt.Sprintf("%v every %v; %v; events %v of %v; red %d %d",
				s.Send, s.Send.Ptime, s.Receive, s.SendEvents, s.ReceiveEvents, s.SendRedundant, s.ReceiveRedundant)
			if !strings.Contains(got, c.want) {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}
