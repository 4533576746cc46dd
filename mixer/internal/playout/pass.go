package playout

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/media/jitter"
)

// keepPackets is how many packets that were played unheard are kept, at most.
const keepPackets = 8

// Unknown is the level of what only decoding tells.
const Unknown = 0xff

// Level is how loud a frame is.
type Level struct {
	// DBov is in −dBov: 0 loudest, dsp.Silence, or Unknown.
	DBov uint8
	// Claimed tells that only the sender says so (RFC 6464). Else it is what decoding
	// would give.
	Claimed bool
}

// Level tells how loud the frame of that moment is, without decoding it: that of the
// packet it begins with.
func (p *Playout) Level(m *Memory, now time.Duration) Level {
	if len(p.left) > 0 || p.over > 0 {
		return p.last
	}
	pkt, ok := p.buffer.Upcoming(now, p.passing)
	switch {
	case ok:
		return p.levelOf(m, pkt.Handle)
	case p.noise.on:
		return Level{DBov: p.noise.level}
	case p.passing:
		return Level{DBov: dsp.Silence} // nobody misses what is made up for one who is not heard
	}
	return Level{DBov: Unknown}
}

// levelOf is the level of a kept payload. What the payload itself tells comes
// before what its sender does.
func (p *Playout) levelOf(m *Memory, handle int32) Level {
	s := m.pool.slot(handle)
	if s.asked || int(s.format) >= len(p.formats) {
		return s.level
	}
	s.asked = true
	if f := p.formats[s.format].Codec.PayloadLevel; f != nil {
		payload, _ := m.pool.get(handle)
		if v, known := f(payload); known {
			s.level = Level{DBov: v}
		}
	}
	return s.level
}

// Voiceless reports that the packet the frame of that moment begins with tells, by itself,
// that there is no voice in it.
func (p *Playout) Voiceless(m *Memory, now time.Duration) bool {
	pkt, ok := p.buffer.Upcoming(now, p.passing)
	if !ok || len(p.left) > 0 || p.over > 0 {
		return false
	}
	payload, format := m.pool.get(pkt.Handle)
	if int(format) >= len(p.formats) {
		return false
	}
	tells := p.formats[format].Codec.Voiceless
	return tells != nil && tells(payload)
}

// Pass lets 20 ms go by undecoded, and reports whether all of it was there. The last packets are kept, so that a decoder can
// hear them before the frame that is heard again. As nobody hears it, this is where the
// delay becomes what it should be.
func (p *Playout) Pass(m *Memory, now time.Duration) (came bool) {
	p.passing, p.concealed, came = true, maxNoise, true
	p.excess, p.tries = 0, 0
	n := p.target / 50
	if have := min(n, len(p.left)); have > 0 {
		p.left = p.left[:copy(p.left, p.left[have:])]
		n -= have
	}
	if have := min(n, p.over); have > 0 {
		p.over -= have
		n -= have
	}
	for n > 0 {
		pkt, outcome := p.buffer.Pop(now, true)
		if outcome == jitter.Empty {
			return false
		}
		came = came && outcome == jitter.Play
		if outcome == jitter.Play {
			p.noise.heard(pkt.Sequence)
			p.last = p.levelOf(m, pkt.Handle)
			p.keep(m, pkt)
			if extra, ok := p.buffer.Surplus(now, true); ok {
				p.keep(m, extra)
			}
		}
		length := int(int64(pkt.Samples) * int64(p.target) / int64(p.clockRate))
		p.over = max(length-n, 0)
		n -= length
	}
	return came
}

// keep puts a packet, whose audio was not wanted, where warm finds it.
func (p *Playout) keep(m *Memory, pkt jitter.Packet) {
	most := keepPackets
	_, format := m.pool.get(pkt.Handle)
	if int(format) < len(p.formats) && p.formats[format].Codec.History > 0 && pkt.Samples > 0 {
		length := time.Duration(pkt.Samples) * time.Second / time.Duration(p.clockRate)
		most = min(most, int((p.formats[format].Codec.History+length-1)/length))
	}
	drop := max(p.keeps+1-most, 0)
	for _, h := range p.kept[:drop] {
		m.pool.release(h)
	}
	p.keeps = copy(p.kept[:], p.kept[drop:p.keeps])
	p.kept[p.keeps] = pkt.Handle
	p.keeps++
}

// warm decodes the packets kept into nothing, but for what of the last one is not
// over yet.
func (p *Playout) warm(m *Memory) {
	p.passing = false
	over, got := p.over, 0
	for _, h := range p.kept[:p.keeps] {
		got = p.decode(m, m.extra[:], h)
	}
	p.keeps, p.over = 0, 0
	if over == 0 {
		return
	}
	over = min(over, got)
	p.keepLeft(m.extra[got-over : got])
}

// forget gives back the packets kept.
func (p *Playout) forget() {
	for _, h := range p.kept[:p.keeps] {
		p.release(h)
	}
	p.keeps, p.over, p.passing = 0, 0, false
	p.last = Level{DBov: Unknown}
}
