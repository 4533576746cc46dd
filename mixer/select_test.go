package mixer

import (
	"math"
	"slices"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// counting is a codec that counts what is decoded. A deaf one tells no level of its
// payloads, so that whoever speaks it is always decoded.
func counting(c *media.Codec, deaf bool) (*media.Codec, *int) {
	counted, n := *c, new(int)
	counted.NewDecoder = func() (media.Decoder, error) {
		d, err := c.NewDecoder()
		return &countingDecoder{d, n}, err
	}
	if deaf {
		counted.PayloadLevel = nil
	}
	return &counted, n
}

type countingDecoder struct {
	media.Decoder
	n *int
}

func (d *countingDecoder) Decode(pcm []int16, payload []byte) (int, error) {
	*d.n++
	return d.Decoder.Decode(pcm, payload)
}

const levelExtension = 5

// tells negotiates levels for a phone.
func (ph *phone) tells() {
	ph.rig.t.Helper()
	m := mediaOf(ph.format)
	m.AudioLevel = levelExtension
	if err := ph.port.SetMedia(m); err != nil {
		ph.rig.t.Fatal(err)
	}
}

// claim says a frame, and that it has a level.
func (ph *phone) claim(pcm []int16, level uint8) {
	ph.rig.t.Helper()
	ring := ph.ring
	ph.ring = NewRing()
	ph.say(pcm)
	ph.ring = ring
	ph.deliver(withLevel(ph.lastOut, level))
}

// withLevel is a packet without extensions with a level (RFC 6464, one-byte form).
func withLevel(p []byte, level uint8) []byte {
	out := append([]byte(nil), p[:rtp.HeaderBytes]...)
	out[0] |= 0x10
	out = append(out, 0xbe, 0xde, 0, 1, levelExtension<<4, level, 0, 0)
	return append(out, p[rtp.HeaderBytes:]...)
}

// script is what somebody says: a tone in words, with pauses within and beyond the
// hangover, and beyond what is kept.
func script(rate, frame int) (pcm []int16, speaks bool) {
	n := rate / 50
	switch at := frame % 150; {
	case at < 25, at >= 35 && at < 50, at >= 90 && at < 130:
		// A voice with overtones, that is loud from its first sample on.
		pcm = tone(310, 6000, rate, frame*n, n)
		for i, v := range tone(930, 3000, rate, frame*n, n) {
			pcm[i] += v
		}
		return pcm, true
	}
	pcm = make([]int16, n) // a room's noise, which predictors follow
	for i := range pcm {
		noise := uint32(frame*n+i) * 2654435761
		pcm[i] = int16(noise>>26) - 32
	}
	return pcm, false
}

// heardOf lets somebody with a codec say the script to a listener whose codec loses
// nothing.
func heardOf(t *testing.T, codec *media.Codec, tells bool) []int16 {
	t.Helper()
	r := newRig(t, 1)
	room := r.room(RoomConfig{})
	a := r.phone("a", codec)
	b := r.phone("b", &newProbe(codec.SampleRate).codec)
	if tells {
		a.tells()
	}
	for _, ph := range []*phone{a, b} {
		if err := ph.port.Join(room, JoinOptions{ListenOnly: ph == b}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 450 {
		pcm, _ := script(codec.SampleRate, i)
		if tells {
			a.claim(pcm, dsp.LevelDBov(pcm))
		} else {
			a.say(pcm)
		}
		r.ticks(pace.TicksPerFrame)
		b.hear()
	}
	b.continuous()
	return b.pcm
}

// What is heard of G.711 is, to the bit, what was heard if everything were decoded:
// no beginning of a word is missing, no end, and no pause within.
func TestSelectionIsNotHeard(t *testing.T) {
	for _, c := range []*media.Codec{g711.MuLaw(), g711.ALaw()} {
		chosen, some := counting(c, false)
		always, all := counting(c, true)
		got, want := heardOf(t, chosen, false), heardOf(t, always, false)
		if !slices.Equal(got, want) {
			i := 0
			for i < len(got)-1 && got[i] == want[i] {
				i++
			}
			t.Errorf("%s: sample %d of frame %d is %d, want %d", c.Name, i%160, i/160, got[i], want[i])
		}
		if *some >= *all {
			t.Errorf("%s: %d frames were decoded of %d", c.Name, *some, *all)
		}
	}
}

// An Opus decoder that is called back, by the level that the sender tells, has heard
// what went before: the first word and all others come as if it had decoded
// everything.
func TestPromotedDecoderIsWarm(t *testing.T) {
	chosen, some := counting(opus.Codec(), false)
	always, all := counting(opus.Codec(), true)
	got, want := heardOf(t, chosen, true), heardOf(t, always, false)
	if len(got) != len(want) {
		t.Fatalf("%d samples, want %d", len(got), len(want))
	}
	const n = 960
	worst, loudest := 0.0, 0.0
	for frame := range len(got) / n {
		if _, speaks := script(48000, frame); !speaks {
			continue
		}
		first := frame * n
		if _, spoke := script(48000, max(frame-1, 0)); frame == 0 || !spoke {
			first += n / 4 // faded in, at most a frame later or sooner
		}
		for i := first; i < (frame+1)*n; i++ {
			worst = max(worst, math.Abs(float64(got[i])-float64(want[i])))
			loudest = max(loudest, math.Abs(float64(want[i])))
		}
	}
	if loudest < 5000 || worst > loudest/100 {
		t.Errorf("off by up to %.0f of %.0f", worst, loudest)
	}
	t.Logf("off by up to %.0f of %.0f; %d packets were decoded of %d", worst, loudest, *some, *all)
	if *some >= *all {
		t.Errorf("%d packets were decoded of %d", *some, *all)
	}
}

// Somebody is talking for as long as the hangover after the last loud frame, and
// fades in the frame after it.
func TestHangover(t *testing.T) {
	r := newRig(t, 1)
	room := r.room(RoomConfig{Activity: dsp.ActivityConfig{Threshold: 50, Hangover: 7}})
	a := r.phone("a", g711.MuLaw())
	if err := a.port.Join(room, JoinOptions{}); err != nil {
		t.Fatal(err)
	}
	talking := func() (frames int) {
		for ; a.port.leg.Talking || frames == 0; frames++ {
			a.say(nil)
			r.ticks(pace.TicksPerFrame)
		}
		return frames
	}
	for i := range 20 {
		a.say(tone(440, 8000, 8000, i*160, 160))
		r.ticks(pace.TicksPerFrame)
	}
	if n := talking(); n != 7+1+1 { // the fade, and the frame that is not any more
		t.Errorf("silent after %d frames", n)
	}
}

// Of more talkers than are heard at one time, those who are loudest are, and one who
// becomes louder takes the place of the quietest.
func TestLoudestAreHeard(t *testing.T) {
	r := newRig(t, 1)
	room := r.room(RoomConfig{MaxTalkers: 3})
	var all []*speaker
	for i, peak := range []float64{500, 4000, 1000, 3000, 300, 5000, 700} {
		s := &speaker{phone: r.phone("s", g711.MuLaw()), hz: 300 + 200*float64(i), peak: peak}
		all = append(all, s)
	}
	listener := r.phone("listener", &newProbe(8000).codec)
	for _, s := range all {
		if err := s.port.Join(room, JoinOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := listener.port.Join(room, JoinOptions{ListenOnly: true}); err != nil {
		t.Fatal(err)
	}
	check := func(want ...int) {
		t.Helper()
		r.frames(10, all...)
		listener.forget()
		r.frames(50, all...)
		listener.hear()
		for i, s := range all {
			db := level(listener.pcm, 8000, s.hz)
			if at := 20 * math.Log10(s.peak/32768); slices.Contains(want, i) != (math.Abs(db-at) < 1) {
				t.Errorf("%v Hz is heard at %.1f dB of %.1f", s.hz, db, at)
			}
			if got := s.port.leg.Talking; got != slices.Contains(want, i) {
				t.Errorf("%v Hz talking: %t", s.hz, got)
			}
		}
	}
	check(1, 3, 5)
	all[2].peak = 3500 // hardly louder than the quietest: it stays with who is heard
	check(1, 3, 5)
	all[2].peak = 4500
	check(1, 2, 5)
	all[5].peak = 0 // a place is free
	r.frames(20, all...)
	all[5].hz = 0
	check(1, 2, 3)
}

// All of five are heard, and three of six, the loudest; those who may not talk do not count.
// At no time are more in the sum, but while one makes way for another.
func TestHowManyAreHeard(t *testing.T) {
	for _, tt := range []struct{ talk, listen, most int }{{5, 0, 5}, {5, 3, 5}, {6, 0, 3}, {10, 1, 3}} {
		r := newRig(t, 1)
		room := r.room(RoomConfig{})
		var all []*speaker
		for i := range tt.talk + tt.listen {
			s := &speaker{phone: r.phone("s", g711.MuLaw()), hz: 300 + 200*float64(i), peak: 800}
			if err := s.port.Join(room, JoinOptions{ListenOnly: i >= tt.talk}); err != nil {
				t.Fatal(err)
			}
			all = append(all, s)
		}
		for i := range 200 { // who is loud changes all the time
			for j, s := range all {
				s.peak = 800
				if (i/7+j)%3 == 0 {
					s.peak = 8000
				}
			}
			r.frames(1, all...)
			chosen, heard := 0, 0
			for _, s := range all {
				if s.port.leg.Weight.Chosen {
					chosen++
				}
				if s.port.leg.Talking {
					heard++
				}
			}
			if i > 5 && chosen != tt.most || heard > 2*tt.most {
				t.Fatalf("%d talk: %d are chosen, %d in the sum in frame %d", tt.talk, chosen, heard, i)
			}
		}
	}
}

// Voices come and go without a step, in the middle of a wave too.
func TestFades(t *testing.T) {
	r := newRig(t, 1)
	room := r.room(RoomConfig{MaxTalkers: 1})
	a := &speaker{phone: r.phone("a", g711.MuLaw()), hz: 110, peak: 6000, at: 7}
	b := &speaker{phone: r.phone("b", g711.MuLaw()), hz: 130, peak: 12000, at: 13}
	listener := r.phone("listener", &newProbe(8000).codec)
	for _, ph := range []*phone{a.phone, b.phone, listener} {
		if err := ph.port.Join(room, JoinOptions{ListenOnly: ph == listener}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 6 {
		r.frames(13, a)
		r.frames(11+i, a, b)
		listener.hear()
	}
	// Per sample: the waves bend, the fades of 40 samples do at their ends and with
	// the wave's slope; µ-law's steps are coarse.
	bound := 0.0
	for _, s := range []*speaker{a, b} {
		w := 2 * math.Pi * s.hz / 8000
		bound += s.peak * (w*w + 2*w/40 + 1.0/40)
	}
	bound += 2 * 512
	worst := 0.0
	pcm := listener.pcm
	for i := 2; i < len(pcm); i++ {
		worst = max(worst, math.Abs(float64(pcm[i])-2*float64(pcm[i-1])+float64(pcm[i-2])))
	}
	if worst > bound || bound > 3000 {
		t.Errorf("a step of %.0f, want at most %.0f", worst, bound)
	}
}

// Nobody is decoded in silence.
func TestSilenceIsNotDecoded(t *testing.T) {
	mu, ofMu := counting(g711.MuLaw(), false)
	op, ofOp := counting(opus.Codec(), false)
	r := newRig(t, 1)
	room := r.room(RoomConfig{})
	desk, browser, paused := r.phone("desk", mu), r.phone("browser", op), r.phone("paused", op)
	browser.tells()
	for _, ph := range []*phone{desk, browser, paused} {
		if err := ph.port.Join(room, JoinOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for range 1000 {
		desk.say(nil)
		browser.claim(nil, dsp.Silence)
		paused.send(paused.format.PayloadType, false, paused.ts, []byte{0x78}) // DTX
		paused.ts += 960
		r.ticks(pace.TicksPerFrame)
	}
	if *ofMu != 0 {
		t.Errorf("%d frames of G.711", *ofMu)
	}
	// Claims are looked into every two seconds, and taken for true four times of five where
	// the encoder has found no voice either.
	if most := 1000 / auditFrames / auditAgreed * (8 + 1); *ofOp > most {
		t.Errorf("%d frames of Opus, want at most %d", *ofOp, most)
	}
}
