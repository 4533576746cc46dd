package mixer

import (
	"encoding/binary"
	"log/slog"
	"math"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/room"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func testCodecs() media.Codecs {
	return media.Codecs{g711.MuLaw(), g711.ALaw(), g722.Codec(), opus.Codec()}
}

// What tests of rooms go by.
// patience ends a wait for what never comes, however slow the machine.
const patience = time.Minute

const (
	maxQueued   = room.MaxQueued
	auditFrames = room.AuditFrames
	auditAgreed = room.AuditAgreed
)

// rig is an engine without threads: a test drives its ticks.
type rig struct {
	t      testing.TB
	engine *Engine
	now    int64 // tick
	events []Event
	taps   []*Tap // that quietly reads

	injections []*Injection
}

func newRig(t testing.TB, workers int) *rig {
	t.Helper()
	return newRigBy(t, workers, IOEpoll)
}

// newRigBy is newRig with an IO, which runs once somebody calls OpenIO.
func newRigBy(t testing.TB, workers int, io IO) *rig {
	t.Helper()
	cfg := Default()
	cfg.Workers, cfg.IO = workers, io
	e, err := newEngine(cfg, testCodecs(), slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, engine: e, now: 1000}
	for _, w := range e.workers {
		// Processor time stands still: nothing is ever skipped.
		w.Budget.Init(cfg.Budget, func() int64 { return 0 }, func() int64 { return 0 })
		w.Wall = func() int64 { return r.now * int64(pace.Tick) }
	}
	t.Cleanup(func() {
		for p := range e.ports {
			p.Close()
		}
		r.ticks(4)
		if n := len(e.ports); n != 0 {
			t.Errorf("%d ports are left", n)
		}
		for _, w := range e.workers {
			if n := w.Legs.Load(); n != 0 {
				t.Errorf("worker %d has %d legs left", w.Index, n)
			}
			if all, used, _ := w.Memory.Slots(); used != 0 {
				t.Errorf("worker %d has %d of %d packet slots in use", w.Index, used, all)
			}
		}
	})
	return r
}

// tick runs one tick of every worker and delivers its events.
func (r *rig) tick() {
	r.now++
	for _, w := range r.engine.workers {
		w.Step(r.now)
	}
	var ev event.Event
	for r.engine.events.Pop(&ev) {
		r.events = append(r.events, public(&ev))
		r.engine.deliver(&ev)
	}
}

func (r *rig) ticks(n int) {
	for range n {
		r.tick()
	}
}

// kinds are the events so far of the given kinds, and forgets all.
func (r *rig) take(kinds ...EventKind) []Event {
	var out []Event
	for _, ev := range r.events {
		if slices.Contains(kinds, ev.Kind) {
			out = append(out, ev)
		}
	}
	r.events = nil
	return out
}

func (r *rig) room(cfg RoomConfig) *Room {
	r.t.Helper()
	room, err := r.engine.NewRoom(cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	return room
}

func (r *rig) pair(a, b *phone) *Pair {
	r.t.Helper()
	p, err := r.engine.NewPair()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, ph := range []*phone{a, b} {
		if err := ph.port.Connect(p); err != nil {
			r.t.Fatal(err)
		}
	}
	return p
}

// phone is the other end of a port: it sends RTP with a codec, and takes what it
// is sent apart.
type phone struct {
	rig    *rig
	port   *Port
	ring   *Ring
	format media.Format
	enc    media.Encoder
	dec    media.Decoder

	ssrc    uint32
	seq     uint16
	ts      uint32
	heard   []heardPacket
	pcm     []int16
	lastOut []byte
	keys    *keys // nil for RTP in the clear
}

type heardPacket struct {
	rtp.Header
	tick    int64
	payload []byte
}

const eventType = 101

func formatOf(c *media.Codec) media.Format {
	pt := c.PayloadType
	if pt == media.DynamicPT {
		pt = 111
	}
	return media.Format{Codec: c, PayloadType: pt}
}

func mediaOf(f media.Format) Media {
	ev := media.Events{PayloadType: eventType, ClockRate: f.Codec.ClockRate}
	return Media{Send: f, Receive: []media.Format{f}, SendEvents: ev, ReceiveEvents: []media.Events{ev}}
}

func (r *rig) phone(name string, c *media.Codec) *phone {
	r.t.Helper()
	return r.phoneWith(name, formatOf(c))
}

func (r *rig) phoneWith(name string, f media.Format) *phone {
	r.t.Helper()
	ph := &phone{rig: r, ring: NewRing(), ssrc: uint32(len(r.engine.ports) + 1), seq: 65530, ts: math.MaxUint32 - 1000}
	port, err := r.engine.NewPort(PortConfig{Name: name, Transport: ph.ring})
	if err != nil {
		r.t.Fatal(err)
	}
	ph.port = port
	ph.use(f)
	if err := port.SetMedia(mediaOf(f)); err != nil {
		r.t.Fatal(err)
	}
	return ph
}

// use changes the codec the phone speaks and hears.
func (ph *phone) use(f media.Format) {
	ph.rig.t.Helper()
	var err error
	ph.format = f
	if ph.enc, err = f.Codec.NewEncoder(media.EncoderConfig{}); err != nil {
		ph.rig.t.Fatal(err)
	}
	if ph.dec, err = f.Codec.NewDecoder(); err != nil {
		ph.rig.t.Fatal(err)
	}
	enc, dec := ph.enc, ph.dec
	ph.rig.t.Cleanup(func() { enc.Close(); dec.Close() })
}

// say sends one frame of PCM at the codec's rate; nil is silence.
func (ph *phone) say(pcm []int16) {
	ph.rig.t.Helper()
	c := ph.format.Codec
	if pcm == nil {
		pcm = make([]int16, c.FrameSamples())
	}
	buf := make([]byte, c.MaxFrameBytes)
	n, err := ph.enc.Encode(buf, pcm)
	if err != nil {
		ph.rig.t.Fatal(err)
	}
	ph.send(ph.format.PayloadType, false, ph.ts, buf[:n])
	ph.ts += uint32(c.ClockRate / 50)
}

// skip lets a frame be lost on the way.
func (ph *phone) skip() {
	ph.seq++
	ph.ts += uint32(ph.format.Codec.ClockRate / 50)
}

// send sends a payload with the next sequence number.
func (ph *phone) send(pt uint8, marker bool, ts uint32, payload []byte) {
	ph.rig.t.Helper()
	ph.put(pt, marker, ts, payload)
	ph.deliver(ph.lastOut)
}

// sendAt sends the next frame of audio, which arrives as for deliverAt.
func (ph *phone) sendAt(payload []byte, at time.Duration) {
	ph.rig.t.Helper()
	ph.put(ph.format.PayloadType, false, ph.ts, payload)
	ph.ts += uint32(ph.format.Codec.ClockRate / 50)
	ph.deliverAt(ph.lastOut, at)
}

// put makes lastOut of the next sequence number.
func (ph *phone) put(pt uint8, marker bool, ts uint32, payload []byte) {
	h := rtp.Header{PayloadType: pt, Marker: marker, SequenceNumber: ph.seq, Timestamp: ts, SSRC: ph.ssrc}
	ph.seq++
	ph.lastOut = append(make([]byte, rtp.HeaderBytes), payload...)
	h.Put(ph.lastOut)
}

// deliver lets a packet arrive just now, after the last tick.
func (ph *phone) deliver(p []byte) {
	ph.rig.t.Helper()
	ph.deliverAt(p, time.Duration(ph.rig.now)*pace.Tick)
}

// deliverAt lets a packet arrive at a moment between the last tick and the next, on the
// clock of the ticks.
func (ph *phone) deliverAt(p []byte, at time.Duration) {
	ph.rig.t.Helper()
	if ph.keys != nil {
		p = ph.keys.seal(ph.rig.t, p)
	}
	if err := ph.ring.Deliver(p, time.Unix(0, int64(at))); err != nil {
		ph.rig.t.Fatal(err)
	}
}

// hear takes what was sent to the phone since the last call.
func (ph *phone) hear() []heardPacket {
	ph.rig.t.Helper()
	first := len(ph.heard)
	buf := make([]byte, MaxPacketBytes)
	for {
		n, ok := ph.ring.TryNext(buf)
		if !ok {
			return ph.heard[first:]
		}
		p := slices.Clone(buf[:n])
		if ph.keys != nil {
			p = ph.keys.open(ph.rig.t, p)
		}
		h := heardPacket{tick: ph.rig.now}
		if err := rtp.Parse(p, &h.Header); err != nil {
			ph.rig.t.Fatal(err)
		}
		h.payload = h.Payload
		ph.heard = append(ph.heard, h)
		if h.PayloadType != ph.format.PayloadType {
			continue
		}
		pcm := make([]int16, 5760)
		k, err := ph.dec.Decode(pcm, h.payload)
		if err != nil {
			ph.rig.t.Fatal(err)
		}
		ph.pcm = append(ph.pcm, pcm[:k]...)
	}
}

// forget drops what the phone has heard.
func (ph *phone) forget() {
	ph.hear()
	ph.heard, ph.pcm = nil, nil
}

// continuous checks that what the phone heard is one RTP stream: one SSRC, no gap
// in the sequence numbers, timestamps that go on by what the packets hold.
func (ph *phone) continuous() {
	ph.rig.t.Helper()
	for i := 1; i < len(ph.heard); i++ {
		a, b := &ph.heard[i-1], &ph.heard[i]
		if a.SSRC != b.SSRC {
			ph.rig.t.Fatalf("packet %d: SSRC went from %x to %x", i, a.SSRC, b.SSRC)
		}
		if b.SequenceNumber != a.SequenceNumber+1 {
			ph.rig.t.Fatalf("packet %d: sequence went from %d to %d", i, a.SequenceNumber, b.SequenceNumber)
		}
		if int32(b.Timestamp-a.Timestamp) < 0 {
			ph.rig.t.Fatalf("packet %d: timestamp went back from %d to %d", i, a.Timestamp, b.Timestamp)
		}
	}
}

// tone is n samples of a sine from sample at on.
func tone(hz float64, peak float64, rate, at, n int) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(math.Round(peak * math.Sin(2*math.Pi*hz*float64(at+i)/float64(rate))))
	}
	return pcm
}

// level is the amplitude of a tone in pcm, in dB below full scale.
func level(pcm []int16, rate int, hz float64) float64 {
	var re, im, norm float64
	for i, v := range pcm {
		w := 0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/float64(len(pcm)))
		s, c := math.Sincos(2 * math.Pi * hz * float64(i) / float64(rate))
		re, im, norm = re+w*c*float64(v), im+w*s*float64(v), norm+w
	}
	return 20 * math.Log10(2*math.Hypot(re, im)/norm/32768+1e-12)
}

// speaker says a tone, frame by frame.
type speaker struct {
	*phone
	hz, peak float64
	at       int
}

func (s *speaker) frame() {
	c := s.format.Codec
	s.say(tone(s.hz, s.peak, c.SampleRate, s.at, c.FrameSamples()))
	s.at += c.FrameSamples()
}

// frames lets every speaker say n frames of 20 ms, and runs the ticks.
func (r *rig) frames(n int, speakers ...*speaker) {
	r.t.Helper()
	for range n {
		for _, s := range speakers {
			s.frame()
		}
		r.ticks(pace.TicksPerFrame)
		for _, s := range speakers {
			s.hear()
		}
	}
}

func eventPayload(code uint8, end bool, duration uint16) []byte {
	p := []byte{code, 10, 0, 0}
	if end {
		p[1] |= 0x80
	}
	binary.BigEndian.PutUint16(p[2:], duration)
	return p
}
