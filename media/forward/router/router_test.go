package router

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/bandwidth"
	"github.com/skygenesisenterprise/skybridge/media/forward"
	"github.com/skygenesisenterprise/skybridge/media/forward/allocation"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/video/payload"
)

const ms = time.Millisecond

var (
	sent  = forward.Extensions{MID: 1, RID: 2, TransportWide: 3}
	taken = forward.Extensions{MID: 4, TransportWide: 5, AbsSendTime: 6}
)

// room is a router with a clock.
type room struct {
	t   testing.TB
	r   *Router
	now time.Duration
	all []func() // what happens each millisecond
}

func newRoom(t testing.TB) *room { return &room{t: t, r: New(), now: time.Hour} }

func (r *room) run(d time.Duration) {
	for end := r.now + d; r.now < end; r.now += ms {
		for _, f := range r.all {
			f()
		}
		if r.now%(20*ms) == 0 {
			r.r.Tick(r.now, rtp.NTPTime(int64(r.now)))
		}
	}
}

// camera sends three layers of VP8 at 25 Hz: of 150, 500 and 1,500 kbit/s, with key frames
// when it is asked for them.
type camera struct {
	room   *room
	party  *Party
	track  *Track
	rids   [3]string // from the smallest to the largest
	seq    [3]uint16
	number uint16
	key    [3]bool
	keys   int
	nacks  int
	twcc   int
}

func (r *room) camera(screen bool, order ...int) *camera {
	r.t.Helper()
	c := &camera{room: r, rids: [3]string{"q", "h", "f"}, key: [3]bool{true, true, true}}
	c.party = r.r.Join(Config{Send: func([]byte) bool { return true }, SendRTCP: c.asked, Extensions: taken, TransportWide: sent.TransportWide, SSRC: 1, CNAME: []byte("us")})
	cfg := TrackConfig{MID: "0", Screen: screen}
	cfg.Codec, cfg.PayloadType, cfg.Extensions, cfg.Requests = payload.VP8, 96, sent, rtp.RequestPLI|rtp.RequestNACK
	if order == nil {
		order = []int{0, 1, 2}
	}
	for _, i := range order {
		cfg.Layers = append(cfg.Layers, forward.LayerConfig{RID: c.rids[i]})
	}
	var err error
	if c.track, err = c.party.Publish(cfg); err != nil {
		r.t.Fatal(err)
	}
	r.all = append(r.all, c.tick)
	return c
}

// asked takes what the router sends to who has the camera.
func (c *camera) asked(packet []byte) {
	var report rtp.Report
	if err := rtp.ParseRTCP(packet, &report); err != nil {
		c.room.t.Fatal(err)
	}
	for _, f := range rtp.ParseFeedback(packet, nil) {
		switch {
		case f.Format == rtp.FormatPLI && f.Kind == rtp.PayloadFeedback:
			c.key[f.Media-100] = true
		case f.Kind == rtp.TransportFeedback && f.Format == rtp.FormatNACK:
			c.nacks++
		case f.Kind == rtp.TransportFeedback && f.Format == rtp.FormatTransportWide:
			c.twcc++
		}
	}
}

func (c *camera) tick() {
	if c.room.now%(40*ms) != 0 {
		return
	}
	for i, kbps := range []int{150, 500, 1500} {
		left := kbps * 1000 / 8 / 25
		key := c.key[i]
		if key {
			left *= 3
			c.keys++
		}
		c.key[i] = false
		for first := true; left > 0; first = false {
			n := min(left, 1100)
			left -= n
			body := make([]byte, max(n, 20))
			body[0] = 0x80
			if first {
				body[0] = 0x90
			}
			picture := uint16(c.room.now / (40 * ms))
			copy(body[1:], []byte{0x80, 0x80 | byte(picture>>8), byte(picture), 1})
			if first && key {
				copy(body[4:], []byte{0, 0, 0, 0x9d, 1, 0x2a})
				binary.LittleEndian.PutUint16(body[10:], uint16(320<<i))
				binary.LittleEndian.PutUint16(body[12:], uint16(180<<i))
			}
			c.number++
			c.seq[i]++
			c.party.Packet(c.room.now, c.room.now, "", &rtp.Header{
				SSRC: uint32(100 + i), PayloadType: 96, SequenceNumber: c.seq[i], Marker: left <= 0, Payload: body,
				Timestamp: uint32(c.room.now / ms * 90), ExtensionProfile: 0xbede,
				Extension: []byte{sent.MID << 4, '0', sent.RID << 4, c.rids[i][0], sent.TransportWide<<4 | 1, byte(c.number >> 8), byte(c.number)},
			})
		}
	}
}

// watcher is behind a bottleneck, and tells how it is.
type watcher struct {
	room     *room
	party    *Party
	bps      float64
	free     time.Duration
	flying   []flight
	arrivals bandwidth.Arrivals
	bytes    int
	widths   map[int]int // key frames
	ssrcs    map[uint32]int
	reports  int
	dropped  int
}

type flight struct {
	at     time.Duration
	packet []byte
}

func (r *room) watcher(bps float64) *watcher {
	w := &watcher{room: r, bps: bps, widths: make(map[int]int), ssrcs: make(map[uint32]int)}
	w.party = r.r.Join(Config{Send: w.send, SendRTCP: w.told, Extensions: taken, SSRC: 2, CNAME: []byte("us")})
	r.all = append(r.all, w.tick)
	return w
}

func (w *watcher) watch(c *camera, ssrc uint32) *View {
	w.room.t.Helper()
	v, err := w.party.Watch(c.track, forward.Stream{SSRC: ssrc, PayloadType: 120, RTX: ssrc + 1, RTXPayloadType: 121, MID: "5"})
	if err != nil {
		w.room.t.Fatal(err)
	}
	return v
}

func (w *watcher) send(packet []byte) bool {
	w.free = max(w.free, w.room.now)
	if w.free-w.room.now > 400*ms {
		w.dropped++
		return true
	}
	w.free += time.Duration(float64(8*len(packet)) / w.bps * float64(time.Second))
	w.flying = append(w.flying, flight{w.free + 20*ms, bytes.Clone(packet)})
	return true
}

func (w *watcher) told(packet []byte) {
	var report rtp.Report
	if err := rtp.ParseRTCP(packet, &report); err != nil || string(report.CNAME) != "us" || report.Sender == nil {
		w.room.t.Fatalf("%+v, %v", report, err)
	}
	w.reports++
}

func (w *watcher) tick() {
	for len(w.flying) > 0 && w.flying[0].at <= w.room.now {
		w.take(w.flying[0])
		w.flying = w.flying[1:]
	}
	if b := w.arrivals.Feedback(w.room.now, 9, 9, nil); len(b) > 0 {
		w.party.Requested(w.room.now, rtp.ParseFeedback(b, nil))
	}
}

func (w *watcher) take(f flight) {
	var h rtp.Header
	if err := rtp.Parse(f.packet, &h); err != nil {
		w.room.t.Fatal(err)
	}
	number := h.Element(taken.TransportWide)
	w.arrivals.Record(f.at, binary.BigEndian.Uint16(number))
	w.bytes += len(f.packet)
	w.ssrcs[h.SSRC]++
	var p payload.Packet
	if h.PayloadType == 120 && payload.Read(payload.VP8, h.Payload, &p) == nil && p.Key {
		w.widths[int(p.Width)]++
	}
}

// TestEachGetsWhatFits: of three who watch the same camera, each is sent the layer that its way
// can take, and not more than that; and none waits for another.
func TestEachGetsWhatFits(t *testing.T) {
	r := newRoom(t)
	c := r.camera(false)
	wide, narrow, slim := r.watcher(10_000_000), r.watcher(900_000), r.watcher(300_000)
	var views []*View
	for i, w := range []*watcher{wide, narrow, slim} {
		v := w.watch(c, uint32(1000+10*i))
		v.Show(allocation.Large, false)
		views = append(views, v)
	}
	r.run(40 * time.Second)
	for _, w := range []*watcher{wide, narrow, slim} {
		w.bytes, w.dropped = 0, 0
	}
	before := c.keys
	r.run(20 * time.Second)
	for i, w := range []*watcher{wide, narrow, slim} {
		t.Logf("layer %d, %d kbit/s, estimate %d, %d dropped", views[i].Current(), w.bytes*8/20_000, w.party.Estimate(), w.dropped)
		if got, want := views[i].Current(), 2-i; got != want {
			t.Errorf("watcher %d: layer %d, want %d; estimate %d", i, got, want, w.party.Estimate())
		}
		if rate := float64(w.bytes) * 8 / 20; rate > w.bps {
			t.Errorf("watcher %d: %.0f bit/s of %.0f", i, rate, w.bps)
		}
		if w.dropped > 20 {
			t.Errorf("watcher %d: %d packets lost at the bottleneck", i, w.dropped)
		}
		if w.reports < 50 {
			t.Errorf("watcher %d: %d reports", i, w.reports)
		}
	}
	if n := c.keys - before; n > 20 {
		t.Errorf("%d key frames in 20 s of nothing new", n)
	}
	if c.twcc < 100 {
		t.Errorf("%d feedbacks to the camera", c.twcc)
	}
}

// TestLargeSmallHidden: what is shown larger or smaller, or no more, is sent so.
func TestLargeSmallHidden(t *testing.T) {
	r := newRoom(t)
	c := r.camera(false)
	w := r.watcher(20_000_000)
	v := w.watch(c, 1000)
	for _, step := range []struct{ lines, layer int }{
		{allocation.Large, 2}, {allocation.Small, 0}, {360, 1}, {allocation.Hidden, forward.Paused}, {allocation.Large, 2},
	} {
		v.Show(step.lines, false)
		r.run(15 * time.Second)
		if v.Current() != step.layer {
			t.Errorf("%d lines: layer %d, want %d; estimate %d", step.lines, v.Current(), step.layer, w.party.Estimate())
		}
	}
}

// TestTheBeginning: who waits for a track has its first key frame, not one that is asked for.
func TestTheBeginning(t *testing.T) {
	r := newRoom(t)
	w := r.watcher(20_000_000)
	r.run(3 * time.Second)
	c := r.camera(false)
	v := w.watch(c, 1000)
	v.Show(allocation.Small, false)
	r.run(150 * ms)
	if v.Stats().Packets == 0 || w.bytes == 0 || c.keys != 3 {
		t.Errorf("%+v, %d bytes, %d key frames", v.Stats(), w.bytes, c.keys)
	}
}

// TestLayersInWhateverOrder: a sender may name its largest layer first.
func TestLayersInWhateverOrder(t *testing.T) {
	for _, order := range [][]int{{2, 1, 0}, {1, 2, 0}} {
		r := newRoom(t)
		c := r.camera(false, order...)
		w := r.watcher(20_000_000)
		v := w.watch(c, 1000)
		for _, step := range []struct{ lines, layer int }{{allocation.Large, 2}, {allocation.Small, 0}, {360, 1}, {allocation.Small, 0}} {
			v.Show(step.lines, false)
			r.run(15 * time.Second)
			if got := v.Current(); got < 0 || order[got] != step.layer {
				t.Errorf("%v, %d lines: the layer at %d; estimate %d", order, step.lines, got, w.party.Estimate())
			}
		}
	}
}

// TestScreenFirst: with room for one, the screen is what is seen.
func TestScreenFirst(t *testing.T) {
	r := newRoom(t)
	c, s := r.camera(false), r.camera(true)
	w := r.watcher(2_200_000)
	vc, vs := w.watch(c, 1000), w.watch(s, 2000)
	vc.Show(allocation.Large, true)
	vs.Show(allocation.Large, false)
	r.run(40 * time.Second)
	if vs.Current() != 2 || vc.Current() > 1 {
		t.Errorf("screen %d, camera %d; estimate %d", vs.Current(), vc.Current(), w.party.Estimate())
	}
	s.party.Leave()
	if len(w.party.views) != 1 || len(w.party.wishes) != 1 || w.party.views[0] != vc {
		t.Fatal("the view of a screen that is gone stays")
	}
	r.all = r.all[:0]
	r.all = append(r.all, c.tick, w.tick)
	r.run(60 * time.Second)
	if vc.Current() != 2 {
		t.Errorf("camera %d once the screen is gone; estimate %d", vc.Current(), w.party.Estimate())
	}
	w.party.Leave()
	if len(c.track.views) != 0 || len(r.r.parties) != 1 {
		t.Error("who has left is still there")
	}
}

// TestRequests: what a receiver asks for is done, for its own views alone.
func TestRequests(t *testing.T) {
	r := newRoom(t)
	c := r.camera(false)
	w, other := r.watcher(20_000_000), r.watcher(20_000_000)
	v := w.watch(c, 1000)
	v.Show(allocation.Small, false)
	r.run(5 * time.Second)
	keys := c.keys
	pli := []rtp.Feedback{{Kind: rtp.PayloadFeedback, Format: rtp.FormatPLI, Media: 1000}}
	other.party.Requested(r.now, pli)
	r.run(time.Second)
	if c.keys != keys {
		t.Error("a key frame for one who does not watch")
	}
	w.party.Requested(r.now, pli)
	r.run(time.Second)
	if c.keys != keys+1 {
		t.Errorf("%d key frames for a PLI", c.keys-keys)
	}
	fir := []byte{0, 0, 3, 0xe8, 1, 0, 0, 0}
	w.party.Requested(r.now, []rtp.Feedback{{Kind: rtp.PayloadFeedback, Format: rtp.FormatFIR, Detail: fir}})
	r.run(time.Second)
	if c.keys != keys+2 {
		t.Errorf("%d key frames for a PLI and a FIR", c.keys-keys)
	}
	before := w.ssrcs[1001]
	late := uint16(v.Stats().Packets) - 5 // the stream began with 0
	nack := []byte{byte(late >> 8), byte(late), 0, 1}
	w.party.Requested(r.now, []rtp.Feedback{{Kind: rtp.TransportFeedback, Format: rtp.FormatNACK, Media: 1000, Detail: nack}})
	r.run(time.Second)
	if v.Stats().Resent == 0 || w.ssrcs[1001] == before {
		t.Errorf("%+v, %d on the stream of repairs", v.Stats(), w.ssrcs[1001])
	}
	w.party.Requested(r.now, []rtp.Feedback{{Kind: rtp.PayloadFeedback, Format: rtp.FormatApplication, Detail: []byte("REMB\x01\x08\x9c\x40\x00\x00\x03\xe8")}})
	if got := w.party.Estimate(); got != 160_000 {
		t.Errorf("estimate %d, the receiver's is 160000", got)
	}
}

func TestPacketAllocatesNothing(t *testing.T) {
	r := newRoom(t)
	c := r.camera(false)
	for range 10 {
		p := r.r.Join(Config{Send: func([]byte) bool { return true }, SendRTCP: func([]byte) {}, Extensions: taken, SSRC: 2, CNAME: []byte("us")})
		v, err := p.Watch(c.track, forward.Stream{SSRC: 1000, PayloadType: 120, MID: "5"})
		if err != nil {
			t.Fatal(err)
		}
		v.Show(allocation.Small, false)
	}
	r.run(2 * time.Second)
	body := append([]byte{0x90, 0, 1}, make([]byte, 1000)...)
	h := rtp.Header{SSRC: 100, PayloadType: 96, Marker: true, Payload: body, SequenceNumber: c.seq[0], Timestamp: uint32(r.now / ms * 90)}
	before := c.track.Stats().Packets
	if n := testing.AllocsPerRun(500, func() {
		r.now += ms
		h.SequenceNumber++
		h.Timestamp += 90
		c.party.Packet(r.now, r.now, "", &h)
	}); n != 0 {
		t.Errorf("%v allocations per packet", n)
	}
	if c.track.Stats().Packets < before+500 || c.track.views[0].Stats().Packets < 500 {
		t.Errorf("%+v", c.track.views[0].Stats())
	}
}
