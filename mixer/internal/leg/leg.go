package leg

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
	"github.com/skygenesisenterprise/skybridge/mixer/internal/doorbell"
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

// Where a leg is.
const (
	Nowhere place = iota // not started, closed, or failed
	Solo                 // in its worker's list
	InRoom
	InLink // in a pair, or echoing
)

// host is the room or pair that a leg is in.
type host interface {
	// Renew is told that what the leg sends or hears has changed.
	Renew()
	// Choose is told that it speaks otherwise than before.
	Choose(w *Bench)
}

// Config is what a leg is made with.
type Config struct {
	Name string // in errors
	SSRC uint32 // of what is sent; 0 means a random one
	// MediaTimeout and HoldTimeout are how long no RTP may come, Keepalive how long
	// none may be sent; 0 means for ever. ReportsAreLife counts RTCP too.
	MediaTimeout, HoldTimeout, Keepalive time.Duration
	ReportsAreLife                       bool
	MutedIsHeld                          bool          // for these times
	JitterCap                            time.Duration // of received audio that waits
	Keying                               Keying        // of packets on the socket; nil for none
}

// Leg is a port's media at its worker. Only that worker touches it, but for what is atomic;
// while the leg moves from one worker to another nobody does.
type Leg struct {
	Config Config
	Handle any    // of the control side, for events
	Holder any    // the worker's, which the leg is part of
	Number uint32 // nobody else has it

	Stats    Stats
	Reporter atomic.Pointer[reports.Reporter] // nil before there is one
	Waiting  atomic.Int32                     // digits to be sent

	Bench *Bench // nil while it moves
	Place place
	Host  host  // nil outside rooms and pairs
	Peer  *Leg  // who hears it in a pair, which is itself in an echo; nil for nobody
	Phase int64 // of the ticks, modulo pace.TicksPerFrame, at which its frames are made

	sock *rtp.Socket // one of the two
	ring *ring.Packets
	aim  aim

	guard *secure.Guard // nil as long as packets never were protected

	Media   *Media     // not changed once it is here
	Key     encode.Key // of what we send; no codec when PCM cannot be
	Rate    int        // sample rate of the conversation, Hz
	In      receiver
	out     numbering.Stream
	relay   numbering.Relay
	Ear     encode.Listener
	Mode    Mode // how it hears its peer in a pair
	digits  digits.Queue
	passing passing
	Clip    clip.Playback
	Video   *Passed  // nil where nothing is only passed on
	Taps    *tap.Set // and what is injected; nil while there is neither

	Held, InMuted, OutMuted bool
	quiet                   bool // the last packet sent was comfort noise
	dead                    bool // the transport failed
	Sends                   bool // packets may be sent
	loss                    int8 // percent, that the peer reports

	Playout playout.Playout
	Gain    Gain  // of what it says
	Volume  Gain  // of what it hears
	Wrong   uint8 // claims of its level that decoding did not bear out

	Source  int  // in a pair: sample rate that what it hears came from, Hz; 0 for any
	Heard   bool // in a pair: it was given its peer's voice in the last frame
	Fades   bool // in a pair: that voice ends in the next
	Faded   bool // in a pair: it has, and begins anew
	waits   int8 // in a pair: frames for which it does so, by the last packet relayed
	Rephase bool // in a pair: the next packet sets phase
	Broken  bool // failed, or about to
	Closed  bool

	keying     keying
	wakeKeying *doorbell.Call // nil without Config.Keying

	Control int   // packets of RTCP since the last housekeeping
	kept    int64 // tick of the last keepalive
}

// Init prepares a leg, which is nowhere. One of sock and packets is its transport. It
// runs on the control side.
func (l *Leg) Init(cfg Config, m *Media, sock *rtp.Socket, packets *ring.Packets) {
	l.Config, l.sock, l.ring, l.Media = cfg, sock, packets, m
	if cfg.Keying != nil {
		l.wakeKeying = &doorbell.Call{Answer: cfg.Keying.Wake}
	}
	l.Gain, l.Volume = newGain(), newGain()
	l.out = numbering.NewStream(cfg.SSRC)
	l.Rate = 8000
	l.Stats.SSRC.Store(l.out.SSRC)
	l.Stats.Level.Store(dsp.Silence)
	l.Playout.Init(cfg.JitterCap, func(h int32) { l.Bench.Memory.Release(h) })
}

// Ended reports whether the leg failed or was closed.
func (l *Leg) Ended() bool { return l.Closed || l.Broken }

// SetMedia begins to send and receive as negotiated.
func (l *Leg) SetMedia(w *Bench, m *Media) {
	same := slices.EqualFunc(l.Media.Receive, m.Receive, func(a, b media.Format) bool {
		return a.Codec == b.Codec && a.PayloadType == b.PayloadType
	}) && slices.Equal(l.Media.ReceiveEvents, m.ReceiveEvents)
	if !same || l.Media.AudioLevel != m.AudioLevel {
		l.Wrong = 0 // what it claims is looked at anew
	}
	l.In.away = l.In.away || len(l.Media.Receive) == 0
	was := l.Media.Send.Codec
	l.Media = m
	l.In.SetResends(l.PassedOnly())
	if !same {
		l.FlushDigits(w, true)
		l.Playout.SetFormats(m.Receive)
		l.In.setFormats(m)
	}
	l.In.Longest = 0 // measured anew
	l.renegotiateDigits(w)
	c := m.Send.Codec
	if l.Taps != nil && (!same || c != was) {
		l.Taps.SetFormats(m.Receive, m.Send)
	}
	l.Sends = c != nil && m.Direction.Sends()
	l.Key, l.Rate = encode.Key{}, 8000
	if c != nil {
		l.out.SetClock(c.ClockRate, w.Now.Tick)
	}
	switch {
	case c != nil && c.Transcodable():
		l.Key, l.Rate = l.encoding(), c.SampleRate
	default:
		for _, f := range m.Receive {
			if f.Codec.Transcodable() {
				l.Rate = f.Codec.SampleRate
				break
			}
		}
	}
	l.retune()
	l.Clip.SetRate(l.Rate)
	l.In.IdleSince, l.In.timedOut = w.Now.Tick, false // silence counts from now on
	l.Changed()
}

// Changed has the leg's room or pair look at it again.
func (l *Leg) Changed() {
	if l.Host != nil {
		l.Host.Renew()
	}
}

// Listens reports whether the leg hears what others hear in its room, as they do, and
// nothing of its own is to be done for it.
func (l *Leg) Listens() bool {
	return !l.Ended() && !l.dead && l.Ear.Shares && l.Ear.Own == nil && l.Taps == nil && !l.Clip.On() &&
		!l.digits.Busy() && !l.Held && !l.OutMuted && l.Volume.Plain()
}

// HeardByOthers reports whether what the leg says goes anywhere.
func (l *Leg) HeardByOthers() bool {
	return !l.InMuted && !l.Held && l.Media.Direction.Receives()
}

// SetMuted mutes what the leg says (in) and what it hears (out).
func (l *Leg) SetMuted(in, out bool) {
	l.InMuted, l.OutMuted = in, out
	l.Changed()
}

// SetHold takes the leg out of the conversation, or back into it.
func (l *Leg) SetHold(w *Bench, hold bool) {
	l.Held = hold
	l.In.IdleSince = w.Now.Tick
	l.Changed()
}

// End is what is left of the leg's work when it is out of its place for good.
func (l *Leg) End() {
	l.Closed = true
	l.Playout.Reset()
	l.EndTaps(nil)
	l.Playout.Close()
	l.Publish()
	l.quit()
}

// FailSoon ends the leg at the start of the next tick, when nobody iterates over
// it.
func (l *Leg) FailSoon(w *Bench, err error) {
	if l.Broken {
		return
	}
	l.Broken = true
	w.Failing = append(w.Failing, Failure{l, err})
}

// Tell publishes one of the port's events.
func (l *Leg) Tell(w *Bench, ev event.Event) {
	ev.Port = l.Handle
	w.Out.Tell(ev)
}

// Transcodes reports whether frames can be made for the leg.
func (l *Leg) Transcodes() bool { return l.Key.Codec != nil }

// Send sends what a stream made for this tick.
func (l *Leg) Send(w *Bench, s *encode.Stream) { l.SendPieces(w, s.Pieces()) }

// SendPieces sends the packets of this tick.
func (l *Leg) SendPieces(w *Bench, pieces []encode.Piece) {
	for i := range pieces {
		p := &pieces[i]
		ts := l.out.At(w.Now.Tick) + uint32(int(p.Start)*ticksPerUnit)*l.out.Unit()
		paused := l.out.Paused(w.Now.Tick)
		if !paused && !l.out.Follows(ts) {
			continue // units of others' time, before the leg came here
		}
		length := uint32(int(p.Units)*ticksPerUnit) * l.out.Unit()
		pt, marker := l.Media.Send.PayloadType, paused || l.quiet
		if l.quiet = p.Noise; p.Noise {
			pt, marker = cn.PayloadType, false
		}
		l.out.Fill(p.Packet, pt, marker, ts, length, &w.Now)
		l.transmit(w, p.Packet)
	}
}

const ticksPerUnit = int(encode.Unit / pace.Tick)

// Pack takes what the leg has buffered out of its worker's memory, for another's.
func (l *Leg) Pack(w *Bench, luggage *playout.Parcel) {
	l.Playout.Export(&w.Memory, luggage)
	if l.Taps != nil {
		l.Taps.Export(&w.Memory, luggage)
	}
	l.quit()
}

// Unpack puts what the leg has buffered into its worker's memory.
func (l *Leg) Unpack(w *Bench, luggage *playout.Parcel) {
	l.Enter(w)
	l.Playout.Import(&w.Memory, luggage)
	if l.Taps != nil {
		l.Taps.Import(&w.Memory, luggage)
	}
}
