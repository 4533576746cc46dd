package webrtc

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	pion "github.com/pion/webrtc/v4"
	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/media"
	ours "github.com/skygenesisenterprise/skybridge/media/rtp"
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
	found   chan pion.ICECandidateInit
	states  chan pion.PeerConnectionState
	done    chan struct{}
	socket  *gate // nil over TCP
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
	settings.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() && ip.To4() != nil })
	settings.SetICEMulticastDNSMode(1)
	settings.SetNetworkTypes([]pion.NetworkType{network})
	var socket *gate
	if network == pion.NetworkTypeUDP4 {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		socket = &gate{UDPConn: conn}
		mux := pion.NewICEUDPMux(pionLog{slog.New(slog.DiscardHandler)}.NewLogger("ice"), socket)
		t.Cleanup(func() { mux.Close() })
		settings.SetICEUDPMux(mux)
	}
	settings.LoggerFactory = pionLog{slog.New(slog.DiscardHandler)}
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
		states: make(chan pion.PeerConnectionState, 64), done: make(chan struct{}), socket: socket,
	}
	pc.OnConnectionStateChange(func(s pion.PeerConnectionState) { r.states <- s })
	pc.OnTrack(func(tr *pion.TrackRemote, _ *pion.RTPReceiver) {
		for {
			p, _, err := tr.ReadRTP()
			if err != nil {
				return
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

// trickle carries candidates both ways until both sides have no more.
func trickle(t testing.TB, o *observed, r *remote) {
	t.Helper()
	for ours, theirs := false, false; !ours || !theirs; {
		select {
		case c := <-o.candidates:
			if ours = c.End(); ours {
				continue
			}
			err := r.AddICECandidate(pion.ICECandidateInit{Candidate: c.Candidate, SDPMid: c.SDPMid, SDPMLineIndex: c.SDPMLineIndex})
			if err != nil {
				t.Error(err)
			}
		case c := <-r.found:
			theirs = c.Candidate == ""
			if err := o.AddCandidate(Candidate{Candidate: c.Candidate, SDPMid: c.SDPMid}); err != nil {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Fatal("candidates do not end")
		}
	}
}

// connect makes a call by a complete offer of the remote's.
func connect(t testing.TB, o *observed, r *remote) {
	t.Helper()
	answer, err := o.Answer(context.Background(), r.offer(t, false, nil), false)
	if err != nil {
		t.Fatal(err)
	}
	r.setAnswer(t, answer)
	o.await(t, StateConnected)
	for s := range r.states {
		if s == pion.PeerConnectionStateConnected {
			return
		}
	}
}

// speak sends packets both ways, with a payload of its own, until each side has
// heard the other.
func speak(t testing.TB, o *observed, r *remote, payload string) {
	t.Helper()
	send := o.Media().Send
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	heardUs, heardThem := false, false
	for n := uint16(0); !heardUs || !heardThem; {
		select {
		case p := <-r.packets:
			if string(p.Payload) != payload {
				continue
			}
			if p.SSRC != o.Media().SSRC || p.PayloadType != send.PayloadType {
				t.Fatalf("the remote got SSRC %d payload type %d, want %d, %d", p.SSRC, p.PayloadType, o.Media().SSRC, send.PayloadType)
			}
			heardUs = true
		case raw := <-o.packets:
			var p rtp.Packet
			if err := p.Unmarshal(raw); err != nil {
				t.Fatal(err)
			}
			if string(p.Payload) != payload {
				continue
			}
			if !newAgreement(o.Media()).take.has(p.PayloadType) {
				t.Fatalf("we got payload type %d, which was not agreed", p.PayloadType)
			}
			heardThem = true
		case <-tick.C:
			n++
			h := rtp.Header{Version: 2, PayloadType: send.PayloadType, SequenceNumber: n, Timestamp: uint32(n) * 960, SSRC: 7}
			if err := o.WriteRTP(packet(t, h, payload)); err != nil {
				t.Fatal(err)
			}
			if err := r.track.WriteRTP(&rtp.Packet{Header: h, Payload: []byte(payload)}); err != nil && !errors.Is(err, io.ErrClosedPipe) {
				t.Fatal(err)
			}
		case <-deadline:
			t.Fatalf("heard by the remote: %v, heard by us: %v", heardUs, heardThem)
		}
	}
}

func packet(t testing.TB, h rtp.Header, payload string) []byte {
	t.Helper()
	raw, err := (&rtp.Packet{Header: h, Payload: []byte(payload)}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// replaced is an SDP with one text in the place of another that must be there.
func replaced(t testing.TB, sdp, old, with string) string {
	t.Helper()
	if !strings.Contains(sdp, old) {
		t.Fatalf("no %q in\n%s", old, sdp)
	}
	return strings.ReplaceAll(sdp, old, with)
}

func headerOf(pt uint8, sequence uint16) rtp.Header {
	return rtp.Header{Version: 2, PayloadType: pt, SequenceNumber: sequence, Timestamp: uint32(sequence) * 960}
}

func rtpPacket(sequence uint16) *rtp.Packet {
	return &rtp.Packet{Header: headerOf(0, sequence), Payload: []byte("x")}
}

// eventually tries until ok, for things that only the network knows.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never: %s", what)
		}
	}
}

func awaitFailure(t testing.TB, o *observed) {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case s := <-o.states:
			if s == StateFailed {
				return
			}
		case <-deadline:
			t.Fatal("does not fail")
		}
	}
}

// parameter is the value of an attribute that an SDP has.
func parameter(t testing.TB, sdp, name string) string {
	t.Helper()
	_, rest, ok := strings.Cut(sdp, "a="+name+":")
	if !ok {
		t.Fatalf("no %s in\n%s", name, sdp)
	}
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}
