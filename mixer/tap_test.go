package mixer

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// listener reads a tap to its end, and checks that time goes on in it.
type listener struct {
	t           *Tap
	said, heard []int16
	missing     int
}

func (r *rig) tap(p *Port, cfg TapConfig) *listener {
	r.t.Helper()
	t, err := p.Tap(cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	return &listener{t: t}
}

// read takes what waits.
func (li *listener) read(r *rig) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var b TapBlock
	for {
		err := li.t.Read(ctx, &b)
		if errors.Is(err, context.Canceled) || errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			r.t.Fatal(err)
		}
		if want := max(len(li.said), len(li.heard)); b.Start != int64(want) {
			r.t.Fatalf("block at sample %d after %d", b.Start, want)
		}
		li.said, li.heard = append(li.said, b.Said...), append(li.heard, b.Heard...)
		if b.Missing {
			li.missing++
		}
	}
}

// tapped lets speakers speak for n frames while the taps are read.
func (r *rig) tapped(n int, taps []*listener, speakers ...*speaker) {
	r.t.Helper()
	for range n {
		r.frames(1, speakers...)
		for _, li := range taps {
			li.read(r)
		}
	}
}

// wantTone checks that the last half of a second, but for its last tenth, has a tone,
// and none of another.
func wantTone(t *testing.T, what string, pcm []int16, rate int, hz, not float64) {
	t.Helper()
	if len(pcm) < rate/2 {
		t.Errorf("%s: %d samples", what, len(pcm))
		return
	}
	pcm = pcm[len(pcm)-rate/2 : len(pcm)-rate/10]
	if hz > 0 {
		if v := level(pcm, rate, hz); v < -20 {
			t.Errorf("%s: %.0f Hz at %.1f dB", what, hz, v)
		}
	}
	if v := level(pcm, rate, not); v > -45 {
		t.Errorf("%s: %.0f Hz, which is not to be there, at %.1f dB", what, not, v)
	}
}

// A tap has what its port says and hears, at its own rate, wherever the port is.
func TestTap(t *testing.T) {
	mu, wide, op := formatOf(g711.MuLaw()), formatOf(g722.Codec()), formatOf(opus.Codec())
	for _, tt := range []struct {
		name        string
		a, b        media.Format
		put         func(r *rig, a, b *phone)
		said, heard float64 // of a, who says 500 Hz while b says 900
	}{
		{"idle", mu, mu, func(*rig, *phone, *phone) {}, 500, 0},
		{"echo", mu, mu, func(_ *rig, a, _ *phone) { a.port.Echo() }, 500, 500},
		{"relay", mu, mu, func(r *rig, a, b *phone) { r.pair(a, b) }, 500, 900},
		{"relay of opus", op, op, func(r *rig, a, b *phone) { r.pair(a, b) }, 500, 900},
		{"transcoding", mu, op, func(r *rig, a, b *phone) { r.pair(a, b) }, 500, 900},
		{"muted", mu, mu, func(r *rig, a, b *phone) { r.pair(a, b); a.port.SetMuted(true, false) }, 0, 900},
		{"deaf", mu, mu, func(r *rig, a, b *phone) { r.pair(a, b); a.port.SetMuted(false, true) }, 500, 0},
		{"room", wide, mu, func(r *rig, a, b *phone) { r.meet(a, b) }, 500, 900},
		{"listening in a room", wide, mu, func(r *rig, a, b *phone) {
			room := r.meet(b)
			if err := a.port.Join(room, JoinOptions{ListenOnly: true}); err != nil {
				r.t.Fatal(err)
			}
		}, 500, 900},
		{"playback", mu, mu, func(r *rig, a, b *phone) {
			r.pair(a, b)
			if err := a.port.Play(mustClip(r.t, 8000, tone(1300, 8000, 8000, 0, 8000)), PlayOptions{Loop: true}); err != nil {
				r.t.Fatal(err)
			}
		}, 500, 1300},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, 1)
			a, b := r.phoneWith("a", tt.a), r.phoneWith("b", tt.b)
			tt.put(r, a, b)
			both := r.tap(a.port, TapConfig{In: true, Out: true, SampleRate: 8000})
			said := r.tap(a.port, TapConfig{In: true, SampleRate: 16000})
			heard := r.tap(a.port, TapConfig{Out: true, SampleRate: 48000})
			taps := []*listener{both, said, heard}
			r.tapped(60, taps, &speaker{phone: a, hz: 500, peak: 8000}, &speaker{phone: b, hz: 900, peak: 8000})
			other := func(hz float64) float64 {
				if hz == 500 {
					return 900
				}
				return 500
			}
			wantTone(t, "said", both.said, 8000, tt.said, other(tt.said))
			wantTone(t, "heard", both.heard, 8000, tt.heard, other(tt.heard))
			wantTone(t, "said at 16 kHz", said.said, 16000, tt.said, other(tt.said))
			wantTone(t, "heard at 48 kHz", heard.heard, 48000, tt.heard, other(tt.heard))
			if len(said.heard)+len(heard.said) > 0 {
				t.Error("a tap has what it was not asked for")
			}
			for _, li := range taps {
				if s := li.t.Stats(); s.Lost != 0 || s.Written < 58 || s.Written > 60 {
					t.Errorf("%+v", s)
				}
				li.t.Close()
			}
			r.ticks(2)
			if err := both.t.Read(t.Context(), &TapBlock{}); !errors.Is(err, io.EOF) {
				t.Errorf("read of a closed tap: %v", err)
			}
			if a.port.leg.Taps != nil {
				t.Error("the port keeps memory for taps that are closed")
			}
		})
	}
}

// meet puts phones into a room.
func (r *rig) meet(phones ...*phone) *Room {
	r.t.Helper()
	room := r.room(RoomConfig{})
	for _, ph := range phones {
		if err := ph.port.Join(room, JoinOptions{}); err != nil {
			r.t.Fatal(err)
		}
	}
	return room
}

// A relay goes on, packet by packet, while taps come and go.
func TestTapLeavesARelayAlone(t *testing.T) {
	r := newRig(t, 1)
	a, b := r.phone("a", g711.MuLaw()), r.phone("b", g711.MuLaw())
	pair := r.pair(a, b)
	sa, sb := &speaker{phone: a, hz: 500, peak: 8000}, &speaker{phone: b, hz: 900, peak: 8000}
	r.frames(10, sa, sb)
	a.forget()
	b.forget()
	for range 5 {
		tap, err := a.port.Tap(TapConfig{In: true, Out: true, SampleRate: 8000})
		if err != nil {
			t.Fatal(err)
		}
		r.frames(7, sa, sb)
		if forth, back := pair.Modes(); forth != PairRelay || back != PairRelay {
			t.Fatalf("a tapped pair works as %v and %v", forth, back)
		}
		tap.Close()
		r.frames(4, sa, sb)
	}
	for _, ph := range []*phone{a, b} {
		ph.hear()
		ph.continuous()
		if len(ph.heard) != 55 {
			t.Errorf("%d packets of 55 came through", len(ph.heard))
		}
	}
}

// A tap stays with its port through rooms of two workers, a pair and hold, and keeps
// the time.
func TestTapFollowsItsPort(t *testing.T) {
	r := newRig(t, 2)
	a, b := r.phone("a", g711.MuLaw()), r.phone("b", g711.ALaw())
	sa, sb := &speaker{phone: a, hz: 500, peak: 8000}, &speaker{phone: b, hz: 900, peak: 8000}
	rooms := []*Room{r.room(RoomConfig{}), r.room(RoomConfig{})}
	if rooms[0].mix.Home == rooms[1].mix.Home {
		t.Fatal("both rooms are at one worker")
	}
	if err := b.port.Join(rooms[1], JoinOptions{}); err != nil {
		t.Fatal(err)
	}
	li := r.tap(a.port, TapConfig{In: true, Out: true, SampleRate: 8000})
	frames := 0
	go50 := func() {
		r.tapped(50, []*listener{li}, sa, sb)
		frames += 50
	}
	for i := range 6 {
		if err := a.port.Join(rooms[i%2], JoinOptions{}); err != nil {
			t.Fatal(err)
		}
		go50()
		wantTone(t, "said in a room", li.said, 8000, 500, 900)
		if i%2 == 1 {
			wantTone(t, "heard in a room", li.heard, 8000, 900, 500)
		}
	}
	r.pair(a, b)
	go50()
	wantTone(t, "said in a pair", li.said, 8000, 500, 900)
	wantTone(t, "heard in a pair", li.heard, 8000, 900, 500)
	a.port.Idle()
	go50()
	wantTone(t, "said when idle", li.said, 8000, 500, 900)
	if got := len(li.said) / 160; got < frames-2 || got > frames+1 {
		t.Errorf("%d frames in the time of %d", got, frames)
	}
	a.port.Close()
	r.ticks(2)
	li.read(r)
	if err := li.t.Read(t.Context(), &TapBlock{}); !errors.Is(err, io.EOF) {
		t.Errorf("read after the port: %v", err)
	}
}

// Another codec, another clock: the tap goes on.
func TestTapThroughRenegotiation(t *testing.T) {
	r := newRig(t, 1)
	a, b := r.phone("a", g711.MuLaw()), r.phone("b", g711.MuLaw())
	sa, sb := &speaker{phone: a, hz: 500, peak: 8000}, &speaker{phone: b, hz: 900, peak: 8000}
	r.pair(a, b)
	li := r.tap(a.port, TapConfig{In: true, Out: true, SampleRate: 16000})
	for _, c := range []*media.Codec{opus.Codec(), g722.Codec(), g711.ALaw()} {
		r.tapped(40, []*listener{li}, sa, sb)
		f := formatOf(c)
		a.hear()
		a.use(f)
		if err := a.port.SetMedia(mediaOf(f)); err != nil {
			t.Fatal(err)
		}
		r.tapped(40, []*listener{li}, sa, sb)
		wantTone(t, c.Name+" said", li.said, 16000, 500, 900)
		wantTone(t, c.Name+" heard", li.heard, 16000, 900, 500)
	}
}

// What a reader does not take in time is silence, and counted.
func TestTapOverflow(t *testing.T) {
	r := newRig(t, 1)
	a := r.phone("a", g711.MuLaw())
	sa := &speaker{phone: a, hz: 500, peak: 8000}
	li := r.tap(a.port, TapConfig{In: true, SampleRate: 8000, Buffer: 160 * time.Millisecond})
	r.frames(20, sa)
	r.tapped(10, []*listener{li}, sa)
	s := li.t.Stats()
	if s.Lost < 10 || li.missing != int(s.Lost) || len(li.said)/160 != int(s.Lost+s.Written) {
		t.Errorf("%+v; %d blocks, %d of them missing", s, len(li.said)/160, li.missing)
	}
}

// A room's tap has everybody, at any rate.
func TestRoomTap(t *testing.T) {
	r := newRig(t, 1)
	a, b := r.phone("a", g711.MuLaw()), r.phone("b", opus.Codec())
	room := r.meet(a, b)
	tap, err := room.Tap(TapConfig{SampleRate: 16000, Buffer: MaxTapBuffer})
	if err != nil {
		t.Fatal(err)
	}
	if err := room.Play(mustClip(t, 8000, tone(1300, 8000, 8000, 0, 8000)), PlayOptions{Loop: true}); err != nil {
		t.Fatal(err)
	}
	li := &listener{t: tap}
	r.tapped(60, []*listener{li}, &speaker{phone: a, hz: 500, peak: 6000}, &speaker{phone: b, hz: 900, peak: 6000})
	for _, hz := range []float64{500, 900, 1300} {
		wantTone(t, "the room", li.said, 16000, hz, 2100)
	}
	room.Close()
	r.ticks(2)
	li.read(r)
	if err := tap.Read(t.Context(), &TapBlock{}); !errors.Is(err, io.EOF) {
		t.Errorf("read after the room: %v", err)
	}
	if _, err := room.Tap(TapConfig{SampleRate: 16000}); fault.Of(err) != fault.Gone {
		t.Errorf("tap of a closed room: %v", err)
	}
}

func TestTapRefuses(t *testing.T) {
	r := newRig(t, 1)
	a := r.phone("a", g711.MuLaw())
	for name, cfg := range map[string]TapConfig{
		"nothing":  {SampleRate: 8000},
		"no rate":  {In: true},
		"odd rate": {In: true, SampleRate: 11025},
		"buffer":   {In: true, SampleRate: 8000, Buffer: MaxTapBuffer + 1},
	} {
		if _, err := a.port.Tap(cfg); fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := r.room(RoomConfig{}).Tap(TapConfig{In: true, SampleRate: 8000}); fault.Of(err) != fault.Invalid {
		t.Errorf("a direction in a room: %v", err)
	}
	a.port.Close()
	if _, err := a.port.Tap(TapConfig{In: true, SampleRate: 8000}); fault.Of(err) != fault.Gone {
		t.Errorf("a closed port: %v", err)
	}
}

// A reader that waits is woken, by audio and by the end, once for as much as it asked.
func TestTapWakesItsReader(t *testing.T) {
	r := newRig(t, 1)
	a := r.phone("a", g711.MuLaw())
	sa := &speaker{phone: a, hz: 500, peak: 8000}
	tap, err := a.port.Tap(TapConfig{In: true, SampleRate: 8000, Wake: 60 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	blocks := make(chan int64)
	go func() { // ends with the tap
		defer close(blocks)
		var b TapBlock
		for tap.Read(context.Background(), &b) == nil {
			blocks <- b.Start
		}
	}()
	for i := range int64(30) {
		r.frames(1, sa)
		if i%3 == 2 {
			for k := i - 2; k <= i; k++ {
				if at := <-blocks; at != k*160 {
					t.Fatalf("block %d begins at %d", k, at)
				}
			}
		}
	}
	r.ticks(int(pace.TicksPerFrame))
	tap.Close()
	r.ticks(1)
	last := 0
	for range blocks {
		last++
	}
	if last < 1 || last > 2 {
		t.Errorf("%d blocks after the end", last)
	}
}
