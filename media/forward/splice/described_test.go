package splice_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/forward"
	"github.com/skygenesisenterprise/skybridge/media/forward/allocation"
	"github.com/skygenesisenterprise/skybridge/media/forward/router"
	"github.com/skygenesisenterprise/skybridge/media/forward/splice"
	"github.com/skygenesisenterprise/skybridge/media/mediatest"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/video/payload"
)

// Of the recording, and of who watches.
const descriptor, watched = 13, 0xcafe0001

// audience is a room of cameras that show the recording, and one who watches them, spliced.
type audience struct {
	t      *testing.T
	router *router.Router
	now    time.Duration
	list   []mediatest.Dumped
	viewer *router.Party
	one    *splice.Splice
	inputs uint32
	last   *router.View

	frames []int // numbers in descriptors, as they come
	keys   int   // with a structure
}

func newAudience(t *testing.T) *audience {
	a := &audience{t: t, router: router.New(), one: splice.New(splice.Config{SSRC: watched, RTX: watched + 1})}
	a.one.SetDependency(descriptor)
	a.list = mediatest.RTPDump(t, "../../../testdata/video/vp8-described.rtpdump")
	a.viewer = a.router.Join(router.Config{Send: a.take, SendRTCP: func([]byte) {}, Extensions: extensions, TransportWide: 4, SSRC: 7, CNAME: []byte("x")})
	return a
}

// extensions are those of the recording.
var extensions = forward.Extensions{MID: 9, RID: 10, RepairedRID: 11, TransportWide: 4, AbsSendTime: 2, Dependency: descriptor}

func (a *audience) take(packet []byte) bool {
	if ours, _ := a.one.Packet(a.now, packet); !ours {
		return false
	}
	var h rtp.Header
	if err := rtp.Parse(packet, &h); err != nil {
		a.t.Fatal(err)
	}
	if v := h.Element(descriptor); h.SSRC == watched && v != nil {
		a.frames = append(a.frames, int(binary.BigEndian.Uint16(v[1:])))
		if payload.HasStructure(v) {
			a.keys++
		}
	}
	return true
}

// show has a camera show the recording up to a moment, to who watches.
func (a *audience) show(name string, until time.Duration) {
	a.t.Helper()
	p := a.router.Join(router.Config{Send: func([]byte) bool { return true }, SendRTCP: func([]byte) {}, TransportWide: 4, SSRC: 8, CNAME: []byte(name)})
	cfg := router.TrackConfig{Config: forward.Config{
		Codec: payload.VP8, PayloadType: 96, Extensions: extensions, Requests: rtp.RequestPLI,
		Layers: []forward.LayerConfig{{SSRC: 0x0e830841}, {SSRC: 0xa9844728}},
	}}
	track, err := p.Publish(cfg)
	if err != nil {
		a.t.Fatal(err)
	}
	a.inputs += 2
	view, err := a.viewer.Watch(track, forward.Stream{SSRC: a.inputs, RTX: a.inputs + 1, PayloadType: 120, RTXPayloadType: 121})
	if err != nil {
		a.t.Fatal(err)
	}
	a.one.Await(a.inputs, a.inputs+1)
	if a.last != nil {
		a.last.Show(allocation.Hidden, false)
	}
	a.last = view
	view.Show(allocation.Large, false)
	start, first := a.now, a.list[0].At
	for _, q := range a.list {
		var h rtp.Header
		if q.RTCP || q.At-first >= until || rtp.Parse(q.Packet, &h) != nil {
			continue
		}
		for a.now < start+q.At-first {
			a.now += 20 * time.Millisecond
			a.router.Tick(a.now, rtp.NTPTime(int64(a.now)))
		}
		p.Packet(a.now, a.now, "", &h)
	}
}

// TestFrameNumbersGoOn: who began to show later has counted fewer frames. A browser drops each key
// frame whose number seems to lie before that of the last one.
func TestFrameNumbersGoOn(t *testing.T) {
	a := newAudience(t)
	a.show("ann", 9*time.Second)
	before := len(a.frames)
	a.show("ben", 7*time.Second)
	a.show("cat", 7*time.Second)
	if before < 50 || len(a.frames) < before+50 || a.keys < 3 {
		t.Fatalf("%d packets with a number, %d of them ann's, %d key frames", len(a.frames), before, a.keys)
	}
	for i := 1; i < len(a.frames); i++ {
		if step := a.frames[i] - a.frames[i-1]; step < 0 || step > 60 { // the recording's own holes are those of its temporal layers
			t.Fatalf("frame %d after %d, packet %d of %d", a.frames[i], a.frames[i-1], i, len(a.frames))
		}
	}
}
