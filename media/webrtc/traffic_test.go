package webrtc

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	pion "github.com/pion/webrtc/v4"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	ours "github.com/skygenesisenterprise/skybridge/media/rtp"
)

func TestWriteRTPErrors(t *testing.T) {
	o, r := newPeer(t, testAPI(t)), newRemote(t, opus)
	if err := o.WriteRTP(make([]byte, 12)); fault.Of(err) != fault.Unavailable {
		t.Errorf("before the connection: %v", err)
	}
	connect(t, o, r)
	for _, bad := range [][]byte{nil, {0x80}, append([]byte{0x90}, make([]byte, 11)...)} {
		if err := o.WriteRTP(bad); fault.Of(err) != fault.Invalid {
			t.Errorf("%x: %v", bad, err)
		}
	}
	o.Close()
	if err := o.WriteRTP(make([]byte, 12)); fault.Of(err) != fault.Unavailable {
		t.Errorf("after Close: %v", err)
	}
}

// A payload type nobody agreed on does not reach the owner.
func TestUnknownPayloadType(t *testing.T) {
	o, r := newPeer(t, testAPI(t)), newRemote(t, opus)
	connect(t, o, r)
	speak(t, o, r, "hello")
	for len(o.packets) > 0 {
		<-o.packets
	}
	// The remote is trusted to encrypt, not to keep its word.
	receive(o.Peer, headerOf(77, 1), "stranger")
	if len(o.packets) > 0 || o.Stats().PacketsRefused == 0 {
		t.Errorf("%d packets passed, %d refused", len(o.packets), o.Stats().PacketsRefused)
	}
}

// receive hands a packet in where SRTP would.
func receive(p *Peer, h rtp.Header, payload string) {
	raw, err := (&rtp.Packet{Header: h, Payload: []byte(payload)}).Marshal()
	if err != nil {
		panic(err)
	}
	p.receive(raw, time.Now())
}

func TestReports(t *testing.T) {
	began := time.Now()
	o, r := newPeer(t, testAPI(t)), newRemote(t, opus)
	connect(t, o, r)
	speak(t, o, r, "hello")
	reports := make(chan *rtcp.SenderReport, 16)
	go func() { // ended by the remote's close
		defer close(reports)
		for {
			packets, _, err := r.GetReceivers()[0].ReadRTCP()
			if err != nil {
				return
			}
			for _, p := range packets {
				if s, ok := p.(*rtcp.SenderReport); ok {
					reports <- s
				}
			}
		}
	}()
	o.post(o.report)
	s := <-reports
	sent := o.Stats()
	if s.SSRC != o.Media().SSRC || uint64(s.PacketCount) != sent.PacketsSent || uint64(s.OctetCount) != sent.BytesSent {
		t.Errorf("report %+v of %+v", s, sent)
	}
	if age := time.Since(time.Unix(int64(s.NTPTime>>32)-2208988800, 0)); age < 0 || age > time.Minute {
		t.Errorf("NTP time is %v old", age)
	}
	if len(s.Reports) != 1 || s.Reports[0].TotalLost != 0 {
		t.Errorf("about the remote: %+v", s.Reports)
	}
	// The remote reports every second; its report names ours, so both the round
	// trip and the loss are known then.
	eventually(t, "the remote's report", func() bool { return o.Stats().RoundTrip > 0 })
	if got := o.Stats(); got.RoundTrip > time.Since(began) || got.RemoteLost != 0 || got.PacketsReceived == 0 {
		t.Errorf("%+v", got)
	}
	r.close()
	for range reports {
	}
}

// What arrives is counted as the mixer counts it; that a packet far off is none, that
// a digit is no jitter, and that a jump of the timestamps is neither, is tested there.
func TestCount(t *testing.T) {
	start := time.Unix(1_700_000_000, 0)
	var in inbound
	at := start
	receive := func(ssrc uint32, sequence uint16, stamp uint32, clock int) {
		h := ours.Header{SSRC: ssrc, SequenceNumber: sequence, Timestamp: stamp, Payload: make([]byte, 160)}
		in.count(&h, clock, at)
		at = at.Add(20 * time.Millisecond)
	}
	want := func(what string, packets uint64, lost int64, jitter time.Duration) {
		t.Helper()
		s := &in.stream
		if s.Packets != packets || s.Lost() != lost || s.Jitter() != jitter || s.Bytes != 160*packets {
			t.Errorf("%s: %d packets, %d lost, jitter %v; want %d, %d, %v", what, s.Packets, s.Lost(), s.Jitter(), packets, lost, jitter)
		}
	}
	for i := range uint16(50) {
		receive(7, i, uint32(i)*160, 8000)
	}
	want("in order", 50, 0, 0)
	receive(7, 30000, 0, 8000) // nobody knows where it comes from
	receive(7, 51, 51*160, 8000)
	want("a packet far off", 51, 1, 0)
	for i := range uint16(50) {
		receive(7, 52+i, 52*160, 0)
	}
	receive(7, 102, 102*160, 8000)
	want("a digit", 102, 1, 0)
	receive(7, 103, 103*160+1<<30, 8000)
	receive(7, 104, 104*160+1<<30, 8000)
	want("a jump of the timestamps", 104, 1, 0)
	receive(7, 105, 0, 48000)
	receive(7, 106, 960, 48000)
	want("another codec", 106, 1, 0)
	at = at.Add(time.Second)
	receive(8, 1, 0, 48000)
	want("another source", 107, 1, 0)
}

// Peers do not report in step.
func TestNextReport(t *testing.T) {
	least, most := nextReport(), nextReport()
	for range 1000 {
		d := nextReport()
		least, most = min(least, d), max(most, d)
	}
	if least < reportInterval/2 || least > reportInterval*3/4 || most > reportInterval*3/2 || most < reportInterval*5/4 {
		t.Errorf("between %v and %v", least, most)
	}
}

// A browser behind a firewall that only lets TCP out.
func TestTCP(t *testing.T) {
	o, r := newPeer(t, testAPI(t)), newRemoteOver(t, pion.NetworkTypeTCP4, opus)
	connect(t, o, r)
	pair, err := r.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil || pair == nil || pair.Remote.Protocol != pion.ICEProtocolTCP {
		t.Fatalf("chose %v, %v", pair, err)
	}
	speak(t, o, r, "hello")
}

func TestWriteRTPAllocates(t *testing.T) {
	o, r := newPeer(t, testAPI(t)), newRemote(t, opus)
	connect(t, o, r)
	r.socket.deaf.Store(true)
	raw := packet(t, headerOf(111, 1), string(make([]byte, 80)))
	if n := testing.AllocsPerRun(200, func() {
		raw[3]++
		if err := o.WriteRTP(raw); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("WriteRTP allocates %v times", n)
	}
}

// A server that is told no address is there for both families.
func TestBothFamilies(t *testing.T) {
	a := testAPI(t, func(c *Config) { c.Listen, c.Loopback = ":0", true })
	if !a.Addr().Addr().Is6() {
		t.Skip("this machine has no IPv6")
	}
	for _, network := range []pion.NetworkType{
		pion.NetworkTypeUDP4, pion.NetworkTypeUDP6, pion.NetworkTypeTCP4, pion.NetworkTypeTCP6,
	} {
		t.Run(network.String(), func(t *testing.T) {
			o, r := newPeer(t, a), newRemoteOver(t, network, opus)
			connect(t, o, r)
			speak(t, o, r, "hello")
		})
	}
}

// What a worker sends leaves at once where a socket of ours leads to the peer, and is left
// to others where none does, or somebody else is sending.
func TestWriteNow(t *testing.T) {
	o, r := newPeer(t, testAPI(t)), newRemote(t, opus)
	if ok, err := o.WriteNow(packet(t, headerOf(111, 1), "early")); !ok || fault.Of(err) != fault.Unavailable {
		t.Errorf("before there is a path: %v, %v", ok, err)
	}
	connect(t, o, r)
	speak(t, o, r, "hello")
	raw := packet(t, headerOf(111, 0), "now")
	write := func() (bool, error) {
		o.spoken++
		binary.BigEndian.PutUint16(raw[2:], o.spoken)
		return o.WriteNow(raw)
	}
	before := o.Stats().PacketsSent
	eventually(t, "the path is known", func() bool {
		ok, err := write()
		if err != nil {
			t.Fatal(err)
		}
		return ok
	})
	for p := range r.packets {
		if string(p.Payload) == "now" {
			break
		}
	}
	o.out.busy.Store(true)
	if ok, err := write(); ok || err != nil {
		t.Errorf("beside another: %v, %v", ok, err)
	}
	o.out.busy.Store(false)
	if n := o.Stats().PacketsSent - before; n != 1 {
		t.Errorf("%d sent", n)
	}
	r.socket.deaf.Store(true)
	if n := testing.AllocsPerRun(200, func() {
		if ok, err := write(); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}); n > 0 {
		t.Errorf("WriteNow allocates %v times", n)
	}
	tcp, far := newPeer(t, testAPI(t)), newRemoteOver(t, pion.NetworkTypeTCP4, opus)
	connect(t, tcp, far)
	if ok, err := tcp.WriteNow(raw); ok || err != nil {
		t.Errorf("over TCP: %v, %v", ok, err)
	}
}

// A packet's time goes on in reports, across the wrap of its mark.
func TestStampAt(t *testing.T) {
	var o outbound
	at := began.Add(1<<48 - time.Second) // the mark wraps at 2^48 ns
	o.latest.Store(mark(1000, at))
	if got := o.stampAt(at.Add(2*time.Second), 48000); got < 1000+95990 || got > 1000+96010 {
		t.Error(got)
	}
}

func TestReceiveAllocates(t *testing.T) {
	o, r := newPeer(t, testAPI(t), func(c *PeerConfig) { c.Packets = func([]byte, time.Time) {} }), newRemote(t, opus)
	connect(t, o, r)
	raw := packet(t, headerOf(111, 1), string(make([]byte, 80)))
	if n := testing.AllocsPerRun(200, func() {
		raw[3]++
		o.receive(raw, time.Now())
	}); n > 0 {
		t.Errorf("receiving allocates %v times", n)
	}
}

// BenchmarkWriteRTP is one packet out: SRTP, ICE and the system call. The remote
// only empties its socket meanwhile.
func BenchmarkWriteRTP(b *testing.B) {
	o, r := newPeer(b, testAPI(b, patient)), newRemote(b, opus)
	connect(b, o, r)
	r.socket.deaf.Store(true)
	raw := packet(b, headerOf(111, 1), string(make([]byte, 80)))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		raw[2], raw[3] = byte(i>>8), byte(i)
		if err := o.WriteRTP(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// patient takes a remote that went deaf for connected all the same.
func patient(c *Config) { c.DisconnectedTimeout, c.FailedTimeout = time.Hour, time.Hour }

// BenchmarkReceive is one packet in, from the remote's own write to our callback:
// the remote's cost is in it too. Packets that the system lost are sent again.
func BenchmarkReceive(b *testing.B) {
	arrived := make(chan struct{}, 1)
	o := newPeer(b, testAPI(b), func(c *PeerConfig) {
		c.Packets = func([]byte, time.Time) {
			select {
			case arrived <- struct{}{}:
			default:
			}
		}
	})
	r := newRemote(b, opus)
	connect(b, o, r)
	b.ReportAllocs()
	p := &rtp.Packet{Header: headerOf(111, 1), Payload: make([]byte, 80)}
	for b.Loop() {
		p.SequenceNumber++
		if err := r.track.WriteRTP(p); err != nil {
			b.Fatal(err)
		}
		select {
		case <-arrived:
		case <-time.After(time.Second):
		}
	}
}

// BenchmarkTake is the share of receiving that is ours: from decrypted packet to
// the callback.
func BenchmarkTake(b *testing.B) {
	o, r := newPeer(b, testAPI(b), func(c *PeerConfig) { c.Packets = func([]byte, time.Time) {} }), newRemote(b, opus)
	connect(b, o, r)
	raw := packet(b, headerOf(111, 1), string(make([]byte, 80)))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		raw[2], raw[3] = byte(i>>8), byte(i)
		o.receive(raw, time.Now())
	}
}
