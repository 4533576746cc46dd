package whip_test

import (
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	pion "github.com/pion/webrtc/v4"

	"github.com/skygenesisenterprise/skybridge/api/voip/rooms"
	"github.com/skygenesisenterprise/skybridge/e2e/tone"
)

// vp8 and h264 are what is filmed in.
var (
	vp8  = pion.RTPCodecParameters{RTPCodecCapability: pion.RTPCodecCapability{MimeType: pion.MimeTypeVP8, ClockRate: 90000}, PayloadType: 96}
	h264 = pion.RTPCodecParameters{RTPCodecCapability: pion.RTPCodecCapability{
		MimeType: pion.MimeTypeH264, ClockRate: 90000, SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
	}, PayloadType: 102}
)

// connection is a peer of pion's on loopback, with PCMU and some video.
func connection(t *testing.T, codecs ...pion.RTPCodecParameters) *pion.PeerConnection {
	t.Helper()
	engine := &pion.MediaEngine{}
	must(t, engine.RegisterCodec(pion.RTPCodecParameters{
		RTPCodecCapability: pion.RTPCodecCapability{MimeType: pion.MimeTypePCMU, ClockRate: 8000}, PayloadType: 0,
	}, pion.RTPCodecTypeAudio))
	for _, c := range codecs {
		c.RTCPFeedback = []pion.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}}
		must(t, engine.RegisterCodec(c, pion.RTPCodecTypeVideo))
	}
	var settings pion.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() && ip.To4() != nil })
	settings.SetICEMulticastDNSMode(1) // off
	settings.SetNetworkTypes([]pion.NetworkType{pion.NetworkTypeUDP4})
	pc, err := pion.NewAPI(pion.WithMediaEngine(engine), pion.WithSettingEngine(settings),
		pion.WithInterceptorRegistry(&interceptor.Registry{})).NewPeerConnection(pion.Configuration{})
	must(t, err)
	t.Cleanup(func() { must(t, pc.GracefulClose()) })
	return pc
}

// described is a connection's offer, with all candidates.
func described(t *testing.T, pc *pion.PeerConnection) string {
	t.Helper()
	gathered := pion.GatheringCompletePromise(pc)
	offer, err := pc.CreateOffer(nil)
	must(t, err)
	must(t, pc.SetLocalDescription(offer))
	<-gathered
	return pc.LocalDescription().SDP
}

// studio is who publishes a camera and a microphone.
type studio struct {
	*client
	at    string // the session
	id    string // the participant
	video *pion.TrackLocalStaticRTP
	key   chan struct{} // a key frame is wanted
}

// films has a user publish frames that end in a letter, until the test ends.
func (u *user) films(room rooms.RoomBody, codec pion.RTPCodecParameters, letter byte) *studio {
	u.t.Helper()
	t := u.t
	pc := connection(t, codec)
	s := &studio{client: &client{PeerConnection: pc, t: t, states: make(chan pion.PeerConnectionState, 16)}, key: make(chan struct{}, 1)}
	pc.OnConnectionStateChange(func(state pion.PeerConnectionState) { s.states <- state })
	var err error
	s.track, err = pion.NewTrackLocalStaticRTP(pion.RTPCodecCapability{MimeType: pion.MimeTypePCMU, ClockRate: 8000}, "audio", "studio")
	must(t, err)
	s.video, err = pion.NewTrackLocalStaticRTP(codec.RTPCodecCapability, "video", "studio")
	must(t, err)
	only := pion.RTPTransceiverInit{Direction: pion.RTPTransceiverDirectionSendonly}
	_, err = pc.AddTransceiverFromTrack(s.track, only)
	must(t, err)
	camera, err := pc.AddTransceiverFromTrack(s.video, only)
	must(t, err)
	var reading sync.WaitGroup
	reading.Go(func() { // ended with the connection
		for {
			list, _, err := camera.Sender().ReadRTCP()
			if err != nil {
				return
			}
			for _, p := range list {
				if _, ok := p.(*rtcp.PictureLossIndication); ok {
					select {
					case s.key <- struct{}{}:
					default:
					}
				}
			}
		}
	})
	t.Cleanup(func() { must(t, pc.GracefulClose()); reading.Wait() })
	before := len(u.present(room.ID, len(roomOf(u, room.ID).Participants)).Participants)
	a := u.publishes(room.ID, described(t, pc)).want(201)
	s.at = a.Header.Get("Location")
	s.takes(a.body)
	s.connected()
	s.id = u.present(room.ID, before+1).Participants[before].ID
	s.rolls(letter, codec.MimeType)
	return s
}

func roomOf(u *user, id string) (now rooms.RoomBody) {
	u.t.Helper()
	u.json("GET", "/rooms/"+id, nil, &now)
	return now
}

// rolls sends thirty frames a second, of one packet each.
func (s *studio) rolls(letter byte, kind string) {
	stop, done := make(chan struct{}), make(chan struct{})
	go func() { // owned by the test
		defer close(done)
		tick := time.NewTicker(time.Second / 30)
		defer tick.Stop()
		for n, key := 0, true; ; n++ {
			select {
			case <-stop:
				return
			case <-s.key:
				key = true
				continue
			case <-tick.C:
			}
			_ = s.video.WriteRTP(&rtp.Packet{ // not connected any more
				Header:  rtp.Header{Version: 2, Marker: true, SequenceNumber: uint16(n), Timestamp: uint32(n) * 3000},
				Payload: append(frame(kind, n, key), letter),
			})
			key = false
		}
	}()
	s.t.Cleanup(func() { close(stop); <-done })
}

// frame is a frame as far as what forwards it looks at it.
func frame(kind string, n int, key bool) []byte {
	if kind == pion.MimeTypeH264 {
		if !key {
			return []byte{0x41, 0x9a, 0, 0, 0}
		}
		return []byte{0x78, 0, 4, 0x67, 0x42, 0xe0, 0x1f, 0, 2, 0x68, 0xce, 0, 6, 0x65, 0x88, 0, 0, 0} // STAP-A: parameters, a picture with the letter
	}
	body := []byte{0x90, 0x80, 0x80 | byte(n>>8), byte(n), 1}
	if key {
		body = append(body[:4], 0, 0, 0, 0x9d, 1, 0x2a, 64, 1, 180, 0)
	}
	return append(body, make([]byte, 100)...)
}

// viewer is who watches by WHEP.
type viewer struct {
	*client
	at, tag string

	mu      sync.Mutex
	pcm     []int16
	streams map[string]bool
	seen    map[byte]int // since the last look
	last    byte
	ever    string // who was seen, in order
	wrong   []string
	before  *rtp.Header
}

func newViewer(t *testing.T, codecs ...pion.RTPCodecParameters) *viewer {
	t.Helper()
	pc := connection(t, codecs...)
	v := &viewer{
		client:  &client{PeerConnection: pc, t: t, states: make(chan pion.PeerConnectionState, 16)},
		streams: make(map[string]bool), seen: make(map[byte]int),
	}
	pc.OnConnectionStateChange(func(state pion.PeerConnectionState) { v.states <- state })
	pc.OnTrack(func(track *pion.TrackRemote, _ *pion.RTPReceiver) {
		v.mu.Lock()
		v.streams[track.StreamID()] = true
		v.mu.Unlock()
		for { // ended with the connection
			p, _, err := track.ReadRTP()
			if err != nil {
				return
			}
			v.mu.Lock()
			if track.Kind() == pion.RTPCodecTypeAudio {
				v.pcm = append(v.pcm, tone.FromMuLaw(p.Payload)...)
				v.pcm = v.pcm[max(0, len(v.pcm)-8000):]
			} else {
				v.picture(p)
			}
			v.mu.Unlock()
		}
	})
	only := pion.RTPTransceiverInit{Direction: pion.RTPTransceiverDirectionRecvonly}
	_, err := pc.AddTransceiverFromKind(pion.RTPCodecTypeAudio, only)
	must(t, err)
	if len(codecs) > 0 {
		_, err = pc.AddTransceiverFromKind(pion.RTPCodecTypeVideo, only)
		must(t, err)
	}
	return v
}

// picture takes a packet of video; the lock is held. Numbers and time stamps of one stream go on.
func (v *viewer) picture(p *rtp.Packet) {
	if len(p.Payload) == 0 {
		return
	}
	h, next := p.Header, false // whether nothing was lost before it, but a number that a change may leave out
	if b := v.before; b != nil {
		next = h.SequenceNumber-b.SequenceNumber <= 2
		if h.SSRC != b.SSRC || h.SequenceNumber-b.SequenceNumber > 2000 || h.Timestamp-b.Timestamp > 60*90_000 {
			v.wrong = append(v.wrong, fmt.Sprintf("%d %d %d after %d %d %d", h.SSRC, h.SequenceNumber, h.Timestamp, b.SSRC, b.SequenceNumber, b.Timestamp))
		}
	}
	v.before = &h
	letter := p.Payload[len(p.Payload)-1]
	if next && letter != v.last && len(p.Payload) != len(frame(pion.MimeTypeVP8, 0, true))+1 && len(p.Payload) != len(frame(pion.MimeTypeH264, 0, true))+1 {
		v.wrong = append(v.wrong, fmt.Sprintf("%c begins with no key frame after %c", letter, v.last))
	}
	if letter != v.last {
		v.ever += string(rune(letter))
	}
	v.last = letter
	v.seen[letter]++
}

// watches has a user watch a room; query may say more.
func (u *user) watches(v *viewer, room, query string) answer {
	u.t.Helper()
	a := u.do("POST", "/rooms/"+room+"/whep"+query, described(u.t, v.PeerConnection), "Content-Type", "application/sdp").want(201)
	v.at, v.tag = a.Header.Get("Location"), a.Header.Get("ETag")
	v.takes(a.body)
	v.connected()
	return a
}

// sees waits until somebody's frames come, a second's at least, and no others in between.
func (v *viewer) sees(what string, letter byte) {
	v.t.Helper()
	v.eventually(what, func() error {
		v.mu.Lock()
		defer v.mu.Unlock()
		if v.last != letter || v.seen[letter] < 30 {
			return fmt.Errorf("sees %c after %v", max(v.last, '-'), v.seen)
		}
		clear(v.seen)
		return nil
	})
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.wrong) > 0 {
		v.t.Errorf("%s: the stream breaks: %q", what, v.wrong)
		v.wrong = nil
	}
}

func (v *viewer) eventually(what string, check func() error) {
	v.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			v.t.Fatalf("%s: %v", what, err)
		}
		<-time.After(20 * time.Millisecond)
	}
}

func (v *viewer) hears(hz float64) {
	v.t.Helper()
	v.eventually("a tone", func() error {
		v.mu.Lock()
		defer v.mu.Unlock()
		if level := tone.Lasting(v.pcm, 8000, hz); len(v.pcm) < 8000 || level < -25 {
			return fmt.Errorf("%v Hz at %.1f dBFS", hz, level)
		}
		return nil
	})
}
