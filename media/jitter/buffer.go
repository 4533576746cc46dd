// Package jitter turns packets that come when the network likes into a stream
// that is played when the listener needs it.
//
// A Buffer holds the packets of one stream (RFC 3550) by sequence number. It has
// no clock and no thread: its caller pushes what arrives and pops once per frame
// played, and those pops are the time it knows. It plays at once; when it runs
// dry the position waits, so that the delay grows to what the network needs, and
// when packets have lain longer than needed for a while the delay shrinks again.
//
// The package starts no goroutine and allocates nothing after its constructors.
package jitter

// Places is how many consecutive sequence numbers a Buffer can hold.
const Places = 64

// Packet is what a Buffer keeps of one packet. The caller keeps the payload and
// gives a Handle to it, not negative.
type Packet struct {
	// Sequence is the extended sequence number (rtp.Sequence).
	Sequence uint32
	// Samples is the length of the audio in units of the RTP clock. 0 marks a
	// packet without audio (telephone-event, comfort noise) that only takes its
	// place in the numbering; it needs no Handle.
	Samples uint32
	Handle  int32
}

// None is the Handle of a packet that has none.
const None int32 = -1

// Verdict is what became of a pushed packet.
type Verdict uint8

// The verdicts. After Kept the buffer owns the Handle, else the caller does.
const (
	Kept Verdict = iota
	// Late packets come after their place was played or given up.
	Late
	// Duplicate packets are there already.
	Duplicate
)

// Outcome is what Pop found.
type Outcome uint8

// The outcomes.
const (
	// Play gives a packet; its Handle is the caller's again.
	Play Outcome = iota
	// Lost means that the next packet did not come but later ones did: conceal
	// as much as a packet holds. Sequence and Samples say what is missing.
	Lost
	// Empty means that nothing is there. The position waits: conceal, and what
	// comes next is played later than it would have been.
	Empty
)

// Config sets a Buffer's limits, in units of the RTP clock.
type Config struct {
	// Cap is the most audio the buffer holds; more is thrown away from the front.
	Cap uint32
	// Window is how long packets must have lain longer than needed before the
	// delay shrinks.
	Window uint32
	// Frame is the length of audio played per Pop, and what a lost packet is taken
	// for before the first was seen.
	Frame uint32
}

// Defaults for a clock rate in Hz: 200 ms, 2 s, 20 ms.
func Defaults(clockRate int) Config {
	c := uint32(clockRate)
	return Config{Cap: c / 5, Window: 2 * c, Frame: c / 50}
}

const (
	// maxConceal is how many lost packets in a row are concealed before the
	// position jumps to what is there.
	maxConceal = 10
	// maxWindow is how far the window grows, in Windows, when shrinking proved to
	// be too bold.
	maxWindow = 16
	// shrinkPause is how many pops pass between two shrinks.
	shrinkPause = 5
	// maxWaited keeps sums of waited audio from overflowing.
	maxWaited = 1 << 24
	// lateReach is how many places late a packet may be to make the delay grow:
	// reordering, not a detour.
	lateReach = 4
)

type place struct {
	samples uint32
	handle  int32
	used    bool
}

// Buffer is one stream's packets. Use Init. It is used by one goroutine at a time.
type Buffer struct {
	cfg     Config
	release func(handle int32)

	places  [Places]place // by sequence number modulo Places
	next    uint32        // the sequence number to play
	played  uint64        // the places before next that were played, newest lowest
	used    int           // places in use
	queued  uint32        // audio held
	length  uint32        // of the newest packet with audio
	started bool

	waited uint32 // audio that Empty pops stood in for since the last Play
	lost   int    // Lost in a row
	hold   bool   // the next Pop waits although a packet is there

	adapt adaptation
}

// Init makes b empty. release is called with each Handle that will not be played.
func (b *Buffer) Init(cfg Config, release func(handle int32)) {
	*b = Buffer{cfg: cfg, release: release, length: cfg.Frame}
	b.adapt.reset(cfg)
}

// Reset releases everything and waits for a first packet, as after a change of
// stream. What was learnt about the network is kept.
func (b *Buffer) Reset() {
	b.Flush()
	b.started = false
}

// Configure sets other limits, as after a change of clock rate, and resets.
func (b *Buffer) Configure(cfg Config) {
	b.Reset()
	b.cfg, b.length = cfg, cfg.Frame
	b.adapt.reset(cfg)
}

// Flush releases everything but keeps the position.
func (b *Buffer) Flush() {
	for i := range b.places {
		b.drop(&b.places[i])
	}
	b.waited, b.lost, b.hold = 0, 0, false
	b.adapt.restart()
}

// Delay is how much audio is held, in units of the RTP clock.
func (b *Buffer) Delay() uint32 { return b.queued }

// Push takes a packet that arrived.
func (b *Buffer) Push(p Packet) Verdict {
	if !b.started {
		b.started, b.next, b.played = true, p.Sequence, 0
	}
	ahead := p.Sequence - b.next
	switch {
	case int32(ahead) < 0:
		return b.late(-ahead)
	case ahead >= Places:
		b.jump(ahead)
	}
	at := &b.places[p.Sequence%Places]
	if at.used {
		return Duplicate
	}
	*at = place{samples: p.Samples, handle: p.Handle, used: true}
	b.used++
	if p.Samples > 0 {
		b.queued += p.Samples
		b.length = p.Samples
	}
	b.trim()
	return Kept
}

// late answers for a packet before the position, by places. When its place was
// given up only just now, packets are reordered by more than the buffer holds:
// wait once.
func (b *Buffer) late(by uint32) Verdict {
	if by <= 64 && b.played>>(by-1)&1 == 1 {
		return Duplicate
	}
	if by <= lateReach && b.queued > 0 && b.adapt.mayHold() {
		b.hold = true
	}
	return Late
}

// jump makes room for a packet ahead places after the position, beyond the last.
func (b *Buffer) jump(ahead uint32) {
	if ahead >= 2*Places {
		b.Flush()
		b.advance(ahead)
		return
	}
	for range ahead - Places + 1 {
		b.drop(&b.places[b.next%Places])
		b.advance(1)
	}
}

// trim throws away the oldest audio when there is too much: down to half, so that
// one burst gives one break.
func (b *Buffer) trim() {
	if b.queued <= b.cfg.Cap {
		return
	}
	for b.queued > b.cfg.Cap/2 && b.used > 1 {
		b.drop(&b.places[b.next%Places])
		b.advance(1)
	}
	b.adapt.restart()
}

func (b *Buffer) drop(p *place) {
	if !p.used {
		return
	}
	if p.handle >= 0 {
		b.release(p.handle)
	}
	b.remove(p)
}

func (b *Buffer) remove(p *place) {
	b.queued -= p.samples
	b.used--
	*p = place{}
}

// Pop gives what is to be played next. It is called when a frame is needed and
// what was popped before is used up.
func (b *Buffer) Pop() (Packet, Outcome) {
	if b.hold {
		b.hold = false
		return b.empty()
	}
	for {
		gap := b.gap()
		switch {
		case b.used == 0:
			return b.empty()
		case gap == 0:
			p := b.take()
			b.adapt.popped(p.Samples, b.queued)
			return p, Play
		case gap*b.length <= b.waited:
			// The time spent waiting already stands for what is lost.
			b.waited -= gap * b.length
			b.advance(gap)
		case b.lost >= maxConceal:
			b.advance(gap)
		default:
			b.advance(b.waited/b.length + 1)
			b.waited = 0
			b.lost++
			b.adapt.popped(b.length, b.queued)
			return Packet{Sequence: b.next - 1, Samples: b.length, Handle: None}, Lost
		}
	}
}

func (b *Buffer) empty() (Packet, Outcome) {
	if b.started {
		b.waited = min(b.waited+b.cfg.Frame, maxWaited)
		b.adapt.starved(b.cfg.Frame)
	}
	return Packet{Samples: b.cfg.Frame, Handle: None}, Empty
}

// gap passes over packets without audio and gives the number of places from the
// position to the next packet there is; meaningless while used is 0.
func (b *Buffer) gap() uint32 {
	gap := uint32(0)
	for b.used > 0 {
		p := &b.places[(b.next+gap)%Places]
		switch {
		case !p.used:
			gap++
		case p.samples > 0 || gap > 0:
			return gap
		default:
			b.drop(p)
			b.advance(1)
		}
	}
	return gap
}

// advance moves the position over places that were not played.
func (b *Buffer) advance(n uint32) {
	b.next += n
	b.played <<= n
}

// Peek gives the packet at the position, which stays there: after a Lost, the one
// that follows what is lost. ok is false when it has not come.
func (b *Buffer) Peek() (p Packet, ok bool) {
	at := &b.places[b.next%Places]
	if !at.used || at.samples == 0 {
		return Packet{}, false
	}
	return Packet{Sequence: b.next, Samples: at.samples, Handle: at.handle}, true
}

// Upcoming gives the packet that the next Pop will Play, which stays there. ok is
// false when that Pop will find something lost, or nothing.
func (b *Buffer) Upcoming() (p Packet, ok bool) {
	next, waited := b.next, b.waited
	for left := b.used; left > 0 && !b.hold; { // as Pop goes, without its traces
		at := &b.places[next%Places]
		if at.used {
			if at.samples > 0 {
				return Packet{Sequence: next, Samples: at.samples, Handle: at.handle}, true
			}
			next++
			left--
			continue
		}
		gap := uint32(1)
		for !b.places[(next+gap)%Places].used {
			gap++
		}
		switch {
		case gap*b.length <= waited:
			waited -= gap * b.length
		case b.lost < maxConceal:
			return Packet{}, false
		}
		next += gap
	}
	return Packet{}, false
}

// take removes the packet at the position.
func (b *Buffer) take() Packet {
	at := &b.places[b.next%Places]
	p := Packet{Sequence: b.next, Samples: at.samples, Handle: at.handle}
	b.remove(at)
	b.next++
	b.played = b.played<<1 | 1
	b.waited, b.lost = 0, 0
	return p
}

// Surplus gives one more packet right after a Play when the delay should shrink:
// the caller plays both in the time of one. ok is false when there is none to
// spare.
func (b *Buffer) Surplus() (p Packet, ok bool) {
	spare := b.adapt.wantsLess()
	if spare == 0 || b.gap() > 0 || b.used == 0 || b.places[b.next%Places].samples > spare {
		return Packet{}, false
	}
	p = b.take()
	b.adapt.shrunk(p.Samples)
	return p, true
}
