package forward

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/video/payload"
)

// Paused is the layer of a subscription that is sent nothing.
const Paused = -1

const (
	// frameEnd is how long the rest of a frame is waited for before another layer begins.
	frameEnd = 60 * time.Millisecond
	// holdOn is how long a layer that is too large yet goes on, with what needs no other
	// temporal layer, while the smaller one's key frame does not come.
	holdOn = time.Second
	// fresh is how old a key frame may be that a layer is begun with: more for one who sees
	// nothing yet, as it has nothing to lose by being late for a moment.
	fresh, freshFirst = 60 * time.Millisecond, 400 * time.Millisecond
	// freshPackets is how many packets may be sent at once with it.
	freshPackets = 96
)

// Stream is how a subscription's packets look to its receiver.
type Stream struct {
	SSRC        uint32
	PayloadType uint8
	// RTX is where packets are sent again (RFC 4588), if the receiver takes that; with 0 a key
	// frame is asked for instead.
	RTX            uint32
	RTXPayloadType uint8
	// MID is that of the media section, where the receiver takes the extension.
	MID string
	// Sequence and Timestamp are what the stream begins with, at random.
	Sequence  uint16
	Timestamp uint32
}

// Subscription is what one receiver is sent of a source.
type Subscription struct {
	src    *Source
	to     *Receiver
	stream Stream
	mid    []byte

	aim     int8 // layer that is to be sent
	cur     int8 // layer that is sent
	want    uint8
	allowed uint8 // temporal layers that are sent now
	aimed   time.Duration
	left    [MaxLayers]uint32 // where each layer was left

	places places
	frames frames
	clock  timeline
	wait   held
	catch  caught

	pictures pictures
	memory   memory
	stats    SubscriptionStats
	started  bool
	ended    bool // the last packet ended a frame
}

// held is a layer that waits for the end of a frame of another one.
type held struct {
	on    bool
	layer int8
	ext   uint32
	since time.Duration
}

// caught are packets of the history that are to be written.
type caught struct {
	on       bool
	from, to uint32
}

// SubscriptionStats counts what was sent.
type SubscriptionStats struct {
	Packets, Bytes uint64 // of payload; what was sent again is not among them
	Resent         uint64
	// Unsent is what was asked for again and is no longer there, Refused what the receiver's
	// budget had nothing left for.
	Unsent, Refused uint64
	// Switches counts begun layers, LeftOut packets of temporal layers that were left out.
	Switches, LeftOut uint64
	// Unasked is how often the receiver asked for a key frame beyond its share.
	Unasked uint64
	Padding uint64
}

// NewSubscription makes one, which is paused. It fails with fault.Invalid for a mid that no
// media section has.
func NewSubscription(src *Source, to *Receiver, stream Stream) (*Subscription, error) {
	if len(stream.MID) > maxMID {
		return nil, fault.New(fault.Invalid, "forward: a mid of %d characters", len(stream.MID))
	}
	b := &Subscription{src: src, to: to, stream: stream, mid: []byte(stream.MID), aim: Paused, cur: Paused}
	b.places.next, b.memory.number = stream.Sequence, stream.Sequence
	b.frames.close = src.cfg.Codec == payload.VP8
	return b, nil
}

// Stats is what was counted.
func (b *Subscription) Stats() SubscriptionStats { return b.stats }

// Aim chooses what is sent: a layer, of which temporal layers up to one, or Paused. Temporal
// layers above go, and so does everything with Paused, with the next frame; a layer changes
// as soon as the other one has a key frame, which is asked for.
func (b *Subscription) Aim(now time.Duration, layer, temporal int) {
	layer = min(max(layer, Paused), len(b.src.layers)-1)
	b.want = uint8(min(max(temporal, 0), MaxTemporal-1))
	if int8(layer) == b.aim {
		return
	}
	b.aim, b.aimed = int8(layer), now
	b.wait.on = false
	if layer == Paused || b.aim == b.cur {
		return
	}
	if _, ok := b.beginning(now); !ok { // else the next packet finds one that has just come
		b.src.ask(layer)
	}
}

// Aimed is the layer that Aim has chosen.
func (b *Subscription) Aimed() int { return int(b.aim) }

// Current is the layer that is sent now, or Paused.
func (b *Subscription) Current() int { return int(b.cur) }

// NeedPicture is called when the receiver asks for a key frame, by PLI or FIR. What it asks
// before the last one can have come to it is passed over, and so is what it asks more often than
// a receiver in trouble does: key frames cost all who watch.
func (b *Subscription) NeedPicture(now time.Duration) {
	if b.aim == Paused {
		return
	}
	if b.cur == b.aim {
		l := &b.src.layers[b.aim]
		if b.started && int32(l.key-b.places.first) >= 0 && now-l.keyAt < b.to.roundTrip+keyWindow/2 {
			return
		}
	}
	if !b.pictures.take(now) {
		b.stats.Unasked++
		return
	}
	b.src.ask(int(b.aim))
}

// Write takes a packet of the source and writes the one that goes to the receiver, if one
// does, to buf, which has room for MaxPacket bytes. It tells the length, 0 for none. More
// follows until that is 0.
func (b *Subscription) Write(now time.Duration, ref Ref, buf []byte) int {
	b.catch.on = false // the last packet's, which its caller did not want
	if b.cur != Paused && int32(b.src.layers[b.cur].begun-b.places.first) > 0 {
		b.stop() // the sender has begun again
	}
	if b.wait.on && (ref.layer == b.wait.layer && now-b.wait.since > frameEnd || b.ended) {
		if b.begin(b.wait.layer, b.wait.ext) {
			return b.More(now, buf)
		}
	}
	switch {
	case ref.layer == b.cur:
		return b.pass(now, ref.ext, buf)
	case ref.layer != b.aim || b.wait.on:
		return 0
	}
	ext, ok := b.beginning(now)
	switch {
	case !ok:
		b.src.ask(int(b.aim))
		return 0
	case b.cur != Paused && !b.ended:
		b.wait = held{on: true, layer: b.aim, ext: ext, since: now}
		return 0
	}
	b.begin(b.aim, ext)
	return b.More(now, buf)
}

// More writes what follows a Write, and tells the length; 0 is the end.
func (b *Subscription) More(now time.Duration, buf []byte) int {
	if b.wait.on && b.ended && !b.catch.on {
		b.begin(b.wait.layer, b.wait.ext)
	}
	for b.catch.on {
		ext := b.catch.from
		if int32(ext-b.catch.to) > 0 {
			b.catch.on = false
			break
		}
		b.catch.from++
		if n := b.pass(now, ext, buf); n > 0 {
			return n
		}
	}
	return 0
}

// beginning is where the layer that is aimed at can begin, with a key frame that has just
// come.
func (b *Subscription) beginning(now time.Duration) (uint32, bool) {
	l := &b.src.layers[b.aim]
	age := fresh
	if b.cur == Paused && !b.started {
		age = freshFirst
	}
	if l.key == 0 || int32(l.key-b.left[b.aim]) <= 0 || int32(l.key-l.begun) < 0 ||
		now-l.keyAt > age || l.newest-l.key > freshPackets {
		return 0, false
	}
	p, _, _ := l.history.find(l.key)
	return l.key, p != nil
}

// begin goes on with a layer, from a key frame in its history.
func (b *Subscription) begin(layer int8, ext uint32) bool {
	b.wait.on = false
	l := &b.src.layers[layer]
	p, _, _ := l.history.find(ext)
	if p == nil {
		b.src.ask(int(layer)) // it has waited for longer than is kept
		return false
	}
	b.leave()
	b.clock.begin(b.src, layer, p, b.stream.Timestamp)
	b.places.begin(layer, ext)
	b.frames.begin(&p.info)
	b.cur, b.allowed = layer, b.want
	b.catch = caught{on: true, from: ext, to: l.newest}
	b.started = true
	b.stats.Switches++
	return true
}

// leave takes note of how far the layer was sent. A frame whose end did not come leaves a hole.
func (b *Subscription) leave() {
	if b.cur == Paused {
		return
	}
	b.left[b.cur] = b.places.highest
	if !b.ended {
		b.places.next++
	}
}

// stop sends nothing until a key frame comes.
func (b *Subscription) stop() {
	b.leave()
	b.cur, b.ended, b.catch.on = Paused, true, false
}

// pass writes a packet of the layer that is sent.
func (b *Subscription) pass(now time.Duration, ext uint32, buf []byte) int {
	p, kept, body := b.src.layers[b.cur].history.find(ext)
	if p == nil {
		return 0
	}
	if int32(ext-b.places.highest) <= 0 {
		return b.passLate(now, p, kept, body, buf)
	}
	if len(body) == 0 { // padding of the sender's
		b.places.ahead(ext)
		b.places.leave(ext)
		return 0
	}
	f := &b.frames
	if f.n == 0 || p.timestamp != f.now.timestamp {
		if b.wait.on && f.n > 0 && b.begin(b.wait.layer, b.wait.ext) { // the frame that was waited for is over
			return b.More(now, buf)
		}
		if b.over(now) {
			b.stop()
			return 0
		}
		f.add(p.timestamp, &p.info, b.admits(p))
	}
	b.places.ahead(ext)
	if !f.now.passed {
		b.places.leave(ext)
		b.stats.LeftOut++
		return 0
	}
	b.clock.newest(b.cur, p)
	b.ended = p.marker
	return b.put(now, p, kept, body, b.places.pass(ext), &f.now, buf)
}

// over tells whether the layer that is sent is to end with the frame before this one.
func (b *Subscription) over(now time.Duration) bool {
	return b.aim == Paused || b.down() && now-b.aimed > holdOn
}

// down tells whether a smaller layer than the one that is sent is aimed at.
func (b *Subscription) down() bool {
	return b.aim != Paused && b.aim != b.cur && b.src.smaller(b.aim, b.cur)
}

// admits decides over a new frame, by its temporal layer. One that is added begins with a
// frame that needs none of those that were left out.
func (b *Subscription) admits(p *packet) bool {
	if !p.info.Layered {
		return true
	}
	want := b.want
	if b.down() {
		want = 0 // less is wanted: as little as is possible until the smaller layer begins
	}
	t := p.info.Temporal
	switch {
	case p.key || want < b.allowed:
		b.allowed = want
	case p.info.SwitchUp && t == b.allowed+1 && t <= want: // one at a time: those above have switches of their own
		b.allowed = t
	}
	passed := t <= b.allowed
	if passed && p.info.OpensUp {
		b.allowed = want
	}
	return passed
}

// passLate writes a packet that others have overtaken, if a number is kept for it: one of a
// frame that is left out becomes padding, so that the number is no loss.
func (b *Subscription) passLate(now time.Duration, p *packet, kept, body, buf []byte) int {
	out, ok := b.places.late(p.ext)
	if !ok {
		return 0
	}
	f := b.frames.find(p.timestamp)
	if f == nil && len(body) > 0 {
		f = b.frames.insert(p.timestamp, &p.info, !p.info.Layered || p.info.Temporal <= b.allowed)
	}
	if f == nil || !f.passed || len(body) == 0 {
		return b.putPadding(now, out, b.clock.map32(p.timestamp), 1, buf)
	}
	if p.marker && p.ext == b.places.highest {
		b.ended = true
	}
	return b.put(now, p, kept, body, out, f, buf)
}
