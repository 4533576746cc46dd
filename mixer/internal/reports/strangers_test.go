package reports

import (
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtcp"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// still is a rig that nothing drives, so that no report of ours begins anything anew.
func still(t *testing.T) *rig {
	t.Helper()
	ports := newPorts(t)
	return &rig{t, ports, New(rtcp.Default(), nil, slog.New(slog.NewTextHandler(t.Output(), nil)))}
}

// aboutUs is a valid report of the peer of newLeg(1, 2).
func aboutUs() []byte {
	report := rtp.Report{SSRC: 2, CNAME: []byte("x"), Blocks: []rtp.ReportBlock{{SSRC: 1}}}
	return report.Append(nil)
}

// Who the peer is not costs it nothing: neither a few a second, for ever, nor a flood.
func TestStrangersCostThePeerNothing(t *testing.T) {
	for _, n := range []int{patience, 10 * patience, strangers - 1} {
		r := still(t)
		e := r.end(1, 2)
		at := netip.MustParseAddrPort("127.0.0.1:4001")
		e.Set(Peer{Media: netip.MustParseAddrPort("127.0.0.1:4000"), Remote: at})
		from, now := netip.MustParseAddrPort("127.0.0.1:9999"), time.Now()
		for range n {
			e.take(aboutUs(), from, now, now, false)
		}
		e.listen()
		if e.take(aboutUs(), at, now, now, false); e.Stats().In != 1 || e.deaf {
			t.Errorf("after %d packets of strangers: %+v, deaf %v", n, e.Stats(), e.deaf)
		}
	}
}

// handshakes counts what is handed on.
type handshakes int

func (h *handshakes) Wake()                       {}
func (h *handshakes) Take([]byte, netip.AddrPort) { *h++ }

// Nor do their handshakes cost the peer anything; they are as bounded as other packets.
func TestStrangersHandshakesCostThePeerNothing(t *testing.T) {
	r := still(t)
	e := r.end(1, 2)
	var taken handshakes
	e.keying = &taken
	at := netip.MustParseAddrPort("127.0.0.1:4001")
	e.Set(Peer{Media: netip.MustParseAddrPort("127.0.0.1:4000"), Remote: at})
	from, now := netip.MustParseAddrPort("192.0.2.1:9999"), time.Now()
	record := make([]byte, 60)
	record[0] = 22 // a handshake's, RFC 7983
	for range 2 * strangers {
		e.take(record, from, now, now, false)
	}
	if taken != strangers || e.patience != patience {
		t.Errorf("%d handed on, patience %d", taken, e.patience)
	}
	e.take(record, at, now, now, false)
	if e.take(aboutUs(), at, now, now, false); taken != strangers+1 || e.Stats().In != 1 {
		t.Errorf("the peer: %d handed on, %+v", taken, e.Stats())
	}
}

// What the peer sends beyond its patience is left in the socket, whatever strangers do.
func TestPatienceIsThePeers(t *testing.T) {
	r := still(t)
	e := r.end(1, 2)
	at := netip.MustParseAddrPort("127.0.0.1:4001")
	e.Set(Peer{Media: netip.MustParseAddrPort("127.0.0.1:4000"), Remote: at})
	now := time.Now()
	for range 2 * patience {
		e.take(aboutUs(), at, now, now, false)
	}
	if e.listen(); e.Stats().In != patience || !e.deaf {
		t.Errorf("%+v, deaf %v", e.Stats(), e.deaf)
	}
}

// Past a limit the kernel keeps strangers away, until the peer may be somebody else.
func TestStrangersAreKeptAway(t *testing.T) {
	r := still(t)
	conn, addr := udp(t)
	stranger, elsewhere := udp(t)
	e := r.end(1, 2)
	e.Set(Peer{Media: addr, Remote: addr})
	now := time.Now()
	for range strangers {
		e.take(aboutUs(), elsewhere, now, now, false)
	}
	e.listen()
	if e.deaf || !e.shielded {
		t.Fatalf("deaf %v, shielded %v", e.deaf, e.shielded)
	}
	before := e.Stats().Dropped
	say(t, stranger, e.control, aboutUs())
	say(t, conn, e.control, aboutUs())
	if r.read(e.id, now); e.Stats().In != 1 || e.Stats().Dropped != before {
		t.Errorf("%+v, dropped before %d", e.Stats(), before)
	}
	e.Set(Peer{Media: elsewhere, Remote: elsewhere})
	say(t, stranger, e.control, aboutUs())
	if r.read(e.id, now); e.Stats().In != 2 {
		t.Errorf("the new peer: %+v", e.Stats())
	}
}

// Before there is a peer there is a limit, too; what came then is forgotten when there is.
func TestNobodyIsThePeerYet(t *testing.T) {
	r := still(t)
	e := r.end(1, 2)
	at := netip.MustParseAddrPort("127.0.0.1:4001")
	now := time.Now()
	for range strangers {
		if e.listen(); e.deaf {
			t.Fatal("deaf too early")
		}
		e.take(aboutUs(), at, now, now, false)
	}
	if e.listen(); !e.deaf {
		t.Error("there is no limit")
	}
	e.Set(Peer{Media: netip.MustParseAddrPort("127.0.0.1:4000"), Remote: at})
	if e.take(aboutUs(), at, now, now, false); e.deaf || e.Stats().In != 1 {
		t.Errorf("deaf %v, %+v", e.deaf, e.Stats())
	}
}
