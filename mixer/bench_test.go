package mixer

import (
	"fmt"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/media/mediatest"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// caller is a phone on a real socket that costs as little as it can.
type caller struct {
	sock   *rtp.Socket
	port   *Port
	frames [][]byte
	header rtp.Header
	step   uint32
	at     int
	levels bool // frames carry them
	keys   *keys
	sealed []byte
}

func (c *caller) say() error {
	p := c.frames[c.at%len(c.frames)]
	c.at++
	c.header.SequenceNumber++
	c.header.Timestamp += c.step
	c.header.Put(p)
	if c.levels {
		p[0] |= 0x10
	}
	if c.keys != nil {
		var err error
		if p, err = c.keys.send.Protect(c.sealed, p); err != nil {
			return err
		}
	}
	return c.sock.Send(p)
}

// field is a manual engine with callers on real sockets.
type field struct {
	*rig
	ports   *rtp.Ports
	callers []*caller
	batch   *rtp.Batch
}

// eachField is a benchmark with each IO.
func eachField(b *testing.B, name string, run func(*testing.B, *field)) {
	for _, io := range []IO{IOUring, IOEpoll} {
		b.Run(name+"/"+string(io), func(b *testing.B) { run(b, newField(b, io)) })
	}
}

func newField(b testing.TB, io IO) *field { return newFieldOf(b, 1, io) }

func newFieldOf(b testing.TB, workers int, io IO) *field {
	b.Helper()
	cfg := rtp.DefaultPortsConfig()
	cfg.Addresses, cfg.First, cfg.Last = []netip.Addr{netip.MustParseAddr("127.0.0.1")}, 0, 0
	ports, err := rtp.NewPorts(cfg)
	if err != nil {
		b.Fatal(err)
	}
	f := &field{rig: newRigBy(b, workers, io), ports: ports, batch: rtp.NewBatch(0, 0)}
	for _, w := range f.engine.workers {
		w.Budget.Init(f.engine.cfg.Budget, f.engine.clock.Now, pace.ThreadTime)
	}
	b.Cleanup(func() {
		for _, c := range f.callers {
			if err := c.sock.Close(); err != nil {
				b.Error(err)
			}
		}
	})
	return f
}

// call adds a caller; one that does not talk sends silence.
func (f *field) call(format media.Format, talks bool) *caller {
	f.t.Helper()
	return f.callWith(PortConfig{}, format, talks)
}

func (f *field) callWith(cfg PortConfig, format media.Format, talks bool) *caller {
	f.t.Helper()
	var socks [2]*rtp.Socket
	for i := range socks {
		s, err := f.ports.Open()
		if err != nil {
			f.t.Fatal(err)
		}
		socks[i] = s
	}
	c := &caller{sock: socks[0], step: uint32(format.Codec.ClockRate / 50)}
	c.header = rtp.Header{PayloadType: format.PayloadType, SSRC: uint32(len(f.callers) + 1)}
	enc, err := format.Codec.NewEncoder(media.EncoderConfig{})
	if err != nil {
		f.t.Fatal(err)
	}
	defer enc.Close()
	n := format.Codec.FrameSamples()
	for i := range 50 {
		peak := 8000.0
		if !talks {
			peak = 8
		}
		buf := make([]byte, rtp.HeaderBytes+format.Codec.MaxFrameBytes)
		k, err := enc.Encode(buf[rtp.HeaderBytes:], tone(300+float64(len(f.callers)%20)*40, peak, format.Codec.SampleRate, i*n, n))
		if err != nil {
			f.t.Fatal(err)
		}
		c.frames = append(c.frames, buf[:rtp.HeaderBytes+k])
	}
	cfg.Name, cfg.Transport = "bench", socks[1]
	if c.port, err = f.engine.NewPort(cfg); err != nil {
		f.t.Fatal(err)
	}
	if err := c.port.SetMedia(mediaOf(format)); err != nil {
		f.t.Fatal(err)
	}
	c.port.SetRemote(socks[0].LocalAddr(), false)
	if err := socks[0].Connect(socks[1].LocalAddr()); err != nil {
		f.t.Fatal(err)
	}
	f.callers = append(f.callers, c)
	return c
}

// measure runs frames of 20 ms and reports what the worker's part of them costs
// per participant, in processor time, system calls included.
func (f *field) measure(b *testing.B) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	w := f.engine.workers[0]
	w.OpenIO() // before the commands are run that bring the callers in
	defer w.CloseIO()
	frame := func() (cost int64) {
		for _, c := range f.callers {
			if err := c.say(); err != nil {
				b.Fatal(err)
			}
		}
		start := pace.ThreadTime()
		f.quietly(pace.TicksPerFrame)
		cost = pace.ThreadTime() - start
		for _, c := range f.callers {
			if _, err := c.sock.Recv(f.batch); err != nil {
				b.Fatal(err)
			}
		}
		return cost
	}
	for range 60 {
		frame()
	}
	b.ReportAllocs()
	b.ResetTimer()
	var cost, n int64
	for b.Loop() {
		cost += frame()
		n++
	}
	each := float64(cost) / float64(n) / float64(len(f.callers)) / 1e3
	b.ReportMetric(each, "µs/participant")
	b.ReportMetric(each*float64(len(f.callers))/20e3*100, "%core")
	if s := f.callers[0].port.Stats(); s.PacketsOut < uint64(n) {
		b.Errorf("%d packets came out of %d frames", s.PacketsOut, n)
	}
}

// tell has a caller tell its level in each packet.
func (f *field) tell(c *caller, format media.Format, level uint8) {
	f.t.Helper()
	c.levels = true
	for i, p := range c.frames {
		c.frames[i] = withLevel(p, level)
	}
	m := mediaOf(format)
	m.AudioLevel = levelExtension
	if err := c.port.SetMedia(m); err != nil {
		f.t.Fatal(err)
	}
}

func (f *field) seat(b testing.TB, callers []*caller) {
	b.Helper()
	room := f.room(RoomConfig{Name: "bench"})
	for _, c := range callers {
		if err := c.port.Join(room, JoinOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRoom(b *testing.B) {
	mu := formatOf(g711.MuLaw())
	for _, bb := range []struct{ rooms, members, talkers int }{
		{1, 40, 3}, {1, 40, 40}, {1, 500, 3}, {10, 10, 10},
	} {
		eachField(b, fmt.Sprintf("%dx%d_talking%d", bb.rooms, bb.members, bb.talkers), func(b *testing.B, f *field) {
			for range bb.rooms {
				first := len(f.callers)
				for i := range bb.members {
					f.call(mu, i < bb.talkers)
				}
				f.seat(b, f.callers[first:])
			}
			f.measure(b)
		})
	}
	for _, bb := range []struct {
		name    string
		members int
		levels  bool
	}{{"opus10_talking3", 10, false}, {"opus10_talking3_levels", 10, true}, {"opus100_talking3_levels", 100, true}} {
		levels := bb.levels
		eachField(b, bb.name, func(b *testing.B, f *field) {
			for i := range bb.members {
				c := f.call(formatOf(opus.Codec()), i < 3)
				switch {
				case levels && i < 3:
					f.tell(c, formatOf(opus.Codec()), 18)
				case levels:
					f.tell(c, formatOf(opus.Codec()), 75)
				}
			}
			f.seat(b, f.callers)
			f.measure(b)
		})
	}
}

// All ten talk, each other sentences, of whom three are heard: who it is changes all the time.
func BenchmarkRoomOfSpeakers(b *testing.B) {
	speech, err := dsp.ResampleClip(mediatest.Synthetic(b, "en-us"), mediatest.SpeechRate, 48000)
	if err != nil {
		b.Fatal(err)
	}
	eachField(b, "opus10", func(b *testing.B, f *field) {
		for i := range 10 {
			at := len(speech) / 10 * i
			f.speak(f.call(formatOf(opus.Codec()), true), append(speech[at:len(speech):len(speech)], speech[:at]...))
		}
		f.seat(b, f.callers)
		f.measure(b)
	})
}

// speak has a caller with Opus say speech at 48 kHz, and tell its level.
func (f *field) speak(c *caller, speech []int16) {
	f.t.Helper()
	enc, err := opus.Codec().NewEncoder(media.EncoderConfig{})
	if err != nil {
		f.t.Fatal(err)
	}
	defer enc.Close()
	f.tell(c, formatOf(opus.Codec()), 0)
	c.frames = nil
	n := opus.Codec().FrameSamples()
	for ; len(speech) >= n; speech = speech[n:] {
		buf := make([]byte, rtp.HeaderBytes+opus.Codec().MaxFrameBytes)
		k, err := enc.Encode(buf[rtp.HeaderBytes:], speech[:n])
		if err != nil {
			f.t.Fatal(err)
		}
		c.frames = append(c.frames, withLevel(buf[:rtp.HeaderBytes+k], dsp.LevelDBov(speech[:n])))
	}
}

func BenchmarkPair(b *testing.B) {
	mu, op := formatOf(g711.MuLaw()), formatOf(opus.Codec())
	for _, bb := range []struct {
		name   string
		x, y   media.Format
		tapped bool // one of each two, both ways
	}{{"relay", mu, mu, false}, {"relay_tapped", mu, mu, true}, {"opus_pcmu", op, mu, false}, {"opus_pcmu_tapped", op, mu, true}} {
		eachField(b, bb.name, func(b *testing.B, f *field) {
			for range 20 {
				x, y := f.call(bb.x, true), f.call(bb.y, true)
				p, err := f.engine.NewPair()
				if err != nil {
					b.Fatal(err)
				}
				for _, c := range []*caller{x, y} {
					if err := c.port.Connect(p); err != nil {
						b.Fatal(err)
					}
				}
				if !bb.tapped {
					continue
				}
				t, err := x.port.Tap(TapConfig{In: true, Out: true, SampleRate: 8000})
				if err != nil {
					b.Fatal(err)
				}
				f.taps = append(f.taps, t)
			}
			f.measure(b)
		})
	}
}

// BenchmarkMix is the worker's part without the kernel's: packets come and go
// through rings.
func BenchmarkMix(b *testing.B) {
	for _, bb := range []struct {
		name             string
		members, talkers int
	}{{"40_talking3", 40, 3}, {"10_talking10", 10, 10}} {
		b.Run(bb.name, func(b *testing.B) {
			r := newRig(b, 1)
			room := r.room(RoomConfig{})
			var loops []*loop
			for i := range bb.members {
				lp, ph := r.newLoop(formatOf(g711.MuLaw()), 300+40*float64(i%20), true)
				if i >= bb.talkers {
					lp.frames = silent(lp.frames)
				}
				if err := ph.port.Join(room, JoinOptions{}); err != nil {
					b.Fatal(err)
				}
				loops = append(loops, lp)
			}
			now := time.Unix(1000, 0)
			frame := func() time.Duration {
				for _, lp := range loops {
					lp.say(now)
				}
				start := time.Now()
				r.quietly(pace.TicksPerFrame)
				now = now.Add(media.FrameDuration)
				return time.Since(start)
			}
			for range 60 {
				frame()
			}
			b.ReportAllocs()
			b.ResetTimer()
			var cost, n time.Duration
			for b.Loop() {
				cost += frame()
				n++
			}
			b.ReportMetric(float64(cost)/float64(n)/float64(bb.members)/1e3, "µs/participant")
		})
	}
}

// silent makes µ-law silence of packets.
func silent(packets [][]byte) [][]byte {
	for _, p := range packets {
		for i := range p[rtp.HeaderBytes:] {
			p[rtp.HeaderBytes+i] = 0xff
		}
	}
	return packets
}
