package video

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/forward"
	"github.com/skygenesisenterprise/skybridge/media/forward/allocation"
	"github.com/skygenesisenterprise/skybridge/media/forward/router"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
	"github.com/skygenesisenterprise/skybridge/media/video/payload"
)

// meeting is a room of members with a transport each, that seals what it is given and sends it,
// of whom some have a camera of 1,100 bytes a packet.
type meeting struct {
	f       *Forwarding
	members []*Member
	senders int
	seq     uint16
	packet  []byte
	sent    atomic.Int64
}

func newMeeting(tb testing.TB, members, senders int) *meeting {
	tb.Helper()
	m := &meeting{f: NewForwarding(slog.New(slog.DiscardHandler), Settings{Cameras: MaxCameras}, func(Event) {}, nil), senders: senders, packet: make([]byte, 0, 1500)}
	tb.Cleanup(m.f.Close)
	sink, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = sink.Close() })
	for i := range members {
		socket, err := net.Dial("udp", sink.LocalAddr().String())
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { _ = socket.Close() })
		master := srtp.Master{Suite: srtp.GCM128}
		streams := make([]*srtp.Sender, senders) // as a transport has them
		for k := range streams {
			if streams[k], err = srtp.NewSender(master, srtp.State{}, srtp.RTPResent); err != nil {
				tb.Fatal(err)
			}
		}
		sealed := make([]byte, 0, 2000)
		one, err := m.f.Join(fmt.Sprint(i), router.Config{
			Send: func(p []byte) bool {
				out, err := streams[binary.BigEndian.Uint32(p[8:])-1000].Protect(sealed, p)
				if err == nil {
					_, err = socket.Write(out)
				}
				if err == nil {
					m.sent.Add(1)
				}
				return true
			},
			SendRTCP:   func([]byte) {},
			Extensions: forward.Extensions{MID: 1, TransportWide: 2}, TransportWide: 3, SSRC: 1, CNAME: []byte("us"),
		})
		if err != nil {
			tb.Fatal(err)
		}
		m.members = append(m.members, one)
	}
	for i, one := range m.members[:senders] {
		cfg := router.TrackConfig{}
		cfg.Codec, cfg.PayloadType, cfg.Layers = payload.VP8, 96, []forward.LayerConfig{{SSRC: uint32(100 + i)}}
		if err := one.Publish(Camera, cfg); err != nil {
			tb.Fatal(err)
		}
	}
	for k, one := range m.members {
		lines := map[SourceID]int{}
		for i := range senders {
			if i == k {
				continue
			}
			lines[SourceID{fmt.Sprint(i), Camera}] = allocation.Small
			if err := one.Watch(SourceID{fmt.Sprint(i), Camera}, forward.Stream{SSRC: uint32(1000 + i), PayloadType: 120, MID: "1"}); err != nil {
				tb.Fatal(err)
			}
		}
		if err := one.Arrange(Layout{Mode: GridMode, Lines: lines}); err != nil {
			tb.Fatal(err)
		}
		// Who says that there is room for all has all.
		one.Control((&rtp.Feedback{
			Kind: rtp.PayloadFeedback, Format: rtp.FormatApplication, Sender: 9, Detail: []byte("REMB\x01\x28\x9c\x40\x00\x00\x03\xe8"),
		}).Append(nil), time.Now())
	}
	for range 2 { // the second tick knows that packets have come
		for i := range senders {
			m.send(i)
		}
		m.f.settle()
		m.f.tick()
	}
	return m
}

// send has a sender send a packet, each of them a frame; the first ones are key frames.
func (m *meeting) send(i int) {
	if i == 0 {
		m.seq++
	}
	h := rtp.Header{SSRC: uint32(100 + i), PayloadType: 96, Marker: true, SequenceNumber: m.seq, Timestamp: uint32(m.seq) * 900}
	n := h.Put(m.packet[:cap(m.packet)])
	p := m.packet[:n+1100]
	copy(p[n:], []byte{0x90, 0x80, 0x80 | byte(m.seq>>8), byte(m.seq), 1})
	if m.seq < 4 {
		copy(p[n+4:], []byte{0, 0, 0, 0x9d, 1, 0x2a, 64, 1, 180, 0})
	}
	m.members[i].Packet("", p, time.Now())
}

// TestPacketsAllocateNothing: from a camera's packet to what all others are sent, sealed.
func TestPacketsAllocateNothing(t *testing.T) {
	m := newMeeting(t, 10, 2)
	m.sent.Store(0)
	n := 0
	if allocs := testing.AllocsPerRun(200, func() { // histories have grown before it counts
		m.send(n % m.senders)
		m.f.settle()
		n++
	}); allocs >= 1 {
		t.Errorf("%v allocations per packet", allocs)
	}
	if sent := m.sent.Load(); sent < 200 {
		t.Errorf("%d packets were sent", sent)
	}
}

// BenchmarkMeeting is ten cameras in a room of fifty, to the wire: its time is that of one packet
// of a camera to all who see it. Ten cameras of 1 Mbit/s are some 1,100 packets a second. What it
// takes of the goroutine that brings the packets is reader-ns/op.
func BenchmarkMeeting(b *testing.B) {
	m := newMeeting(b, 50, 10)
	m.sent.Store(0)
	b.ReportAllocs()
	b.ResetTimer()
	var reader time.Duration
	used := cpu(b)
	for n := range b.N {
		if n%64 == 0 { // as many as come at once
			m.f.settle()
		}
		at := time.Now()
		m.send(n % m.senders)
		reader += time.Since(at)
	}
	m.f.settle()
	b.StopTimer()
	used = cpu(b) - used
	sent := m.sent.Load()
	b.ReportMetric(float64(sent)/float64(b.N), "sent/op")
	b.ReportMetric(float64(used.Nanoseconds())/float64(sent), "cpu-ns/sent")
	b.ReportMetric(float64(reader.Nanoseconds())/float64(b.N), "reader-ns/op")
	if sent < int64(40*b.N) && b.N > 100 {
		b.Fatalf("%d packets were sent of %d", sent, b.N)
	}
}

// cpu is the processor time of the process.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
