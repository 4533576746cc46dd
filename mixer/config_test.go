package mixer

import (
	"log/slog"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
)

func TestConfigValidate(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Errorf("the default: %v", err)
	}
	for name, spoil := range map[string]func(*Config){
		"workers":  func(c *Config) { c.Workers = -1 },
		"priority": func(c *Config) { c.Priority = 100 },
		"slack":    func(c *Config) { c.Slack = -1 },
		"spare":    func(c *Config) { c.Spare = -2 },
		"budget":   func(c *Config) { c.Budget = 1 },
		"ports":    func(c *Config) { c.MaxPorts = 0 },
		"members":  func(c *Config) { c.MaxMembers = 1 << 20 },
		"jitter":   func(c *Config) { c.JitterCap = 10 * time.Millisecond },
		"io":       func(c *Config) { c.IO = "poll" },
		"events":   func(c *Config) { c.EventBacklog = 1 },
	} {
		c := Default()
		spoil(&c)
		if err := c.Validate(); fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := New(c, nil, slog.New(slog.DiscardHandler)); fault.Of(err) != fault.Invalid {
			t.Errorf("New with bad %s: %v", name, err)
		}
	}
	odd := *g711.MuLaw()
	odd.SampleRate = 44100
	if _, err := New(Default(), media.Codecs{&odd}, slog.New(slog.DiscardHandler)); fault.Of(err) != fault.Invalid {
		t.Errorf("a codec of 44100 Hz: %v", err)
	}
}

func TestMediaValidate(t *testing.T) {
	mu := formatOf(g711.MuLaw())
	odd := *g711.MuLaw()
	odd.SampleRate = 11025
	pt := func(f media.Format, pt uint8) media.Format { f.PayloadType = pt; return f }
	ptime := func(d time.Duration) media.Format { f := mu; f.Ptime = d; return f }
	event := func(pt uint8, rate int) []media.Events { return []media.Events{{PayloadType: pt, ClockRate: rate}} }
	for _, tt := range []struct {
		name string
		m    Media
		want bool
	}{
		{"nothing", Media{}, true},
		{"usual", mediaOf(mu), true},
		{"send type over 127", Media{Send: pt(mu, 128)}, false},
		{"receive type over 127", Media{Receive: []media.Format{pt(mu, 200)}}, false},
		{"one type twice", Media{Receive: []media.Format{mu, mu}}, false},
		{"no codec", Media{Receive: []media.Format{{PayloadType: 3}}}, false},
		{"event is audio too", Media{Receive: []media.Format{mu}, ReceiveEvents: event(0, 8000)}, false},
		{"event without clock", Media{ReceiveEvents: event(101, 0)}, false},
		{"too many events", Media{ReceiveEvents: make([]media.Events, 9)}, false},
		{"too many formats", Media{Receive: make([]media.Format, 99)}, false},
		{"ptime of 15 ms", Media{Send: ptime(15 * time.Millisecond)}, false},
		{"ptime of 80 ms", Media{Send: ptime(80 * time.Millisecond)}, false},
		{"sample rate", Media{Send: media.Format{Codec: &odd}}, false},
		{"sample rate received", Media{Receive: []media.Format{{Codec: &odd}}}, false},
	} {
		if err := tt.m.Validate(); (err == nil) != tt.want || err != nil && fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	// What is refused changes nothing.
	r := newRig(t, 1)
	a := r.phone("a", g711.MuLaw())
	if err := a.port.SetMedia(Media{Send: pt(mu, 128)}); err == nil {
		t.Error("accepted")
	}
	if a.port.Codec() != g711.MuLaw() || len(a.port.Media().Receive) != 1 {
		t.Errorf("the media changed to %+v", a.port.Media())
	}
}

// Media that the port's playback cannot follow are refused, and change nothing.
func TestRefusedMediaChangeNothing(t *testing.T) {
	r := newRig(t, 1)
	a := r.phone("a", g711.MuLaw())
	if err := a.port.SetMedia(Media{}); err != nil {
		t.Fatal(err)
	}
	if err := a.port.Play(mustClip(t, 191999, make([]int16, 1000)), PlayOptions{Loop: true}); err != nil {
		t.Fatal(err)
	}
	if err := a.port.SetMedia(mediaOf(a.format)); fault.Of(err) != fault.Invalid {
		t.Fatalf("a clip of 191999 Hz at 8000 Hz: %v", err)
	}
	if m := a.port.Media(); m.Send.Codec != nil || len(m.Receive) != 0 {
		t.Errorf("the media changed to %+v", m)
	}
}

// A codec that is only passed on can be relayed, but not mixed.
func TestPassedOnCodec(t *testing.T) {
	codec := media.Codec{Name: "G729", ClockRate: 8000, SampleRate: 8000, Channels: 1, PayloadType: 18, MaxFrameBytes: 20}
	r := newRig(t, 1)
	var ports []*Port
	var rings []*Ring
	pair, err := r.engine.NewPair()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		ring := NewRing()
		p, err := r.engine.NewPort(PortConfig{Transport: ring})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.SetMedia(mediaOf(formatOf(&codec))); err != nil {
			t.Fatal(err)
		}
		if err := p.Connect(pair); err != nil {
			t.Fatal(err)
		}
		ports, rings = append(ports, p), append(rings, ring)
	}
	r.tick()
	wantModes(t, pair, PairRelay, PairRelay)
	ph := &phone{rig: r, ring: rings[0], ssrc: 1}
	ph.send(18, false, 0, make([]byte, 20))
	r.tick()
	if _, ok := rings[1].TryNext(make([]byte, MaxPacketBytes)); !ok {
		t.Error("nothing came through")
	}
	ports[1].SetMuted(false, true)
	r.tick()
	wantModes(t, pair, PairIdle, PairRelay) // not even silence can be made
	if err := ports[0].Join(r.room(RoomConfig{}), JoinOptions{}); fault.Of(err) != fault.Unsupported {
		t.Errorf("join: %v", err)
	}
	if _, err := ports[0].Tap(TapConfig{In: true, SampleRate: 8000}); fault.Of(err) != fault.Unsupported {
		t.Errorf("tap: %v", err)
	}
	if err := ports[0].Play(mustClip(t, 8000, make([]int16, 800)), PlayOptions{}); err != nil {
		t.Fatal(err)
	}
	r.ticks(40)
	if ev := r.take(PlaybackDone); len(ev) != 1 {
		t.Errorf("a playback that cannot be heard does not end: %+v", ev)
	}
}

func TestNewPortRefusesOtherTransports(t *testing.T) {
	r := newRig(t, 1)
	if _, err := r.engine.NewPort(PortConfig{}); fault.Of(err) != fault.Unsupported {
		t.Errorf("without a transport: %v", err)
	}
	r.engine.cfg.MaxPorts = 1
	r.phone("a", g711.MuLaw())
	if _, err := r.engine.NewPort(PortConfig{Transport: NewRing()}); fault.Of(err) != fault.TooMany {
		t.Errorf("too many ports: %v", err)
	}
}
