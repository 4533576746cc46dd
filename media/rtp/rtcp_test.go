package rtp

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/pion/rtcp"
)

// reportCases feeds the printer, the parser, the comparison with pion's and the
// fuzz target.
var reportCases = []Report{
	{SSRC: 1, CNAME: []byte("a")},
	{SSRC: 2, CNAME: []byte("ab"), Bye: true},
	{SSRC: 3, CNAME: []byte("abc"), Sender: &SenderInfo{NTP: 0xe9c3_1234_8000_0000, RTPTime: 160, Packets: 50, Octets: 8000}},
	{SSRC: 4, CNAME: []byte("skybridge@203.0.113.5"), Sender: &SenderInfo{NTP: 1<<64 - 1}, Blocks: []ReportBlock{
		{SSRC: 5, FractionLost: 12, Lost: 345, Highest: 0x1_0007, Jitter: 20, LastSR: 0x1234_8000, DelaySinceLastSR: 0x1_8000},
		{SSRC: 6, FractionLost: 255, Lost: -1, Highest: 1<<32 - 1},
	}},
	{SSRC: 7, CNAME: bytes.Repeat([]byte("x"), 255), Blocks: []ReportBlock{
		{SSRC: 8, Lost: 1<<23 - 1}, {SSRC: 9, Lost: -1 << 23},
	}, Bye: true},
	{SSRC: 10, CNAME: []byte("d"), ReferenceTime: 0xe9c3_1234_8000_0000},
	{SSRC: 11, CNAME: []byte("e"), Delays: []DelayBlock{{SSRC: 12, LastRR: 0x1234_8000, DelaySinceLastRR: 0x8000}, {SSRC: 13}}},
	{SSRC: 14, CNAME: []byte("f"), Blocks: []ReportBlock{{SSRC: 15}}, Metrics: []VoIPMetrics{{
		SSRC: 15, LossRate: 13, DiscardRate: 1, BurstDensity: 90, GapDensity: 2, BurstDuration: 120, GapDuration: 8000,
		RoundTrip: 110, EndSystemDelay: 60, SignalLevel: -26, NoiseLevel: Unavailable, EchoReturnLoss: Unavailable, Gmin: 16,
		R: 82, ExternalR: Unavailable, MOSListening: 41, MOSConversation: 40, Receiver: 0xb0,
		BufferNominal: 40, BufferMaximum: 80, BufferAbsolute: 200,
	}}},
	{
		SSRC: 16, CNAME: []byte("g"), Sender: &SenderInfo{NTP: 1}, ReferenceTime: 2, Delays: []DelayBlock{{SSRC: 3, LastRR: 4}},
		Metrics: []VoIPMetrics{{SSRC: 5}, {SSRC: 6}}, Bye: true,
	},
}

func TestReport(t *testing.T) {
	for _, want := range reportCases {
		packet := want.Append(nil)
		if !IsRTCP(packet) || len(packet)%4 != 0 {
			t.Errorf("%x is no RTCP", packet)
		}
		checkReport(t, &want)

		// pion reads the same.
		theirs, err := rtcp.Unmarshal(packet)
		if err != nil {
			t.Fatal(err)
		}
		if err := rtcp.CompoundPacket(theirs).Validate(); err != nil {
			t.Error(err)
		}
		back, err := rtcp.Marshal(theirs)
		if err != nil {
			t.Fatal(err)
		}
		if name, err := rtcp.CompoundPacket(theirs).CNAME(); err != nil || name != string(want.CNAME) {
			t.Errorf("%q %v", name, err)
		}
		if !bytes.Equal(back, packet) {
			t.Errorf("\n %x\npion %x", packet, back)
		}
	}
}

func checkReport(t *testing.T, want *Report) {
	t.Helper()
	var got Report
	if err := ParseRTCP(want.Append([]byte("before"))[6:], &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, &got, cmpopts.IgnoreUnexported(Report{}), cmpopts.EquateEmpty()); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestReportTooMuch(t *testing.T) {
	r := Report{CNAME: []byte(strings.Repeat("y", 300)), Blocks: make([]ReportBlock, 40)}
	r.Blocks[0].Lost = 1 << 30
	var got Report
	if err := ParseRTCP(r.Append(nil), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.CNAME) != 255 || len(got.Blocks) != 31 || got.Blocks[0].Lost != 1<<23-1 {
		t.Errorf("%d %d %d", len(got.CNAME), len(got.Blocks), got.Blocks[0].Lost)
	}
}

func TestParseRTCPRefuses(t *testing.T) {
	for name, hex := range map[string]string{
		"nothing":              "",
		"half a head":          "80c9",
		"version 1":            "40c9 0001 00000001",
		"longer than it is":    "80c9 0002 00000001",
		"no SSRC":              "80c9 0000",
		"SR without its info":  "80c8 0001 00000001",
		"block missing":        "81c9 0001 00000001",
		"block cut off":        "81c9 0002 00000001 00000002",
		"SDES without chunk":   "81ca 0000",
		"SDES item cut off":    "81ca 0002 00000001 01ff6161",
		"BYE without its SSRC": "82cb 0001 00000001",
		"padding of zero":      "a0c9 0002 00000001 00000000",
		"padding too long":     "a0c9 0001 0000000c",
		"padding of nothing":   "a0c9 0000",
		"damaged second":       "80c9 0001 00000001 80ca",
		"XR without SSRC":      "80cf 0000",
		"XR block cut off":     "80cf 0003 00000001 04000002 00000000",
		"XR half a block head": "80cf 0002 00000001 04000001",
		"reference time short": "80cf 0003 00000001 04000001 00000000",
		"delays uneven":        "80cf 0004 00000001 05000002 00000000 00000000",
		"metrics short":        "80cf 0003 00000001 07000001 00000000",
	} {
		var r Report
		if err := ParseRTCP(unhex(t, hex), &r); !errors.Is(err, ErrRTCP) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, hex := range map[string]string{
		"feedback of other kinds":   "81cd 0003 00000001 00000002 00010002",
		"extension behind blocks":   "80c9 0002 00000001 deadbeef",
		"padded":                    "a0c9 0002 00000001 00000004",
		"SDES of nobody":            "80ca 0000",
		"BYE of nobody, reduced":    "80cb 0000",
		"SDES without end of items": "81ca 0002 00000001 01026161",
		"XR of another kind":        "80cf 0003 00000001 06000001 00000000",
		"XR of nothing":             "80cf 0001 00000001",
	} {
		var r Report
		if err := ParseRTCP(unhex(t, hex), &r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	sent := time.Date(2026, 11, 22, 10, 0, 0, 250e6, time.UTC).UnixNano()
	if got := NTPTime(sent); got>>32 != uint64(sent/1e9)+2208988800 || uint32(got) != 1<<30 {
		t.Errorf("%x", got)
	}
	b := ReportBlock{LastSR: uint32(NTPTime(sent) >> 16), DelaySinceLastSR: 2 << 16}
	for _, c := range []struct{ after, want time.Duration }{
		{2*time.Second + 125*time.Millisecond, 125 * time.Millisecond},
		{2 * time.Second, 0},
		{1 * time.Second, 0},
	} {
		got, ok := b.RoundTrip(NTPTime(sent + int64(c.after)))
		if !ok || (got-c.want).Abs() > 20*time.Microsecond {
			t.Errorf("%v: %v %v", c.after, got, ok)
		}
	}
	if _, ok := (&ReportBlock{}).RoundTrip(NTPTime(sent)); ok {
		t.Error("round trip without a report")
	}
	d := DelayBlock{LastRR: uint32(NTPTime(sent) >> 16), DelaySinceLastRR: 1 << 16}
	if got, ok := d.RoundTrip(NTPTime(sent + int64(1040*time.Millisecond))); !ok || (got-40*time.Millisecond).Abs() > 20*time.Microsecond {
		t.Errorf("for a receiver: %v %v", got, ok)
	}
}

func TestReportAllocatesNothing(t *testing.T) {
	want := reportCases[len(reportCases)-1]
	want.Blocks = reportCases[3].Blocks
	dst, got := make([]byte, 0, 1500), Report{
		Blocks: make([]ReportBlock, 0, 31), Delays: make([]DelayBlock, 0, 31), Metrics: make([]VoIPMetrics, 0, 31),
	}
	if n := testing.AllocsPerRun(100, func() {
		if err := ParseRTCP(want.Append(dst), &got); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzParseRTCP(f *testing.F) {
	for _, r := range reportCases {
		f.Add(r.Append(nil))
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		var r Report
		if ParseRTCP(packet, &r) == nil && len(r.Blocks) <= 31 && len(r.Delays) <= 31 && len(r.Metrics) <= 31 {
			checkReport(t, &r)
		}
	})
}
