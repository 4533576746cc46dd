package leg

import (
	"net/netip"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/cn"
	"github.com/skygenesisenterprise/skybridge/media/dtmf"
	"github.com/skygenesisenterprise/skybridge/media/jitter"
	"github.com/skygenesisenterprise/skybridge/media/reception"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/playout"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
)

const (
	// maxBatches bounds the packets taken from one leg at one time; what a flood
	// leaves behind, the kernel drops.
	maxBatches = 2
	// silentTicks without a packet make a stream silent: another SSRC may follow
	// at once.
	silentTicks = 12
)

// Meanings of a payload type, beyond the index of a format plus one.
const (
	meansNothing = 0
	meansEvent   = 0x80 // plus the index of the telephone-event type
)

// receiver is what a leg knows of what it receives.
type receiver struct {
	reception.Stream
	meaning [128]uint8
	events  []media.Events
	digits  []heardDigits // one for each of events
	pressed int64         // tick until which digits that were told fill the limit

	codec     *media.Codec  // of the last packet of audio
	Longest   time.Duration // packet of it that was to be relayed
	noise     bool          // comfort noise came
	eventTick int64         // of the last packet of telephone-event
	last      int64         // tick of the last valid packet
	lastWall  int64         // unix nanoseconds
	first     bool          // audio has come
	away      bool          // nothing could be received before what is now
	timedOut  bool
	IdleSince int64 // tick from which a timeout counts

	invalid, late uint64
}

// setFormats replaces the meanings of payload types.
func (r *receiver) setFormats(m *Media) {
	r.codec, r.Longest, r.noise = nil, 0, false
	r.meaning = [128]uint8{}
	for i, f := range m.Receive {
		r.meaning[f.PayloadType] = uint8(i + 1)
	}
	r.events, r.digits = m.ReceiveEvents, make([]heardDigits, len(m.ReceiveEvents))
	for i, ev := range m.ReceiveEvents {
		r.digits[i].Receiver = dtmf.NewReceiver(ev.ClockRate)
		r.meaning[ev.PayloadType] = meansEvent | uint8(i)
	}
}

// Drain takes every packet that waits for the leg.
func (l *Leg) Drain(w *Bench) {
	if l.dead {
		return
	}
	if l.ring != nil {
		for range maxBatches * w.Batch.Slots() {
			p, arrival, ok := l.ring.Peek()
			if !ok {
				return
			}
			l.Take(w, p, arrival, netip.AddrPort{})
			l.ring.Drop(p)
		}
		return
	}
	batches := maxBatches
	if l.PassedOnly() {
		batches = passedBatches
	}
	for range batches {
		n, err := l.sock.Recv(w.Batch)
		if err != nil {
			l.transportFailed(w, err)
			return
		}
		for i := range n {
			if w.Batch.Truncated(i) {
				l.reject(w)
				continue
			}
			from := netip.AddrPort{}
			if l.aim.wantsFrom(w.Now.Tick) || rtp.IsDTLS(w.Batch.Packet(i)) {
				from = w.Batch.From(i)
			}
			l.Take(w, w.Batch.Packet(i), w.Batch.Arrival(i), from)
		}
		if n < w.Batch.Slots() {
			return
		}
	}
}

// reject counts a packet that is not as negotiated.
func (l *Leg) reject(w *Bench) {
	l.In.invalid++
	w.Count.Dropped++
}

// Take is one packet's way in. Everything in it comes from the network: whatever
// is not as negotiated is counted and dropped. arrival is in unix nanoseconds, 0
// when the kernel did not say.
func (l *Leg) Take(w *Bench, p []byte, arrival int64, from netip.AddrPort) {
	h := &w.header
	if rtp.IsDTLS(p) {
		l.handKeying(w, p, from)
		return
	}
	if rtp.IsRTCP(p) {
		l.handReport(w, p, arrival, from)
		return
	}
	p, ok := l.open(w, p)
	if !ok {
		return
	}
	if rtp.Parse(p, h) != nil || len(h.Payload) == 0 || len(h.Payload) > playout.MaxPayload {
		l.reject(w)
		return
	}
	meaning := l.In.meaning[h.PayloadType]
	if meaning == meansNothing && (h.PayloadType != cn.PayloadType || l.PassedOnly()) {
		l.reject(w)
		return
	}
	if !l.admit(w, h, from) {
		return
	}
	ext, order := l.In.Place(h, w.Now.Tick-l.In.last > silentTicks)
	switch {
	case order == rtp.Suspect:
		l.reject(w)
		return
	case l.In.Begins(order) || l.In.away && order == rtp.Ahead: // what went elsewhere is not lost
		l.In.away = false
		l.restart(w, ext)
	}
	if l.In.Repeated(ext, order) {
		w.Count.Dropped++
		return
	}
	if arrival == 0 {
		arrival = w.Now.Wall
	}
	w.came = w.Now.Arrival(arrival)
	w.Count.In++
	l.In.Count(h, order, meaning&meansEvent == 0, arrival)
	l.In.last, l.In.lastWall = w.Now.Tick, arrival
	if l.In.timedOut {
		l.resumed(w)
	}
	w.packet = p[cap(p)-cap(h.Payload)-rtp.HeaderBytes:][:rtp.HeaderBytes+len(h.Payload)]
	switch {
	case meaning == meansNothing:
		l.takeNoise(w, ext, order)
	case meaning&meansEvent != 0:
		l.takeEvent(w, ext, order, int(meaning&^meansEvent))
	case l.PassedOnly():
		l.takePassed(w, ext, meaning-1)
	default:
		l.takeAudio(w, ext, meaning-1)
	}
}

// hole keeps the place of a packet without audio wherever packets wait to be played.
func (l *Leg) hole(ext uint32) {
	l.Playout.Hole(ext)
	if l.Taps != nil {
		l.Taps.Hole(tap.Said, ext)
	}
}

// restart follows another stream of the same peer, or the same from elsewhere.
func (l *Leg) restart(w *Bench, ext uint32) {
	l.In.Restart(ext)
	l.Playout.Reset()
	if l.Taps != nil {
		l.Taps.Reset(tap.Said)
	}
	if to := l.Peer; to != nil {
		to.StopRelay(w)
	}
	l.FlushDigits(w, true)
}

// resumed tells that packets come again.
func (l *Leg) resumed(w *Bench) {
	l.In.timedOut = false
	l.Tell(w, event.Event{Kind: event.MediaResumed})
}

// arrival is the packet in w.header, which holds length of audio, as a playout takes it.
func (w *Bench) arrival(ext uint32, format uint8, length time.Duration) playout.Arrival {
	return playout.Arrival{
		Sequence: ext, Timestamp: w.header.Timestamp, Format: format, Payload: w.header.Payload, Length: length,
		At: w.came, Claimed: playout.Unknown,
	}
}

// takeAudio puts a packet where the leg's listener wants it.
func (l *Leg) takeAudio(w *Bench, ext uint32, format uint8) {
	codec := l.Playout.Codec(format)
	if !l.In.first {
		l.In.first = true
		l.Tell(w, event.Event{Kind: event.FirstPacket})
	}
	if codec != l.In.codec {
		l.In.codec, l.In.Longest = codec, 0
		l.In.SetClock(codec.ClockRate)
		l.chooseAgain(w)
	}
	if l.Taps != nil {
		l.tapPacket(w, tap.Said, codec, ext, format)
	}
	if !l.Media.Direction.Receives() || l.passes(w, ext) || !l.Playout.On() {
		return
	}
	if !codec.Transcodable() {
		return
	}
	payload := w.header.Payload
	length := codec.PayloadDuration(payload)
	if length <= 0 || length > media.MaxPacketAudio {
		l.reject(w)
		l.Playout.Hole(ext)
		return
	}
	a := w.arrival(ext, format, length)
	a.Claimed = l.claimed(&w.header)
	switch l.Playout.Push(&w.Memory, &a) {
	case jitter.Late:
		l.In.late++
		l.In.Discard(ext)
		w.Count.Dropped++
	case jitter.Duplicate:
		l.In.Duplicates++
		w.Count.Dropped++
	case jitter.Kept:
	}
}

// LiesBelieved is how many frames that were not as claimed cost a sender its word.
const LiesBelieved = 10

// claimed is the level that the peer tells of a packet, while it is believed.
func (l *Leg) claimed(h *rtp.Header) uint8 {
	if id := l.Media.AudioLevel; id != 0 && l.Wrong < LiesBelieved {
		if level, _, ok := h.AudioLevel(id); ok {
			return level
		}
	}
	return playout.Unknown
}
