package numbering

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// frame is a packet of 20 ms at 8 kHz.
const frame = 160

// out takes what a stream numbers, and checks that it is one RTP stream.
type out struct {
	t    interface{ Fatalf(string, ...any) }
	ssrc uint32
	last rtp.Header
	any  bool
}

func (o *out) take(buf []byte, what string) {
	var h rtp.Header
	if err := rtp.Parse(buf, &h); err != nil {
		o.t.Fatalf("%s: %v", what, err)
	}
	if h.SSRC != o.ssrc {
		o.t.Fatalf("%s: SSRC %x, want %x", what, h.SSRC, o.ssrc)
	}
	if o.any && h.SequenceNumber != o.last.SequenceNumber+1 {
		o.t.Fatalf("%s: sequence went from %d to %d", what, o.last.SequenceNumber, h.SequenceNumber)
	}
	if o.any && int32(h.Timestamp-o.last.Timestamp) < 0 {
		o.t.Fatalf("%s: timestamp went back from %d to %d", what, o.last.Timestamp, h.Timestamp)
	}
	o.last, o.any = h, true
}

// Frames made here, digits, relayed packets of anybody, pauses, in any order: what
// leaves is one stream.
func TestOneStream(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := NewStream(rapid.Uint32().Draw(rt, "ssrc"))
		var r Relay
		o := &out{t: rt, ssrc: s.SSRC}
		buf := make([]byte, rtp.HeaderBytes+frame)
		tick := int64(1000)
		var in rtp.Header
		ext := uint32(0)
		for range rapid.IntRange(1, 60).Draw(rt, "frames") {
			tick += pace.TicksPerFrame
			now := pace.Moment{Tick: tick, Wall: tick * int64(pace.Tick)}
			switch rapid.IntRange(0, 4).Draw(rt, "what") {
			case 0: // made here
				r.Stop(&s, tick)
				if ts := s.At(tick); s.Paused(tick) || s.Follows(ts) {
					s.Fill(buf, 0, s.Paused(tick), ts, frame, &now)
					o.take(buf, "made")
				}
			case 1: // a digit
				r.Stop(&s, tick)
				s.FillEvent(buf[:rtp.HeaderBytes+4], 101, true, s.At(tick), &now)
				o.take(buf[:rtp.HeaderBytes+4], "digit")
			case 2: // relayed
				ext++
				in.Timestamp += frame
				if r.Follow(&s, &in, ext, tick) {
					r.Fill(&s, buf, &in, 0, ext, frame, &now)
					o.take(buf, "relayed")
				}
			case 3: // somebody else is relayed from now on
				r.Stop(&s, tick)
				in.Timestamp, ext = rapid.Uint32().Draw(rt, "timestamp"), rapid.Uint32().Draw(rt, "sequence")
			case 4: // a pause
				tick += int64(rapid.IntRange(0, 400).Draw(rt, "pause"))
			}
		}
	})
}

// Loss and reordering of a relayed stream pass through; a packet that is not
// passed on leaves no gap.
func TestRelayKeepsOrder(t *testing.T) {
	s := NewStream(7)
	var r Relay
	tick := int64(1000)
	buf := make([]byte, rtp.HeaderBytes+frame)
	first := uint16(0)
	for i, step := range []struct {
		ext  uint32
		want uint16 // beyond the first
		skip bool
	}{{500, 0, false}, {502, 2, false}, {501, 1, false}, {503, 0, true}, {504, 3, false}, {505, 4, false},
		{507, 6, false}, {508, 0, true}, {506, 5, false}, {511, 9, false}, {509, 7, false}, {512, 0, true}, {513, 0, true},
		{510, 8, false}, {514, 10, false}} {
		tick += pace.TicksPerFrame
		in := rtp.Header{Timestamp: 90000 + step.ext*frame}
		if step.skip {
			r.LeaveOut(step.ext)
			continue
		}
		if !r.Follow(&s, &in, step.ext, tick) {
			t.Fatalf("packet %d may not pass", step.ext)
		}
		r.Fill(&s, buf, &in, 0, step.ext, frame, &pace.Moment{Tick: tick})
		var h rtp.Header
		if err := rtp.Parse(buf, &h); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = h.SequenceNumber
		}
		if got := h.SequenceNumber - first; got != step.want {
			t.Errorf("packet %d leaves as %d, want %d", step.ext, got, step.want)
		}
	}
	if in := (rtp.Header{Timestamp: 90000 + 499*frame}); r.Follow(&s, &in, 499, tick) {
		t.Error("a packet from before the relay began may pass")
	}
	if !r.Active() || s.Packets != 11 || s.Bytes != 11*frame {
		t.Errorf("%d packets, %d bytes", s.Packets, s.Bytes)
	}
}

// However many packets are left out, those that come late among the last of them
// have the numbers that wait for them.
func TestRelayLeavesManyOut(t *testing.T) {
	s := NewStream(7)
	var r Relay
	buf := make([]byte, rtp.HeaderBytes+frame)
	number := func(ext uint32) uint16 {
		t.Helper()
		in := rtp.Header{Timestamp: ext * frame}
		if !r.Follow(&s, &in, ext, 1000) {
			t.Fatalf("packet %d may not pass", ext)
		}
		r.Fill(&s, buf, &in, 0, ext, frame, &pace.Moment{Tick: 1000})
		var h rtp.Header
		if err := rtp.Parse(buf, &h); err != nil {
			t.Fatal(err)
		}
		return h.SequenceNumber
	}
	r.LeaveOut(1) // nothing is relayed yet
	first := number(1<<32 - 8)
	next := first
	for i := range uint32(100) { // over the wrap of the extended numbers, too
		at := uint32(1<<32-8) + 3*i
		r.LeaveOut(at + 2) // ahead of the two before it
		if got := number(at + 3); got != next+2 {
			t.Fatalf("after %d: %d, want %d", i, got, next+2)
		}
		if got := number(at + 1); got != next+1 {
			t.Fatalf("late, after %d: %d, want %d", i, got, next+1)
		}
		next += 2
	}
}

// A change of the clock keeps the timestamp of now.
func TestSetClock(t *testing.T) {
	s := NewStream(0)
	if s.SSRC == 0 {
		t.Error("no SSRC")
	}
	before := s.At(1000)
	s.SetClock(48000, 1000)
	if got := s.At(1000); got != before {
		t.Errorf("now went from %d to %d", before, got)
	}
	if got := s.At(1004) - s.At(1000); got != 960 || s.Unit() != 240 {
		t.Errorf("a frame has %d, a tick %d", got, s.Unit())
	}
	// A packet of the faster clock keeps none of the slower one waiting.
	s.Fill(make([]byte, rtp.HeaderBytes+20), 0, false, s.At(1000), 960, &pace.Moment{Tick: 1000})
	s.SetClock(8000, 1002)
	if s.Follows(s.At(1002)) || !s.Follows(s.At(1004)) {
		t.Error("the next frame does not follow 20 ms after the last")
	}
}
