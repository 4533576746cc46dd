package cli

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/quality"
)

func TestSumUp(t *testing.T) {
	rated := func(band media.Band, packets, lost uint32, mos float64) quality.Sample {
		return quality.Sample{Packets: packets, Lost: lost, Rated: true, Score: quality.Score{Band: band, MOS: mos}}
	}
	silent := quality.Sample{}
	for _, c := range []struct {
		name              string
		samples           []quality.Sample
		rated             int
		last              float64
		loss, mean, worst float64
	}{
		{"none", nil, 0, 0, 0, 0, 0},
		{"silence only", []quality.Sample{silent, silent}, 0, 0, 0, 0, 0},
		{
			"a bad second, then silence",
			[]quality.Sample{rated(media.Narrowband, 50, 0, 4.4), rated(media.Narrowband, 25, 25, 2), silent},
			2, 2, 0.25, 3.2, 2,
		},
		{
			"another codec",
			[]quality.Sample{rated(media.Narrowband, 50, 50, 1), rated(media.Wideband, 50, 0, 4.3), rated(media.Wideband, 50, 0, 4.1)},
			2, 4.1, 0, 4.2, 4.1,
		},
	} {
		m := sumUp(c.samples)
		if m.rated != c.rated || m.last.Score.MOS != c.last || math.Abs(m.loss-c.loss) > 1e-9 ||
			math.Abs(m.mean-c.mean) > 1e-9 || m.worst != c.worst {
			t.Errorf("%s: %+v", c.name, m)
		}
	}
}

func TestQualityRowsStandBelowTheirHeader(t *testing.T) {
	lines := strings.Split(strings.Trim(qualityHeader, "\n"), "\n")
	row := fmt.Sprintf(qualityRow, "0b3c1f7e-0000", "1001-00000000", "00:01:02", "ulaw", "narrowband",
		100.0, 12.4, 40.0, 81.0, 4.382, 0.04, 4.4, 1.0, 2.5, 3.0)
	for _, line := range lines {
		if len(line) != len(row) {
			t.Errorf("%d columns, the rows have %d:\n%s\n%s", len(line), len(row), line, row)
		}
	}
	const want = " 0b3c1f7e 1001-00000000      00:01:02 ulaw   narrowband 100.0%    12ms    40ms    81ms 4.38   0.0% 4.40    1.00   2.5%      3ms"
	if row != want {
		t.Errorf("%q, want %q", row, want)
	}
}
