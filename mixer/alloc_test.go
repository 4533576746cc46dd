package mixer

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// loop plays a fixed second of somebody's speech, encoded beforehand, so that a
// test or benchmark measures the mixer alone.
type loop struct {
	ring    *Ring
	frames  [][]byte // whole packets
	header  rtp.Header
	step    uint32
	at      int
	discard [MaxPacketBytes]byte
	keys    *keys // nil for RTP in the clear
	sealed  [MaxPacketBytes]byte
}

// newLoop joins a phone whose PCM is a tone that stops and starts, or goes on when
// it is always.
func (r *rig) newLoop(f media.Format, hz float64, always bool) (*loop, *phone) {
	ph := r.phoneWith("loop", f)
	lp := &loop{ring: ph.ring, step: uint32(f.Codec.ClockRate / 50)}
	lp.header = rtp.Header{PayloadType: f.PayloadType, SSRC: ph.ssrc}
	n := f.Codec.FrameSamples()
	for i := range 100 {
		peak := 8000.0
		if !always && i >= 50 {
			peak = 0
		}
		buf := make([]byte, rtp.HeaderBytes+f.Codec.MaxFrameBytes)
		k, err := ph.enc.Encode(buf[rtp.HeaderBytes:], tone(hz, peak, f.Codec.SampleRate, i*n, n))
		if err != nil {
			r.t.Fatal(err)
		}
		lp.frames = append(lp.frames, buf[:rtp.HeaderBytes+k])
	}
	return lp, ph
}

// say delivers the next packet and throws away what came.
func (lp *loop) say(now time.Time) {
	p := lp.frames[lp.at%len(lp.frames)]
	lp.at++
	lp.header.SequenceNumber++
	lp.header.Timestamp += lp.step
	lp.header.Put(p)
	if lp.keys != nil {
		// What cannot be protected is not sent; a mistake would show as loss.
		p, _ = lp.keys.send.Protect(lp.sealed[:], p)
	}
	// A ring with room for one packet never refuses; a mistake would show as loss.
	_ = lp.ring.Deliver(p, now)
	for {
		if _, ok := lp.ring.TryNext(lp.discard[:]); !ok {
			return
		}
	}
}

// quietly runs ticks and drops their events.
func (r *rig) quietly(n int) {
	var ev event.Event
	for range n {
		r.now++
		for _, w := range r.engine.workers {
			w.Step(r.now)
		}
		for r.engine.events.Pop(&ev) {
		}
	}
	var b TapBlock
	for _, t := range r.taps {
		for t.Read(over, &b) == nil {
		}
	}
}

// over is a context that has ended.
var over = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// tapAll taps every phone, both ways, twice.
func (r *rig) tapAll(ports ...*Port) error {
	for _, p := range ports {
		for _, rate := range []int{8000, 16000} {
			t, err := p.Tap(TapConfig{In: true, Out: true, SampleRate: rate})
			if err != nil {
				return err
			}
			r.taps = append(r.taps, t)
		}
	}
	return nil
}

// injectAll injects silence into ports, at several rates.
func (r *rig) injectAll(ports ...*Port) error {
	for _, p := range ports {
		for _, rate := range []int{8000, 16000} {
			x, err := p.Inject(InjectConfig{In: true, Out: true, SampleRate: rate})
			if err != nil {
				return err
			}
			r.injections = append(r.injections, x)
		}
	}
	return nil
}

// A worker's tick allocates nothing, whatever it does.
func TestTickAllocatesNothing(t *testing.T) {
	mu, wide, op := formatOf(g711.MuLaw()), formatOf(g722.Codec()), formatOf(opus.Codec())
	long := mu
	long.Ptime = 60 * time.Millisecond
	short, joined := op, op
	short.Ptime, joined.Ptime = 10*time.Millisecond, 60*time.Millisecond
	// silent has everyone told of silence, one way or the other.
	silent := func(_ *rig, p []*phone) error {
		var errs []error
		for _, ph := range p {
			m := mediaOf(ph.format)
			m.Noise, m.Encoder.DTX = true, true
			errs = append(errs, ph.port.SetMedia(m))
		}
		return errors.Join(errs...)
	}
	room := func(r *rig, phones []*phone) error {
		room := r.room(RoomConfig{})
		for _, ph := range phones {
			if err := ph.port.Join(room, JoinOptions{}); err != nil {
				return err
			}
		}
		return nil
	}
	pair := func(r *rig, phones []*phone) error { r.pair(phones[0], phones[1]); return nil }
	for _, tt := range []struct {
		name    string
		formats []media.Format
		always  bool
		put     func(r *rig, phones []*phone) error
	}{
		{"room of three rates", []media.Format{mu, formatOf(g711.ALaw()), wide, op, op, long, mu}, false, room},
		{"everyone talks", []media.Format{mu, mu, wide, op, op}, true, room},
		{"whispers and gains", []media.Format{mu, wide, op, mu, wide, op}, false, func(r *rig, p []*phone) error {
			rm := r.meet(p...)
			return errors.Join(
				p[0].port.SetHeardBy(Only(p[1].port)), p[2].port.SetHears(Only(p[3].port)), p[4].port.SetHeardBy(Except(p[0].port)),
				p[5].port.SetVolume(6), p[3].port.SetGain(-6),
				rm.Play(mustClip(r.t, 8000, tone(1000, 6000, 8000, 0, 1234)), PlayOptions{Loop: true, To: Except(p[3].port)}))
		}},
		{"relay", []media.Format{mu, mu}, true, pair},
		{"relay of opus", []media.Format{op, op}, true, pair},
		{"transcoding", []media.Format{mu, op}, false, pair},
		{"Opus in short and long packets", []media.Format{short, joined, mu, op}, false, room},
		{"silence in a room", []media.Format{short, joined, mu, op, wide, long}, false, func(r *rig, p []*phone) error {
			return errors.Join(silent(r, p), room(r, p))
		}},
		{"silence in a pair", []media.Format{mu, joined}, false, func(r *rig, p []*phone) error {
			return errors.Join(silent(r, p), pair(r, p))
		}},
		{"relay from SRTP to SRTP", []media.Format{mu, mu}, true, func(r *rig, p []*phone) error {
			p[0].protect(newKeys(r.t, srtp.AESCM80))
			p[1].protect(newKeys(r.t, srtp.GCM128))
			return pair(r, p)
		}},
		{"room with SRTP", []media.Format{mu, op, wide}, true, func(r *rig, p []*phone) error {
			for i, ph := range p {
				ph.protect(newKeys(r.t, allSuites[i]))
			}
			return room(r, p)
		}},
		{"new keys", []media.Format{mu, mu}, true, func(r *rig, p []*phone) error {
			for range 3 { // those before are tried, too
				for _, ph := range p {
					ph.protect(newKeys(r.t, srtp.GCM256))
					r.quietly(1)
				}
			}
			return pair(r, p)
		}},
		{"forgeries", []media.Format{mu, mu}, true, func(r *rig, p []*phone) error {
			for _, ph := range p {
				ph.protect(newKeys(r.t, srtp.AESCM32))
				ph.keys = newKeys(r.t, srtp.AESCM32)
			}
			return pair(r, p)
		}},
		{"echo", []media.Format{wide}, true, func(_ *rig, p []*phone) error { p[0].port.Echo(); return nil }},
		{"idle", []media.Format{mu, op}, true, func(*rig, []*phone) error { return nil }},
		{"tapped room", []media.Format{mu, wide, op, op, mu}, false, func(r *rig, phones []*phone) error {
			rm := r.meet(phones...)
			t, err := rm.Tap(TapConfig{SampleRate: 48000})
			if err != nil {
				return err
			}
			r.taps = append(r.taps, t)
			return r.tapAll(phones[0].port, phones[1].port, phones[2].port)
		}},
		{"injected room", []media.Format{mu, wide, op, op, mu}, false, func(r *rig, p []*phone) error {
			r.meet(p...)
			return errors.Join(r.injectAll(p[0].port, p[1].port, p[2].port), r.tapAll(p[1].port))
		}},
		{"injected pair", []media.Format{op, mu}, false, func(r *rig, p []*phone) error {
			r.pair(p[0], p[1])
			return errors.Join(r.injectAll(p[0].port), r.tapAll(p[0].port))
		}},
		{"injected and idle", []media.Format{wide}, true, func(r *rig, p []*phone) error { return r.injectAll(p[0].port) }},
		{"tapped relay", []media.Format{op, op}, true, func(r *rig, phones []*phone) error {
			r.pair(phones[0], phones[1])
			return r.tapAll(phones[0].port, phones[1].port)
		}},
		{"tapped and idle", []media.Format{wide}, true, func(r *rig, p []*phone) error { return r.tapAll(p[0].port) }},
		{"playback", []media.Format{mu, wide, op}, true, func(r *rig, phones []*phone) error {
			clip := mustClip(r.t, 8000, tone(1000, 6000, 8000, 0, 1234))
			for _, ph := range phones {
				if err := ph.port.Play(clip, PlayOptions{Loop: true}); err != nil {
					return err
				}
			}
			return nil
		}},
		{"playback in a room", []media.Format{mu, wide, op}, true, func(r *rig, phones []*phone) error {
			clip := mustClip(r.t, 8000, tone(1000, 6000, 8000, 0, 1234))
			rm := r.room(RoomConfig{})
			for i, ph := range phones {
				if err := ph.port.Join(rm, JoinOptions{}); err != nil {
					return err
				}
				if i == 0 {
					if err := ph.port.Play(clip, PlayOptions{Loop: true}); err != nil {
						return err
					}
				}
			}
			return rm.Play(clip, PlayOptions{Loop: true})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, 1)
			var loops []*loop
			var phones []*phone
			for i, f := range tt.formats {
				lp, ph := r.newLoop(f, 300+150*float64(i), tt.always)
				loops, phones = append(loops, lp), append(phones, ph)
			}
			if err := tt.put(r, phones); err != nil {
				t.Fatal(err)
			}
			for i, lp := range loops {
				lp.keys = phones[i].keys
			}
			now, silence := time.Unix(1000, 0), make([]int16, 320)
			frame := func() {
				for i, lp := range loops {
					if lp.at%37 == i { // now and then one is lost
						lp.header.SequenceNumber++
					}
					lp.say(now)
				}
				for _, x := range r.injections {
					x.Offer(silence[:320])
				}
				r.quietly(pace.TicksPerFrame)
				now = now.Add(20 * time.Millisecond)
			}
			// AllocsPerRun rounds down, so 200 frames, twice the speech, are one run.
			// What is made lazily, or by the runtime beside us, is not made again.
			least := 1.0
			for try := 0; try < 10 && least > 0; try++ {
				least = testing.AllocsPerRun(1, func() {
					for range 200 {
						frame()
					}
				})
			}
			if least > 0 {
				t.Errorf("%v allocations in 200 frames", least)
			}
		})
	}
}
