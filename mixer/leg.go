package mixer

import (
	"fmt"
	"slices"
	"sync/atomic"

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

// leg is a port's state at its worker, which home tells. Only that worker touches it;
// while the leg moves from one worker to another nobody does.
type leg struct {
	port  *Port
	home  atomic.Pointer[home]
	w     *worker // nil while it moves
	place place
	at    int32 // index in the list of its place
	room  *mix
	link  *link
	loop  link  // for Echo
	phase int64 // of the ticks, modulo pace.TicksPerFrame, at which its frames are made

	sock *rtp.Socket // one of the two
	ring *Ring
	dead bool // the transport failed
	aim  aim

	guard *secure.Guard // nil as long as packets never were protected

	media    *Media     // not changed once it is here
	sends    bool       // packets may be sent
	key      encode.Key // of what we send; no codec when PCM cannot be
	rate     int        // sample rate of the conversation, Hz
	listened int        // what playout has of it, in a room
	in       receiver
	out      numbering.Stream
	relay    numbering.Relay
	ear      encode.Listener
	mode     PairMode // how it hears its peer in a link
	digits   digits.Queue
	passing  passing
	clip     clip.Playback
	taps     *tap.Set // and what is injected; nil while there is neither

	held, inMuted, outMuted, listenOnly bool
	quiet                               bool // the last packet sent was comfort noise

	playout playout.Playout
	luggage *playout.Parcel // what playout holds, while the leg moves alone
	gate    dsp.Activity
	weight  weight
	gain    gain          // of what it says
	volume  gain          // of what it hears
	routing               // in a room
	lately  hears         // in the last frame
	closing bool          // in a room: it is not to be heard any more, once it has faded
	level   uint8         // −dBov of the last frame
	loudest uint8         // since the last publication
	talking bool          // in the room's sum
	class   *encode.Class // in a room
	voice   []int16       // what it added to the sum of this frame; nil for nothing
	heard   bool          // in a link: it was given its peer's voice in the last frame
	fades   bool          // in a link: that voice ends in the next
	faded   bool          // in a link: it has, and begins anew
	rephase bool          // in a link: the next packet sets phase

	control int   // packets of RTCP since the last housekeeping
	loss    int8  // percent, that the peer reports
	kept    int64 // tick of the last keepalive

	broken bool // failed, or about to
	closed bool
}

// init prepares a leg for its first worker. It runs on the control side.
func (l *leg) init(p *Port, w *worker, sock *rtp.Socket, ring *Ring) {
	l.home.Store(&w.base)
	l.port, l.sock, l.ring, l.media = p, sock, ring, p.media
	l.gain, l.volume = newGain(), newGain()
	l.out = numbering.NewStream(p.cfg.SSRC)
	l.level, l.loudest, l.rate = dsp.Silence, dsp.Silence, 8000
	l.playout.Init(p.engine.cfg.JitterCap, func(h int32) { l.w.memory.Release(h) })
}

// arrive gives the leg, which is nowhere, to a worker.
func (l *leg) arrive(w *worker) {
	l.w = w
	l.in.idleSince = w.now.Tick
	w.adopted(1)
	if l.luggage != nil {
		l.unpack(w, l.luggage)
		l.luggage = nil
	}
}

// moveTo brings the leg, out of its place, to another worker, with what it has buffered
// in luggage. It returns where the command must be run again, or nil when the leg is
// there.
func (l *leg) moveTo(w, to *worker, luggage *playout.Parcel) *worker {
	if w == to {
		return nil
	}
	l.detach(w)
	if luggage == nil {
		luggage = new(playout.Parcel)
	}
	l.pack(w, luggage)
	l.luggage = luggage
	w.legs.Add(-1)
	l.w = nil
	l.home.Store(&to.base) // the last: from here on it is to's
	return to
}

// detach takes the leg out of its place. What it has buffered stays, for where it
// goes.
func (l *leg) detach(w *worker) {
	switch l.place {
	case solo:
		w.removeSolo(l)
	case inRoom:
		l.room.remove(w, l)
	case inLink:
		l.link.remove(w, l)
	case nowhere:
	}
	l.place = nowhere
	l.ear.DropOwn()
}

// settleSolo is for a leg that may be nowhere: nobody hears it, unless it echoes.
func (l *leg) settleSolo(w *worker) {
	if l.place != nowhere {
		return
	}
	l.playout.Listen(false, l.rate)
	if !l.ended() {
		w.addSolo(l)
		l.place = solo
	}
}

// ended reports whether the leg failed or was closed.
func (l *leg) ended() bool { return l.closed || l.broken }

func (l *leg) setMedia(w *worker, m *Media) *worker {
	same := slices.EqualFunc(l.media.Receive, m.Receive, func(a, b media.Format) bool {
		return a.Codec == b.Codec && a.PayloadType == b.PayloadType
	}) && slices.Equal(l.media.ReceiveEvents, m.ReceiveEvents)
	if !same || l.media.AudioLevel != m.AudioLevel {
		l.weight.wrong = 0 // what it claims is looked at anew
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
	l.changed(w)
	return nil
}

// changed works out again what follows from the leg's state.
func (l *leg) changed(w *worker) {
	switch l.place {
	case inRoom:
		l.room.changed = true
	case inLink:
		l.link.changed = true
	case solo, nowhere:
	}
}

// contributes reports whether a room hears the leg.
func (l *leg) contributes() bool {
	return l.heardByOthers() && !l.listenOnly && l.audible
}

// listen begins or ends that a room hears the leg. A voice that is heard fades out first.
func (l *leg) listen(w *worker) {
	on := l.contributes()
	l.closing = !on && l.weight.heard && l.playout.On() && l.listened == l.rate
	if !l.closing {
		l.playout.Listen(on, l.rate)
		l.listened = l.rate
	}
}

// heardByOthers reports whether what the leg says goes anywhere.
func (l *leg) heardByOthers() bool {
	return !l.inMuted && !l.held && l.media.Direction.Receives()
}

func (l *leg) setMuted(w *worker, in, out bool) *worker {
	l.inMuted, l.outMuted = in, out
	l.changed(w)
	return nil
}

func (l *leg) setHold(w *worker, hold bool) *worker {
	l.held = hold
	l.in.idleSince = w.now.Tick
	l.changed(w)
	return nil
}

func (l *leg) idle(w *worker) *worker {
	l.detach(w)
	l.settleSolo(w)
	return nil
}

func (l *leg) echo(w *worker) *worker {
	if l.ended() {
		return nil
	}
	l.detach(w)
	l.loop = link{ends: [2]*leg{l, l}}
	w.addLink(&l.loop)
	l.place, l.link = inLink, &l.loop
	l.loop.choose(w)
	return nil
}

func (l *leg) join(w *worker, r *Room, opts JoinOptions, luggage *playout.Parcel) *worker {
	if l.ended() {
		return nil
	}
	if l.place == inRoom && l.room == &r.mix {
		l.listenOnly = opts.ListenOnly
		l.enterRoute(opts)
		l.changed(w)
		return nil
	}
	if to := l.moveTo(w, r.home.at.Load(), luggage); to != nil {
		return to
	}
	r.mix.land(w)
	l.detach(w)
	l.listenOnly, l.inMuted = opts.ListenOnly, opts.Muted
	if !r.mix.add(w, l, opts) { // closed meanwhile
		l.settleSolo(w)
	}
	return nil
}

func (l *leg) connect(w *worker, p *Pair, luggage *playout.Parcel) *worker {
	if l.ended() {
		return nil
	}
	if to := l.moveTo(w, p.home.at.Load(), luggage); to != nil {
		return to
	}
	p.link.land(w)
	l.detach(w)
	if !p.link.add(w, l) {
		l.settleSolo(w)
	}
	return nil
}

// close ends the leg; the event goroutine closes the transport.
func (l *leg) close(w *worker) *worker {
	l.stopPlay(w)
	l.cancelDigits(w)
	l.flushDigits(w, false)
	l.detach(w)
	l.closed = true
	l.playout.Reset()
	l.endTaps(nil)
	l.playout.Close()
	l.publish()
	w.legs.Add(-1)
	l.w = nil
	w.out.Tell(event.Event{Kind: event.Closed, Port: l.port})
	return nil
}

// failSoon ends the leg at the start of the next tick, when nobody iterates over
// it.
func (l *leg) failSoon(w *worker, err error) {
	if l.broken {
		return
	}
	l.broken = true
	w.failing = append(w.failing, failure{l, err})
}

// fail takes the leg out of service. Only close is left to it.
func (l *leg) fail(w *worker, err error) {
	l.broken = true
	l.detach(w)
	l.endTaps(err)
	l.settleSolo(w)
	l.tell(w, event.Event{Kind: event.PortFailed, Err: fmt.Errorf("mixer: port %q: %w", l.port.cfg.Name, err)})
}

// tell publishes one of the port's events.
func (l *leg) tell(w *worker, ev event.Event) {
	ev.Port = l.port
	w.out.Tell(ev)
}

// transcodes reports whether frames can be made for the leg.
func (l *leg) transcodes() bool { return l.key.Codec != nil }

// send sends what a stream made for this tick.
func (l *leg) send(w *worker, s *encode.Stream) {
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
