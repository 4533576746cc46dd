package dtmf

import (
	"slices"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// send collects what a Sender makes of a digit, one call per 20 ms.
func send(t testing.TB, s *Sender, rate int, digit byte, ts uint32, length time.Duration) (out []Packet, next uint32) {
	t.Helper()
	if err := s.Begin(digit, ts, length); err != nil {
		t.Fatal(err)
	}
	for ; s.Busy(); ts += uint32(rate / 50) {
		if p, ok := s.Next(ts); ok {
			out = append(out, p)
		}
	}
	return out, ts
}

func newSender(t testing.TB, rate int, interval time.Duration) *Sender {
	t.Helper()
	cfg := DefaultSender(rate)
	cfg.Interval = interval
	s, err := NewSender(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSender(t *testing.T) {
	s := newSender(t, 8000, 20*time.Millisecond)
	got, _ := send(t, s, 8000, '5', 1000, 100*time.Millisecond)
	var want []Packet
	for i, d := range []uint16{160, 320, 480, 640, 800, 800, 800} {
		want = append(want, Packet{
			Payload:   Payload{Event: 5, End: i >= 4, Volume: 10, Duration: d}.Bytes(),
			Timestamp: 1000, Marker: i == 0,
		})
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v\nwant %v", got, want)
	}
	got, _ = send(t, newSender(t, 48000, 50*time.Millisecond), 48000, '#', 0xffffff00, 200*time.Millisecond)
	var durations []uint16
	for _, p := range got {
		q, err := ParsePayload(p.Payload[:])
		if err != nil {
			t.Fatal(err)
		}
		durations = append(durations, q.Duration)
	}
	// Asked every 20 ms, a packet that is due at 50 ms leaves at 60 ms.
	if !slices.Equal(durations, []uint16{2400, 5280, 8160, 9600, 9600, 9600}) {
		t.Errorf("durations %v", durations)
	}
}

func TestSenderRelease(t *testing.T) {
	s := newSender(t, 8000, 20*time.Millisecond)
	if err := s.Begin('0', 0, 0); err != nil {
		t.Fatal(err)
	}
	if s.String() != "sending 0" {
		t.Errorf("says %q", s.String())
	}
	if err := s.Begin('1', 0, 0); fault.Of(err) != fault.Busy {
		t.Errorf("a second digit: %v", err)
	}
	r := NewReceiver(8000)
	var got []string
	for ts := uint32(0); s.Busy(); ts += 160 {
		if ts == 1600 {
			s.Release()
			s.Release()
		}
		if ts > 8000 {
			t.Fatal("does not end")
		}
		p, ok := s.Next(ts)
		if !ok {
			t.Fatalf("nothing at %d", ts)
		}
		if e := r.Packet(p.Timestamp, p.Marker, p.Payload[:]); len(e) > 0 {
			got = append(got, show(e))
		}
	}
	if want := []string{"+0", "-0(220)"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if _, ok := s.Next(99999); ok || s.String() != "idle" {
		t.Error("an idle sender sends")
	}
}

func TestSenderRefuses(t *testing.T) {
	s := newSender(t, 8000, 20*time.Millisecond)
	for name, err := range map[string]error{
		"no digit":        s.Begin('x', 0, time.Second),
		"negative length": s.Begin('1', 0, -1),
		"an hour":         s.Begin('1', 0, time.Hour),
	} {
		if fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, change := range []func(*SenderConfig){
		func(c *SenderConfig) { c.ClockRate = 0 },
		func(c *SenderConfig) { c.Interval = 0 },
		func(c *SenderConfig) { c.Volume = 64 },
		func(c *SenderConfig) { c.EndPackets = 0 },
	} {
		cfg := DefaultSender(8000)
		if change(&cfg); fault.Of(cfg.Validate()) != fault.Invalid {
			t.Errorf("%+v accepted", cfg)
		}
		if _, err := NewSender(cfg); err == nil {
			t.Errorf("%+v made a sender", cfg)
		}
	}
}
