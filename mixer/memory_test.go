package mixer

import (
	"encoding/binary"
	"runtime"
	"testing"
	"unsafe"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/l16"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// heap is what lives on Go's heap, in bytes.
func heap() int64 {
	var m runtime.MemStats
	for range 3 { // pools of the runtime's own are emptied in two
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// What a leg costs in a room in which all have spoken and fallen silent, with its
// socket and the packets that it keeps to be heard again. Opus's own state is libopus's
// and not in it; G.711's is what its concealment remembers.
func TestBytesPerLeg(t *testing.T) {
	const legs, most = 200, 8 << 10
	for _, tt := range []struct {
		name  string
		codec *media.Codec
	}{{"G.711", g711.MuLaw()}, {"Opus", opus.Codec()}} {
		f := newField(t, IOEpoll)
		still := func() int64 { return 0 } // no frame is skipped, however slow the machine is
		f.engine.workers[0].Budget.Init(1, still, still)
		room := f.room(RoomConfig{})
		f.quietly(8)
		before := heap()
		for range legs {
			c := f.call(formatOf(tt.codec), false)
			if tt.codec == opus.Codec() {
				f.tell(c, formatOf(tt.codec), 30)
			}
			if err := c.port.Join(room, JoinOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		speak := func(frames int) {
			for range frames {
				for _, c := range f.callers {
					if err := c.say(); err != nil {
						t.Fatal(err)
					}
				}
				f.quietly(pace.TicksPerFrame)
				for _, c := range f.callers {
					if _, err := c.sock.Recv(f.batch); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		speak(30)
		for _, c := range f.callers {
			if tt.codec == opus.Codec() {
				f.tell(c, formatOf(tt.codec), 100)
			}
		}
		speak(50)
		f.take()
		for _, c := range f.callers {
			c.frames = nil // the test's own
		}
		own := int64(unsafe.Sizeof(caller{}) + unsafe.Sizeof(rtp.Socket{})) // the test's end of each
		each := (heap()-before)/legs - own
		slots, used, bytes := f.engine.workers[0].Memory.Slots()
		t.Logf("%s: %d bytes a leg, %d of them its Port, %d its share of %d packet slots (%d in use)",
			tt.name, each, unsafe.Sizeof(Port{}), bytes/legs, slots, used)
		if each > most {
			t.Errorf("%s: %d bytes a leg, want at most %d", tt.name, each, most)
		}
		runtime.KeepAlive(f)
	}
}

// A packet longer than the network's frames is heard, where that was negotiated: 60 ms
// of L16 at 16 kHz have 1,920 bytes.
func TestLongPackets(t *testing.T) {
	l := newLive(t, quiet())
	a, b := l.handset("a", PortConfig{}), l.handset("b", PortConfig{})
	long := formatOf(l16.Wideband())
	if err := a.port.SetMedia(mediaOf(long)); err != nil {
		t.Fatal(err)
	}
	pair, err := l.engine.NewPair()
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []*handset{a, b} {
		if err := h.port.Connect(pair); err != nil {
			t.Fatal(err)
		}
	}
	var loud bool
	const samples = 960
	for i := 0; !loud && i < 200; i++ {
		p := make([]byte, rtp.HeaderBytes+2*samples)
		h := rtp.Header{PayloadType: long.PayloadType, SequenceNumber: uint16(i), Timestamp: uint32(i * samples), SSRC: 77}
		h.Put(p)
		for k, v := range tone(440, 8000, 16000, i*samples, samples) {
			binary.BigEndian.PutUint16(p[rtp.HeaderBytes+2*k:], uint16(v))
		}
		if _, err := a.conn.WriteToUDPAddrPort(p, a.to); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			pcm, _ := b.hear()
			for _, v := range pcm {
				loud = loud || v > 4000
			}
		}
	}
	if s := a.port.Stats(); !loud || s.Invalid > 0 {
		t.Errorf("%d packets are invalid; heard: %v", s.Invalid, loud)
	}
}
