package webrtc

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	pionrtp "github.com/pion/rtp"
	pion "github.com/pion/webrtc/v4"

	"github.com/skygenesisenterprise/skybridge/media/forward/allocation"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
	"github.com/skygenesisenterprise/skybridge/signaling/video"
)

// camera is a browser of pion's that films in two layers, of 160 and 640 pixels, with a key frame
// of a layer when it is asked for it.
type camera struct {
	*pion.PeerConnection
	t      *testing.T
	layers [2]*pion.TrackLocalStaticRTP
	mid    string
	ids    map[string]uint8
	asked  [2]atomic.Int64 // for key frames
	again  atomic.Int64    // packets that were asked for again
	skip   atomic.Bool     // the next packet of the small layer is lost
	busy   sync.WaitGroup
}

var rids = [2]string{"q", "f"}

func (m *meeting) camera(name string) *camera {
	m.t.Helper()
	engine := &pion.MediaEngine{}
	check := func(err error) {
		m.t.Helper()
		if err != nil {
			m.t.Fatal(err)
		}
	}
	check(engine.RegisterCodec(pion.RTPCodecParameters{
		RTPCodecCapability: pion.RTPCodecCapability{MimeType: pion.MimeTypePCMU, ClockRate: 8000}, PayloadType: 0,
	}, pion.RTPCodecTypeAudio))
	check(engine.RegisterCodec(pion.RTPCodecParameters{
		RTPCodecCapability: pion.RTPCodecCapability{MimeType: pion.MimeTypeVP8, ClockRate: 90000, RTCPFeedback: []pion.RTCPFeedback{
			{Type: "nack"}, {Type: "nack", Parameter: "pli"},
		}}, PayloadType: 96,
	}, pion.RTPCodecTypeVideo))
	for _, uri := range []string{jsep.MIDURI, jsep.RIDURI} {
		check(engine.RegisterHeaderExtension(pion.RTPHeaderExtensionCapability{URI: uri}, pion.RTPCodecTypeVideo))
	}
	var settings pion.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() && ip.To4() != nil })
	settings.SetICEMulticastDNSMode(1) // off
	settings.SetNetworkTypes([]pion.NetworkType{pion.NetworkTypeUDP4})
	pc, err := pion.NewAPI(pion.WithMediaEngine(engine), pion.WithSettingEngine(settings), pion.WithInterceptorRegistry(&interceptor.Registry{})).
		NewPeerConnection(pion.Configuration{})
	check(err)
	c := &camera{PeerConnection: pc, t: m.t, ids: make(map[string]uint8)}
	voice, err := pion.NewTrackLocalStaticRTP(pion.RTPCodecCapability{MimeType: pion.MimeTypePCMU, ClockRate: 8000}, "audio", "mic")
	check(err)
	_, err = pc.AddTrack(voice)
	check(err)
	for i, rid := range rids {
		c.layers[i], err = pion.NewTrackLocalStaticRTP(pion.RTPCodecCapability{MimeType: pion.MimeTypeVP8, ClockRate: 90000}, "video", "film", pion.WithRTPStreamID(rid))
		check(err)
	}
	sender, err := pc.AddTrack(c.layers[0])
	check(err)
	check(sender.AddEncoding(c.layers[1]))
	ctx, cancel := context.WithCancel(m.t.Context())
	m.t.Cleanup(func() {
		cancel()
		check(pc.GracefulClose())
		c.busy.Wait()
	})
	offer, err := pc.CreateOffer(nil)
	check(err)
	gathered := pion.GatheringCompletePromise(pc)
	check(pc.SetLocalDescription(offer))
	<-gathered
	answer, err := m.enter(name, pc.LocalDescription().SDP, func(string) { m.t.Error("who films alone is made an offer") })
	check(err)
	check(pc.SetRemoteDescription(pion.SessionDescription{Type: pion.SDPTypeAnswer, SDP: answer}))
	for _, e := range sender.GetParameters().HeaderExtensions {
		c.ids[e.URI] = uint8(e.ID)
	}
	for _, tr := range pc.GetTransceivers() {
		if tr.Sender() == sender {
			c.mid = tr.Mid()
		}
	}
	for i := range rids {
		c.busy.Go(func() { c.listens(sender, i) }) // ended by the connection's close
	}
	c.busy.Go(func() { c.films(ctx) }) // ended by the cleanup
	return c
}

// listens counts what is asked of a layer.
func (c *camera) listens(sender *pion.RTPSender, i int) {
	for {
		list, _, err := sender.ReadSimulcastRTCP(rids[i])
		if err != nil {
			return
		}
		for _, p := range list {
			switch p := p.(type) {
			case *rtcp.PictureLossIndication:
				c.asked[i].Add(1)
			case *rtcp.TransportLayerNack:
				for _, n := range p.Nacks {
					c.again.Add(int64(len(n.PacketList())))
				}
			}
		}
	}
}

// films has a picture of each layer every 40 ms, in one packet and in four.
func (c *camera) films(ctx context.Context) {
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	var seq [2]uint16
	var keys [2]int64
	for n := uint16(1); ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for i, packets := range [2]int{1, 4} {
			asked := c.asked[i].Load()
			key := asked > keys[i] || n < 10
			keys[i] = asked
			for k := range packets {
				body := make([]byte, 500)
				copy(body, []byte{0x80, 0x80, 0x80 | byte(n>>8), byte(n), 1})
				if k == 0 {
					body[0] = 0x90
				}
				if k == 0 && key {
					copy(body[4:], []byte{0, 0, 0, 0x9d, 1, 0x2a})
					binary.LittleEndian.PutUint16(body[10:], uint16(160<<(2*i)))
					binary.LittleEndian.PutUint16(body[12:], uint16(90<<(2*i)))
				}
				seq[i]++
				p := &pionrtp.Packet{Header: pionrtp.Header{
					Version: 2, SequenceNumber: seq[i], Timestamp: uint32(n) * 3600, Marker: k == packets-1,
				}, Payload: body}
				if p.SetExtension(c.ids[jsep.MIDURI], []byte(c.mid)) != nil || p.SetExtension(c.ids[jsep.RIDURI], []byte(rids[i])) != nil {
					c.t.Error("no extensions")
				}
				if i == 0 && c.skip.Swap(false) {
					continue
				}
				_ = c.layers[i].WriteRTP(p) // while it is not connected it is lost
			}
		}
	}
}

// watcher is a client that sees one stream, and says what it has of it.
type watcher struct {
	*client
	ssrc, rtx uint32

	numbers []uint16 // of packets that came, the first time
	repairs []uint16 // that came again
	width   int      // of the last key frame
	keys    int
}

// watches has a client watch the one camera that there is.
func (m *meeting) watches(name string) *watcher {
	m.t.Helper()
	w := &watcher{client: m.client(name)}
	w.took = w.reads
	if err := w.enters(m.t.Context(), false); err != nil {
		m.t.Fatal(err)
	}
	if err := w.answers(m.t.Context(), wait(m.t, w.offers)); err != nil {
		m.t.Fatal(err)
	}
	for _, s := range w.Agreed().Media {
		if s.Kind == jsep.Video {
			w.mu.Lock()
			w.ssrc, w.rtx = s.Remote.Sources[0].SSRC, s.Remote.Sources[0].RTX
			w.mu.Unlock()
		}
	}
	return w
}

// reads takes a packet, under the client's lock.
func (w *watcher) reads(packet []byte) {
	var h rtp.Header
	if rtp.Parse(packet, &h) != nil || len(h.Payload) < 2 {
		return
	}
	if h.SSRC == w.rtx {
		w.repairs = append(w.repairs, binary.BigEndian.Uint16(h.Payload))
		return
	}
	w.numbers = append(w.numbers, h.SequenceNumber)
	if b := h.Payload; len(b) > 14 && b[0] == 0x90 && bytes.Equal(b[7:10], []byte{0x9d, 1, 0x2a}) {
		w.width = int(binary.LittleEndian.Uint16(b[10:]))
		w.keys++
	}
}

// says sends feedback, as a browser does.
func (w *watcher) says(kind, format uint8, detail []byte) {
	w.t.Helper()
	w.mu.Lock()
	ssrc := w.ssrc
	w.mu.Unlock()
	report := rtp.Report{SSRC: w.SSRC(), CNAME: []byte(w.CNAME())}
	f := rtp.Feedback{Kind: kind, Format: format, Sender: w.SSRC(), Media: ssrc, Detail: detail}
	_ = w.WriteControl(f.Append(report.Append(nil))) // while it is not connected it is lost
}

// can says what the way to it carries (REMB), in steps of 8 kbit/s.
func (w *watcher) can(kbps int) {
	n := uint32(kbps / 8)
	w.mu.Lock()
	ssrc := w.ssrc
	w.mu.Unlock()
	detail := append([]byte("REMB"), 1, 13<<2|byte(n>>16), byte(n>>8), byte(n)) // n << 13 bit/s
	w.says(rtp.PayloadFeedback, rtp.FormatApplication, binary.BigEndian.AppendUint32(detail, ssrc))
}

// state is a copy of what came.
func (w *watcher) state() (width, keys int, numbers, repairs []uint16) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.width, w.keys, slices.Clone(w.numbers), slices.Clone(w.repairs)
}

// TestEachIsSentTheirLayer: of a camera in two layers each who watches is sent the one that their
// way carries, and that is as large as they show it; all requests for key frames together are one;
// what is lost is sent again, on a stream for that, from a history that has an end.
func TestEachIsSentTheirLayer(t *testing.T) {
	m := newMeeting(t)
	film := m.camera("film")
	wide, narrow := m.watches("wide"), m.watches("narrow")
	can := map[*watcher]int{wide: 8000, narrow: 120}
	last := time.Now()
	reach := func(what string, so func() string) {
		t.Helper()
		eventually(t, what, func() string {
			if time.Since(last) > 500*time.Millisecond {
				for w, kbps := range can {
					w.can(kbps)
				}
				last = time.Now()
			}
			return so()
		})
	}
	widths := func(a, b int) func() string {
		return func() string {
			x, _, _, _ := wide.state()
			y, _, _, _ := narrow.state()
			if x == a && y == b {
				return ""
			}
			return fmt.Sprintf("%d and %d wide", x, y)
		}
	}
	reach("each by what their way carries", widths(640, 160))
	can[narrow] = 8000
	reach("there is room for the large layer", widths(640, 640))
	shows := func(w *watcher, lines int) {
		t.Helper()
		id := video.SourceID{Member: "film", Kind: video.Camera}
		if err := w.at.leg.Performer().Arrange(video.Layout{Mode: video.GridMode, Lines: map[video.SourceID]int{id: lines}}); err != nil {
			t.Fatal(err)
		}
	}
	shows(wide, 90)
	reach("who shows it small", widths(160, 640))
	shows(wide, allocation.Large)
	reach("who shows it large again", widths(640, 640))

	// Both ask at once, and again and again, for what is one key frame. What is asked right after
	// one is taken for asked before it.
	_, before, came, _ := wide.state()
	reach("pictures after the last key frame", func() string {
		if _, _, now, _ := wide.state(); len(now) < len(came)+80 {
			return fmt.Sprintf("%d packets, %d before", len(now), len(came))
		}
		return ""
	})
	asked := film.asked[1].Load()
	for range 10 {
		wide.says(rtp.PayloadFeedback, rtp.FormatPLI, nil)
		narrow.says(rtp.PayloadFeedback, rtp.FormatPLI, nil)
	}
	reach("a key frame that was asked for", func() string {
		if _, keys, _, _ := wide.state(); keys > before {
			return ""
		}
		return "none"
	})
	if n := film.asked[1].Load() - asked; n < 1 || n > 2 {
		t.Errorf("the camera was asked %d times", n)
	}

	// A packet that the way to a watcher lost is sent again; one of long ago is not.
	_, _, numbers, _ := wide.state()
	old := numbers[0]
	reach("enough for the first to be forgotten", func() string {
		if _, _, now, _ := wide.state(); len(now) < 700 {
			return fmt.Sprintf("%d packets", len(now))
		}
		return ""
	})
	times := func(n uint16) (count int) { // probes have come as repairs too
		_, _, _, now := wide.state()
		for _, r := range now {
			if r == n {
				count++
			}
		}
		return count
	}
	_, _, numbers, _ = wide.state()
	lost := numbers[len(numbers)-3]
	nack := func(n uint16) []byte { return []byte{byte(n >> 8), byte(n), 0, 0} }
	oldBefore, lostBefore := times(old), times(lost)
	wide.says(rtp.TransportFeedback, rtp.FormatNACK, nack(old))
	reach("a packet again", func() string {
		wide.says(rtp.TransportFeedback, rtp.FormatNACK, nack(lost))
		if times(lost) > lostBefore {
			return ""
		}
		return fmt.Sprintf("not %d", lost)
	})
	if times(old) > oldBefore {
		t.Errorf("%d came again after all that time", old)
	}

	// And what the camera's way lost is asked for there.
	film.skip.Store(true)
	reach("the camera is asked for what did not come", func() string {
		if film.again.Load() > 0 {
			return ""
		}
		return "nothing"
	})
}
