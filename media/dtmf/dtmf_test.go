package dtmf

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"pgregory.net/rapid"
)

// payloads feed parse, print and fuzz.
var payloads = []struct {
	name string
	wire []byte
	want Payload
}{
	{"begin of 1", []byte{1, 10, 0, 160}, Payload{Event: 1, Volume: 10, Duration: 160}},
	{"end of #", []byte{11, 0x8a, 3, 0x20}, Payload{Event: 11, End: true, Volume: 10, Duration: 800}},
	{"flash", []byte{16, 0, 0, 0}, Payload{Event: 16}},
	{"all bits", []byte{255, 0xbf, 255, 255}, Payload{Event: 255, End: true, Volume: 63, Duration: 65535}},
}

func TestPayload(t *testing.T) {
	for _, c := range payloads {
		got, err := ParsePayload(c.wire)
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v; want %+v", c.name, got, err, c.want)
		}
		if b := c.want.Bytes(); !slices.Equal(b[:], c.wire) {
			t.Errorf("%s: % x, want % x", c.name, b, c.wire)
		}
	}
	for _, b := range [][]byte{nil, {1}, {1, 2, 3}} {
		if _, err := ParsePayload(b); !errors.Is(err, ErrShort) {
			t.Errorf("% x: %v", b, err)
		}
	}
	// The reserved bit and padding are ignored, an impossible volume is bounded.
	if p, err := ParsePayload([]byte{5, 0x40, 0, 1, 9, 9}); err != nil || p != (Payload{Event: 5, Duration: 1}) {
		t.Errorf("reserved bit and padding: %+v, %v", p, err)
	}
	if b := (Payload{Volume: 200}).Bytes(); b[1] != 63 {
		t.Errorf("volume 200 is %#x on the wire", b[1])
	}
}

func TestDigits(t *testing.T) {
	for i := range 256 {
		d, ok := Digit(uint8(i))
		if ok != (i <= 16) {
			t.Fatalf("event %d is a digit: %v", i, ok)
		}
		if !ok {
			continue
		}
		for _, c := range []byte{d, strings.ToLower(string(d))[0]} {
			if e, ok := EventCode(c); !ok || int(e) != i {
				t.Errorf("%c is event %d, %v", c, e, ok)
			}
		}
	}
	for _, c := range []byte{0, 'E', 'e', ' ', 'x', 255} {
		if _, ok := EventCode(c); ok {
			t.Errorf("%q is a digit", c)
		}
	}
}

// packet is one line of a receiver case: timestamp, marker, event, end, duration.
type packet struct {
	ts       uint32
	marker   bool
	event    uint8
	end      bool
	duration uint16
}

func show(events []Event) string {
	var b strings.Builder
	for _, e := range events {
		if e.Kind == Begin {
			fmt.Fprintf(&b, "+%c ", e.Digit)
		} else {
			fmt.Fprintf(&b, "-%c(%d) ", e.Digit, e.Duration.Milliseconds())
		}
	}
	return strings.TrimSpace(b.String())
}

func TestReceiver(t *testing.T) {
	for _, c := range []struct {
		name    string
		packets []packet
		want    string
	}{
		{"whole", []packet{{1000, true, 5, false, 160}, {1000, false, 5, false, 320}, {1000, false, 5, true, 800}, {1000, false, 5, true, 800}, {1000, false, 5, true, 800}}, "+5 -5(100)"},
		{"begin lost", []packet{{1000, false, 5, false, 320}, {1000, false, 5, true, 480}}, "+5 -5(60)"},
		{"only an end", []packet{{1000, false, 10, true, 480}}, "+* -*(60)"},
		{"end lost", []packet{{1000, true, 1, false, 160}, {1000, false, 1, false, 320}, {9000, true, 2, false, 160}, {9000, false, 2, true, 320}}, "+1 -1(40) +2 -2(40)"},
		{"the same digit twice", []packet{{1000, true, 7, true, 400}, {3000, true, 7, true, 400}}, "+7 -7(50) +7 -7(50)"},
		{"late update after the end", []packet{{1000, true, 7, true, 400}, {1000, false, 7, false, 320}}, "+7 -7(50)"},
		{"update out of order", []packet{{1000, true, 7, false, 320}, {1000, false, 7, false, 160}, {1000, false, 7, true, 480}}, "+7 -7(60)"},
		{"late packet of an earlier digit", []packet{{1000, true, 1, true, 400}, {3000, true, 2, false, 160}, {1000, false, 1, true, 400}, {3000, false, 2, true, 480}}, "+1 -1(50) +2 -2(60)"},
		{"stream starts anew", []packet{{3000000000, true, 1, true, 400}, {1000, true, 2, true, 400}}, "+1 -1(50) +2 -2(50)"},
		{"timestamp wraps", []packet{{0xffffff00, true, 1, true, 400}, {2000, true, 2, true, 400}}, "+1 -1(50) +2 -2(50)"},
		{"two segments", []packet{{1000, true, 3, false, 0xffff}, {1000 + 0xffff, false, 3, false, 160}, {1000 + 0xffff, false, 3, true, 801}}, "+3 -3(8292)"},
		{"segment with a marker is a digit", []packet{{1000, true, 3, false, 0xffff}, {1000 + 0xffff, true, 3, true, 160}}, "+3 -3(8191) +3 -3(20)"},
		{"flash", []packet{{1000, true, 16, true, 800}}, "+! -!(100)"},
		{"no digit", []packet{{1000, true, 66, true, 800}}, ""},
		{"another event in the same timestamp", []packet{{1000, true, 1, false, 160}, {1000, false, 2, false, 160}, {1000, false, 1, true, 320}}, "+1 -1(40)"},
		{"left open", []packet{{1000, true, 1, false, 160}}, "+1 flush -1(20)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := NewReceiver(8000)
			var got []string
			for _, p := range c.packets {
				b := Payload{Event: p.event, End: p.end, Volume: 10, Duration: p.duration}.Bytes()
				if s := show(r.Packet(p.ts, p.marker, b[:])); s != "" {
					got = append(got, s)
				}
			}
			if e, ok := r.Flush(); ok {
				got = append(got, "flush", show([]Event{e}))
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("%s, want %s", s, c.want)
			}
			if r.Active() {
				t.Error("a digit is still open")
			}
		})
	}
}

func TestReceiverReset(t *testing.T) {
	r := NewReceiver(8000)
	b := Payload{Event: 1, End: true, Duration: 400}.Bytes()
	r.Packet(1000, true, b[:])
	if got := r.Packet(1000, true, b[:]); len(got) != 0 {
		t.Errorf("a repeat gave %s", show(got))
	}
	if r.Reset(); len(r.Packet(1000, true, b[:])) != 2 {
		t.Error("the same timestamp of a new stream was ignored")
	}
	if got := r.Packet(5000, true, []byte{1, 2}); len(got) != 0 {
		t.Errorf("a short payload gave %s", show(got))
	}
}

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

// Whatever digits go out, at whatever clock, they come in once each and in order,
// though packets are lost (not all of one digit), doubled and swapped.
func TestDigitsSurviveTheNetwork(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.SampledFrom([]int{8000, 16000, 48000}).Draw(t, "rate")
		interval := rapid.SampledFrom([]time.Duration{20, 50}).Draw(t, "interval") * time.Millisecond
		typed := rapid.StringOfN(rapid.RuneFrom([]rune(digits)), 1, 8, -1).Draw(t, "digits")
		lengths := rapid.SliceOfN(rapid.Int64Range(1, 400), len(typed), len(typed)).Draw(t, "lengths")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		cfg := DefaultSender(rate)
		cfg.Interval = interval
		s, err := NewSender(cfg)
		if err != nil {
			t.Fatal(err)
		}
		r := NewReceiver(rate)
		ts := rapid.Uint32().Draw(t, "ts")
		var got strings.Builder
		open := false
		take := func(events []Event) {
			for _, e := range events {
				if (e.Kind == Begin) == open {
					t.Fatalf("%s out of place", show(events))
				}
				if open = e.Kind == Begin; open {
					got.WriteByte(e.Digit)
				}
			}
		}
		for i := range typed {
			if err := s.Begin(typed[i], ts, time.Duration(lengths[i])*time.Millisecond); err != nil {
				t.Fatal(err)
			}
			var sent []Packet
			for ; s.Busy(); ts += uint32(rate / 50) {
				if p, ok := s.Next(ts); ok {
					sent = append(sent, p)
				}
			}
			kept := sent[:0:0]
			for _, p := range sent {
				if random.IntN(2) == 0 {
					kept = append(kept, p)
				}
				if random.IntN(4) == 0 {
					kept = append(kept, p)
				}
			}
			if len(kept) == 0 {
				kept = append(kept, sent[random.IntN(len(sent))])
			}
			random.Shuffle(len(kept), func(i, k int) { kept[i], kept[k] = kept[k], kept[i] })
			for _, p := range kept {
				take(r.Packet(p.Timestamp, p.Marker, p.Payload[:]))
			}
			ts += uint32(rate / 20)
		}
		if e, ok := r.Flush(); ok {
			take([]Event{e})
		}
		if got.String() != typed || open {
			t.Fatalf("typed %q, heard %q", typed, got.String())
		}
	})
}

// A digit longer than one payload can say arrives as one digit of its length.
func TestLongDigit(t *testing.T) {
	for _, rate := range []int{8000, 48000} {
		s, r := newSender(t, rate, 20*time.Millisecond), NewReceiver(rate)
		sent, _ := send(t, s, rate, '9', 12345, 20*time.Second)
		var got []Event
		for i, p := range sent {
			if p.Marker != (i == 0) {
				t.Fatalf("marker in packet %d: %v", i, p.Marker)
			}
			got = append(got, r.Packet(p.Timestamp, p.Marker, p.Payload[:])...)
		}
		if s := show(got); s != "+9 -9(20000)" {
			t.Errorf("%d Hz: %s", rate, s)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	s, r := newSender(t, 8000, 20*time.Millisecond), NewReceiver(8000)
	ts := uint32(0)
	if n := testing.AllocsPerRun(100, func() {
		if !s.Busy() {
			if err := s.Begin('1', ts, 100*time.Millisecond); err != nil {
				t.Fatal(err)
			}
		}
		if p, ok := s.Next(ts); ok {
			r.Packet(p.Timestamp, p.Marker, p.Payload[:])
		}
		ts += 160
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzPayload(f *testing.F) {
	for _, c := range payloads {
		f.Add(c.wire, uint32(1000), true)
	}
	r := NewReceiver(8000)
	open := false
	f.Fuzz(func(t *testing.T, wire []byte, ts uint32, marker bool) {
		p, err := ParsePayload(wire)
		if err == nil {
			b := p.Bytes()
			if q, err := ParsePayload(b[:]); err != nil || q != p {
				t.Fatalf("%+v came back as %+v, %v", p, q, err)
			}
		}
		for _, e := range r.Packet(ts, marker, wire) {
			if (e.Kind == Begin) == open {
				t.Fatalf("%+v out of place", e)
			}
			open = e.Kind == Begin
		}
		if open != r.Active() {
			t.Fatal("a digit is open that is not")
		}
	})
}

func BenchmarkSenderAndReceiver(b *testing.B) {
	s, r := newSender(b, 8000, 20*time.Millisecond), NewReceiver(8000)
	ts := uint32(0)
	b.ReportAllocs()
	for b.Loop() {
		if !s.Busy() {
			if err := s.Begin('1', ts, 100*time.Millisecond); err != nil {
				b.Fatal(err)
			}
		}
		if p, ok := s.Next(ts); ok {
			r.Packet(p.Timestamp, p.Marker, p.Payload[:])
		}
		ts += 160
	}
}
