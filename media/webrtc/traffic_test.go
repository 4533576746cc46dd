package webrtc

import (
	"math"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/transport/v4/packetio"
	pion "github.com/pion/webrtc/v4"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
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
	p.receive(h.SSRC, raw)
}

func TestTooManySources(t *testing.T) {
	o, r := newPeer(t, testAPI(t)), newRemote(t, opus)
	connect(t, o, r)
	for ssrc := range uint32(maxSources + 1) {
		s := o.sink(packetio.RTPBufferPacket, ssrc)
		if _, err := s.Write(nil); err != nil {
			t.Fatal(err)
		}
		s.Close()
	}
	<-o.Done()
	if fault.Of(o.Err()) != fault.TooMany {
		t.Error(o.Err())
	}
}

func TestReports(t *testing.T) {
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
	if got := o.Stats(); got.RoundTrip > time.Second || got.RemoteLost != 0 || got.PacketsReceived == 0 {
		t.Errorf("%+v", got)
	}
	r.close()
	for range reports {
	}
}

func TestReception(t *testing.T) {
	start := time.Unix(0, 0)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	for _, test := range []struct {
		name         string
		sequences    []uint16
		lost         int64
		fraction     uint8
		highest, ssn uint32
	}{
		{"in order", []uint16{10, 11, 12, 13}, 0, 0, 13, 0},
		{"one missing of four", []uint16{10, 11, 13}, 1, 64, 13, 0},
		{"late", []uint16{10, 12, 11, 13}, 0, 0, 13, 0},
		{"twice", []uint16{10, 11, 11, 12}, -1, 0, 12, 0},
		{"wrap", []uint16{65534, 65535, 0, 1}, 0, 0, 65537, 0},
		{"a new beginning", []uint16{10, 11, 30000, 30001}, 0, 0, 30001, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			var r reception
			for i, s := range test.sequences {
				r.update(7, s, uint32(s)*160, 8000, 172, at(20*i))
			}
			if r.lost() != test.lost || r.highest != test.highest {
				t.Errorf("lost %d highest %d, want %d %d", r.lost(), r.highest, test.lost, test.highest)
			}
			if f := r.fraction(); f != test.fraction {
				t.Errorf("fraction %d, want %d", f, test.fraction)
			}
			if f := r.fraction(); f != 0 {
				t.Errorf("nothing new, but fraction %d", f)
			}
		})
	}
	t.Run("jitter", func(t *testing.T) {
		var r reception
		// Packets late by 10 ms in turn: every difference is 10 ms, which the
		// estimate approaches.
		for i := range 400 {
			r.update(7, uint16(i), uint32(i)*160, 8000, 172, at(20*i+10*(i%2)))
		}
		if j := r.jitterDuration().Seconds() * 1000; math.Abs(j-10) > 0.1 {
			t.Errorf("%.2f ms, want 10", j)
		}
		// An event's packets share a timestamp and say nothing of jitter.
		before := r.jitterDuration()
		r.update(7, 400, 64000, 0, 16, at(9000))
		if r.jitterDuration() != before {
			t.Error("a telephone-event changed the jitter")
		}
		r.update(8, 1, 0, 48000, 172, at(9020))
		if r.jitterDuration() != 0 || r.lost() != 0 || r.packets != 402 {
			t.Errorf("a new source: %+v", r)
		}
	})
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

func TestReceiveAllocates(t *testing.T) {
	o, r := newPeer(t, testAPI(t), func(c *PeerConfig) { c.Packets = func([]byte, time.Time) {} }), newRemote(t, opus)
	connect(t, o, r)
	raw := packet(t, headerOf(111, 1), string(make([]byte, 80)))
	s := o.sink(packetio.RTPBufferPacket, 99)
	defer s.Close()
	if n := testing.AllocsPerRun(200, func() {
		raw[3]++
		if _, err := s.Write(raw); err != nil {
			t.Fatal(err)
		}
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
	s := o.sink(packetio.RTPBufferPacket, 99)
	defer s.Close()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		raw[2], raw[3] = byte(i>>8), byte(i)
		if _, err := s.Write(raw); err != nil {
			b.Fatal(err)
		}
	}
}
