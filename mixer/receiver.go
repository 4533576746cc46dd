package mixer

import (
	"net/netip"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/dtmf"
	"github.com/skygenesisenterprise/skybridge/media/jitter"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

const (
	maxReceive       = 16
	maxReceiveEvents = 4

	// maxBatches bounds the packets taken from one leg at one time; what a flood
	// leaves behind, the kernel drops.
	maxBatches = 2
	// silentTicks without a packet make a stream silent: another SSRC may follow
	// at once.
	silentTicks = 12
	// maxPacketAudio bounds the audio in one packet, RFC 6716's longest.
	maxPacketAudio = 120 * time.Millisecond
)

// Meanings of a payload type, beyond the index of a format plus one.
const (
	meansNothing = 0
	meansEvent   = 0x80 // plus the index of the telephone-event type
)

// receiver is what a leg knows of the stream it receives.
type receiver struct {
	meaning [128]uint8
	formats []inbound
	events  []media.Events
	digits  []*dtmf.Receiver // one for each of events
	source  jitter.Source
	seen    uint64 // the last 64 sequence numbers, the highest in bit 0

	codec      *media.Codec // of the last packet of audio
	eventTick  int64        // of the last packet of telephone-event
	last       int64        // tick of the last valid packet
	lastWall   int64        // unix nanoseconds
	first      bool         // audio has come
	timedOut   bool
	idleSince  int64  // tick from which a timeout counts
	transit    uint32 // RFC 3550 §6.4.1, in RTP clock units
	transitOK  bool
	jitter16   int64  // 16 times the jitter, in RTP clock units
	clockRate  int    // of the codec that arrives
	highest    uint32 // extended
	firstSeq   uint32 // extended, of this source
	fromSource uint64 // packets of this source

	packets, bytes      uint64
	invalid, duplicates uint64
	late                uint64
	lostBefore          int64 // of former sources
}

// inbound is one format that may arrive, and its decoder once one was needed.
type inbound struct {
	media.Format
	decoder media.Decoder
}

// setFormats replaces the meanings of payload types; decoders of codecs that stay
// are kept with their state.
func (r *receiver) setFormats(m Media) {
	old := r.formats
	r.meaning = [128]uint8{}
	r.formats = make([]inbound, len(m.Receive))
	for i, f := range m.Receive {
		r.formats[i].Format = f
		r.meaning[f.PayloadType] = uint8(i + 1)
		for j := range old {
			if old[j].Codec == f.Codec && old[j].decoder != nil {
				r.formats[i].decoder, old[j].decoder = old[j].decoder, nil
				break
			}
		}
	}
	closeDecoders(old)
	r.events, r.digits = m.ReceiveEvents, make([]*dtmf.Receiver, len(m.ReceiveEvents))
	for i, ev := range m.ReceiveEvents {
		r.digits[i] = dtmf.NewReceiver(ev.ClockRate)
		r.meaning[ev.PayloadType] = meansEvent | uint8(i)
	}
}

func closeDecoders(formats []inbound) {
	for i := range formats {
		if d := formats[i].decoder; d != nil {
			d.Close()
			formats[i].decoder = nil
		}
	}
}

// drain takes every packet that waits for the leg.
func (l *leg) drain(w *worker) {
	if l.dead {
		return
	}
	if l.ring != nil {
		for range maxBatches * w.batch.Slots() {
			p, arrival, ok := l.ring.in.peek()
			if !ok {
				return
			}
			l.take(w, p, arrival, netip.AddrPort{})
			l.ring.in.drop(p)
		}
		return
	}
	for range maxBatches {
		n, err := l.sock.Recv(w.batch)
		if err != nil {
			l.transportFailed(w, err)
			return
		}
		for i := range n {
			if w.batch.Truncated(i) {
				l.reject(w)
				continue
			}
			from := netip.AddrPort{}
			if l.aim.wantsFrom(w.tick) {
				from = w.batch.From(i)
			}
			l.take(w, w.batch.Packet(i), w.batch.Arrival(i), from)
		}
		if n < w.batch.Slots() {
			return
		}
	}
}

// reject counts a packet that is not as negotiated.
func (l *leg) reject(w *worker) {
	l.in.invalid++
	w.count.dropped++
}

// take is one packet's way in. Everything in it comes from the network: whatever
// is not as negotiated is counted and dropped.
func (l *leg) take(w *worker, p []byte, arrival int64, from netip.AddrPort) {
	h := &w.header
	if rtp.IsRTCP(p) {
		return
	}
	if rtp.Parse(p, h) != nil || len(h.Payload) == 0 || len(h.Payload) > slotBytes {
		l.reject(w)
		return
	}
	meaning := l.in.meaning[h.PayloadType]
	if meaning == meansNothing && h.PayloadType != comfortNoise {
		l.reject(w)
		return
	}
	if !l.admit(w, h, from) {
		return
	}
	ext, order := l.in.source.Update(h.SSRC, h.SequenceNumber, w.tick-l.in.last > silentTicks)
	switch {
	case order == rtp.Suspect:
		l.reject(w)
		return
	case order == rtp.Restart || l.in.fromSource == 0:
		l.restart(w, ext)
	}
	if l.in.repeated(ext, order) {
		l.in.duplicates++
		w.count.dropped++
		return
	}
	l.count(w, h, order != rtp.Behind, arrival)
	switch {
	case meaning == meansNothing:
		l.hole(ext)
		if l.place == inLink {
			if to := l.link.peer(l); to != nil {
				to.leaveOut(order)
			}
		}
	case meaning&meansEvent != 0:
		w.packet = p[cap(p)-cap(h.Payload)-rtp.HeaderBytes:][:rtp.HeaderBytes+len(h.Payload)]
		l.takeEvent(w, ext, order, int(meaning&^meansEvent))
	default:
		w.packet = p[cap(p)-cap(h.Payload)-rtp.HeaderBytes:][:rtp.HeaderBytes+len(h.Payload)]
		l.takeAudio(w, ext, meaning-1)
	}
}

// comfortNoise is the static payload type of RFC 3389. We make no noise of it,
// but its packets are no loss.
const comfortNoise = 13

// restart follows another stream of the same peer, or the same from elsewhere.
func (l *leg) restart(w *worker, ext uint32) {
	r := &l.in
	if r.fromSource > 0 {
		r.lostBefore += r.lost()
	}
	r.firstSeq, r.fromSource, r.seen = ext, 0, 0
	r.transitOK = false
	l.playout.reset()
	if l.place == inLink {
		if to := l.link.peer(l); to != nil {
			to.relay.stop(w, to)
		}
	}
	l.flushDigits(w, true)
}

// repeated tells a packet that came before. Numbers more than 63 back are taken
// for new; the jitter buffer calls them late.
func (r *receiver) repeated(ext uint32, order rtp.Order) bool {
	if order != rtp.Behind {
		if r.fromSource > 0 {
			r.seen <<= ext - r.highest
		}
		r.seen |= 1
		r.highest = ext
		return false
	}
	back := r.highest - ext
	if back > 63 {
		return false
	}
	bit := uint64(1) << back
	known := r.seen&bit != 0
	r.seen |= bit
	return known
}

// lost is RFC 3550 A.3's cumulative number for the present source.
func (r *receiver) lost() int64 {
	return int64(r.highest-r.firstSeq) + 1 - int64(r.fromSource)
}

// count takes a valid packet into the statistics. arrival is in unix nanoseconds.
func (l *leg) count(w *worker, h *rtp.Header, ahead bool, arrival int64) {
	r := &l.in
	if arrival == 0 {
		arrival = w.wall
	}
	r.fromSource++
	w.count.in++
	r.packets++
	r.bytes += uint64(len(h.Payload))
	r.last, r.lastWall = w.tick, arrival
	if r.timedOut {
		r.timedOut = false
		l.tell(w, Event{Kind: MediaResumed})
	}
	if !ahead || r.clockRate == 0 {
		return
	}
	// RFC 3550 A.8, with the arrival in units of the clock. Only differences
	// count, so the seconds are taken apart to stay within 64 bits.
	rate := int64(r.clockRate)
	clock := arrival/1e9*rate + arrival%1e9*rate/1e9
	transit := uint32(clock) - h.Timestamp
	if r.transitOK {
		d := int64(int32(transit - r.transit))
		if d < 0 {
			d = -d
		}
		if d < rate { // a second is a jump of the timestamps, not jitter
			r.jitter16 += d - (r.jitter16+8)>>4
		}
	}
	r.transit, r.transitOK = transit, true
}

// jitter is the interarrival jitter.
func (r *receiver) jitter() time.Duration {
	if r.clockRate == 0 {
		return 0
	}
	return time.Duration(r.jitter16>>4) * time.Second / time.Duration(r.clockRate)
}
