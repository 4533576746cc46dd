package mixer

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
)

// injector says a tone into a port, frame by frame.
type injector struct {
	x    *Injection
	rate int
	hz   float64
	at   int
}

func (r *rig) inject(p *Port, hz float64, cfg InjectConfig) *injector {
	r.t.Helper()
	x, err := p.Inject(cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	in := &injector{x: x, rate: cfg.SampleRate, hz: hz}
	in.say()
	in.say()
	return in
}

func (in *injector) say() {
	in.x.Offer(tone(in.hz, 4000, in.rate, in.at, in.rate/50))
	in.at += in.rate / 50
}

// injected lets speakers speak and injections say something for n frames.
func (r *rig) injected(n int, taps []*listener, in []*injector, speakers ...*speaker) {
	r.t.Helper()
	for range n {
		for _, x := range in {
			x.say()
		}
		r.tapped(1, taps, speakers...)
	}
}

// wantTones checks which of the tones that are said in these tests the end of pcm has.
func wantTones(t *testing.T, what string, pcm []int16, rate int, want ...float64) {
	t.Helper()
	if len(pcm) < rate/2 {
		t.Errorf("%s: %d samples", what, len(pcm))
		return
	}
	pcm = pcm[len(pcm)-rate/2 : len(pcm)-rate/10]
	for _, hz := range []float64{500, 900, 1300, 1700} {
		is := level(pcm, rate, hz)
		wanted := false
		for _, w := range want {
			wanted = wanted || w == hz
		}
		if wanted && is < -25 || !wanted && is > -45 {
			t.Errorf("%s: %.0f Hz at %.1f dB, wanted: %v", what, hz, is, wanted)
		}
	}
}

// What is injected is said, or heard, with what the port says and hears anyhow, wherever it is
// (500 Hz a, 900 Hz b, 1300 Hz into what a hears, 1700 Hz into what it says); a relay and a
// shared encoding come back when it ends.
func TestInject(t *testing.T) {
	mu, wide, op := formatOf(g711.MuLaw()), formatOf(g722.Codec()), formatOf(opus.Codec())
	deaf := mediaOf(mu)
	deaf.Direction = media.SendOnly
	for _, tt := range []struct {
		name        string
		a, b        media.Format
		put         func(r *rig, a, b *phone)
		hearA       []float64
		hearB       []float64
		after       []float64 // a hears, when it is over
		relaysAfter bool
	}{
		{"idle", mu, mu, func(*rig, *phone, *phone) {}, []float64{1300}, nil, nil, false},
		{"echo", mu, mu, func(_ *rig, a, _ *phone) { a.port.Echo() }, []float64{500, 1300, 1700}, nil, []float64{500}, true},
		{"relay", mu, mu, func(r *rig, a, b *phone) { r.pair(a, b) }, []float64{900, 1300}, []float64{500, 1700}, []float64{900}, true},
		{"relay of opus", op, op, func(r *rig, a, b *phone) { r.pair(a, b) }, []float64{900, 1300}, []float64{500, 1700}, []float64{900}, true},
		{"transcoding", wide, op, func(r *rig, a, b *phone) { r.pair(a, b) }, []float64{900, 1300}, []float64{500, 1700}, []float64{900}, false},
		{"muted", mu, mu, func(r *rig, a, b *phone) { r.pair(a, b); a.port.SetMuted(true, false) }, []float64{900, 1300}, []float64{}, []float64{900}, true},
		{"deaf", mu, mu, func(r *rig, a, b *phone) { r.pair(a, b); a.port.SetMuted(false, true) }, []float64{1300}, []float64{500, 1700}, []float64{}, false},
		{"hears nobody", mu, mu, func(r *rig, a, b *phone) {
			r.pair(a, b)
			must(r.t, b.port.SetMedia(deaf))
		}, []float64{1300}, []float64{500, 1700}, nil, false},
		{"alone in a pair", mu, mu, func(r *rig, a, b *phone) {
			r.pair(a, b)
			r.frames(5, &speaker{phone: b, hz: 900, peak: 8000})
			b.port.Idle()
		}, []float64{1300}, nil, nil, false},
		{"playback", mu, mu, func(r *rig, a, b *phone) {
			r.pair(a, b)
			must(r.t, a.port.Play(mustClip(r.t, 8000, make([]int16, 8000)), PlayOptions{Loop: true}))
		}, []float64{1300}, []float64{500, 1700}, []float64{}, false},
		{"room", wide, mu, func(r *rig, a, b *phone) { r.meet(a, b) }, []float64{900, 1300}, []float64{500, 1700}, []float64{900}, false},
		{"room of opus", op, mu, func(r *rig, a, b *phone) { r.meet(a, b) }, []float64{900, 1300}, []float64{500, 1700}, []float64{900}, false},
		{"muted in a room", mu, mu, func(r *rig, a, b *phone) { r.meet(a, b); a.port.SetMuted(true, true) }, []float64{1300}, []float64{}, []float64{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, 1)
			a, b := r.phoneWith("a", tt.a), r.phoneWith("b", tt.b)
			tt.put(r, a, b)
			sa, sb := &speaker{phone: a, hz: 500, peak: 4000}, &speaker{phone: b, hz: 900, peak: 4000}
			plain := r.tap(a.port, TapConfig{In: true, Out: true, SampleRate: 8000})
			r.tapped(20, []*listener{plain}, sa, sb)
			in := []*injector{
				r.inject(a.port, 1300, InjectConfig{Out: true, SampleRate: 8000}),
				r.inject(a.port, 1700, InjectConfig{In: true, SampleRate: 16000}),
			}
			r.injected(60, []*listener{plain}, in, sa, sb)
			ra, rb := tt.a.Codec.SampleRate, tt.b.Codec.SampleRate
			wantTones(t, "a hears", a.pcm, ra, tt.hearA...)
			if tt.hearB != nil {
				wantTones(t, "b hears", b.pcm, rb, tt.hearB...)
			}
			wantTones(t, "a tap has of what a hears", plain.heard, 8000, tt.hearA...)
			for i, x := range in {
				if s := x.x.Stats(); s.Refused != 0 || s.Dry > 1 || s.Played < 58 {
					t.Errorf("injection %d: %+v", i, s)
				}
				x.x.Close()
				x.x.Close()
			}
			a.forget()
			b.forget()
			r.tapped(50, []*listener{plain}, sa, sb)
			if tt.after != nil {
				wantTones(t, "a hears afterwards", a.pcm, ra, tt.after...)
			} else if len(a.pcm) > 0 {
				t.Error("a is still sent something")
			}
			a.continuous()
			b.continuous()
			if relays := a.port.leg.Mode == PairRelay; relays != tt.relaysAfter {
				t.Errorf("relays afterwards: %v", relays)
			}
			plain.t.Close()
			r.ticks(1)
			if a.port.leg.Taps != nil {
				t.Error("the port keeps memory for what is closed")
			}
			if err := in[0].x.Write(t.Context(), make([]int16, 80000)); !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("write after the end: %v", err)
			}
		})
	}
}

// A whisper is heard and not tapped, so that who spies and whispers does not hear itself.
func TestWhisperIsNotTapped(t *testing.T) {
	for name, put := range map[string]func(r *rig, a, b *phone){
		"pair": func(r *rig, a, b *phone) { r.pair(a, b) },
		"room": func(r *rig, a, b *phone) { r.meet(a, b) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, 1)
			a, b := r.phone("a", g711.MuLaw()), r.phone("b", g711.MuLaw())
			put(r, a, b)
			sa, sb := &speaker{phone: a, hz: 500, peak: 4000}, &speaker{phone: b, hz: 900, peak: 4000}
			li := r.tap(a.port, TapConfig{In: true, Out: true, SampleRate: 8000})
			in := []*injector{r.inject(a.port, 1300, InjectConfig{In: true, Out: true, SampleRate: 8000, Whisper: true})}
			r.injected(60, []*listener{li}, in, sa, sb)
			wantTones(t, "a hears", a.pcm, 8000, 900, 1300)
			wantTones(t, "b hears", b.pcm, 8000, 500, 1300)
			wantTones(t, "said", li.said, 8000, 500)
			wantTones(t, "heard", li.heard, 8000, 900)
		})
	}
}

// Who is silent, or sends nothing at all, is heard by what is injected to it.
func TestInjectIntoSilence(t *testing.T) {
	r := newRig(t, 1)
	a, b, c := r.phone("a", g711.MuLaw()), r.phone("b", g711.MuLaw()), r.phone("c", opus.Codec())
	room := r.meet(a, b, c)
	in := []*injector{r.inject(a.port, 1700, InjectConfig{In: true, SampleRate: 8000})}
	r.injected(60, nil, in, &speaker{phone: b, hz: 900, peak: 4000}, &speaker{phone: c, hz: 500})
	a.hear()
	wantTones(t, "a hears", a.pcm, 8000, 900)
	wantTones(t, "b hears", b.pcm, 8000, 1700)
	wantTones(t, "c hears", c.pcm, 48000, 900, 1700)
	for _, m := range room.Snapshot().Members {
		if m.Port == a.port && (!m.Talking || m.Level > 30) {
			t.Errorf("a is not seen to talk: %+v", m)
		}
	}
}

// A port takes its injections along, to a room of another worker too.
func TestInjectFollowsItsPort(t *testing.T) {
	r := newRig(t, 2)
	a, b := r.phone("a", g711.MuLaw()), r.phone("b", g711.ALaw())
	sa, sb := &speaker{phone: a, hz: 500, peak: 4000}, &speaker{phone: b, hz: 900, peak: 4000}
	rooms := []*Room{r.room(RoomConfig{}), r.room(RoomConfig{})}
	in := []*injector{
		r.inject(a.port, 1300, InjectConfig{Out: true, SampleRate: 48000}), r.inject(a.port, 1700, InjectConfig{In: true, SampleRate: 8000}),
	}
	for i := range 4 {
		for _, p := range []*Port{a.port, b.port} {
			must(t, p.Join(rooms[i%2], JoinOptions{}))
		}
		r.injected(40, nil, in, sa, sb)
		wantTones(t, "a hears", a.pcm, 8000, 900, 1300)
		wantTones(t, "b hears", b.pcm, 8000, 500, 1700)
		a.forget()
		b.forget()
	}
	r.moveRoom(rooms[1], (rooms[1].mix.Home.At.Load().Index+1)%2)
	r.injected(40, nil, in, sa, sb)
	wantTones(t, "a hears after the room has moved", a.pcm, 8000, 900, 1300)
	wantTones(t, "b hears after the room has moved", b.pcm, 8000, 500, 1700)
	a.continuous()
}

// The port's end is the end of what is injected to it; nothing impossible is taken.
func TestInjectEndsAndRefuses(t *testing.T) {
	r := newRig(t, 1)
	a := r.phone("a", g711.MuLaw())
	for name, cfg := range map[string]InjectConfig{
		"nothing":  {SampleRate: 8000},
		"no rate":  {In: true},
		"odd rate": {In: true, SampleRate: 11025},
		"buffer":   {In: true, SampleRate: 8000, Buffer: MaxTapBuffer + 1},
		"delay":    {In: true, SampleRate: 8000, Buffer: time.Second, Delay: time.Second},
	} {
		if _, err := a.port.Inject(cfg); fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	x, err := a.port.Inject(InjectConfig{Out: true, SampleRate: 8000})
	must(t, err)
	done := make(chan error)
	go func() { done <- x.Write(context.Background(), make([]int16, 80000)) }() // ends with the port, awaited below
	a.port.Close()
	r.ticks(2)
	if err := <-done; !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
	if _, err := a.port.Inject(InjectConfig{Out: true, SampleRate: 8000}); fault.Of(err) != fault.Gone {
		t.Error(err)
	}
	x.Close()
}

// counted is a codec that counts what is decoded.
func counted(c *media.Codec, n *atomic.Int64) *media.Codec {
	own := *c
	own.NewDecoder = func() (media.Decoder, error) {
		d, err := c.NewDecoder()
		return countedDecoder{d, n}, err
	}
	return &own
}

type countedDecoder struct {
	media.Decoder
	n *atomic.Int64
}

func (d countedDecoder) Decode(pcm []int16, payload []byte) (int, error) {
	d.n.Add(1)
	return d.Decoder.Decode(pcm, payload)
}

// Who is tapped is decoded once, whoever hears it; a relay, in which nobody else decodes, too.
func TestTapDecodesOnce(t *testing.T) {
	for name, put := range map[string]func(r *rig, a, b *phone){
		"room":        func(r *rig, a, b *phone) { r.meet(a, b) },
		"transcoding": func(r *rig, a, b *phone) { r.pair(a, b) },
		"idle":        func(*rig, *phone, *phone) {},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, 1)
			var n atomic.Int64
			a, b := r.phoneWith("a", formatOf(counted(opus.Codec(), &n))), r.phone("b", g711.MuLaw())
			put(r, a, b)
			sa, sb := &speaker{phone: a, hz: 500, peak: 8000}, &speaker{phone: b, hz: 900, peak: 8000}
			taps := []*listener{r.tap(a.port, TapConfig{In: true, SampleRate: 8000}), r.tap(a.port, TapConfig{In: true, SampleRate: 8000})}
			r.tapped(20, taps, sa, sb)
			n.Store(0)
			own := len(a.heard)
			r.tapped(100, taps, sa, sb)
			decoded := n.Load() - int64(len(a.heard)-own) // the phone decodes what it hears
			if decoded < 99 || decoded > 101 {
				t.Errorf("%d packets were decoded, of 100", decoded)
			}
			for _, li := range taps {
				wantTone(t, "said", li.said, 8000, 500, 900)
			}
		})
	}
}
