package webrtc

import (
	"bytes"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	pion "github.com/pion/webrtc/v4"
	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/media"
	ours "github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/internal/pionlog"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
)

// patience ends a wait for what never comes, however slow the machine.
const patience = time.Minute

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	opus = &media.Codec{
		Name: "opus", ConfName: "opus", ClockRate: 48000, SampleRate: 48000, Channels: 2,
		PayloadType: media.DynamicPT, Fmtp: "minptime=10;useinbandfec=1",
	}
	pcmu = &media.Codec{Name: "PCMU", ConfName: "ulaw", ClockRate: 8000, SampleRate: 8000, PayloadType: 0}
	pcma = &media.Codec{Name: "PCMA", ConfName: "alaw", ClockRate: 8000, SampleRate: 8000, PayloadType: 8}
	g722 = &media.Codec{Name: "G722", ConfName: "g722", ClockRate: 8000, SampleRate: 16000, PayloadType: 9}
	all  = media.Codecs{opus, g722, pcmu, pcma}
)

func testLog() *slog.Logger {
	if os.Getenv("WEBRTC_LOG") != "" {
		return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return slog.New(slog.DiscardHandler)
}

func testAPI(t testing.TB, change ...func(*Config)) *API {
	t.Helper()
	config := Default()
	config.Listen = "127.0.0.1:0"
	for _, c := range change {
		c(&config)
	}
	a, err := New(config, all, testLog())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// observed is a peer of ours with what it told us.
type observed struct {
	spoken uint16 // the latest sequence number of speak
	*Peer
	candidates chan Candidate
	states     chan State
	packets    chan []byte
}

func newPeer(t testing.TB, a *API, change ...func(*PeerConfig)) *observed {
	t.Helper()
	o := &observed{
		candidates: make(chan Candidate, 64), states: make(chan State, 64), packets: make(chan []byte, 64),
	}
	config := PeerConfig{
		Name:        t.Name(),
		OnCandidate: func(c Candidate) { o.candidates <- c },
		OnState:     func(s State) { o.states <- s },
		Packets: func(p []byte, _ time.Time) {
			select {
			case o.packets <- bytes.Clone(p):
			default:
			}
		},
	}
	for _, c := range change {
		c(&config)
	}
	p, err := a.NewPeer(config)
	if err != nil {
		t.Fatal(err)
	}
	o.Peer = p
	return o
}

func (o *observed) await(t testing.TB, want State) {
	t.Helper()
	for {
		select {
		case s := <-o.states:
			if s == want {
				return
			}
			if s >= StateFailed {
				t.Fatalf("state %v, want %v: %v", s, want, o.Err())
			}
		case <-time.After(patience):
			t.Fatalf("no state %v", want)
		}
	}
}

// remote is a browser: a second pion, with its own sockets on loopback.
type remote struct {
	*pion.PeerConnection
	track   *pion.TrackLocalStaticRTP
	packets chan *rtp.Packet
	// pictures are packets of video, shown the goroutines that read reports about it.
	pictures chan picture
	shown    sync.WaitGroup
	found    chan pion.ICECandidateInit
	states   chan pion.PeerConnectionState
	done     chan struct{}
	socket   *gate // nil over TCP
}

var pionCodecs = map[*media.Codec]pion.RTPCodecParameters{
	opus: {RTPCodecCapability: pion.RTPCodecCapability{MimeType: pion.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1"}, PayloadType: 111},
	pcmu: {RTPCodecCapability: pion.RTPCodecCapability{MimeType: pion.MimeTypePCMU, ClockRate: 8000}, PayloadType: 0},
	pcma: {RTPCodecCapability: pion.RTPCodecCapability{MimeType: pion.MimeTypePCMA, ClockRate: 8000}, PayloadType: 8},
	g722: {RTPCodecCapability: pion.RTPCodecCapability{MimeType: pion.MimeTypeG722, ClockRate: 8000}, PayloadType: 9},
}

func newRemote(t testing.TB, codecs ...*media.Codec) *remote {
	t.Helper()
	return newRemoteOver(t, pion.NetworkTypeUDP4, codecs...)
}

// gate is a remote's socket that can go deaf: it then drops all that comes, and
// costs the process nothing besides.
type gate struct {
	*net.UDPConn
	deaf atomic.Bool
}

func (g *gate) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	for {
		n, from, err := g.ReadFromUDPAddrPort(b)
		if err != nil || !g.deaf.Load() {
			return n, from, err
		}
	}
}

func (g *gate) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	return g.WriteToUDPAddrPort(b, to)
}

// newRemoteOver is a browser that can use one kind of network only.
func newRemoteOver(t testing.TB, network pion.NetworkType, codecs ...*media.Codec) *remote {
	t.Helper()
	engine := &pion.MediaEngine{}
	for _, c := range codecs {
		if err := engine.RegisterCodec(pionCodecs[c], pion.RTPCodecTypeAudio); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range pictures {
		if err := engine.RegisterCodec(c, pion.RTPCodecTypeVideo); err != nil {
			t.Fatal(err)
		}
	}
	for _, uri := range []string{jsep.MIDURI, jsep.RIDURI, jsep.RepairedRIDURI, jsep.TransportCCURI} {
		if err := engine.RegisterHeaderExtension(pion.RTPHeaderExtensionCapability{URI: uri}, pion.RTPCodecTypeVideo); err != nil {
			t.Fatal(err)
		}
	}
	for pt, rate := range map[pion.PayloadType]uint32{126: 8000, 110: 48000} {
		err := engine.RegisterCodec(pion.RTPCodecParameters{
			RTPCodecCapability: pion.RTPCodecCapability{MimeType: "audio/telephone-event", ClockRate: rate}, PayloadType: pt,
		}, pion.RTPCodecTypeAudio)
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := engine.RegisterHeaderExtension(pion.RTPHeaderExtensionCapability{URI: ours.AudioLevelURI}, pion.RTPCodecTypeAudio); err != nil {
		t.Fatal(err)
	}
	var settings pion.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	six := network == pion.NetworkTypeUDP6 || network == pion.NetworkTypeTCP6
	settings.SetIPFilter(func(ip net.IP) bool { // pion leaves the loopback of IPv6 out by itself
		return ip.To4() == nil && six || ip.To4() != nil && !six && ip.IsLoopback()
	})
	settings.SetICEMulticastDNSMode(1)
	settings.SetNetworkTypes([]pion.NetworkType{network})
	var socket *gate
	if network == pion.NetworkTypeUDP4 {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		socket = &gate{UDPConn: conn}
		mux := pion.NewICEUDPMux(pionlog.Factory{Log: slog.New(slog.DiscardHandler)}.NewLogger("ice"), socket)
		t.Cleanup(func() { mux.Close() })
		settings.SetICEUDPMux(mux)
	}
	settings.LoggerFactory = pionlog.Factory{Log: slog.New(slog.DiscardHandler)}
	registry := &interceptor.Registry{}
	if err := pion.ConfigureRTCPReports(registry); err != nil {
		t.Fatal(err)
	}
	pc, err := pion.NewAPI(pion.WithMediaEngine(engine), pion.WithSettingEngine(settings), pion.WithInterceptorRegistry(registry)).
		NewPeerConnection(pion.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	r := &remote{
		PeerConnection: pc, packets: make(chan *rtp.Packet, 64), found: make(chan pion.ICECandidateInit, 64),
		pictures: make(chan picture, 64),
		states:   make(chan pion.PeerConnectionState, 64), done: make(chan struct{}), socket: socket,
	}
	pc.OnConnectionStateChange(func(s pion.PeerConnectionState) { r.states <- s })
	pc.OnTrack(func(tr *pion.TrackRemote, _ *pion.RTPReceiver) {
		for {
			p, _, err := tr.ReadRTP()
			if err != nil {
				return
			}
			if tr.Kind() == pion.RTPCodecTypeVideo {
				select {
				case r.pictures <- picture{tr.StreamID(), p}:
				default:
				}
				continue
			}
			select {
			case r.packets <- p:
			default:
			}
		}
	})
	pc.OnICECandidate(func(c *pion.ICECandidate) {
		if c == nil {
			r.found <- pion.ICECandidateInit{}
			return
		}
		r.found <- c.ToJSON()
	})
	if r.track, err = pion.NewTrackLocalStaticRTP(pionCodecs[codecs[0]].RTPCodecCapability, "mic", "browser"); err != nil {
		t.Fatal(err)
	}
	sender, err := pc.AddTrack(r.track)
	if err != nil {
		t.Fatal(err)
	}
	go func() { // ended by the connection's close
		defer close(r.done)
		buf := make([]byte, 1500)
		for {
			if _, _, err := sender.Read(buf); err != nil {
				return
			}
		}
	}()
	t.Cleanup(r.close)
	return r
}

func (r *remote) close() {
	_ = r.GracefulClose()
	<-r.done
	r.shown.Wait()
}

// picture is a packet of video, with the stream that it is of.
type picture struct {
	stream string
	*rtp.Packet
}

// pictures are the codecs of video that remotes have.
var pictures = []pion.RTPCodecParameters{
	{RTPCodecCapability: pion.RTPCodecCapability{MimeType: pion.MimeTypeVP8, ClockRate: 90000, RTCPFeedback: []pion.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "transport-cc"}}}, PayloadType: 96},
	{RTPCodecCapability: pion.RTPCodecCapability{MimeType: pion.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: "apt=96"}, PayloadType: 97},
}

// show has the remote send a camera or a screen.
func (r *remote) show(t testing.TB, name string) (*pion.TrackLocalStaticRTP, *pion.RTPSender) {
	t.Helper()
	track, err := pion.NewTrackLocalStaticRTP(pictures[0].RTPCodecCapability, name, "browser-"+name)
	if err != nil {
		t.Fatal(err)
	}
	sender, err := r.AddTrack(track)
	if err != nil {
		t.Fatal(err)
	}
	r.shown.Go(func() { // ended by the connection's close
		buf := make([]byte, 1500)
		for {
			if _, _, err := sender.Read(buf); err != nil {
				return
			}
		}
	})
	return track, sender
}

// offer is a complete offer (JsSIP, SIP.js) or one without candidates (Chromium).
func (r *remote) offer(t testing.TB, trickle bool, options *pion.OfferOptions) string {
	t.Helper()
	o, err := r.CreateOffer(options)
	if err != nil {
		t.Fatal(err)
	}
	return r.local(t, o, trickle)
}

func (r *remote) local(t testing.TB, d pion.SessionDescription, trickle bool) string {
	t.Helper()
	gathered := pion.GatheringCompletePromise(r.PeerConnection)
	if err := r.SetLocalDescription(d); err != nil {
		t.Fatal(err)
	}
	if trickle {
		return d.SDP
	}
	<-gathered
	return r.LocalDescription().SDP
}

func (r *remote) setAnswer(t testing.TB, sdp string) {
	t.Helper()
	if err := r.SetRemoteDescription(pion.SessionDescription{Type: pion.SDPTypeAnswer, SDP: sdp}); err != nil {
		t.Fatalf("%v\n%s", err, sdp)
	}
}

// answer answers an offer of ours.
func (r *remote) answer(t testing.TB, sdp string, trickle bool) string {
	t.Helper()
	if err := r.SetRemoteDescription(pion.SessionDescription{Type: pion.SDPTypeOffer, SDP: sdp}); err != nil {
		t.Fatalf("%v\n%s", err, sdp)
	}
	a, err := r.CreateAnswer(nil)
	if err != nil {
		t.Fatal(err)
	}
	return r.local(t, a, trickle)
}
