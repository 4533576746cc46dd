package forward

import (
	"testing"
	"time"

	"github.com/pion/rtcp"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/video/payload"
)

// begun is a track of one layer of VP8, one who watches, and what they are sent.
func begun(t *testing.T, requests rtp.Requests, rtx uint32) (*Source, *Subscription, *sender, func(*rtp.Header) []byte) {
	t.Helper()
	s := vp8(t, requests, LayerConfig{SSRC: 5})
	b := subscribe(t, s, NewReceiver(ours), rtx)
	b.Aim(time.Hour, 0, 0)
	buf := make([]byte, MaxPacket)
	from := &sender{ssrc: 5}
	return s, b, from, func(h *rtp.Header) []byte {
		ref, ok := s.Packet(time.Hour, h)
		if !ok {
			return nil
		}
		return buf[:b.Write(time.Hour, ref, buf)]
	}
}

// TestWithoutAStreamForRepairs: a number is used once (RFC 3711 §9.1), so who takes nothing on
// another stream is sent a key frame.
func TestWithoutAStreamForRepairs(t *testing.T) {
	s, b, from, take := begun(t, rtp.RequestPLI, 0)
	for i := range 10 {
		if len(take(from.frame(i == 0))) == 0 {
			t.Fatal("not passed on")
		}
	}
	now := time.Hour + time.Second
	said(t, s, now)
	if n := b.Resend(now, 65503, make([]byte, MaxPacket)); n != 0 {
		t.Errorf("%d bytes under a number that was used", n)
	}
	list := said(t, s, now+keyLongest)
	if len(list) != 1 {
		t.Fatalf("%v, want a key frame asked for", list)
	}
	if _, ok := list[0].(*rtcp.PictureLossIndication); !ok {
		t.Errorf("%v", list[0])
	}
}

// TestPaddingIsRepaired: a number that was given to padding is told on the stream for repairs.
func TestPaddingIsRepaired(t *testing.T) {
	_, b, from, take := begun(t, rtp.RequestPLI, 0xabce)
	take(from.frame(true))
	buf := make([]byte, MaxPacket)
	b.putPadding(time.Hour, b.places.next, 1, 1, buf)
	n := b.Resend(time.Hour+time.Second, b.places.next, buf)
	var h rtp.Header
	if err := rtp.Parse(buf[:n], &h); err != nil || h.SSRC != 0xabce || len(h.Payload) != 2 ||
		uint16(h.Payload[0])<<8|uint16(h.Payload[1]) != b.places.next {
		t.Errorf("%+v, %v", h, err)
	}
}

// TestUselessPacketsAreMissedOnce: what came and cannot be read makes nothing before it missing
// a second time.
func TestUselessPacketsAreMissedOnce(t *testing.T) {
	s, _, from, take := begun(t, rtp.RequestPLI|rtp.RequestNACK, 0)
	take(from.frame(true))
	from.frame(false) // lost
	damaged, oversized := from.frame(false), from.frame(false)
	damaged.Payload = []byte{0x90}
	oversized.Payload = make([]byte, slotBytes+1)
	take(damaged)
	take(oversized)
	take(from.frame(false))
	if m := &s.layers[0].missing; m.n != 1 || m.list[0].ext&0xffff != 2 {
		t.Errorf("%d are missing: %+v", m.n, m.list[:m.n])
	}
	if st := s.Stats(); st.Damaged != 1 || st.Oversized != 1 {
		t.Errorf("%+v", st)
	}
}

// TestAFloodOfRequests: who asks for pictures all the time has its share of them.
func TestAFloodOfRequests(t *testing.T) {
	s, b, from, take := begun(t, rtp.RequestPLI, 0)
	b.to.SetRoundTrip(ms)
	take(from.frame(true))
	now, asked := time.Hour+time.Second, 0
	for end := now + time.Minute; now < end; now += 10 * ms {
		b.NeedPicture(now)
		for range said(t, s, now) {
			asked++
			h := from.frame(true)
			ref, _ := s.Packet(now, h)
			b.Write(now, ref, make([]byte, MaxPacket))
		}
	}
	if most := pictureBurst + int(time.Minute/pictureEvery) + 1; asked > most || asked < most/2 {
		t.Errorf("asked %d times in a minute, want at most %d", asked, most)
	}
	if b.Stats().Unasked == 0 {
		t.Error("nothing was passed over")
	}
}

// TestALateStructure: the structure of a key frame that a newer one has overtaken is not that of
// what comes.
func TestALateStructure(t *testing.T) {
	s, err := NewSource(Config{Codec: payload.AV1, PayloadType: 45, Extensions: theirs, Layers: []LayerConfig{{SSRC: 376463145}}})
	if err != nil {
		t.Fatal(err)
	}
	r := recordings[4]
	var described []*rtp.Header
	var key *rtp.Header
	for _, d := range r.packetsOf(t) {
		var h rtp.Header
		if d.RTCP || rtp.Parse(d.Packet, &h) != nil || h.SSRC != 376463145 || len(h.Payload) == 0 {
			continue
		}
		if v := h.Element(theirs.Dependency); v != nil && payload.HasStructure(v) && key == nil {
			key = &h
		}
		if key != nil {
			described = append(described, &h)
		}
	}
	if key == nil || len(described) < 10 {
		t.Fatal("the recording has no structure")
	}
	for _, h := range described[:10] {
		s.Packet(time.Hour, h)
	}
	l := &s.layers[0]
	before, damaged := l.dependencies, s.Stats().Damaged
	late := *key // of another structure: its templates begin elsewhere
	late.SequenceNumber--
	late.Extension = append([]byte(nil), key.Extension...)
	v := late.Element(theirs.Dependency)
	v[3] ^= 0x07
	s.Packet(time.Hour, &late)
	if l.dependencies != before {
		t.Error("an older structure took the place of a newer one")
	}
	s.Packet(time.Hour, described[10])
	if s.Stats().Damaged != damaged {
		t.Error("what follows cannot be read")
	}
}

// TestHistoriesGrow: a layer that sends nothing has none, a slow one little, a fast one what it
// may, with all that came.
func TestHistoriesGrow(t *testing.T) {
	s, _, from, _ := begun(t, 0, 0)
	h := &s.layers[0].history
	if len(h.data) != 0 {
		t.Fatalf("%d bytes before a packet", len(h.data))
	}
	now := time.Hour
	for range 500 { // 20 a second
		now += 50 * ms
		s.Packet(now, from.frame(false))
	}
	if len(h.slots) != fewest {
		t.Errorf("room for %d packets of a slow layer", len(h.slots))
	}
	for range DefaultHistory {
		now += ms
		s.Packet(now, from.frame(false))
	}
	if len(h.slots) != DefaultHistory {
		t.Errorf("room for %d packets of a fast layer", len(h.slots))
	}
	newest := s.layers[0].newest
	for i := range uint32(DefaultHistory - fewest) {
		if p, _, body := h.find(newest - i); p == nil || body[5] != byte(newest-i) {
			t.Fatalf("the packet %d before the newest is gone", i)
		}
	}
	held := vp8(t, 0, LayerConfig{SSRC: 5}) // late ones make room, and take nobody's
	from = &sender{ssrc: 5, seq: 1000}
	lost := from.frame(false)
	for range 2 * fewest {
		now += 50 * ms
		held.Packet(now, from.frame(false))
	}
	if _, ok := held.Packet(now, lost); !ok || len(held.layers[0].history.slots) < 2*fewest {
		t.Error("a late packet has no place")
	}
	if p, _, _ := held.layers[0].history.find(held.layers[0].newest); p == nil {
		t.Error("a late packet took the place of the newest")
	}
}
