package sdp

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
)

const testdata = "../../testdata/sdp"

// The codecs that a server has, as far as negotiation looks at them.
var (
	opus = &media.Codec{Name: "opus", ConfName: "opus", ClockRate: 48000, SampleRate: 48000, Channels: 2,
		PayloadType: media.DynamicPT, Fmtp: "useinbandfec=1"}
	g722  = &media.Codec{Name: "G722", ConfName: "g722", ClockRate: 8000, SampleRate: 16000, Channels: 1, PayloadType: 9}
	ulaw  = &media.Codec{Name: "PCMU", ConfName: "ulaw", ClockRate: 8000, SampleRate: 8000, Channels: 1, PayloadType: 0}
	alaw  = &media.Codec{Name: "PCMA", ConfName: "alaw", ClockRate: 8000, SampleRate: 8000, Channels: 1, PayloadType: 8}
	g729  = &media.Codec{Name: "G729", ConfName: "g729", ClockRate: 8000, SampleRate: 8000, Channels: 1, PayloadType: 18, Fmtp: "annexb=no"}
	slin  = &media.Codec{Name: "L16", ConfName: "slin16", ClockRate: 16000, SampleRate: 16000, Channels: 1, PayloadType: media.DynamicPT}
	known = media.Codecs{opus, g722, ulaw, alaw, g729, slin}
)

// files reads every description under testdata, by name.
func files(t testing.TB) (names []string, bodies map[string][]byte) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(testdata, "*.sdp"))
	if err != nil || len(paths) < 30 {
		t.Fatalf("%d files, %v", len(paths), err)
	}
	bodies = map[string][]byte{}
	for _, p := range paths {
		body, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(p), ".sdp")
		names = append(names, name)
		bodies[name] = body
	}
	return names, bodies
}

func parse(t testing.TB, body []byte) *Session {
	t.Helper()
	s, err := Parse(body)
	if err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	return s
}
