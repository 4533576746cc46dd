package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

func TestSRTPRows(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	snapshot := signaling.ChannelSnapshot{Name: "PJSIP/1001-00000000", Codec: "ulaw", Created: now.Add(-62 * time.Second), Bridge: "0b3c1f7e-0000"}
	open, secure := counters{snapshot, mixer.PortStats{PacketsIn: 3100}}, counters{snapshot, mixer.PortStats{PacketsIn: 3100, AuthFailed: 17, Replayed: 2}}
	secure.Secure = true
	var b bytes.Buffer
	p := printer{w: &b}
	for _, c := range []counters{open, secure} {
		p.srtp(&c, now)
	}
	const want = " 0b3c1f7e 1001-00000000      00:01:02 ulaw   no         3100             0           0\n" +
		" 0b3c1f7e 1001-00000000      00:01:02 ulaw   yes        3100            17           2\n"
	if got := b.String(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for line := range strings.SplitSeq(strings.Trim(srtpHeader, "\n"), "\n") {
		if width := strings.Index(want, "\n"); len(line) != width {
			t.Errorf("%d columns, the rows have %d: %s", len(line), width, line)
		}
	}
}
