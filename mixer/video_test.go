package mixer

import (
	"bytes"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/video"
)

// camera is the other end of a port with video.
type camera struct {
	*phone
	ring *Ring
	port *Port
	ssrc uint32
	seq  uint16
	ts   uint32
}

// passing is the media of a party that takes some formats of video.
func passing(formats ...media.Format) Media {
	return Media{Send: formats[0], Receive: formats, Passed: formats}
}

func vp8(pt uint8) media.Format {
	return media.Format{Codec: video.ByName("VP8").Codec(""), PayloadType: pt}
}

func h264(pt uint8, fmtp string) media.Format {
	return media.Format{Codec: video.ByName("H264").Codec(fmtp), PayloadType: pt, Fmtp: fmtp}
}

// camera is a phone with video.
func (r *rig) camera(name string, formats ...media.Format) *camera {
	r.t.Helper()
	c := &camera{phone: r.phone(name, g711.MuLaw()), ring: NewRing()}
	c.ssrc, c.seq, c.ts = 0xcafe0000+uint32(len(r.engine.ports)), 65000, 0xfffff000
	var err error
	if c.port, err = r.engine.NewPort(PortConfig{Name: name + " video", Transport: c.ring}); err != nil {
		r.t.Fatal(err)
	}
	if err := c.port.SetMedia(passing(formats...)); err != nil {
		r.t.Fatal(err)
	}
	c.phone.port.SetVideo(c.port)
	return c
}

// picture sends a picture in packets of payloads.
func (c *camera) picture(pt uint8, payloads ...[]byte) {
	c.rig.t.Helper()
	for i, payload := range payloads {
		h := rtp.Header{PayloadType: pt, Marker: i == len(payloads)-1, SequenceNumber: c.seq, Timestamp: c.ts, SSRC: c.ssrc}
		c.seq++
		p := append(make([]byte, rtp.HeaderBytes), payload...)
		h.Put(p)
		if err := c.ring.Deliver(p, time.Unix(0, 0)); err != nil {
			c.rig.t.Fatal(err)
		}
	}
	c.ts += video.ClockRate / 30
}

// seen is what the party was sent since the last call.
func (c *camera) seen() (list []heardPacket) {
	c.rig.t.Helper()
	buf := make([]byte, MaxPacketBytes)
	for {
		n, ok := c.ring.TryNext(buf)
		if !ok {
			return list
		}
		var h heardPacket
		if err := rtp.Parse(bytes.Clone(buf[:n]), &h.Header); err != nil {
			c.rig.t.Fatal(err)
		}
		list = append(list, h)
	}
}

func chunk(n int, of byte) []byte { return bytes.Repeat([]byte{of}, n) }

// expect wants pictures of so many packets, byte by byte, one stream without a gap.
func (c *camera) expect(what string, pt uint8, payloads ...[]byte) []heardPacket {
	c.rig.t.Helper()
	got := c.seen()
	if len(got) != len(payloads) {
		c.rig.t.Fatalf("%s: %d packets, want %d", what, len(got), len(payloads))
	}
	for i, h := range got {
		if h.PayloadType != pt || !bytes.Equal(h.Payload, payloads[i]) || h.SSRC == 0 ||
			i > 0 && (h.SequenceNumber != got[i-1].SequenceNumber+1 || h.SSRC != got[0].SSRC) {
			c.rig.t.Fatalf("%s: packet %d is %+v", what, i, h.Header)
		}
	}
	return got
}

// Video goes where its party goes: to the other's in a pair, back in an echo, nowhere from
// a room or on hold, and the audio beside it is as it was.
func TestVideoFollowsItsParty(t *testing.T) {
	r := newRig(t, 2)
	a, b := r.camera("a", vp8(96)), r.camera("b", vp8(120))
	p := r.pair(a.phone, b.phone)
	r.ticks(4)
	one, two := chunk(1400, 1), chunk(300, 2)
	a.picture(96, one, two)
	b.picture(120, two)
	r.ticks(4)
	first := b.expect("in a pair", 120, one, two)
	if first[0].Timestamp != first[1].Timestamp || first[0].Marker || !first[1].Marker {
		t.Errorf("%+v, then %+v", first[0].Header, first[1].Header)
	}
	a.expect("back", 96, two)

	a.phone.port.SetHold(true)
	r.ticks(4)
	a.picture(96, one)
	b.picture(120, one)
	r.ticks(4)
	a.expect("on hold", 96)
	b.expect("of one on hold", 120)

	a.phone.port.SetHold(false)
	r.ticks(4)
	a.picture(96, two)
	r.ticks(4)
	again := b.expect("after hold", 120, two)
	if again[0].SSRC != first[0].SSRC || again[0].SequenceNumber != first[1].SequenceNumber+1 {
		t.Errorf("%+v went on as %+v", first[1].Header, again[0].Header)
	}

	room := r.room(RoomConfig{})
	for _, c := range []*camera{a, b} {
		if err := c.phone.port.Join(room, JoinOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	r.ticks(8)
	a.picture(96, one)
	r.ticks(60)
	b.expect("in a room", 120)
	if n := a.port.Stats().Unheard; n == 0 {
		t.Error("what nobody saw is not counted")
	}

	for _, c := range []*camera{a, b} {
		if err := c.phone.port.Connect(p); err != nil {
			t.Fatal(err)
		}
	}
	r.ticks(8)
	a.picture(96, one)
	r.ticks(4)
	b.expect("back in the pair", 120, one)

	a.phone.port.Echo()
	r.ticks(8)
	a.picture(96, two)
	r.ticks(4)
	a.expect("echo", 96, two)
	b.expect("of an echo", 120)

	a.phone.port.SetVideo(nil)
	r.ticks(4)
	a.picture(96, two)
	r.ticks(4)
	a.expect("without video", 96)

	a.phone.port.SetVideo(a.port)
	r.ticks(4)
	a.picture(96, one)
	r.ticks(4)
	a.expect("video that comes in an echo", 96, one)
	p.Close()
	room.Close()
}

// Payload types are each party's own; what the other does not take is not sent to it, and
// parameters tell formats of one name apart.
func TestVideoFormats(t *testing.T) {
	const mode0, mode1 = "profile-level-id=42e01f", "profile-level-id=42E034;packetization-mode=1"
	r := newRig(t, 1)
	a := r.camera("a", vp8(96), h264(97, mode0), h264(98, mode1))
	b := r.camera("b", h264(100, mode1), h264(101, mode0))
	p := r.pair(a.phone, b.phone)
	r.ticks(4)
	x := chunk(100, 7)
	a.picture(98, x)
	r.ticks(2)
	b.expect("mode 1", 100, x)
	a.picture(97, x)
	r.ticks(2)
	b.expect("mode 0", 101, x)
	a.picture(96, x)
	r.ticks(2)
	b.expect("VP8", 0)
	b.picture(100, x)
	r.ticks(2)
	a.expect("back", 98, x)
	b.picture(13, x)
	b.picture(111, x)
	r.ticks(2)
	a.expect("of no format", 0)

	// Another negotiation, while they talk.
	if err := b.port.SetMedia(passing(vp8(110))); err != nil {
		t.Fatal(err)
	}
	r.ticks(4)
	a.picture(96, x)
	r.ticks(2)
	b.expect("VP8 from now on", 110, x)
	if err := b.port.SetMedia(Media{}); err != nil {
		t.Fatal(err)
	}
	r.ticks(4)
	a.picture(96, x)
	r.ticks(2)
	b.expect("none any more", 110)
	p.Close()
}

// Another camera of the same party, and a clock that jumps, are one stream to the other.
func TestVideoIsOneStream(t *testing.T) {
	r := newRig(t, 1)
	a, b := r.camera("a", vp8(96)), r.camera("b", vp8(96))
	p := r.pair(a.phone, b.phone)
	r.ticks(4)
	x := chunk(50, 1)
	a.picture(96, x)
	r.ticks(4)
	first := b.expect("the first", 96, x)
	feeds := len(r.take(PictureWanted))
	a.ssrc, a.seq, a.ts = a.ssrc+1, 7, 12345
	r.ticks(20)
	a.picture(96, x)
	r.ticks(4)
	next := b.expect("the second", 96, x)
	if next[0].SSRC != first[0].SSRC || next[0].SequenceNumber != first[0].SequenceNumber+1 || int32(next[0].Timestamp-first[0].Timestamp) <= 0 {
		t.Errorf("%+v, then %+v", first[0].Header, next[0].Header)
	}
	if again := len(r.take(PictureWanted)); feeds != 1 || again != 1 {
		t.Errorf("a picture was asked for %d times, then %d times", feeds, again)
	}
	p.Close()
}

func TestVideoAllocatesNothing(t *testing.T) {
	r := newRig(t, 1)
	a, b := r.camera("a", vp8(96)), r.camera("b", vp8(97))
	p := r.pair(a.phone, b.phone)
	r.ticks(4)
	packet := make([]byte, rtp.HeaderBytes+1400)
	buf := make([]byte, MaxPacketBytes)
	send := func() {
		for range 4 {
			h := rtp.Header{PayloadType: 96, SequenceNumber: a.seq, Timestamp: a.ts, SSRC: a.ssrc}
			a.seq++
			h.Put(packet)
			if err := a.ring.Deliver(packet, time.Unix(0, 1)); err != nil {
				t.Fatal(err)
			}
		}
		a.ts += 3000
		r.now++
		r.engine.workers[0].Step(r.now)
		for {
			if _, ok := b.ring.TryNext(buf); !ok {
				return
			}
		}
	}
	for range 300 {
		send()
	}
	if n := testing.AllocsPerRun(200, send); n != 0 {
		t.Errorf("%v allocations in a tick", n)
	}
	if s := b.port.Stats(); s.PacketsOut < 1500 {
		t.Errorf("%+v", s)
	}
	p.Close()
}

func BenchmarkVideoTick(b *testing.B) {
	r := newRig(b, 1)
	x, y := r.camera("a", vp8(96)), r.camera("b", vp8(97))
	p := r.pair(x.phone, y.phone)
	r.ticks(4)
	packet, buf := make([]byte, rtp.HeaderBytes+1200), make([]byte, MaxPacketBytes)
	b.ReportAllocs()
	for b.Loop() {
		h := rtp.Header{PayloadType: 96, SequenceNumber: x.seq, Timestamp: x.ts, SSRC: x.ssrc}
		x.seq++
		x.ts += 300
		h.Put(packet)
		if err := x.ring.Deliver(packet, time.Unix(0, 1)); err != nil {
			b.Fatal(err)
		}
		r.now++
		r.engine.workers[0].Step(r.now)
		for ok := true; ok; {
			_, ok = y.ring.TryNext(buf)
		}
	}
	p.Close()
}
