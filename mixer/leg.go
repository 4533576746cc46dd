package mixer

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/cn"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/clip"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/digits"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/encode"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/numbering"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/playout"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/reports"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/ring"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/secure"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
)

// place is where a leg is.
type place uint8

const (
	nowhere place = iota // not started, closed, or failed
	solo                 // in its worker's list
	inRoom
	inLink // in a pair, or echoing
)

// host is the room or pair that a leg is in.
type host interface {
	// renew is told that what the leg sends or hears has changed.
	renew()
	// choose is told that it speaks otherwise than before.
	choose(w *bench)
}

// legConfig is what a leg is made with.
type legConfig struct {
	name string // in errors
	ssrc uint32 // of what is sent; 0 means a random one
	// mediaTimeout and holdTimeout are how long no RTP may come, keepalive how long
	// none may be sent; 0 means for ever. reportsAreLife counts RTCP too.
	mediaTimeout, holdTimeout, keepalive time.Duration
	reportsAreLife                       bool
	jitterCap                            time.Duration // of received audio that waits
}

// leg is a port's media at its worker. Only that worker touches it, but for what is atomic;
// while the leg moves from one worker to another nobody does.
type leg struct {
	cfg    legConfig
	handle any    // of the control side, for events
	holder any    // the worker's, which the leg is part of
	number uint32 // nobody else has it

	stats    portStats
	reporter atomic.Pointer[reports.Reporter] // nil before there is one
	waiting  atomic.Int32                     // digits to be sent

	w     *bench // nil while it moves
	place place
	host  host  // nil outside rooms and pairs
	peer  *leg  // who hears it in a pair, which is itself in an echo; nil for nobody
	phase int64 // of the ticks, modulo pace.TicksPerFrame, at which its frames are made

	sock *rtp.Socket // one of the two
	ring *ring.Packets
	dead bool // the transport failed
	aim  aim

	guard *secure.Guard // nil as long as packets never were protected

	media   *Media     // not changed once it is here
	sends   bool       // packets may be sent
	key     encode.Key // of what we send; no codec when PCM cannot be
	rate    int        // sample rate of the conversation, Hz
	in      receiver
	out     numbering.Stream
	relay   numbering.Relay
	ear     encode.Listener
	mode    PairMode // how it hears its peer in a pair
	digits  digits.Queue
	passing passing
	clip    clip.Playback
	taps    *tap.Set // and what is injected; nil while there is neither

	held, inMuted, outMuted bool
	quiet                   bool // the last packet sent was comfort noise

	playout playout.Playout
	gain    gain  // of what it says
	volume  gain  // of what it hears
	wrong   uint8 // claims of its level that decoding did not bear out

	heard   bool // in a pair: it was given its peer's voice in the last frame
	fades   bool // in a pair: that voice ends in the next
	faded   bool // in a pair: it has, and begins anew
	rephase bool // in a pair: the next packet sets phase

	control int   // packets of RTCP since the last housekeeping
	loss    int8  // percent, that the peer reports
	kept    int64 // tick of the last keepalive

	broken bool // failed, or about to
	closed bool
}

// init prepares a leg, which is nowhere. One of sock and packets is its transport. It
// runs on the control side.
func (l *leg) init(cfg legConfig, m *Media, sock *rtp.Socket, packets *ring.Packets) {
	l.cfg, l.sock, l.ring, l.media = cfg, sock, packets, m
	l.gain, l.volume = newGain(), newGain()
	l.out = numbering.NewStream(cfg.ssrc)
	l.rate = 8000
	l.stats.ssrc.Store(l.out.SSRC)
	l.stats.level.Store(dsp.Silence)
	l.playout.Init(cfg.jitterCap, func(h int32) { l.w.memory.Release(h) })
}

// ended reports whether the leg failed or was closed.
func (l *leg) ended() bool { return l.closed || l.broken }

func (l *leg) setMedia(w *bench, m *Media) {
	same := slices.EqualFunc(l.media.Receive, m.Receive, func(a, b media.Format) bool {
		return a.Codec == b.Codec && a.PayloadType == b.PayloadType
	}) && slices.Equal(l.media.ReceiveEvents, m.ReceiveEvents)
	if !same || l.media.AudioLevel != m.AudioLevel {
		l.wrong = 0 // what it claims is looked at anew
	}
	was := l.media.Send.Codec
	l.media = m
	if !same {
		l.flushDigits(w, true)
		l.playout.SetFormats(m.Receive)
		l.in.setFormats(m)
	}
	l.in.longest = 0 // measured anew
	l.renegotiateDigits(w)
	c := m.Send.Codec
	if l.taps != nil && (!same || c != was) {
		l.taps.SetFormats(m.Receive, m.Send)
	}
	l.sends = c != nil && m.Direction.Sends()
	l.key, l.rate = encode.Key{}, 8000
	if c != nil {
		l.out.SetClock(c.ClockRate, w.now.Tick)
	}
	switch {
	case c != nil && c.Transcodable():
		l.key, l.rate = l.encoding(), c.SampleRate
	default:
		for _, f := range m.Receive {
			if f.Codec.Transcodable() {
				l.rate = f.Codec.SampleRate
				break
			}
		}
	}
	l.retune()
	l.clip.SetRate(l.rate)
	l.in.idleSince = w.now.Tick
	l.changed()
}

// changed has the leg's room or pair look at it again.
func (l *leg) changed() {
	if l.host != nil {
		l.host.renew()
	}
}

// heardByOthers reports whether what the leg says goes anywhere.
func (l *leg) heardByOthers() bool {
	return !l.inMuted && !l.held && l.media.Direction.Receives()
}

func (l *leg) setMuted(in, out bool) {
	l.inMuted, l.outMuted = in, out
	l.changed()
}

func (l *leg) setHold(w *bench, hold bool) {
	l.held = hold
	l.in.idleSince = w.now.Tick
	l.changed()
}

// end is what is left of the leg's work when it is out of its place for good.
func (l *leg) end() {
	l.closed = true
	l.playout.Reset()
	l.endTaps(nil)
	l.playout.Close()
	l.publish()
	l.w = nil
}

// failSoon ends the leg at the start of the next tick, when nobody iterates over
// it.
func (l *leg) failSoon(w *bench, err error) {
	if l.broken {
		return
	}
	l.broken = true
	w.failing = append(w.failing, failure{l, err})
}

// tell publishes one of the port's events.
func (l *leg) tell(w *bench, ev event.Event) {
	ev.Port = l.handle
	w.out.Tell(ev)
}

// transcodes reports whether frames can be made for the leg.
func (l *leg) transcodes() bool { return l.key.Codec != nil }

// send sends what a stream made for this tick.
func (l *leg) send(w *bench, s *encode.Stream) {
	pieces := s.Pieces()
	for i := range pieces {
		p := &pieces[i]
		ts := l.out.At(w.now.Tick) + uint32(int(p.Start)*ticksPerUnit)*l.out.Unit()
		paused := l.out.Paused(w.now.Tick)
		if !paused && !l.out.Follows(ts) {
			continue // units of others' time, before the leg came here
		}
		length := uint32(int(p.Units)*ticksPerUnit) * l.out.Unit()
		pt, marker := l.media.Send.PayloadType, paused || l.quiet
		if l.quiet = p.Noise; p.Noise {
			pt, marker = cn.PayloadType, false
		}
		l.out.Fill(p.Packet, pt, marker, ts, length, &w.now)
		l.transmit(w, p.Packet)
	}
}

const ticksPerUnit = int(encode.Unit / pace.Tick)

// pack takes what the leg has buffered out of its worker's memory, for another's.
func (l *leg) pack(w *bench, luggage *playout.Parcel) {
	l.playout.Export(&w.memory, luggage)
	if l.taps != nil {
		l.taps.Export(&w.memory, luggage)
	}
	l.w = nil
}

// unpack puts what the leg has buffered into its worker's memory.
func (l *leg) unpack(w *bench, luggage *playout.Parcel) {
	l.w = w
	l.playout.Import(&w.memory, luggage)
	if l.taps != nil {
		l.taps.Import(&w.memory, luggage)
	}
}
