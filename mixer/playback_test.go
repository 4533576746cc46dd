package mixer

import (
	"slices"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

func mustClip(t testing.TB, rate int, pcm []int16) *Clip {
	t.Helper()
	c, err := NewClip(rate, pcm)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A clip comes out as it went in, sample for sample, in one stream per playback;
// the last frame is filled up with silence.
func TestPlayback(t *testing.T) {
	r := newRig(t, 1)
	p := newProbe(8000)
	s := r.talker("a", p, 0, 0)
	pcm := tone(440, 9000, 8000, 0, 1000)
	if err := s.port.Play(mustClip(t, 8000, pcm), PlayOptions{Token: "hello"}); err != nil {
		t.Fatal(err)
	}
	r.ticks(20 * pace.TicksPerFrame)
	s.hear()
	if n := len(s.heard); n != 7 {
		t.Fatalf("%d packets for 125 ms", n)
	}
	if !slices.Equal(s.pcm[:1000], pcm) || slices.Max(s.pcm[1000:]) != 0 {
		t.Error("the clip came out changed")
	}
	if !s.heard[0].Marker || s.heard[1].Marker {
		t.Error("the marker is not on the first packet alone")
	}
	s.continuous()
	ev := r.take(PlaybackDone)
	if len(ev) != 1 || ev[0].Token != "hello" || !ev[0].Completed || ev[0].Duration != 125*time.Millisecond {
		t.Errorf("events: %+v", ev)
	}

	// The next one begins a new talk spurt, as much later as it is.
	last := s.heard[6]
	s.forget()
	if err := s.port.Play(mustClip(t, 8000, pcm), PlayOptions{Offset: 100 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	r.ticks(10 * pace.TicksPerFrame)
	s.hear()
	if n := len(s.heard); n != 2 {
		t.Fatalf("%d packets for 25 ms", n)
	}
	h := s.heard[0]
	if !h.Marker || h.SequenceNumber != last.SequenceNumber+1 || h.SSRC != last.SSRC {
		t.Errorf("the next talk spurt starts with %+v after %+v", h.Header, last.Header)
	}
	if d := h.Timestamp - last.Timestamp; d != uint32(h.tick-last.tick)*40 && d < 10*160 {
		t.Errorf("timestamps are %d apart", d)
	}
	if !slices.Equal(s.pcm[:200], pcm[800:]) {
		t.Error("the offset was not kept")
	}
}

func TestPlaybackLoopsAndStops(t *testing.T) {
	r := newRig(t, 1)
	p := newProbe(16000)
	s := r.talker("a", p, 0, 0)
	pcm := tone(440, 9000, 16000, 0, 500)
	if err := s.port.Play(mustClip(t, 16000, pcm), PlayOptions{Loop: true, Token: "moh"}); err != nil {
		t.Fatal(err)
	}
	r.ticks(11 * pace.TicksPerFrame)
	s.port.StopPlay()
	r.ticks(4 * pace.TicksPerFrame)
	s.hear()
	for i, v := range s.pcm {
		if v != pcm[i%500] {
			t.Fatalf("sample %d of %d is not the loop's", i, len(s.pcm))
		}
	}
	if len(s.pcm) < 10*320 || len(s.pcm) > 12*320 {
		t.Errorf("%d samples", len(s.pcm))
	}
	if ev := r.take(PlaybackDone); len(ev) != 1 || ev[0].Completed {
		t.Errorf("events: %+v", ev)
	}
	// An empty loop ends at once, and nothing hangs.
	if err := s.port.Play(mustClip(t, 16000, nil), PlayOptions{Loop: true}); err != nil {
		t.Fatal(err)
	}
	r.ticks(2 * pace.TicksPerFrame)
	if ev := r.take(PlaybackDone); len(ev) != 1 {
		t.Errorf("events: %+v", ev)
	}
}

// A playback goes on at the same place when the codec's sample rate changes.
func TestPlaybackAcrossRenegotiation(t *testing.T) {
	r := newRig(t, 1)
	a := r.phone("a", g711.MuLaw())
	clip := mustClip(t, 8000, tone(440, 6000, 8000, 0, 8000))
	if err := a.port.Play(clip, PlayOptions{}); err != nil {
		t.Fatal(err)
	}
	r.ticks(20 * pace.TicksPerFrame)
	a.hear()
	if err := a.port.SetMedia(mediaOf(formatOf(opus.Codec()))); err != nil {
		t.Fatal(err)
	}
	a.use(formatOf(opus.Codec()))
	r.ticks(40 * pace.TicksPerFrame)
	a.hear()
	a.continuous()
	if n := len(a.heard); n != 50 {
		t.Errorf("%d packets for a clip of one second", n)
	}
	if db := level(a.pcm[len(a.pcm)-20*960:], 48000, 440); db < -18 {
		t.Errorf("the rest is at %.1f dB", db)
	}
}

// A clip in a room is heard by everyone, at every rate; one to a port by that
// port alone.
func TestPlaybackInRoom(t *testing.T) {
	r := newRig(t, 1)
	room := r.room(RoomConfig{Name: "9000"})
	var all []*talker
	for i, rate := range []int{8000, 16000, 48000} {
		s := r.talker("t", newProbe(rate), uint16(300+100*i), 0)
		if err := s.port.Join(room, JoinOptions{}); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	all[0].peak = 5000
	clip := mustClip(t, 8000, tone(1000, 6000, 8000, 0, 8000))
	if err := room.Play(clip, PlayOptions{Token: "joined"}); err != nil {
		t.Fatal(err)
	}
	r.talk(45, all...)
	for _, s := range all {
		if db := level(s.pcm[s.format.Codec.SampleRate/10:], s.format.Codec.SampleRate, 1000); db < -15.5 || db > -14 {
			t.Errorf("at %d Hz the clip is at %.1f dB", s.format.Codec.SampleRate, db)
		}
	}
	r.talk(10, all...)
	if ev := r.take(PlaybackDone); len(ev) != 1 || ev[0].Room != room || ev[0].Token != "joined" || !ev[0].Completed {
		t.Errorf("events: %+v", ev)
	}

	whisper := mustClip(t, 8000, tone(2000, 6000, 8000, 0, 4000))
	if err := all[1].port.Play(whisper, PlayOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		s.forget()
	}
	r.talk(15, all...)
	for i, s := range all {
		rate := s.format.Codec.SampleRate
		if db := level(s.pcm, rate, 2000); db > -15 != (i == 1) {
			t.Errorf("at %d Hz the whisper is at %.1f dB", rate, db)
		}
		if db := level(s.pcm, rate, 300); i == 2 && db < -20 || i == 1 && db > -30 {
			t.Errorf("at %d Hz the talker is at %.1f dB", rate, db)
		}
	}
	r.talk(40, all...)
	for _, s := range all {
		s.continuous()
		if s.probe.open != 2 && s.probe.open != 3 {
			t.Errorf("%d encoders are open", s.probe.open)
		}
	}
}

// A playback that is to begin after the end is over at once, at the end, however
// far that is; one before the beginning begins there, and a loop goes round.
func TestPlaybackOffset(t *testing.T) {
	for _, tt := range []struct {
		offset time.Duration
		loop   bool
		frames int // heard in ten
	}{
		{0, false, 5}, {-time.Hour, false, 5}, {60 * time.Millisecond, false, 2}, {100 * time.Millisecond, false, 1},
		{100 * time.Hour, false, 1}, {1<<63 - 1, false, 1}, {-1 << 63, false, 5},
		{100 * time.Hour, true, 10}, {1<<63 - 1, true, 10}, {-1 << 63, true, 10},
	} {
		for _, rate := range []int{8000, 48000} {
			r := newRig(t, 1)
			s := r.talker("a", newProbe(rate), 0, 0)
			clip := mustClip(t, rate, tone(440, 9000, rate, 0, rate/10))
			if err := s.port.Play(clip, PlayOptions{Offset: tt.offset, Loop: tt.loop}); err != nil {
				t.Fatal(err)
			}
			r.ticks(10 * pace.TicksPerFrame)
			s.hear()
			if n := len(s.heard); n != tt.frames {
				t.Errorf("from %v at %d Hz: %d frames, want %d", tt.offset, rate, n, tt.frames)
			}
			ev := r.take(PlaybackDone)
			switch {
			case tt.loop && len(ev) == 0:
			case tt.loop || len(ev) != 1 || !ev[0].Completed || ev[0].Duration != 100*time.Millisecond:
				t.Errorf("from %v at %d Hz: %+v", tt.offset, rate, ev)
			}
		}
	}
}

// Every packet length is cut as asked, in and out of a room's classes.
func TestPtime(t *testing.T) {
	for _, ms := range []int{10, 20, 30, 40, 50, 60} {
		ptime := time.Duration(ms) * time.Millisecond
		r := newRig(t, 1)
		f := formatOf(g711.MuLaw())
		f.Ptime = ptime
		a := &speaker{phone: r.phoneWith("a", f), hz: 440, peak: 6000}
		b := &speaker{phone: r.phoneWith("b", f), hz: 1000, peak: 6000}
		c := r.phoneWith("c", f)
		room := r.room(RoomConfig{})
		for _, ph := range []*phone{a.phone, b.phone, c} {
			if err := ph.port.Join(room, JoinOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 10 {
			a.peak = float64(6000 * (1 - i/3%2)) // a becomes a listener meanwhile
			r.frames(10, a, b)
			c.hear()
		}
		for _, ph := range []*phone{a.phone, b.phone, c} {
			ph.continuous()
			odd := 0
			for i, h := range ph.heard {
				if len(h.payload) != ms*8 {
					odd++
				}
				if i > 0 {
					before := ph.heard[i-1]
					if d := h.Timestamp - before.Timestamp; int(d) != len(before.payload) {
						t.Fatalf("%v: %s: packet %d of %d bytes is followed %d later", ptime, ph.port.Name(), i-1, len(before.payload), d)
					}
				}
			}
			if odd > 1 { // the first may be shorter
				t.Errorf("%v: %d of %d packets have another length", ptime, odd, len(ph.heard))
			}
		}
		if len(c.pcm) < 3200 {
			t.Fatalf("%v: the listener heard %d samples", ptime, len(c.pcm))
		}
		rate := 8000
		if db := level(c.pcm[len(c.pcm)-3200:], rate, 1000); db < -18 {
			t.Errorf("%v: the listener hears b at %.1f dB", ptime, db)
		}
	}
}

// What arrives in packets of any length is heard whole.
func TestReceivedPtime(t *testing.T) {
	for _, ms := range []int{10, 20, 30, 40, 60} {
		r := newRig(t, 1)
		a, b := r.phone("a", g711.MuLaw()), r.talker("b", newProbe(8000), 0, 0)
		r.pair(a, b.phone)
		n, at := ms*8, 0
		for tick := range 400 {
			for at < (tick*40+200)/n*n {
				payload := make([]byte, n)
				g711.EncodeMuLaw(payload, tone(440, 6000, 8000, at, n))
				a.send(0, false, uint32(at), payload)
				at += n
			}
			r.tick()
		}
		b.hear()
		if db := level(b.pcm[2000:], 8000, 440); db < -15 {
			t.Errorf("%d ms: %.1f dB", ms, db)
		}
		if got := a.port.Stats().Concealed; got > 12 {
			t.Errorf("%d ms: %d frames were concealed", ms, got)
		}
		// The tone goes on without a jump.
		jumps := 0
		for i := 4001; i < len(b.pcm); i++ {
			if d := int(b.pcm[i]) - int(b.pcm[i-1]); d > 2500 || d < -2500 {
				jumps++
			}
		}
		if jumps > 0 {
			t.Errorf("%d ms: %d jumps", ms, jumps)
		}
	}
}
