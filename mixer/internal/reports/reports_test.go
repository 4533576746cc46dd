package reports

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/reception"
	"github.com/skygenesisenterprise/skybridge/media/rtcp"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/doorbell"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patienceOfTests = time.Minute

// fakeLeg has counters that stand still, and tells what is reported.
type fakeLeg struct {
	local rtcp.Local
	told  chan rtcp.Feedback
}

func (f *fakeLeg) Counters() rtcp.Local { return f.local }

func (f *fakeLeg) Receiving() rtcp.Receiving {
	return rtcp.Receiving{
		SSRC: f.local.Received.SSRC, Packet: 20 * time.Millisecond, Delay: 40 * time.Millisecond, Limit: 200 * time.Millisecond,
		Codec: media.Impairment{Bpl: 25.1},
	}
}

func (f *fakeLeg) Reported(r rtcp.Feedback) {
	select {
	case f.told <- r:
	default:
	}
}

func (f *fakeLeg) Requested([]rtp.Feedback) {}

// newLeg is a leg that sent 100 packets, of which the other, theirs, got 90.
func newLeg(ssrc, theirs uint32) *fakeLeg {
	return &fakeLeg{told: make(chan rtcp.Feedback, 100), local: rtcp.Local{
		SSRC: ssrc, Packets: 100, Octets: 16000, At: time.Now().UnixNano(), SendClock: 8000,
		Received:  reception.Counts{SSRC: theirs, Highest: 100, Expected: 100, Received: 90, Jitter: 80},
		Receiving: true,
	}}
}

// wait gives the first report that is as wanted.
func (f *fakeLeg) wait(t *testing.T, what string, want func(rtcp.Feedback) bool) rtcp.Feedback {
	t.Helper()
	end := time.NewTimer(patienceOfTests)
	defer end.Stop()
	for {
		select {
		case r := <-f.told:
			if want(r) {
				return r
			}
		case <-end.C:
			t.Fatalf("nothing came: %s", what)
		}
	}
}

type rig struct {
	t     *testing.T
	ports *rtp.Ports
	*Service
}

func newRig(t *testing.T) *rig {
	t.Helper()
	cfg := rtcp.Default()
	cfg.Interval = rtcp.MinInterval
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	bell := new(doorbell.Bell)
	s := New(cfg, bell, log)
	if err := errors.Join(bell.Start(log), s.Start()); err != nil {
		t.Fatal(err)
	}
	ports := newPorts(t)
	t.Cleanup(func() {
		if err := errors.Join(s.Close(), bell.Close()); err != nil {
			t.Error(err)
		}
		if n := len(s.due) + len(s.sockets); n != 0 {
			t.Errorf("%d reporters are left", n)
		}
	})
	return &rig{t, ports, s}
}

func newPorts(t *testing.T) *rtp.Ports {
	t.Helper()
	pc := rtp.DefaultPortsConfig()
	pc.Addresses, pc.First, pc.Last = []netip.Addr{netip.MustParseAddr("127.0.0.1")}, 0, 0
	ports, err := rtp.NewPorts(pc)
	if err != nil {
		t.Fatal(err)
	}
	return ports
}

// end is a leg with its sockets.
type end struct {
	*fakeLeg
	*Reporter
	media, control netip.AddrPort
}

func (r *rig) end(ssrc, theirs uint32) *end {
	r.t.Helper()
	m, c, err := r.ports.OpenPair()
	if err != nil {
		r.t.Fatal(err)
	}
	e := &end{fakeLeg: newLeg(ssrc, theirs), media: m.LocalAddr(), control: c.LocalAddr()}
	e.Reporter = r.NewReporter(e.fakeLeg, m, c, nil)
	r.t.Cleanup(func() {
		if err := e.Close(); err != nil {
			r.t.Error(err)
		}
		if err := m.Close(); err != nil {
			r.t.Error(err)
		}
	})
	return e
}

func (e *end) talksTo(o *end) {
	e.Set(Peer{Media: o.media, Remote: o.control, Metrics: true, RoundTrip: true})
}

// udp is a peer of the test's own.
func udp(t *testing.T) (*net.UDPConn, netip.AddrPort) {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return conn, conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

func say(t *testing.T, conn *net.UDPConn, to netip.AddrPort, packet []byte) {
	t.Helper()
	if _, err := conn.WriteToUDPAddrPort(packet, to); err != nil {
		t.Fatal(err)
	}
}

// hears waits for a packet that is as wanted.
func hears(t *testing.T, conn *net.UDPConn, want func(*rtp.Report) bool) *rtp.Report {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(patienceOfTests)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 1500)
	for {
		n, _, err := conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			t.Fatal(err)
		}
		var r rtp.Report
		if err := rtp.ParseRTCP(buf[:n], &r); err != nil {
			t.Fatal(err)
		}
		if want(&r) {
			return &r
		}
	}
}

// Two legs, each with RTCP on a port of its own, tell each other how they receive.
func TestReports(t *testing.T) {
	r := newRig(t)
	a, b := r.end(1, 2), r.end(2, 1)
	a.talksTo(b)
	b.talksTo(a)
	for _, e := range []*end{a, b} {
		got := e.wait(t, "a report with a round trip", func(f rtcp.Feedback) bool { return f.RoundTrip > 0 })
		if !got.Reported || got.Lost != 10 || got.Jitter != 10*time.Millisecond || got.RoundTrip > time.Second || !got.Measured || got.Metrics.R < 80 {
			t.Errorf("%+v", got)
		}
		if s := e.Stats(); s.In == 0 || s.Out == 0 || s.Dropped != 0 {
			t.Errorf("%+v", s)
		}
	}
}

// On the port of RTP a worker reads what comes, and hands it over.
func TestMux(t *testing.T) {
	r := newRig(t)
	conn, addr := udp(t)
	e := r.end(1, 2)
	e.Set(Peer{Media: addr, Remote: addr, Mux: true})
	sr := hears(t, conn, func(r *rtp.Report) bool { return r.Sender != nil })
	answer := rtp.Report{SSRC: 2, CNAME: []byte("x"), Blocks: []rtp.ReportBlock{{
		SSRC: 1, FractionLost: 64, LastSR: uint32(sr.Sender.NTP >> 16), DelaySinceLastSR: 0,
	}}}
	p := &Packet{To: e.Reporter, Arrival: time.Now().UnixNano(), From: addr}
	p.N = copy(p.Data[:], answer.Append(nil))
	if !r.Hand(p) {
		t.Fatal("no room")
	}
	if f := e.wait(t, "the answer", func(rtcp.Feedback) bool { return true }); f.Fraction != 0.25 || f.RoundTrip == 0 {
		t.Errorf("%+v", f)
	}
	// Where RTP is learned to be, RTCP is too.
	other, moved := udp(t)
	e.Learned(moved)
	hears(t, other, func(r *rtp.Report) bool { return r.SSRC == 1 })
}

func TestFarewell(t *testing.T) {
	r := newRig(t)
	conn, addr := udp(t)
	e := r.end(1, 2)
	e.Set(Peer{Media: addr, Remote: addr})
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	hears(t, conn, func(r *rtp.Report) bool { return r.Bye && r.Sender != nil })
}

// A peer that holds by the manner of RFC 2543 takes nothing, but what it says is read.
func TestNowhere(t *testing.T) {
	r := newRig(t)
	conn, addr := udp(t)
	e := r.end(1, 2)
	e.Set(Peer{Media: addr, Remote: addr})
	e.Set(Peer{})
	report := rtp.Report{SSRC: 2, CNAME: []byte("x"), Blocks: []rtp.ReportBlock{{SSRC: 1}}}
	say(t, conn, e.control, report.Append(nil))
	e.wait(t, "the report", func(f rtcp.Feedback) bool { return f.Reported })
	r.step(time.Now().Add(time.Hour))
	if s := e.Stats(); s.Out != 0 {
		t.Errorf("%+v", s)
	}
}

// A flood of damaged packets is left in the socket after a while; what is valid counts
// again after the next report. Strangers are never listened to.
func TestFlood(t *testing.T) {
	r := newRig(t)
	conn, addr := udp(t)
	stranger, _ := udp(t)
	e := r.end(1, 2)
	e.Set(Peer{Media: addr, Remote: addr})
	report := rtp.Report{SSRC: 2, CNAME: []byte("x"), Blocks: []rtp.ReportBlock{{SSRC: 1}}}
	valid := report.Append(nil)
	for range 200 {
		say(t, conn, e.control, []byte{0x80, 200, 0xff, 0xff})
		say(t, stranger, e.control, valid)
	}
	for e.Stats().Dropped < patience {
		hears(t, conn, func(*rtp.Report) bool { return true }) // it goes on to report
	}
	for {
		say(t, conn, e.control, valid)
		hears(t, conn, func(*rtp.Report) bool { return true })
		if e.Stats().In > 0 {
			break
		}
	}
	if f := e.wait(t, "the valid report", func(rtcp.Feedback) bool { return true }); !f.Reported {
		t.Errorf("%+v", f)
	}
}

// Reports are protected with keys of RTP's: forgeries, replays and what is in the clear
// are dropped.
func TestProtected(t *testing.T) {
	for _, suite := range []srtp.Suite{srtp.AESCM80, srtp.AESCM32, srtp.GCM128} {
		r := newRig(t)
		conn, addr := udp(t)
		e := r.end(1, 2)
		ours, theirs := srtp.NewMaster(suite), srtp.NewMaster(suite)
		e.Set(Peer{Media: addr, Remote: addr, Keys: &srtp.Masters{Send: ours, Receive: theirs}})
		receiver, err := srtp.NewReceiver(ours, srtp.State{}, srtp.Whole)
		if err != nil {
			t.Fatal(err)
		}
		sender, err := srtp.NewSender(theirs, srtp.State{}, srtp.Whole)
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.SetReadDeadline(time.Now().Add(patienceOfTests)); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 1500)
		n, _, err := conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			t.Fatal(err)
		}
		var got rtp.Report
		plain, err := receiver.UnprotectRTCP(buf[:n])
		if err != nil || rtp.ParseRTCP(plain, &got) != nil || got.SSRC != 1 {
			t.Fatalf("%v: %+v", err, got)
		}
		report := rtp.Report{SSRC: 2, CNAME: []byte("x"), Blocks: []rtp.ReportBlock{{SSRC: 1, Lost: 5}}}
		say(t, conn, e.control, report.Append(nil))
		sealed, err := sender.ProtectRTCP(make([]byte, 500), report.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		say(t, conn, e.control, sealed)
		say(t, conn, e.control, sealed)
		report.Blocks[0].Lost = 6
		if sealed, err = sender.ProtectRTCP(make([]byte, 500), report.Append(nil)); err != nil {
			t.Fatal(err)
		}
		say(t, conn, e.control, sealed)
		e.wait(t, "the last report", func(f rtcp.Feedback) bool { return f.Lost == 6 })
		if s := e.Stats(); s.In != 2 || s.Dropped != 2 {
			t.Errorf("%v: %+v", suite, s)
		}
	}
}
