// Package jitter turns packets that come when the network likes into a stream
// that is played when the listener needs it.
//
// A Buffer holds the packets of one stream (RFC 3550) by sequence number. It has
// no clock and no thread: its caller tells when a packet came and when it pops, once
// per frame played. From the arrivals it learns how late packets come, to the
// millisecond, and aims for the delay that all but one in 200 come within. At first
// it plays at once. What is missing is waited for as long as it may yet come within
// that delay; what comes after its place was given up moves the aim at once.
//
// Where the delay is off its aim the caller stretches time: Short tells that the
// audio is to be made longer, Surplus gives one more packet to be played in the time
// of others. In silence the delay changes by itself, as nobody hears it.
//
// The package starts no goroutine and allocates nothing after its constructors.
package jitter

import "time"

// Places is how many consecutive sequence numbers a Buffer can hold.
const Places = 64

// Packet is what a Buffer keeps of one packet. The caller keeps the payload and
// gives a Handle to it, not negative.
type Packet struct {
	// Sequence is the extended sequence number (rtp.Sequence).
	Sequence uint32
	// Timestamp is RTP's. It is not looked at where Samples is 0.
	Timestamp uint32
	// Samples is the length of the audio in units of the RTP clock, at most MaxSamples.
	// 0 marks a packet without audio (telephone-event, comfort noise) that only takes
	// its place in the numbering; it needs no Handle.
	Samples uint32
	Handle  int32
}

// MaxSamples is the longest audio of a packet, in units of the RTP clock.
const MaxSamples = 1<<16 - 1

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
	// Lost means that the next packet did not come in time but later ones did: conceal
	// as much as a packet holds. Sequence and Samples say what is missing.
	Lost
	// Empty means that nothing is there, or that what is missing may still come. The
	// position waits: conceal, and what comes next is played later than it would have
	// been.
	Empty
)

// Config sets a Buffer's limits.
type Config struct {
	// ClockRate is the RTP clock, Hz.
	ClockRate int
	// Cap is the most audio the buffer holds, and aims to hold; more is thrown away
	// from the front. In units of the RTP clock.
	Cap uint32
	// Frame is the length of audio played per Pop, and what a lost packet is taken
	// for before the first was seen. In units of the RTP clock.
	Frame uint32
}

// Defaults for a clock rate in Hz: 300 ms, 20 ms.
func Defaults(clockRate int) Config {
	c := uint32(clockRate)
	return Config{ClockRate: clockRate, Cap: c * 3 / 10, Frame: c / 50}
}

const (
	// maxConceal is how many lost packets in a row are concealed before the
	// position jumps to what is there.
	maxConceal = 10
	// maxWaited keeps sums of waited audio from overflowing.
	maxWaited = 1 << 24
	// restMicros without audio are silence: what comes then is held until it has the
	// delay that is aimed for.
	restMicros = 60_000
)

type place struct {
	nominal uint32 // when it would have come without delay, µs; wraps
	handle  int32
	samples uint16
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
	due     uint32        // nominal time of the packet at the position, if it is missing
	started bool
	resting bool // nothing was heard for a while

	waited uint32 // audio that Empty pops stood in for since the last Play
	lost   int    // Lost in a row

	delays delays
	adapt  adaptation
}

// Init makes b empty. release is called with each Handle that will not be played.
func (b *Buffer) Init(cfg Config, release func(handle int32)) {
	*b = Buffer{cfg: cfg, release: release, length: cfg.Frame, resting: true}
	b.delays.reset(cfg.ClockRate)
	b.adapt.restart()
}

// Reset releases everything and waits for a first packet, as after a change of
// stream. What was learnt about the network is kept.
func (b *Buffer) Reset() {
	b.Flush()
	b.started, b.resting = false, true
	b.delays.lose()
}

// Configure sets other limits, as after a change of clock rate, and resets.
func (b *Buffer) Configure(cfg Config) {
	b.Reset()
	b.cfg, b.length = cfg, cfg.Frame
	b.delays.reset(cfg.ClockRate)
}

// Flush releases everything but keeps the position.
func (b *Buffer) Flush() {
	for i := range b.places {
		b.drop(&b.places[i])
	}
	b.waited, b.lost = 0, 0
	b.adapt.restart()
}

// Delay is how much audio is held, in units of the RTP clock.
func (b *Buffer) Delay() uint32 { return b.queued }

// Target is how long packets are to wait, against the earliest, before they are
// played.
func (b *Buffer) Target() time.Duration { return time.Duration(b.target()) * time.Microsecond }

// slackMicros is how far beyond the quantile the latest packets of late are aimed for, at
// most, and an eighth more: that little costs nobody anything where there is jitter, and a
// clock that drifts meets a packet later than any before it least often. Where there is
// none, one packet in a thousand that its sender was late with would cost every other one
// the delay: there it is twice what the quantile has beyond its least.
const slackMicros = 5_000

// target is Target in microseconds: what the network needs, as far as there is room.
func (b *Buffer) target() int64 {
	most := b.delays.micros(b.cfg.Cap) - b.delays.micros(b.cfg.Frame)
	need := b.delays.target()
	need = max(need, min(b.delays.recent()*9/8, need+min(2*b.delays.spread(), slackMicros)))
	return max(min(need, most), 0)
}

// Push takes a packet that arrived at a moment of the clock that Pop goes by.
func (b *Buffer) Push(p Packet, at time.Duration) Verdict {
	nominal := uint32(0)
	if p.Samples > 0 { // the delay of one that is late counts most of all
		n, moved := b.delays.observe(p.Timestamp, p.Samples, inMicros(at))
		if moved != 0 {
			b.move(uint32(moved))
		}
		nominal = uint32(n)
	}
	if !b.started {
		b.started, b.next, b.played, b.due = true, p.Sequence, 0, nominal
	}
	ahead := p.Sequence - b.next
	switch {
	case int32(ahead) < 0:
		return b.late(-ahead)
	case ahead >= Places:
		b.jump(ahead)
	}
	slot := &b.places[p.Sequence%Places]
	if slot.used {
		return Duplicate
	}
	*slot = place{nominal: nominal, samples: uint16(min(p.Samples, MaxSamples)), handle: p.Handle, used: true}
	b.used++
	if p.Samples > 0 {
		b.queued += uint32(slot.samples)
		b.length = uint32(slot.samples)
	}
	b.trim()
	return Kept
}

// move takes note that what counts as no delay is another now, by so many µs.
func (b *Buffer) move(by uint32) {
	for i := range b.places {
		b.places[i].nominal += by
	}
	b.due += by
}

// late answers for a packet before the position, by places.
func (b *Buffer) late(by uint32) Verdict {
	if by <= 64 && b.played>>(by-1)&1 == 1 {
		return Duplicate
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
	b.queued -= uint32(p.samples)
	b.used--
	*p = place{}
}

// advance moves the position over places that were not played.
func (b *Buffer) advance(n uint32) {
	b.next += n
	b.played <<= n
	b.due += n * uint32(b.delays.micros(b.length))
}
