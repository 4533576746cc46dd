package bandwidth

import (
	"errors"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"pgregory.net/rapid"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

const ms = time.Millisecond

// TestFeedback: what arrived, in whatever order and with whatever holes, is what the feedback
// tells; pion reads the same.
func TestFeedback(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a Arrivals
		came := make(map[uint16]time.Duration)
		first := uint16(rapid.IntRange(0, 65535).Draw(t, "first"))
		n := rapid.IntRange(1, 900).Draw(t, "packets")
		now := time.Hour + time.Duration(rapid.IntRange(0, 100000).Draw(t, "start"))*ms/10
		seq := first
		a.Record(now, first)
		came[first] = now
		for range n {
			seq += uint16(rapid.SampledFrom([]int{1, 1, 1, 1, 1, 1, 2, 3, 30}).Draw(t, "step"))
			now += time.Duration(rapid.SampledFrom([]int{0, 1, 5, 5, 5, 10, 100}).Draw(t, "gap")) * ms
			number := seq
			if rapid.IntRange(0, 20).Draw(t, "late") == 0 {
				number -= uint16(rapid.IntRange(1, 9).Draw(t, "by"))
				if int16(number-first) < 0 {
					number = first
				}
			}
			if _, twice := came[number]; !twice {
				came[number] = now
			}
			a.Record(now, number)
		}
		told := make(map[uint16]time.Duration)
		got := a.Feedback(now+time.Second, 1, 2, nil)
		for len(got) > 0 {
			size := 4 + 4*(int(got[2])<<8|int(got[3]))
			read(t, got[:size], came, told)
			got = got[size:]
		}
		last := int(seq - first)
		for number, at := range came {
			if int(number-first) > last-kept+1 && told[number] == 0 {
				t.Fatalf("%d, which came at %v, is not told of", number, at)
			}
		}
		if more := a.Feedback(now+2*time.Second, 1, 2, nil); len(more) > 0 {
			t.Fatal("there is feedback, and nothing has come")
		}
	})
}

// read reads one feedback packet by pion and by our own reader.
func read(t *rapid.T, b []byte, came, told map[uint16]time.Duration) {
	t.Helper()
	if len(b) > 1200 {
		t.Fatalf("%d bytes", len(b))
	}
	var theirs rtcp.TransportLayerCC
	if err := theirs.Unmarshal(b); err != nil {
		t.Fatalf("pion: %v", err)
	}
	list := rtp.ParseFeedback(b, nil)
	if len(list) != 1 || list[0].Format != rtp.FormatTransportWide {
		t.Fatalf("%+v", list)
	}
	var f feedback
	if err := f.open(list[0].Detail); err != nil {
		t.Fatal(err)
	}
	start := time.Duration(f.ref) * reference
	i := 0
	sum := time.Duration(0)
	for {
		number, received, at, ok := f.next()
		if !ok {
			break
		}
		when, did := came[number]
		if received != did {
			t.Fatalf("%d: told %v, came %v", number, received, did)
		}
		if !received {
			continue
		}
		sum += time.Duration(theirs.RecvDeltas[i].Delta) * time.Microsecond
		i++
		if d := start + at - when; d > tick || d < -tick || sum != at {
			t.Fatalf("%d came at %v, told %v, pion reads %v", number, when, start+at, start+sum)
		}
		told[number] = when
	}
	if f.count != 0 || i != len(theirs.RecvDeltas) {
		t.Fatalf("%d left, %d of pion's %d deltas", f.count, i, len(theirs.RecvDeltas))
	}
}

// TestHugeFeedback: a few bytes that tell of 65,535 packets are refused, not looked through.
func TestHugeFeedback(t *testing.T) {
	detail := []byte{0, 0, 0xff, 0xff, 0, 0, 0, 0}
	for range 9 {
		detail = append(detail, 0x1f, 0xff)
	}
	if err := NewEstimator(Config{}).Feedback(time.Hour, detail); !errors.Is(err, ErrFeedback) {
		t.Error(err)
	}
}

// FuzzFeedback reads anything as feedback, with an Estimator that has sent everything.
func FuzzFeedback(f *testing.F) {
	var a Arrivals
	for i := range uint16(60) {
		if i%7 != 3 {
			a.Record(time.Hour+time.Duration(i)*9*ms, i)
		}
	}
	f.Add(a.Feedback(2*time.Hour, 1, 2, nil)[12:])
	f.Add([]byte("REMB\x01\x0b\xff\xff\x00\x00\x00\x01"))
	f.Fuzz(func(t *testing.T, detail []byte) {
		e := NewEstimator(Config{})
		for i := range uint16(100) {
			e.Sent(time.Hour+time.Duration(i)*ms, i, 1000)
		}
		if e.Feedback(time.Hour+time.Second, detail) == nil && (e.Estimate() < e.cfg.Min || e.Estimate() > e.cfg.Max) {
			t.Fatalf("%d bit/s", e.Estimate())
		}
		if bps, ok := REMB(detail); ok {
			e.REMB(time.Hour, bps)
			if e.Estimate() < e.cfg.Min || e.Estimate() > e.cfg.Max {
				t.Fatalf("%d bit/s", e.Estimate())
			}
		}
	})
}
