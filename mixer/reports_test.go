package mixer

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/cn"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/rtcp"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// often reports as often as may be.
func often() Config {
	cfg := quiet()
	cfg.Reports.Interval = rtcp.MinInterval
	return cfg
}

// report is the next packet of RTCP that comes to a handset, and is as wanted. RTP that
// comes before is passed over.
func (h *handset) report(conn *net.UDPConn, want func(*rtp.Report) bool) rtp.Report {
	h.t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		h.t.Fatal(err)
	}
	p := make([]byte, 2000)
	for {
		n, _, err := conn.ReadFromUDPAddrPort(p)
		if err != nil {
			h.t.Fatal(err)
		}
		if !rtp.IsRTCP(p[:n]) {
			continue
		}
		var r rtp.Report
		if err := rtp.ParseRTCP(p[:n], &r); err != nil {
			h.t.Fatal(err)
		}
		if want(&r) {
			return r
		}
	}
}

// Reports go and come on the port of RTP, or on the one above, also on hold; what they
// say is in the port's statistics; the port says farewell.
func TestPortReports(t *testing.T) { eachIO(t, testPortReports) }

func testPortReports(t *testing.T, io IO) {
	for _, mux := range []bool{true, false} {
		t.Run(fmt.Sprintf("mux=%v", mux), func(t *testing.T) {
			l := newLive(t, often().by(io))
			var control *rtp.Socket
			conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}) // of RTCP, if that has its own
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := conn.Close(); err != nil {
					t.Error(err)
				}
			})
			if !mux {
				media, above, err := l.ports.OpenPair()
				if err != nil {
					t.Fatal(err)
				}
				control = above
				if err := media.Close(); err != nil {
					t.Fatal(err)
				}
			}
			h := l.handset("a", PortConfig{RTCP: control})
			to, on := h.to, conn
			peer := ReportPeer{Media: h.addr(), Remote: h.addr(), Mux: mux, Metrics: true}
			if mux {
				on = h.conn
			} else {
				peer.Remote = conn.LocalAddr().(*net.UDPAddr).AddrPort()
				to = control.LocalAddr()
			}
			h.port.SetReports(peer)
			for range 50 {
				h.say(440)
			}
			ours := h.report(on, func(r *rtp.Report) bool { return len(r.Blocks) == 1 && len(r.Metrics) == 1 })
			if b := ours.Blocks[0]; b.SSRC != 77 || b.Lost != 0 || ours.Metrics[0].SSRC != 77 {
				t.Errorf("%+v", ours)
			}
			h.port.SetHold(true)
			var middle uint32
			for h.port.Stats().Peer.Lost == 0 {
				theirs := rtp.Report{SSRC: 77, CNAME: []byte("a"), Blocks: []rtp.ReportBlock{{
					SSRC: ours.SSRC, FractionLost: 64, Lost: 12, Jitter: 80, LastSR: middle,
				}}}
				if _, err := on.WriteToUDPAddrPort(theirs.Append(nil), to); err != nil {
					t.Fatal(err)
				}
				h.report(on, func(*rtp.Report) bool { return true })
			}
			s := h.port.Stats()
			if s.Peer.Loss != 0.25 || s.Peer.Lost != 12 || s.Peer.Jitter != 10*time.Millisecond || s.ReportsIn == 0 || s.ReportsOut == 0 || s.ReportsDropped > 0 {
				t.Errorf("mux %v: %+v", mux, s)
			}
			h.port.Close()
			h.report(on, func(r *rtp.Report) bool { return r.Bye })
		})
	}
}

// A flood of RTCP, damaged or not, leaves the audio as it is.
func TestFloodOfReports(t *testing.T) { eachIO(t, testFloodOfReports) }

func testFloodOfReports(t *testing.T, io IO) {
	l := newLive(t, often().by(io))
	h := l.handset("a", PortConfig{})
	h.port.SetReports(ReportPeer{Media: h.addr(), Remote: h.addr(), Mux: true})
	room, err := l.engine.NewRoom(RoomConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.port.Join(room, JoinOptions{}); err != nil {
		t.Fatal(err)
	}
	valid := rtp.Report{SSRC: 77, CNAME: []byte("a")}
	for range 100 {
		h.say(440)
		for range 10 {
			for _, p := range [][]byte{{0x80, 200, 0xff, 0xff}, valid.Append(nil), append([]byte{0x80, 207}, make([]byte, 1200)...)} {
				if _, err := h.conn.WriteToUDPAddrPort(p, h.to); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := h.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		for p, n := make([]byte, 2000), 0; n == 0 || rtp.IsRTCP(p[:n]); {
			if n, err = h.conn.Read(p); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A leg to which nothing is sent keeps its way open with comfort noise, and goes on with
// its stream afterwards.
func TestKeepalive(t *testing.T) {
	f := newField(t, IOEpoll)
	c := f.callWith(PortConfig{Keepalive: time.Second}, formatOf(g711.MuLaw()), false)
	var noise, all []rtp.Header
	listen := func(ticks int) {
		for range ticks {
			f.tick()
			n, err := c.sock.Recv(f.batch)
			if err != nil {
				t.Fatal(err)
			}
			for i := range n {
				var h rtp.Header
				if err := rtp.Parse(f.batch.Packet(i), &h); err != nil {
					t.Fatal(err)
				}
				if all = append(all, h); h.PayloadType == cn.PayloadType {
					noise = append(noise, h)
				}
			}
		}
	}
	listen(int(5 * pace.TicksPerSecond))
	if len(noise) < 4 || len(noise) > 5 || len(all) != len(noise) {
		t.Errorf("%d of %d packets in 5 s are comfort noise", len(noise), len(all))
	}
	c.port.Echo()
	for range 50 {
		if err := c.say(); err != nil {
			t.Fatal(err)
		}
		listen(pace.TicksPerFrame)
	}
	if len(all) < len(noise)+40 {
		t.Errorf("%d packets in all, %d of them noise", len(all), len(noise))
	}
	for i := 1; i < len(all); i++ {
		if all[i].SSRC != all[0].SSRC || all[i].SequenceNumber != all[i-1].SequenceNumber+1 {
			t.Fatalf("packet %d is %d after %d", i, all[i].SequenceNumber, all[i-1].SequenceNumber)
		}
	}
}

// Where that is wished for, a party whose RTP stops is not given up while its RTCP comes.
func TestReportsAreLife(t *testing.T) {
	for _, life := range []bool{true, false} {
		f := newField(t, IOEpoll)
		c := f.callWith(PortConfig{MediaTimeout: 2 * time.Second, RTCPIsLife: life}, formatOf(g711.MuLaw()), false)
		for range 10 { // one a second
			c.port.Reported(rtcp.Feedback{At: time.Unix(0, f.engine.workers[0].Wall())})
			f.ticks(int(pace.TicksPerSecond))
		}
		if timedOut := len(f.take(MediaTimeout)) > 0; timedOut == life {
			t.Errorf("reports are life: %v; timed out: %v", life, timedOut)
		}
		f.ticks(3 * int(pace.TicksPerSecond))
		if timedOut := len(f.take(MediaTimeout)) > 0; timedOut != life {
			t.Errorf("reports are life: %v; timed out once they stopped: %v", life, timedOut)
		}
	}
}

// On hold, and while nothing is to be received, the longer limit counts.
func TestHoldTimeout(t *testing.T) {
	for _, how := range []string{"hold", "sendonly"} {
		f := newField(t, IOEpoll)
		c := f.callWith(PortConfig{MediaTimeout: time.Second, HoldTimeout: 3 * time.Second}, formatOf(g711.MuLaw()), false)
		if how == "hold" {
			c.port.SetHold(true)
		} else {
			m := mediaOf(formatOf(g711.MuLaw()))
			m.Direction = media.SendOnly
			if err := c.port.SetMedia(m); err != nil {
				t.Fatal(err)
			}
		}
		f.ticks(int(2 * pace.TicksPerSecond))
		if len(f.take(MediaTimeout)) > 0 {
			t.Errorf("%s: timed out after the usual time", how)
		}
		f.ticks(int(2 * pace.TicksPerSecond))
		if len(f.take(MediaTimeout)) != 1 {
			t.Errorf("%s: never timed out", how)
		}
	}
}

// Handing RTCP over, and publishing what reports are made of, allocates nothing.
func TestReportsAllocateNothing(t *testing.T) {
	f := newField(t, IOEpoll)
	c := f.callWith(PortConfig{}, formatOf(g711.MuLaw()), false)
	c.port.SetReports(ReportPeer{Media: c.sock.LocalAddr(), Remote: c.sock.LocalAddr(), Mux: true})
	f.ticks(4)
	w, l := f.engine.workers[0], &c.port.leg
	report := rtp.Report{SSRC: 77, CNAME: []byte("a")}
	packet := report.Append(nil)
	n := testing.AllocsPerRun(200, func() {
		l.Take(&w.Bench, packet, 1, c.sock.LocalAddr())
		l.Publish()
		l.Control = 0
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
