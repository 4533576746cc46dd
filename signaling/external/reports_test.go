package external_test

import (
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtcp"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// often is a mixer that reports twice a second.
func often(t *testing.T) *mixer.Engine {
	t.Helper()
	cfg := mixer.Default()
	cfg.Workers, cfg.FIFO, cfg.Budget = 1, false, 0.95
	cfg.Reports.Interval = rtcp.MinInterval
	e, err := mixer.New(cfg, codecs, slog.New(slog.DiscardHandler))
	ok(t, err)
	t.Cleanup(func() { ok(t, e.Close()) })
	return e
}

// report waits for a report that is as wanted.
func report(t *testing.T, control *net.UDPConn, wanted func(*rtp.Report) bool) (r rtp.Report, at time.Time) {
	t.Helper()
	ok(t, control.SetReadDeadline(time.Now().Add(30*time.Second)))
	buf := make([]byte, 2000)
	for {
		n, err := control.Read(buf)
		ok(t, err)
		at = time.Now()
		ok(t, rtp.ParseRTCP(buf[:n], &r))
		if wanted(&r) {
			return r, at
		}
	}
}

// The port above the remote's is told what is sent and how what comes is heard, and what comes
// from there, and from nowhere else, is believed. The end is told, too.
func TestReports(t *testing.T) {
	r := newRigWith(t, often(t))
	conn, control := listenPair(t)
	_, c, p := r.callTo(conn, "ulaw", 0, 0)
	got, at := report(t, control, func(r *rtp.Report) bool { return r.Sender != nil && len(r.Blocks) == 1 })
	if got.Sender.Packets == 0 || got.Sender.Octets != 160*got.Sender.Packets || got.Blocks[0].SSRC != 7 || len(got.CNAME) == 0 {
		t.Errorf("report %+v, sender %+v", got, *got.Sender)
	}
	to := netip.AddrPortFrom(p.to.Addr(), p.to.Port()+1)
	tell := func(conn *net.UDPConn, fraction uint8) {
		t.Helper()
		about := rtp.Report{SSRC: 7, CNAME: []byte("peer"), Blocks: []rtp.ReportBlock{{
			SSRC: got.SSRC, FractionLost: fraction, Lost: 3, LastSR: uint32(got.Sender.NTP >> 16),
			DelaySinceLastSR: uint32(time.Since(at) * 65536 / time.Second),
		}}}
		_, err := conn.WriteToUDPAddrPort(about.Append(nil), to)
		ok(t, err)
	}
	elsewhere := listen(t)
	defer func() { ok(t, elsewhere.Close()) }()
	for range 10 {
		tell(elsewhere, 255)
	}
	tell(control, 64)
	r.Eventually("the report is believed", func() bool {
		s, err := c.Audio(t.Context())
		ok(t, err)
		return s.Peer.Loss == 0.25 && s.Peer.Lost == 3 && s.Peer.RoundTrip > 0
	})
	c.Hangup(signaling.CauseNormal)
	report(t, control, func(r *rtp.Report) bool { return r.Bye })
	r.Gone(c)
}
