package forward

import (
	"encoding/binary"
	"sort"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/video/payload"
)

// arrived is a packet of a recording as a network delivers it.
type arrived struct {
	at time.Duration
	h  rtp.Header
}

// origin is a frame as it was sent.
type origin struct {
	layer, index int
	packet       payload.Packet // its first
}

// playback is what a test plays, read once.
type playback struct {
	recording
	packets []arrived
	frames  map[string]origin // by content
	all     [MaxLayers][]origin
}

func play(t testing.TB, r recording) *playback {
	t.Helper()
	p := &playback{recording: r, frames: make(map[string]origin)}
	var d [MaxLayers]payload.Dependencies
	var open [MaxLayers][]rtp.Header
	w := newWatcher(t, r.codec)
	w.dependency = 0
	for _, dumped := range r.packetsOf(t) {
		var h rtp.Header
		if dumped.RTCP {
			continue
		}
		if err := rtp.Parse(dumped.Packet, &h); err != nil {
			t.Fatal(err)
		}
		p.packets = append(p.packets, arrived{dumped.At, h})
		for i, ssrc := range r.layers {
			if h.SSRC != ssrc || len(h.Payload) == 0 {
				continue
			}
			open[i] = append(open[i], h)
			if !h.Marker {
				continue
			}
			var first payload.Packet
			if err := payload.Read(r.codec, open[i][0].Payload, &first); err != nil {
				t.Fatal(err)
			}
			if v := open[i][0].Element(theirs.Dependency); v != nil {
				_ = d[i].Read(v, &first) // what comes before the first key frame cannot be read
			}
			o := origin{layer: i, index: len(p.all[i]), packet: first}
			whole := w.whole(open[i], new(payload.Dependencies))
			p.frames[string(whole.data)] = o
			p.all[i] = append(p.all[i], o)
			open[i] = nil
		}
	}
	return p
}

// impair is the order in which a network delivers: duplicates, late ones, and what is lost and
// sent again, or never.
func (p *playback) impair(t *rapid.T, lose bool) (list []arrived, lost int) {
	seed := rapid.Uint64().Draw(t, "network")
	random := func() uint64 { // xorshift: thousands of draws of rapid's would be slow
		seed ^= seed << 13
		seed ^= seed >> 7
		seed ^= seed << 17
		return seed >> 11
	}
	seed |= 1
	bad := uint64(rapid.IntRange(1, 200).Draw(t, "one in"))
	for _, a := range p.packets {
		if random()%bad != 0 {
			list = append(list, a)
			continue
		}
		switch random() % 4 {
		case 0: // twice
			list = append(list, a)
			a.at += time.Duration(random()%40) * ms
		case 1: // overtaken
			a.at += time.Duration(random()%60) * ms
		case 2: // lost and sent again
			a.at += time.Duration(40+random()%200) * ms
		case 3:
			if lose {
				lost++
				continue
			}
		}
		list = append(list, a)
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].at < list[j].at })
	return list, lost
}

// run has a subscription watch what arrives, with a receiver that loses packets and has them
// sent again, and changes what is aimed at.
func (p *playback) run(t *rapid.T, list []arrived, loses bool) (*watcher, *Subscription) {
	s := p.source(outer(t))
	to := NewReceiver(ours)
	to.SetEstimate(100_000_000)
	to.SetRoundTrip(ms)
	rtx := uint32(0)
	if rapid.Bool().Draw(t, "rtx") {
		rtx = 0xabce
	}
	b := subscribe(outer(t), s, to, rtx)
	w := newWatcher(outer(t), p.codec)
	buf := make([]byte, MaxPacket)
	next, lossy := 0, uint64(rapid.IntRange(2, 50).Draw(t, "receiver loses one in"))
	n := uint64(0)
	for i, a := range list {
		if i == next {
			layer := rapid.IntRange(Paused, len(s.layers)-1).Draw(t, "layer")
			b.Aim(a.at, layer, rapid.IntRange(0, 2).Draw(t, "temporal"))
			next += rapid.IntRange(1, 150).Draw(t, "for")
		}
		ref, ok := s.Packet(a.at, &a.h)
		if !ok {
			continue
		}
		for k := b.Write(a.at, ref, buf); k > 0; k = b.More(a.at, buf) {
			if n++; loses && rtx != 0 && w.began && n%lossy == 0 { // and has it again at once
				seq := binary.BigEndian.Uint16(buf[2:])
				if k = b.Resend(a.at, seq, buf); k == 0 {
					t.Fatalf("packet %d is not sent again", seq)
				}
			}
			w.take(buf[:k])
		}
	}
	return w, b
}

// outer makes of rapid's t one that the rig takes.
func outer(t *rapid.T) testing.TB { return rapidTB{TB: nil, t: t} }

type rapidTB struct {
	testing.TB
	t *rapid.T
}

func (r rapidTB) Helper()                   {}
func (r rapidTB) Fatalf(f string, a ...any) { r.t.Fatalf(f, a...) }
func (r rapidTB) Fatal(a ...any)            { r.t.Fatal(a...) }
func (r rapidTB) Errorf(f string, a ...any) { r.t.Errorf(f, a...) }

// TestStreamsAreConsistent: whatever the network, the receiver and who chooses do, frames come
// in order and whole, a layer begins with a key frame, and what is missing is what was lost.
func TestStreamsAreConsistent(t *testing.T) {
	for _, r := range append(recordings, svc) {
		p := play(t, r)
		t.Run(r.name, rapid.MakeCheck(func(t *rapid.T) {
			list, _ := p.impair(t, true)
			w, _ := p.run(t, list, true)
			frames, missing, broken := w.frames()
			if broken > 0 && missing == 0 {
				t.Fatalf("%d frames are broken, and nothing is missing", broken)
			}
			p.check(t, frames, true)
		}))
	}
}

// TestNothingIsMissing: where nothing is lost or overtaken, changes of layers and temporal
// layers leave no hole, and each frame has all that it needs.
func TestNothingIsMissing(t *testing.T) {
	for _, r := range append(recordings, svc) {
		p := play(t, r)
		t.Run(r.name, rapid.MakeCheck(func(t *rapid.T) {
			w, b := p.run(t, p.packets, rapid.Bool().Draw(t, "receiver loses"))
			frames, missing, broken := w.frames()
			if missing > 0 || broken > 0 {
				t.Fatalf("%d numbers missing, %d frames broken; %+v", missing, broken, b.Stats())
			}
			p.check(t, frames, false)
		}))
	}
}

// check holds the frames against those that were sent.
func (p *playback) check(t *rapid.T, frames []watched, lossy bool) {
	t.Helper()
	last := origin{layer: Paused}
	passed := make(map[origin]bool)
	for i, f := range frames {
		o, ok := p.frames[string(f.data)]
		if !ok {
			t.Fatalf("frame %d was never sent", i)
		}
		if o.layer == last.layer && o.index <= last.index {
			t.Fatalf("frame %d of layer %d after %d", o.index, o.layer, last.index)
		}
		if o.layer != last.layer && !o.packet.Key && !lossy {
			t.Fatalf("layer %d begins with frame %d, which is no key frame", o.layer, o.index)
		}
		if !lossy {
			p.needs(t, o, passed)
			if i > 0 && p.codec == payload.VP8 && f.packet.PictureBits > 0 {
				if step := (f.packet.PictureID - frames[i-1].packet.PictureID) & 0x7fff; step != 1 {
					t.Fatalf("frame %d: picture %d after %d", i, f.packet.PictureID, frames[i-1].packet.PictureID)
				}
			}
		}
		passed[o] = true
		last = o
	}
}

// needs fails where a frame comes without one that it may refer to: those of its temporal
// layer and below since the last key frame, or of layer 0 if it is a switch.
func (p *playback) needs(t *rapid.T, o origin, passed map[origin]bool) {
	t.Helper()
	if o.packet.Key {
		return
	}
	most := o.packet.Temporal
	if p.codec == payload.VP8 && o.packet.SwitchUp {
		most = 0
	}
	for i := o.index - 1; i >= 0; i-- {
		before := p.all[o.layer][i]
		switch b := before.packet; {
		case b.Temporal > most, b.Temporal == most && most > 0 && p.codec == payload.VP8 && o.packet.SwitchUp:
		case !passed[before]:
			t.Fatalf("frame %d of temporal layer %d comes without %d of %d", o.index, o.packet.Temporal, i, b.Temporal)
		}
		switch b := before.packet; {
		case b.Key:
			return
		case b.OpensUp && b.Temporal < most:
			most = b.Temporal // what came before it on higher layers is not needed
		case p.codec == payload.VP8 && b.SwitchUp && b.Temporal == most && most > 0:
			most--
		}
	}
	t.Fatalf("frame %d of layer %d comes without a key frame", o.index, o.layer)
}
