package mixer

import (
	"bytes"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

func wantModes(t *testing.T, p *Pair, forth, back PairMode) {
	t.Helper()
	if f, b := p.Modes(); f != forth || b != back {
		t.Errorf("the pair works by %v forth and %v back, want %v and %v", f, b, forth, back)
	}
}

// Packets of one codec pass as they are, in the tick they come.
func TestRelay(t *testing.T) {
	r := newRig(t, 1)
	a, b := r.phone("a", g711.MuLaw()), r.phone("b", g711.MuLaw())
	b.format.PayloadType = 0
	pair := r.pair(a, b)
	r.tick()
	wantModes(t, pair, PairRelay, PairRelay)
	for i := range 40 {
		a.say(tone(440, 6000, 8000, i*160, 160))
		sent := bytes.Clone(a.lastOut[12:])
		r.tick()
		heard := b.hear()
		if len(heard) != 1 || !bytes.Equal(heard[0].payload, sent) {
			t.Fatalf("frame %d: %d packets", i, len(heard))
		}
		if m := heard[0].Marker; m != (i == 0) {
			t.Errorf("frame %d: marker %v", i, m)
		}
		r.ticks(3)
	}
	b.continuous()
	if n := len(a.hear()); n != 0 {
		t.Errorf("a heard %d packets of nobody", n)
	}
}

// What the network does to packets on one side shows on the other, except
// doubles: numbers keep their distances.
func TestRelayKeepsLossAndOrder(t *testing.T) {
	r := newRig(t, 1)
	a, b := r.phone("a", g711.MuLaw()), r.phone("b", g711.MuLaw())
	r.pair(a, b)
	r.tick()
	say := func() []byte { a.say(nil); return bytes.Clone(a.lastOut) }
	say()
	r.ticks(4)
	a.skip()
	say()
	r.ticks(4)
	a.skip() // to be late
	seq, ts := a.seq-1, a.ts-160
	p := say()
	r.ticks(4)
	a.deliver(p) // doubled
	r.ticks(4)
	next, nextTS := a.seq, a.ts
	a.seq, a.ts = seq, ts
	say()
	a.seq, a.ts = next, nextTS
	r.ticks(4)
	var got []uint16
	for _, h := range b.hear() {
		got = append(got, h.SequenceNumber-b.heard[0].SequenceNumber)
		if h.Timestamp-b.heard[0].Timestamp != uint32(got[len(got)-1])*160 {
			t.Errorf("packet %d has timestamp %d", got[len(got)-1], h.Timestamp)
		}
	}
	if want := []uint16{0, 2, 4, 3}; !equal(got, want) {
		t.Errorf("numbers %v, want %v", got, want)
	}
	r.ticks(40)
	if s := a.port.Stats(); s.Duplicate != 1 || s.Lost != 1 || s.PacketsIn != 4 {
		t.Errorf("stats: %+v", s)
	}
}

func equal[T comparable](a, b []T) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestTranscode(t *testing.T) {
	r := newRig(t, 1)
	a := &speaker{phone: r.phone("a", g711.MuLaw()), hz: 440, peak: 6000}
	b := &speaker{phone: r.phone("b", opus.Codec()), hz: 1000, peak: 6000}
	pair := r.pair(a.phone, b.phone)
	r.tick()
	wantModes(t, pair, PairPCM, PairPCM)
	r.frames(20, a, b)
	a.forget()
	b.forget()
	r.frames(50, a, b)
	for _, s := range []*speaker{a, b} {
		s.continuous()
		own, other := a, b
		if s == b {
			own, other = b, a
		}
		rate := s.format.Codec.SampleRate
		if db := level(s.pcm, rate, other.hz); db < -17.5 || db > -12 {
			t.Errorf("%s hears the other at %.1f dB", s.port.Name(), db)
		}
		if db := level(s.pcm, rate, own.hz); db > -55 {
			t.Errorf("%s hears itself at %.1f dB", s.port.Name(), db)
		}
		for i := 1; i < len(s.heard); i++ {
			if d := s.heard[i].Timestamp - s.heard[i-1].Timestamp; d != uint32(s.format.Codec.ClockRate/50) {
				t.Fatalf("%s: timestamps %d apart", s.port.Name(), d)
			}
		}
	}
}

// Whatever makes the pair choose again, each side hears one RTP stream.
func TestPairChoosesAgain(t *testing.T) {
	r := newRig(t, 1)
	a := &speaker{phone: r.phone("a", g711.MuLaw()), hz: 440, peak: 6000}
	b := &speaker{phone: r.phone("b", g711.MuLaw()), hz: 1000, peak: 6000}
	pair := r.pair(a.phone, b.phone)
	r.frames(10, a, b)
	wantModes(t, pair, PairRelay, PairRelay)

	// Music for a alone.
	clip, err := NewClip(8000, tone(2000, 6000, 8000, 0, 80000))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.port.Play(clip, PlayOptions{Loop: true, Token: "moh"}); err != nil {
		t.Fatal(err)
	}
	r.frames(2, a, b)
	wantModes(t, pair, PairRelay, PairPCM)
	a.hear()
	a.pcm = nil
	r.frames(20, a, b)
	if db := level(a.pcm, 8000, 2000); db < -18 {
		t.Errorf("a hears the clip at %.1f dB", db)
	}
	if db := level(a.pcm, 8000, 1000); db > -55 {
		t.Errorf("a hears b at %.1f dB through the clip", db)
	}
	a.port.StopPlay()
	r.frames(10, a, b)
	wantModes(t, pair, PairRelay, PairRelay)
	if ev := r.take(PlaybackDone); len(ev) != 1 || ev[0].Token != "moh" || ev[0].Completed {
		t.Errorf("playback events: %+v", ev)
	}

	a.port.SetMuted(true, false) // b hears silence
	r.frames(2, a, b)
	wantModes(t, pair, PairPCM, PairRelay)
	b.pcm = nil
	r.frames(10, a, b)
	if db := level(b.pcm, 8000, 440); db > -80 || len(b.pcm) != 1600 {
		t.Errorf("b hears the muted a at %.1f dB, %d samples", db, len(b.pcm))
	}
	a.port.SetMuted(false, false)
	r.frames(5, a, b)

	a.port.SetHold(true)
	r.frames(2, a, b)
	wantModes(t, pair, PairPCM, PairPCM)
	r.frames(5, a, b)
	a.port.SetHold(false)
	r.frames(5, a, b)
	wantModes(t, pair, PairRelay, PairRelay)
	a.continuous()
	b.continuous()

	// b renegotiates to opus: SSRC and numbers go on.
	b.hear()
	last := b.heard[len(b.heard)-1]
	f := formatOf(opus.Codec())
	if err := b.port.SetMedia(mediaOf(f)); err != nil {
		t.Fatal(err)
	}
	b.use(f)
	b.pcm = nil
	r.frames(30, a, b)
	wantModes(t, pair, PairPCM, PairPCM)
	b.continuous()
	if b.heard[len(b.heard)-1].SSRC != last.SSRC {
		t.Error("the SSRC changed")
	}
	if db := level(b.pcm[10*960:], 48000, 440); db < -18 {
		t.Errorf("b hears a at %.1f dB by opus", db)
	}
}

// A peer that changes its codec without asking is still understood.
func TestPairFollowsTheCodecThatArrives(t *testing.T) {
	r := newRig(t, 1)
	a := &speaker{phone: r.phone("a", g711.MuLaw()), hz: 440, peak: 6000}
	b := &speaker{phone: r.phone("b", g711.MuLaw()), hz: 1000, peak: 6000}
	m := mediaOf(formatOf(g711.MuLaw()))
	m.Receive = append(m.Receive, formatOf(g711.ALaw()))
	if err := a.port.SetMedia(m); err != nil {
		t.Fatal(err)
	}
	pair := r.pair(a.phone, b.phone)
	r.frames(10, a, b)
	wantModes(t, pair, PairRelay, PairRelay)
	dec := a.dec
	a.use(formatOf(g711.ALaw()))
	a.dec = dec // what a hears stays PCMU
	a.format.PayloadType = 8
	r.frames(10, a, b)
	wantModes(t, pair, PairPCM, PairRelay)
	b.pcm = nil
	r.frames(20, a, b)
	if db := level(b.pcm, 8000, 440); db < -18 {
		t.Errorf("b hears a at %.1f dB", db)
	}
	b.continuous()
}

// One key press is one digit, on the wire and as an event, by relay and through
// transcoding, with the peer's payload type and clock.
func TestPairPassesDigits(t *testing.T) {
	for _, c := range []*media.Codec{g711.MuLaw(), opus.Codec()} {
		t.Run(c.Name, func(t *testing.T) {
			r := newRig(t, 1)
			a := &speaker{phone: r.phone("a", g711.MuLaw()), hz: 440, peak: 6000}
			b := &speaker{phone: r.phone("b", c), hz: 1000, peak: 6000}
			m := mediaOf(b.format)
			m.SendEvents.PayloadType = 96
			if err := b.port.SetMedia(m); err != nil {
				t.Fatal(err)
			}
			r.pair(a.phone, b.phone)
			r.frames(10, a, b)
			b.forget()
			r.take()
			ts := a.ts
			for i := range 10 { // 100 ms of 5 in the place of audio, the end three times
				a.send(eventType, i == 0, ts, eventPayload(5, i >= 7, uint16(min(i+1, 8)*160)))
				if i < 8 {
					a.ts += 160
				}
				b.frame()
				r.ticks(pace.TicksPerFrame)
				a.hear()
				b.hear()
			}
			r.frames(20, a, b)

			events := r.take(DTMFBegin, DTMFEnd)
			if len(events) != 2 || events[0].Digit != '5' || events[1].Duration != 160*time.Millisecond || events[0].Port != a.port {
				t.Errorf("events: %+v", events)
			}
			var packets []heardPacket
			for i, h := range b.heard {
				if h.PayloadType == 96 {
					packets = append(packets, h)
				} else if len(packets) > 0 && len(packets) < 10 {
					t.Errorf("audio between the packets of the digit, packet %d", i)
				}
			}
			if len(packets) != 10 {
				t.Fatalf("%d packets of the digit", len(packets))
			}
			unit := uint16(c.ClockRate / 50)
			for i, h := range packets {
				if h.Timestamp != packets[0].Timestamp || h.Marker != (i == 0) {
					t.Errorf("packet %d: timestamp %d, marker %v", i, h.Timestamp, h.Marker)
				}
				if want := eventPayload(5, i >= 7, uint16(min(i+1, 8))*unit); !bytes.Equal(h.payload, want) {
					t.Errorf("packet %d: % x, want % x", i, h.payload, want)
				}
			}
			b.continuous()
		})
	}
}

// A digit in whose midst the line stands still stays one, relayed or beside audio made here.
func TestPairPassesADigitInPieces(t *testing.T) {
	for _, c := range []*media.Codec{g711.MuLaw(), opus.Codec()} {
		t.Run(c.Name, func(t *testing.T) {
			r := newRig(t, 1)
			a := &speaker{phone: r.phone("a", g711.MuLaw()), hz: 440, peak: 6000}
			b := &speaker{phone: r.phone("b", c), hz: 1000, peak: 6000}
			r.pair(a.phone, b.phone)
			r.frames(10, a, b)
			b.forget()
			ts := a.ts
			for i := range 4 {
				a.send(eventType, i == 0, ts, eventPayload(5, i == 3, uint16((i+1)*160)))
				r.frames(30, b) // 600 ms in which nothing comes
			}
			digits, first := 0, uint32(0)
			for _, h := range b.heard {
				if h.PayloadType != eventType {
					continue
				}
				if digits++; digits == 1 {
					first = h.Timestamp
				}
				if h.Timestamp != first || h.Marker != (digits == 1) {
					t.Errorf("packet %d: timestamp %d after %d, marker %v", digits, h.Timestamp, first, h.Marker)
				}
			}
			if digits != 4 {
				t.Errorf("%d packets of the digit", digits)
			}
		})
	}
}

// A digit that the peer cannot take leaves no gap in the numbers.
func TestRelayLeavesDigitsOut(t *testing.T) {
	r := newRig(t, 1)
	a := &speaker{phone: r.phone("a", g711.MuLaw()), hz: 440, peak: 6000}
	b := &speaker{phone: r.phone("b", g711.MuLaw()), hz: 1000, peak: 6000}
	m := mediaOf(b.format)
	m.SendEvents = media.Events{}
	if err := b.port.SetMedia(m); err != nil {
		t.Fatal(err)
	}
	r.pair(a.phone, b.phone)
	r.frames(5, a, b)
	for range 3 {
		a.send(eventType, false, a.ts, eventPayload(5, false, 160))
	}
	r.frames(5, a, b)
	b.continuous()
	if n := len(b.heard); n != 10 {
		t.Errorf("b heard %d packets, want 10", n)
	}
}

func TestEcho(t *testing.T) {
	r := newRig(t, 1)
	a := &speaker{phone: r.phone("a", g711.MuLaw()), hz: 440, peak: 6000}
	a.port.Echo()
	r.frames(10, a)
	if n := len(a.heard); n != 10 {
		t.Errorf("heard %d packets of 10", n)
	}
	a.continuous()
	if db := level(a.pcm, 8000, 440); db < -18 {
		t.Errorf("hears itself at %.1f dB", db)
	}
	a.port.Idle()
	r.frames(2, a)
	a.forget()
	r.frames(5, a)
	if n := len(a.heard); n != 0 {
		t.Errorf("heard %d packets while idle", n)
	}
}

func TestPairLimits(t *testing.T) {
	r := newRig(t, 1)
	a, b, c := r.phone("a", g711.MuLaw()), r.phone("b", g711.MuLaw()), r.phone("c", g711.MuLaw())
	pair := r.pair(a, b)
	if err := c.port.Connect(pair); fault.Of(err) != fault.Full {
		t.Errorf("a third port: %v", err)
	}
	b.port.Idle()
	if err := c.port.Connect(pair); err != nil {
		t.Fatal(err)
	}
	r.tick()
	wantModes(t, pair, PairRelay, PairRelay)
	pair.Close()
	pair.Close()
	r.tick()
	if err := b.port.Connect(pair); fault.Of(err) != fault.Gone {
		t.Errorf("a closed pair: %v", err)
	}
	for _, ph := range []*phone{a, c} {
		if got := ph.port.leg.Place; got != leg.Solo {
			t.Errorf("%s is at %d", ph.port.Name(), got)
		}
	}
	if n := len(r.engine.pairs); n != 0 {
		t.Errorf("%d pairs are left", n)
	}
}
