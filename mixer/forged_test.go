package mixer

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
)

// A flood of forged packets from a new address, 100 for each that the phone hears (5,000 a
// second), neither moves the peer nor costs it its audio, while the port still listens to
// all who send.
func TestForgedFloodMovesNobody(t *testing.T) { eachIO(t, testForgedFloodMovesNobody) }

func testForgedFloodMovesNobody(t *testing.T, io IO) {
	l := newLive(t, quiet().by(io))
	stranger, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stranger.Close(); err != nil {
			t.Error(err)
		}
	})
	h := l.handset("a", PortConfig{})
	k := newKeys(t, srtp.AESCM80)
	m := mediaOf(formatOf(g711.MuLaw()))
	m.Keys = &k.masters
	if err := h.port.SetMedia(m); err != nil {
		t.Fatal(err)
	}
	// The phone is announced elsewhere, so its port stays open to all until the phone has
	// proved itself.
	h.port.SetRemote(netip.MustParseAddrPort("127.0.0.1:9"), true)
	h.port.Echo()
	ready := make(chan struct{})
	h.port.do(func(*leg.Bench) { close(ready) })
	<-ready
	seq := uint16(0)
	forge := func(n int) {
		for i := range n { // the phone's stream, ahead and behind, with a wrong tag
			p := make([]byte, rtp.HeaderBytes+160+10)
			(&rtp.Header{SequenceNumber: seq + uint16(i), Timestamp: 160 * uint32(seq), SSRC: 77}).Put(p)
			if _, err := stranger.WriteToUDPAddrPort(p, h.to); err != nil {
				t.Fatal(err)
			}
		}
	}
	say := func() {
		p := make([]byte, rtp.HeaderBytes+160)
		(&rtp.Header{SequenceNumber: seq, Timestamp: 160 * uint32(seq), SSRC: 77}).Put(p)
		seq++
		if _, err := h.conn.WriteToUDPAddrPort(k.seal(t, p), h.to); err != nil {
			t.Fatal(err)
		}
	}
	forge(25) // nobody has proved anything yet
	for range 3 {
		forge(10)
		say()
	}
	if ev := h.await(RemoteLearned); ev.Addr != h.addr() {
		t.Fatalf("learned %v, want %v", ev.Addr, h.addr())
	}
	buf := make([]byte, 2000)
	for range 50 { // what comes back paces the phone
		say()
		forge(100)
		if err := h.conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		n, _, err := h.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			t.Fatal(err)
		}
		k.open(t, buf[:n])
	}
	for {
		select {
		case ev := <-h.events:
			if ev.Kind == RemoteLearned || ev.Kind == PortFailed || ev.Kind == TransportError {
				t.Errorf("event %v", ev)
			}
			continue
		default:
		}
		break
	}
	if s := h.port.Stats(); s.AuthFailed == 0 {
		t.Errorf("%+v", s)
	}
}
