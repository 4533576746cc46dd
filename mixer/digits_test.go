package mixer

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/media/dtmf"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// Digits leave as telephone-event in place of audio, wherever the port is, and
// what comes back from them is what was asked for.
func TestSendDigits(t *testing.T) {
	place := map[string]func(r *rig, a, b *speaker) error{
		"idle":  func(*rig, *speaker, *speaker) error { return nil },
		"relay": func(r *rig, a, b *speaker) error { r.pair(a.phone, b.phone); return nil },
		"room": func(r *rig, a, b *speaker) error {
			room := r.room(RoomConfig{})
			if err := b.port.Join(room, JoinOptions{}); err != nil {
				return err
			}
			return a.port.Join(room, JoinOptions{})
		},
	}
	for name, put := range place {
		for _, eventClock := range []int{8000, 48000} {
			t.Run(name, func(t *testing.T) {
				r := newRig(t, 1)
				codec := g711.MuLaw()
				if eventClock == 48000 {
					codec = opus.Codec()
				}
				a := &speaker{phone: r.phone("a", codec), hz: 440, peak: 6000}
				b := &speaker{phone: r.phone("b", codec), hz: 1000, peak: 6000}
				if err := put(r, a, b); err != nil {
					t.Fatal(err)
				}
				r.frames(10, a, b)
				a.forget()
				if err := a.port.SendDigits("1w#", 100*time.Millisecond, 60*time.Millisecond); err != nil {
					t.Fatal(err)
				}
				r.frames(60, a, b)
				a.continuous()
				var digits []byte
				var lengths []time.Duration
				rx := dtmf.NewReceiver(eventClock)
				audio := 0
				for _, h := range a.heard {
					if h.PayloadType != eventType {
						audio++
						continue
					}
					for _, ev := range rx.Packet(h.Timestamp, h.Marker, h.payload) {
						if ev.Kind == dtmf.End {
							digits, lengths = append(digits, ev.Digit), append(lengths, ev.Duration)
						}
					}
				}
				if string(digits) != "1#" || lengths[0] != 100*time.Millisecond || lengths[1] != 100*time.Millisecond {
					t.Errorf("digits %q of %v", digits, lengths)
				}
				if ev := r.take(DigitsDone); len(ev) != 1 || !ev[0].Completed {
					t.Errorf("events: %+v", ev)
				}
				// 60 frames, without about 140+60+500+140 ms.
				if name != "idle" && (audio < 12 || audio > 22) {
					t.Errorf("%d packets of audio", audio)
				}
				if n := a.port.leg.Waiting.Load(); n != 0 {
					t.Errorf("%d digits wait", n)
				}
			})
		}
	}
}

func TestSendDigitsLimits(t *testing.T) {
	r := newRig(t, 1)
	a := r.phone("a", g711.MuLaw())
	long := make([]byte, 100)
	for i := range long {
		long[i] = '1'
	}
	for _, tt := range []struct {
		digits        string
		duration, gap time.Duration
		want          fault.Kind
	}{
		{"", 0, 0, fault.Invalid},
		{"12x", 0, 0, fault.Invalid},
		{"1", time.Millisecond, 0, fault.Invalid},
		{"1", time.Minute, 0, fault.Invalid},
		{"1", 0, -1, fault.Invalid},
		{string(long) + string(long), 0, 0, fault.TooMany},
	} {
		if err := a.port.SendDigits(tt.digits, tt.duration, tt.gap); fault.Of(err) != tt.want {
			t.Errorf("%q of %v: %v", tt.digits, tt.duration, err)
		}
	}
	if err := a.port.SendDigits(string(long), 0, 0); err != nil {
		t.Fatal(err)
	}
	if err := a.port.SendDigits(string(long), 0, 0); fault.Of(err) != fault.TooMany {
		t.Errorf("too many in two calls: %v", err)
	}
	// Held by its peer in the middle: what waits is given up, and said.
	r.ticks(40)
	m := mediaOf(formatOf(g711.MuLaw()))
	m.Direction = media.Inactive
	if err := a.port.SetMedia(m); err != nil {
		t.Fatal(err)
	}
	r.ticks(8)
	if ev := r.take(DigitsDone); len(ev) != 1 || ev[0].Completed {
		t.Errorf("events: %+v", ev)
	}
	m.SendEvents = media.Events{}
	if err := a.port.SetMedia(m); err != nil {
		t.Fatal(err)
	}
	if err := a.port.SendDigits("1", 0, 0); fault.Of(err) != fault.Unsupported {
		t.Errorf("without telephone-event: %v", err)
	}
	if n := a.port.leg.Waiting.Load(); n != 0 {
		t.Errorf("%d digits wait", n)
	}
}

// A digit in a room is an event and silence, not a sound; one whose end is lost
// ends by itself.
func TestDigitsInRoom(t *testing.T) {
	r := newRig(t, 1)
	room := r.room(RoomConfig{})
	a := &speaker{phone: r.phone("a", g711.MuLaw()), hz: 440, peak: 6000}
	b := &speaker{phone: r.phone("b", g711.MuLaw()), hz: 1000, peak: 6000}
	for _, s := range []*speaker{a, b} {
		if err := s.port.Join(room, JoinOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	r.frames(10, a, b)
	ts := a.ts
	for i := range 5 {
		a.send(eventType, i == 0, ts, eventPayload(11, false, uint16(160*(i+1))))
		a.ts += 160
		r.ticks(pace.TicksPerFrame)
	}
	r.frames(30, a, b)
	for _, h := range b.heard {
		if h.PayloadType == eventType {
			t.Fatal("the digit was passed into the room")
		}
	}
	if s := a.port.Stats(); s.Jitter > 0 {
		t.Errorf("the digit made a jitter of %v", s.Jitter)
	}
	ev := r.take(DTMFBegin, DTMFEnd)
	if len(ev) != 2 || ev[0].Digit != '#' || ev[1].Kind != DTMFEnd || ev[1].Duration != 100*time.Millisecond {
		t.Errorf("events: %+v", ev)
	}
	b.hear()
	b.continuous()
}

// Who makes a digit of each packet is told of at the pace of fingers; each begin
// that is told has its end.
func TestDigitFlood(t *testing.T) {
	for _, tt := range []struct {
		name        string
		frames      int // between two keys
		press       func(a *phone, i int)
		least, most int
	}{
		{"typing", 4, func(a *phone, i int) {
			a.send(eventType, true, a.ts, eventPayload(uint8(i%10), false, 160))
			a.send(eventType, false, a.ts, eventPayload(uint8(i%10), true, 320))
		}, 125, 125},
		{"flood", 1, func(a *phone, _ int) {
			for k := range uint32(16) {
				a.send(eventType, false, a.ts+k, eventPayload(5, false, 160))
			}
		}, 200, 220},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, 1)
			a := r.phone("a", g711.MuLaw())
			for i := range 500 / tt.frames { // ten seconds
				tt.press(a, i)
				a.ts += uint32(160 * tt.frames)
				r.ticks(tt.frames * pace.TicksPerFrame)
			}
			r.ticks(2 * leg.EventGone)
			open, begins := false, 0
			for _, ev := range r.take(DTMFBegin, DTMFEnd) {
				if (ev.Kind == DTMFBegin) == open {
					t.Fatalf("%v out of place", ev.Kind)
				}
				if open = ev.Kind == DTMFBegin; open {
					begins++
				}
			}
			if open || begins < tt.least || begins > tt.most {
				t.Errorf("%d digits in ten seconds, want %d to %d; one goes on: %v", begins, tt.least, tt.most, open)
			}
			if s := a.port.Stats(); (s.Invalid > 0) != (tt.name == "flood") {
				t.Errorf("stats: %+v", s)
			}
		})
	}
}

// Digits go on from the timestamps that were relayed, however far those have
// strayed from the time that passed.
func TestDigitsAfterRelay(t *testing.T) {
	r := newRig(t, 1)
	a := &speaker{phone: r.phone("a", g711.MuLaw()), hz: 440, peak: 6000}
	b := &speaker{phone: r.phone("b", g711.MuLaw()), hz: 1000, peak: 6000}
	r.pair(a.phone, b.phone)
	r.frames(10, a, b)
	a.ts += 40000
	r.frames(10, a, b)
	if err := b.port.SendDigits("1", 0, 0); err != nil {
		t.Fatal(err)
	}
	r.frames(20, b) // a says nothing meanwhile
	r.frames(10, a, b)
	b.continuous()
	if ev := r.take(DigitsDone); len(ev) != 1 || !ev[0].Completed {
		t.Errorf("events: %+v", ev)
	}
}

// A renegotiation in the middle of digits: they go on in the new payload type,
// each once, or end where the peer takes none any more.
func TestDigitsAcrossRenegotiation(t *testing.T) {
	for _, tt := range []struct {
		name string
		then media.Events
		want string
	}{
		{"type", media.Events{PayloadType: 96, ClockRate: 8000}, "12"},
		{"clock", media.Events{PayloadType: 97, ClockRate: 48000}, "12"},
		{"nothing", media.Events{}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, 1)
			a := r.phone("a", g711.MuLaw())
			if err := a.port.SendDigits("1", 200*time.Millisecond, 60*time.Millisecond); err != nil {
				t.Fatal(err)
			}
			r.ticks(3 * pace.TicksPerFrame)
			a.hear()
			before := len(a.heard)
			m := mediaOf(a.format)
			m.SendEvents = tt.then
			if err := a.port.SetMedia(m); err != nil {
				t.Fatal(err)
			}
			if tt.then.ClockRate > 0 {
				if err := a.port.SendDigits("2", 200*time.Millisecond, 60*time.Millisecond); err != nil {
					t.Fatal(err)
				}
			}
			r.ticks(60 * pace.TicksPerFrame)
			a.hear()
			a.continuous()
			var begun, digits []byte
			old, fresh := dtmf.NewReceiver(8000), dtmf.NewReceiver(max(tt.then.ClockRate, 8000))
			for i, h := range a.heard {
				rx, clock := old, 8000
				if h.PayloadType != eventType {
					rx, clock = fresh, tt.then.ClockRate
				}
				if tt.name == "type" {
					rx = old
				}
				if i >= before && h.PayloadType == eventType && tt.name != "clock" || h.PayloadType != eventType && h.PayloadType != tt.then.PayloadType {
					t.Fatalf("packet %d of type %d after the renegotiation", i, h.PayloadType)
				}
				for _, ev := range rx.Packet(h.Timestamp, h.Marker, h.payload) {
					if ev.Kind == dtmf.Begin {
						begun = append(begun, ev.Digit)
					} else {
						digits = append(digits, ev.Digit)
						if ev.Duration != 200*time.Millisecond {
							t.Errorf("%c of %v at %d Hz", ev.Digit, ev.Duration, clock)
						}
					}
				}
			}
			if string(digits) != tt.want || tt.want != "" && string(begun) != tt.want || before == 0 {
				t.Errorf("heard %q begin and %q end, want %q; %d packets before", begun, digits, tt.want, before)
			}
			ev := r.take(DigitsDone)
			if len(ev) != max(len(tt.want), 1) || ev[0].Completed != (tt.want != "") {
				t.Errorf("events: %+v", ev)
			}
			if n := a.port.leg.Waiting.Load(); n != 0 {
				t.Errorf("%d digits wait", n)
			}
		})
	}
}
