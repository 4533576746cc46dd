package transport

import (
	"context"
	"crypto/rand"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	pion "github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/transport/v4/packetio"
	rtc "github.com/pion/webrtc/v4"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// socket is one end's UDP socket, with the mux of ice on it.
type socket struct {
	*rtp.Shared
	batch *rtp.Batch
	next  int
	mu    sync.RWMutex
	to    map[netip.AddrPort]func([]byte)
}

func newSocket(b *testing.B) (*socket, ice.UDPMux) {
	s, err := rtp.ListenShared(netip.MustParseAddrPort("127.0.0.1:0"), 4<<20)
	if err != nil {
		b.Fatal(err)
	}
	so := &socket{Shared: s, batch: rtp.NewBatch(16, 1600), to: map[netip.AddrPort]func([]byte){}}
	m := ice.NewUDPMuxDefault(ice.UDPMuxParams{Logger: quiet().NewLogger("ice"), UDPConn: so})
	b.Cleanup(func() { _ = m.Close() })
	return so, m
}

func (s *socket) ReadFromAddrPort(p []byte) (int, netip.AddrPort, error) {
	for {
		for s.next < s.batch.Len() {
			i := s.next
			s.next++
			packet, from := s.batch.Packet(i), s.batch.From(i)
			if packet[0] >= 128 && packet[0] < 192 {
				s.mu.RLock()
				f := s.to[from]
				s.mu.RUnlock()
				if f != nil {
					f(packet)
					continue
				}
			}
			return copy(p, packet), from, nil
		}
		s.next = 0
		if _, err := s.Recv(s.batch); err != nil {
			return 0, netip.AddrPort{}, err
		}
	}
}

func (s *socket) WriteToAddrPort(p []byte, to netip.AddrPort) (int, error) {
	return len(p), s.SendTo(p, to)
}
func (s *socket) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(s.Shared.LocalAddr()) }
func (s *socket) ReadFrom(p []byte) (int, net.Addr, error) {
	n, a, err := s.ReadFromAddrPort(p)
	return n, net.UDPAddrFromAddrPort(a), err
}
func (s *socket) WriteTo(p []byte, to net.Addr) (int, error) {
	return s.WriteToAddrPort(p, to.(*net.UDPAddr).AddrPort())
}
func (s *socket) SetDeadline(time.Time) error      { return nil }
func (s *socket) SetReadDeadline(time.Time) error  { return nil }
func (s *socket) SetWriteDeadline(time.Time) error { return nil }

// todays is a socket as it was before rtp.Shared.
type todays struct{ *net.UDPConn }

func (s todays) ReadFromAddrPort(p []byte) (int, netip.AddrPort, error) {
	return s.ReadFromUDPAddrPort(p)
}
func (s todays) WriteToAddrPort(p []byte, to netip.AddrPort) (int, error) {
	return s.WriteToUDPAddrPort(p, to)
}

func newTodays(b *testing.B) ice.UDPMux {
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	_ = c.SetReadBuffer(4 << 20)
	_ = c.SetWriteBuffer(4 << 20)
	m := ice.NewUDPMuxDefault(ice.UDPMuxParams{Logger: quiet().NewLogger("ice"), UDPConn: todays{c}})
	b.Cleanup(func() { _ = m.Close() })
	return m
}

// end is one end of a path: what it writes, and what is told of what comes.
type end struct {
	conn    *ice.Conn
	sender  *srtp.Sender
	opener  *srtp.Receiver
	at      netip.AddrPort // where the other one is
	scratch []byte
}

// agents are two ends that are connected by ICE and have the keys of a handshake.
func agents(b *testing.B, near, far ice.UDPMux) (*end, *end) {
	var made [2]*ice.Agent
	for i, m := range []ice.UDPMux{near, far} {
		a, err := ice.NewAgentWithOptions(
			ice.WithUDPMux(m), ice.WithNetworkTypes([]ice.NetworkType{ice.NetworkTypeUDP4}), ice.WithIncludeLoopback(),
			ice.WithMulticastDNSMode(ice.MulticastDNSModeDisabled),
			ice.WithCandidateTypes([]ice.CandidateType{ice.CandidateTypeHost}), ice.WithLoggerFactory(quiet()),
		)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = a.Close() })
		made[i] = a
	}
	for i, a := range made {
		other := made[1-i]
		if err := a.OnCandidate(func(c ice.Candidate) {
			if c != nil {
				_ = other.AddRemoteCandidate(c)
			}
		}); err != nil {
			b.Fatal(err)
		}
	}
	var ends [2]*end
	var group sync.WaitGroup
	key := make([]byte, 28)
	_, _ = rand.Read(key)
	master, err := srtp.MasterOf(srtp.GCM128, key)
	if err != nil {
		b.Fatal(err)
	}
	for i, a := range made {
		if err := a.GatherCandidates(); err != nil {
			b.Fatal(err)
		}
		group.Go(func() {
			u, p, _ := made[1-i].GetLocalUserCredentials()
			var c *ice.Conn
			var err error
			if i == 0 {
				c, err = a.Accept(context.Background(), u, p)
			} else {
				c, err = a.Dial(context.Background(), u, p)
			}
			if err != nil {
				b.Error(err)
				return
			}
			e := &end{conn: c, at: c.RemoteAddr().(*net.UDPAddr).AddrPort(), scratch: make([]byte, 1600)}
			e.sender, _ = srtp.NewSender(master, srtp.State{}, srtp.Whole)
			e.opener, _ = srtp.NewReceiver(master, srtp.State{}, srtp.Whole)
			ends[i] = e
		})
	}
	group.Wait()
	if b.Failed() {
		b.FailNow()
	}
	return ends[0], ends[1]
}

// peerConnections are two ends of pion's, near with a track and a place for what comes.
func peerConnections(b *testing.B, near, far ice.UDPMux, track, back rtc.TrackLocal, came *atomic.Uint64) {
	var made [2]*rtc.PeerConnection
	for i, m := range []ice.UDPMux{near, far} {
		s := rtc.SettingEngine{LoggerFactory: quiet()}
		s.SetICEUDPMux(m)
		s.SetNetworkTypes([]rtc.NetworkType{rtc.NetworkTypeUDP4})
		s.SetIncludeLoopbackCandidate(true)
		s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
		s.SetSRTPProtectionProfiles(pion.SRTP_AEAD_AES_128_GCM)
		s.SetHandleUndeclaredSSRCWithoutAnswer(true)
		if i == 0 {
			s.BufferFactory = func(packetio.BufferPacketType, uint32) io.ReadWriteCloser {
				return &counter{came: came, end: make(chan struct{})}
			}
		}
		media := &rtc.MediaEngine{}
		if err := media.RegisterDefaultCodecs(); err != nil {
			b.Fatal(err)
		}
		pc, err := rtc.NewAPI(rtc.WithSettingEngine(s), rtc.WithMediaEngine(media),
			rtc.WithInterceptorRegistry(&interceptor.Registry{})).NewPeerConnection(rtc.Configuration{})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = pc.Close() })
		made[i] = pc
	}
	if _, err := made[0].AddTrack(track); err != nil {
		b.Fatal(err)
	}
	if _, err := made[1].AddTrack(back); err != nil {
		b.Fatal(err)
	}
	up := make(chan struct{})
	made[0].OnConnectionStateChange(func(s rtc.PeerConnectionState) {
		if s == rtc.PeerConnectionStateConnected {
			close(up)
		}
	})
	offer, err := made[0].CreateOffer(nil)
	for i, from := range made {
		gathered := rtc.GatheringCompletePromise(from)
		if i == 1 && err == nil {
			offer, err = from.CreateAnswer(nil)
		}
		if err == nil {
			err = from.SetLocalDescription(offer)
		}
		if err != nil {
			b.Fatal(err)
		}
		<-gathered
		err = made[1-i].SetRemoteDescription(*from.LocalDescription())
	}
	if err != nil {
		b.Fatal(err)
	}
	<-up
}

type counter struct {
	came *atomic.Uint64
	once sync.Once
	end  chan struct{}
}

func (c *counter) Write(p []byte) (int, error) { c.came.Add(1); return len(p), nil }
func (c *counter) Read([]byte) (int, error)    { <-c.end; return 0, io.EOF }
func (c *counter) Close() error                { c.once.Do(func() { close(c.end) }); return nil }

// packetOf is an RTP packet of so many bytes.
func packetOf(bytes int, pt byte) []byte {
	p := make([]byte, bytes)
	p[0], p[1] = 0x80, pt
	p[11] = 9
	_, _ = rand.Read(p[12:])
	return p
}

func step(p []byte, n int) { p[2], p[3] = byte(n>>8), byte(n) }

var sizes = []struct {
	name  string
	bytes int
	pt    byte
	kind  string
}{{"video", 1100, 96, rtc.MimeTypeVP8}, {"audio", 80, 111, rtc.MimeTypeOpus}}

func newTrack(b *testing.B, mime string) *rtc.TrackLocalStaticRTP {
	c := rtc.RTPCodecCapability{MimeType: mime, ClockRate: 90000}
	if mime == rtc.MimeTypeOpus {
		c.ClockRate, c.Channels = 48000, 2
	}
	t, err := rtc.NewTrackLocalStaticRTP(c, "t", "s")
	if err != nil {
		b.Fatal(err)
	}
	return t
}
