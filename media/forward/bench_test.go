package forward

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/video/payload"
)

// crowd is one source of VP8 of 1,100 bytes a packet with receivers who watch it.
type crowd struct {
	source *Source
	subs   []*Subscription
	body   []byte
	seq    uint16
	now    time.Duration
	buf    []byte
	sent   int
}

func newCrowd(t testing.TB, receivers int) *crowd {
	t.Helper()
	s, err := NewSource(Config{Codec: payload.VP8, PayloadType: 96, Extensions: theirs, Layers: []LayerConfig{{SSRC: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	c := &crowd{source: s, body: make([]byte, 1100), buf: make([]byte, MaxPacket), now: time.Hour}
	for range receivers {
		b := subscribe(t, s, NewReceiver(ours), 0)
		b.Aim(c.now, 0, MaxTemporal)
		c.subs = append(c.subs, b)
	}
	return c
}

// packet forwards one to all. Every frame has four; the first is a key frame.
func (c *crowd) packet() {
	at := c.seq % 4
	copy(c.body, []byte{0x90, 0xe0, 0x80 | byte(c.seq>>10), byte(c.seq >> 2), byte(c.seq >> 2), 0, 1})
	if at != 0 {
		c.body[0] = 0x80
	}
	if c.seq == 0 {
		copy(c.body[6:], []byte{0, 0, 0, 0x9d, 1, 0x2a, 64, 1, 180, 0})
	}
	h := rtp.Header{PayloadType: 96, SSRC: 1, SequenceNumber: c.seq, Timestamp: uint32(c.seq/4) * 3000, Marker: at == 3, Payload: c.body}
	c.seq++
	c.now += ms
	ref, ok := c.source.Packet(c.now, &h)
	if !ok {
		panic("refused")
	}
	for _, b := range c.subs {
		for n := b.Write(c.now, ref, c.buf); n > 0; n = b.More(c.now, c.buf) {
			c.sent++
		}
	}
}

// BenchmarkForward passes one stream on to receivers: its time is that of one packet to one
// of them.
func BenchmarkForward(b *testing.B) {
	for _, n := range []int{1, 10, 50} {
		b.Run(fmt.Sprintf("receivers=%d", n), func(b *testing.B) {
			c := newCrowd(b, n)
			c.packet()
			c.sent = 0
			b.ReportAllocs()
			b.SetBytes(1100)
			before := processor(b)
			for i := 0; i < b.N; i += n {
				c.packet()
			}
			// On a machine that has other work too the time says little.
			b.ReportMetric(float64(processor(b)-before)/float64(c.sent), "cpu-ns/op")
			if c.sent < b.N {
				b.Fatalf("%d of %d were sent", c.sent, b.N)
			}
		})
	}
}

// processor is the processor time that this process has had.
func processor(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestForwardingAllocatesNothing(t *testing.T) {
	c := newCrowd(t, 50)
	c.packet()
	c.sent = 0
	rtcp := make([]byte, 0, 1500)
	if n := testing.AllocsPerRun(2000, func() {
		c.packet()
		rtcp = c.source.Feedback(c.now, rtcp[:0])
		for _, b := range c.subs[:5] {
			b.Resend(c.now, b.places.next-2, c.buf)
			b.NeedPicture(c.now)
		}
	}); n != 0 {
		t.Errorf("%v allocations per packet", n)
	}
	if c.sent < 2000*50 {
		t.Errorf("%d packets were sent", c.sent)
	}
}
