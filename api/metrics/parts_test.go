package metrics

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/skygenesisenterprise/skybridge/api/limit"
	"github.com/skygenesisenterprise/skybridge/internal/golden"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/quality"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/turn"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/sip"
)

// still is a server in which nothing changes.
type still struct{}

func (still) Channels() []signaling.ChannelSnapshot {
	return []signaling.ChannelSnapshot{
		{ID: "1", LinkedID: "1", State: signaling.Up}, {ID: "2", LinkedID: "1", State: signaling.Up},
		{ID: "3", LinkedID: "3", State: signaling.Ring}, {ID: "4", LinkedID: "3", State: signaling.Ringing},
		{ID: "5", LinkedID: "5", State: signaling.Up},
		{ID: "6", LinkedID: "6", State: signaling.Up}, {ID: "7", LinkedID: "6", State: signaling.Ringing},
	}
}
func (still) Bridges() []signaling.BridgeSnapshot { return make([]signaling.BridgeSnapshot, 2) }
func (still) Processed() uint64                   { return 12 }
func (still) Endpoints() []signaling.EndpointSnapshot {
	there := []signaling.ContactSnapshot{{Status: signaling.ContactAvailable}}
	return []signaling.EndpointSnapshot{{Name: "1001", Contacts: there}, {Name: "1002"}, {Name: "carrier", Trunk: true, Contacts: there}}
}

// heard are samples of parties.
func heard(rate func([]quality.Sample)) {
	sample := func(packets, lost uint32, jitter time.Duration, band media.Band, mos float64) quality.Sample {
		return quality.Sample{Packets: packets, Lost: lost, Jitter: jitter, Score: quality.Score{Band: band, MOS: mos}, Rated: mos > 0}
	}
	rate([]quality.Sample{sample(50, 0, 0, media.Narrowband, 1), sample(48, 2, 4*time.Millisecond, media.Narrowband, 4)})
	rate([]quality.Sample{sample(50, 0, 2*time.Millisecond, media.Narrowband, 4.4)})
	rate([]quality.Sample{sample(50, 0, 0, media.Fullband, 4.5)})
	rate([]quality.Sample{sample(0, 0, 0, media.Narrowband, 0)})
	rate(nil)
}

// all is every part that there is.
func all() (*Metrics, *Requests) {
	r := NewRequests()
	return New(still{}, r, qualityOf(heard),
		Mixer(func() mixer.EngineStats {
			return mixer.EngineStats{Workers: []mixer.WorkerStats{{Legs: 3, Busy: 0.5, Ticks: 9, TicksMissed: 1, Skipped: 2, PacketsIn: 4, PacketsOut: 5, PacketsDropped: 6}, {}}}
		}),
		Store(func() store.Stats { return store.Stats{Writes: 5, Commits: 3, Failed: 1} }),
		Limits(limit.New(limit.Config{}, time.Now)),
		TURN(func() turn.Stats {
			return turn.Stats{Allocations: 2, RefusedQuota: 3, DroppedBitrate: 4, SentBytes: 100}
		}),
		SIP(func() sip.Stats { return sip.Stats{RequestsIn: 1, ResponsesOut: 2, Dialogs: 3} }),
		Rooms(func() int { return 4 }), Records(func() int { return 8 }), Browsers(func() int { return 5 }), Sessions(func() int { return 6 }),
	), r
}

func written(t *testing.T, m *Metrics) string {
	t.Helper()
	var out strings.Builder
	if err := m.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// The whole of what a server can say, and that it is as Prometheus wants it.
func TestAllParts(t *testing.T) {
	m, r := all()
	r.Answered("/api/v1/voip/calls/:id", "GET", 200)
	r.Answered("/api/v1/voip/calls/:id", "GET", 200)
	r.Answered("", "BREW", 9999)
	r.Replayed()
	text := written(t, m)
	golden.Equal(t, "testdata/all.txt", text)
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	for _, name := range regexp.MustCompile(`(?m)^# HELP (\S+)`).FindAllStringSubmatch(text, -1) {
		if !strings.HasPrefix(name[1], "voip_") {
			t.Errorf("%s does not begin with voip_", name[1])
		}
	}
	m, _ = all()
	problems, err = promlint.New(strings.NewReader(written(t, m))).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
}

// What clients write makes no labels: neither methods nor statuses nor routes of their own.
func TestLabelsAreBounded(t *testing.T) {
	m, r := all()
	before := strings.Count(written(t, m), "\n")
	for i := range 1000 {
		r.Answered("", fmt.Sprintf("METHOD%d", i), 100000+i)
	}
	if n := strings.Count(written(t, m), "\n") - before; n > 4 {
		t.Errorf("%d more lines", n)
	}
}

func TestCountCalls(t *testing.T) {
	if c := CountCalls((still{}).Channels()); c != (Calls{Ringing: 2, Active: 2}) || c.All() != 4 {
		t.Errorf("%+v", c)
	}
}

// Of many channels not every one is looked at.
func TestManyChannelsAreSampled(t *testing.T) {
	for _, n := range []int{0, 1, 999, 1000, 1001, 20000} {
		looked := 0
		for i := 0; i < n; i += stride(n) {
			looked++
		}
		if looked > maxRated || looked < min(n, maxRated/3) {
			t.Errorf("of %d channels %d are looked at", n, looked)
		}
	}
}

func TestScalesAreApart(t *testing.T) {
	var seen []string
	part, ok := qualityOf(heard).(part[scale])
	if !ok {
		t.Fatal("another part")
	}
	part.read(func(s scale, labels ...string) {
		seen = append(seen, fmt.Sprintf("%s %d %.2f %.1f %.3f", labels[0], s.parties, s.mean(s.mos), s.lowest, math.Round(s.mean(s.jitter)*1e3)/1e3))
	})
	slices.Sort(seen)
	if want := []string{"fullband 1 4.50 4.5 0.000", "narrowband 2 4.20 4.0 0.003"}; !slices.Equal(seen, want) {
		t.Errorf("%q, want %q", seen, want)
	}
}
