package jitter_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/skygenesisenterprise/skybridge/media/jitter"
)

// drive feeds a buffer whatever the bytes say, and holds what must be true of any
// input: handles are owned once and come back once, what is played is in order
// and never twice, and the audio held stays within the cap.
func drive(t fataler, ops []byte) {
	p := newPlayer(t)
	cfg := jitter.Defaults(8000)
	handle := int32(0)
	seq, played := uint32(1<<16), uint32(0)
	take := func(pkt jitter.Packet) {
		p.gone(pkt.Handle)
		if pkt.Sequence <= played {
			t.Fatalf("played %d after %d", pkt.Sequence, played)
		}
		played = pkt.Sequence
	}
	late := func(arg uint32) time.Duration { return time.Duration(arg*arg) * ms }
	for _, op := range ops {
		switch arg := uint32(op >> 3); op & 7 {
		case 0, 1:
			at := p.now + 5*ms
			coming, ok := p.b.Upcoming(at, p.quiet)
			pkt, outcome := p.b.Pop(at, p.quiet)
			p.now += 20 * ms
			if ok != (outcome == jitter.Play) || ok && pkt != coming {
				t.Fatalf("%+v was to come (%t), %+v came (%v)", coming, ok, pkt, outcome)
			}
			if outcome != jitter.Play {
				break
			}
			take(pkt)
			if pkt, ok := p.b.Surplus(at, p.quiet); ok {
				take(pkt)
			}
			p.quiet = arg == 31
		case 2, 3: // the next one
			seq++
			handle++
			p.push(seq, frame, handle, late(arg))
		case 4: // an earlier one
			handle++
			p.push(seq-arg, frame, handle, late(arg))
		case 5: // a later one, of another length
			seq += arg * arg
			handle++
			p.push(seq, 1+arg*160, handle, late(arg))
		case 6: // an event
			seq++
			p.push(seq, 0, jitter.None, 0)
		case 7:
			if arg == 0 {
				p.b.Reset()
				played, seq = 0, 1<<16
			} else {
				p.b.Flush()
			}
		}
		if d := p.b.Delay(); d > cfg.Cap+32*160 {
			t.Fatalf("holds %d samples", d)
		}
	}
	p.b.Reset()
	if len(p.held) != 0 {
		t.Fatalf("%d handles never came back", len(p.held))
	}
	if d := p.b.Delay(); d != 0 {
		t.Fatalf("holds %d samples after a reset", d)
	}
}

func TestProperties(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		drive(rt, rapid.SliceOfN(rapid.Byte(), 0, 2000).Draw(rt, "ops"))
	})
}

func FuzzBuffer(f *testing.F) {
	f.Add([]byte{2, 0, 2, 0, 3, 12, 0, 0})
	f.Add([]byte{2, 15, 0, 6, 0}) // an event behind what was waited for
	f.Add([]byte{2, 61, 61, 0, 253, 0, 7, 2, 0})
	f.Fuzz(func(t *testing.T, ops []byte) { drive(t, ops) })
}
