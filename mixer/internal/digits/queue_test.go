package digits

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/dtmf"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/numbering"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

func TestValidate(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		digits        string
		duration, gap time.Duration
		want          fault.Kind
	}{
		{"0123456789*#ABCDw", 100 * ms, 100 * ms, 0},
		{"1", 40 * ms, 0, 0},
		{"", 100 * ms, 100 * ms, fault.Invalid},
		{"1x", 100 * ms, 100 * ms, fault.Invalid},
		{"1", 39 * ms, 100 * ms, fault.Invalid},
		{"1", 11 * time.Second, 0, fault.Invalid},
		{"1", 100 * ms, -1, fault.Invalid},
		{string(make([]byte, Max+1)), 100 * ms, 0, fault.TooMany},
	} {
		if err := Validate(tt.digits, tt.duration, tt.gap); (err != nil) != (tt.want != 0) || err != nil && fault.Of(err) != tt.want {
			t.Errorf("%q of %v with gaps of %v: %v", tt.digits, tt.duration, tt.gap, err)
		}
	}
}

// press plays two orders into a stream and gives the digits as a receiver takes
// them, w for a pause that is heard as one.
func press(t *testing.T, clock, events int) (heard string, digits, orders int) {
	t.Helper()
	s := numbering.NewStream(1)
	s.SetClock(clock, 0)
	var q Queue
	if err := q.Use(media.Events{PayloadType: 101, ClockRate: events}); err != nil {
		t.Fatal(err)
	}
	q.Add("12w#", 60*time.Millisecond, 40*time.Millisecond)
	q.Add("A", 60*time.Millisecond, 40*time.Millisecond)
	r := dtmf.NewReceiver(events)
	silent := 0
	for tick := int64(1000); q.Busy(); tick += pace.TicksPerFrame {
		if tick > 1600 {
			t.Fatal("the digits never end")
		}
		p := q.Next(&s, &pace.Moment{Tick: tick})
		if p.Digit {
			digits++
		}
		if p.Order {
			orders++
		}
		if silent++; p.Packet == nil {
			continue
		}
		if silent > 20 {
			heard += "w"
		}
		silent = 0
		var h rtp.Header
		if err := rtp.Parse(p.Packet, &h); err != nil || h.PayloadType != 101 {
			t.Fatalf("% x: %v", p.Packet, err)
		}
		for _, ev := range r.Packet(h.Timestamp, h.Marker, h.Payload) {
			if ev.Kind == dtmf.End {
				heard += string(ev.Digit)
			}
		}
	}
	return heard, digits, orders
}

func TestQueue(t *testing.T) {
	for _, tt := range []struct{ clock, events int }{{8000, 8000}, {48000, 48000}, {48000, 8000}, {8000, 16000}} {
		heard, digits, orders := press(t, tt.clock, tt.events)
		if heard != "12w#A" || digits != 5 || orders != 2 {
			t.Errorf("%+v: heard %q; %d digits of %d orders ended", tt, heard, digits, orders)
		}
	}
}

func TestClear(t *testing.T) {
	var q Queue
	q.Add("123", time.Second, 0)
	q.Add("4", time.Second, 0)
	if digits, orders := q.Clear(); digits != 4 || orders != 2 || q.Busy() {
		t.Errorf("%d digits of %d orders", digits, orders)
	}
}
