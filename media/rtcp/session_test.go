package rtcp

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/reception"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

var epoch = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func at(d time.Duration) time.Time { return epoch.Add(d) }

// party is a session with the counters of a leg.
type party struct {
	*Session
	local Local
}

func newParty(ssrc uint32) *party {
	return &party{NewSession(Default(), new(Scratch), epoch), Local{SSRC: ssrc, SendClock: 8000, At: epoch.UnixNano()}}
}

// says lets a party have sent n packets in all by a time, of which the other received
// some.
func (p *party) says(to *party, n, received uint64, by time.Duration) {
	p.local.Packets, p.local.Octets = n, 160*n
	p.local.RTPTime, p.local.At = uint32(n*160), at(by).UnixNano()
	to.local.Receiving = true
	to.local.Received = reception.Counts{
		SSRC: p.local.SSRC, Highest: uint32(n), Expected: uint32(n), Received: received, Jitter: 40,
	}
}

// reports carries a report to the other, and gives what that learns of it.
func (p *party) reports(t *testing.T, to *party, sent, delay time.Duration, extra Extra) (Feedback, rtp.Report) {
	t.Helper()
	packet := p.Append(nil, at(sent), p.local, extra)
	f, err := to.Take(packet, at(sent+delay), at(sent+delay), to.local)
	if err != nil {
		t.Fatal(err)
	}
	var r rtp.Report
	if err := rtp.ParseRTCP(packet, &r); err != nil {
		t.Fatal(err)
	}
	return f, r
}

func near(a, b time.Duration) bool { return (a - b).Abs() <= 100*time.Microsecond }

// Two who speak learn the round trip, what is lost, and the jitter.
func TestSendersReport(t *testing.T) {
	a, b := newParty(1), newParty(2)
	a.says(b, 250, 225, 5*time.Second)
	b.says(a, 250, 250, 5*time.Second)
	f, r := a.reports(t, b, 5100*time.Millisecond, 30*time.Millisecond, Extra{})
	if r.Sender == nil || r.Sender.RTPTime != 250*160+800 || r.Sender.Packets != 250 || r.Sender.Octets != 40000 {
		t.Fatalf("%+v", r.Sender)
	}
	if len(r.CNAME) < 16 || !f.Reported || f.Fraction != 0 || f.Lost != 0 || f.Jitter != 5*time.Millisecond || f.RoundTrip != 0 {
		t.Errorf("%s %+v", r.CNAME, f)
	}
	f, r = b.reports(t, a, 7*time.Second, 50*time.Millisecond, Extra{})
	if !near(f.RoundTrip, 80*time.Millisecond) || f.Lost != 25 || f.Fraction != 25.0/256 {
		t.Errorf("%+v: %+v", f, r)
	}
	// The next is about what came since.
	a.says(b, 350, 325, 7*time.Second)
	if f, _ = b.reports(t, a, 9*time.Second, 0, Extra{}); f.Fraction != 0 || f.Lost != 25 {
		t.Errorf("%+v", f)
	}
}

// A delay that refers to nothing of ours means nothing.
func TestRoundTripOfNothing(t *testing.T) {
	a, b := newParty(1), newParty(2)
	a.says(b, 1, 1, 0)
	bogus := rtp.Report{SSRC: 2, Blocks: []rtp.ReportBlock{{SSRC: 1, LastSR: uint32(rtp.NTPTime(at(0).UnixNano()) >> 16)}},
		Delays: []rtp.DelayBlock{{SSRC: 1, LastRR: 5}}}
	if f, err := a.Take(bogus.Append(nil), at(time.Second), at(time.Second), a.local); err != nil || f.RoundTrip != 0 || !f.Reported {
		t.Errorf("%+v %v", f, err)
	}
	own := rtp.Report{SSRC: 1}
	if _, err := a.Take(own.Append(nil), at(0), at(0), a.local); err == nil {
		t.Error("took its own packet")
	}
	if _, err := a.Take([]byte{0x80, 200}, at(0), at(0), a.local); err == nil {
		t.Error("took a damaged packet")
	}
}

// Who only receives sends receiver's reports, and learns the round trip if it asks.
func TestReceiverReports(t *testing.T) {
	a, b := newParty(1), newParty(2)
	a.says(b, 100, 100, 2*time.Second)
	_, r := b.reports(t, a, 3*time.Second, 20*time.Millisecond, Extra{RoundTrip: true})
	if r.Sender != nil || r.ReferenceTime == 0 {
		t.Fatalf("%+v", r)
	}
	f, r := a.reports(t, b, 5*time.Second, 25*time.Millisecond, Extra{RoundTrip: true})
	if !near(f.RoundTrip, 45*time.Millisecond) || r.ReferenceTime != 0 || len(r.Delays) != 1 {
		t.Errorf("%+v %+v", f, r)
	}
	// A sender who falls silent is one for two reports more (RFC 3550 §6.4).
	for i, want := range []bool{true, false, false} {
		if _, r = a.reports(t, b, time.Duration(10+5*i)*time.Second, 0, Extra{}); (r.Sender != nil) != want {
			t.Errorf("report %d: %+v", i, r.Sender)
		}
	}
}

func TestBye(t *testing.T) {
	a, b := newParty(1), newParty(2)
	if p := a.AppendBye(nil, at(0), a.local); p != nil {
		t.Errorf("a farewell of one who was never there: %x", p)
	}
	a.reports(t, b, time.Second, 0, Extra{})
	f, err := b.Take(a.AppendBye(nil, at(2*time.Second), a.local), at(2*time.Second), at(2*time.Second), b.local)
	if err != nil || !f.Bye {
		t.Errorf("%+v %v", f, err)
	}
}

func TestMetrics(t *testing.T) {
	a, b := newParty(1), newParty(2)
	a.says(b, 500, 475, 10*time.Second)
	var stream reception.Stream
	for i := range 1064 {
		h := rtp.Header{SSRC: 1, SequenceNumber: uint16(i)}
		if i%20 == 19 && i < 1000 {
			continue
		}
		ext, order := stream.Place(&h, false)
		if stream.Begins(order) {
			stream.Restart(ext)
		}
		stream.Repeated(ext, order)
		stream.Count(&h, order, true, 0)
	}
	is := Receiving{
		SSRC: 1, Bursts: stream.Bursts(), Packet: 20 * time.Millisecond, RoundTrip: 80 * time.Millisecond,
		Delay: 60 * time.Millisecond, Limit: 200 * time.Millisecond, Codec: media.Impairment{Ie: 0, Bpl: 25.1},
	}
	m := is.Metrics()
	f, _ := b.reports(t, a, 10*time.Second, 0, Extra{Metrics: &m})
	if !f.Measured || f.Metrics != m {
		t.Fatalf("%+v", f)
	}
	if m.LossRate != 12 || m.DiscardRate != 0 || m.GapDensity < 11 || m.RoundTrip != 80 || m.EndSystemDelay != 100 ||
		m.BufferAbsolute != 200 || m.R < 74 || m.R > 80 || m.MOSListening < 38 || m.MOSConversation > m.MOSListening {
		t.Errorf("%+v", m)
	}
	is.Codec = media.Impairment{}
	if m = is.Metrics(); m.R != rtp.Unavailable || m.MOSListening != rtp.Unavailable {
		t.Errorf("of an unknown codec: %+v", m)
	}
}

func TestConfig(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	for _, c := range []Config{{}, {Interval: time.Millisecond, Bandwidth: 64000}, {Interval: time.Hour, Bandwidth: 64000}, {Interval: 5 * time.Second}} {
		if c.Validate() == nil {
			t.Errorf("%+v is taken", c)
		}
	}
}

// Whatever comes, the session makes a report that can be read.
func FuzzTake(f *testing.F) {
	a, b := newParty(1), newParty(2)
	a.says(b, 10, 9, 0)
	f.Add(a.Append(nil, at(0), a.local, Extra{}))
	f.Add(b.Append(nil, at(0), b.local, Extra{RoundTrip: true, Metrics: &rtp.VoIPMetrics{SSRC: 1}}))
	f.Add(a.AppendBye(nil, at(0), a.local))
	f.Fuzz(func(t *testing.T, packet []byte) {
		a, b := newParty(1), newParty(2)
		b.says(a, 10, 9, 0)
		got, err := a.Take(packet, at(time.Second), at(time.Second), a.local)
		if err != nil {
			return
		}
		if got.Fraction < 0 || got.Fraction > 1 || got.RoundTrip < 0 || got.Jitter < 0 {
			t.Errorf("%+v", got)
		}
		if _, err := b.Take(a.Append(nil, at(2*time.Second), a.local, Extra{}), at(2*time.Second), at(2*time.Second), b.local); err != nil {
			t.Error(err)
		}
	})
}

func TestReportAllocatesNothing(t *testing.T) {
	a, b := newParty(1), newParty(2)
	a.says(b, 250, 225, 5*time.Second)
	b.says(a, 250, 250, 5*time.Second)
	var m rtp.VoIPMetrics
	buf := make([]byte, 0, 1500)
	n := testing.AllocsPerRun(100, func() {
		packet := a.Append(buf, at(0), a.local, Extra{Metrics: &m})
		if _, err := b.Take(packet, at(0), at(0), b.local); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
