package webrtc

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
)

//go:embed testdata/echo.js
var echoPage string

// echo is a peer that sends a browser what it sends: its audio, and its camera in a section of
// ours once there is one.
type echo struct {
	*Peer
	agreed chan *jsep.Agreed
	needs  chan struct{}
	way    atomic.Pointer[way]
	heard  atomic.Int64
	lose   bool // every other packet of audio to the browser
}

// way is how the camera goes back.
type way struct {
	from   uint32 // its SSRC, once a packet has told
	mid    string
	pt, rx uint8 // to send with, and of repairs that come
	ssrc   uint32
}

func newEcho(t *testing.T) *echo {
	e := &echo{agreed: make(chan *jsep.Agreed, 16), needs: make(chan struct{}, 16)}
	p, err := testAPI(t).NewPeer(PeerConfig{
		Name: t.Name(), OnAgreed: func(a *jsep.Agreed) { e.agreed <- a }, OnNegotiation: func() { e.needs <- struct{}{} },
		Packets: e.audio,
		Video:   &VideoConfig{Packet: e.video, Control: e.control},
	})
	if err != nil {
		t.Fatal(err)
	}
	e.Peer = p
	return e
}

func (e *echo) audio(packet []byte, _ time.Time) {
	n := e.heard.Add(1)
	var h rtp.Header
	if e.lose && n > 50 && n%2 == 0 && rtp.Parse(packet, &h) == nil {
		e.out.earlier.Store(1) // as who loses so much would have told
		e.out.packer.Keep(&h)  // as if it were sent
		return
	}
	_ = e.WriteRTP(packet) // while it is not connected it is lost
}

func (e *echo) video(mid string, packet []byte, _ time.Time) {
	w := e.way.Load()
	if w == nil || mid != w.mid || packet[1]&0x7f == w.rx {
		return
	}
	atomic.StoreUint32(&w.from, binary.BigEndian.Uint32(packet[8:]))
	var h rtp.Header
	if rtp.Parse(packet, &h) != nil {
		return
	}
	back := make([]byte, rtp.HeaderBytes, rtp.HeaderBytes+len(h.Payload))
	h.PayloadType, h.SSRC = w.pt, w.ssrc
	h.Put(back)
	_ = e.WriteVideo(append(back, h.Payload...))
}

// control passes the browser's wish for a picture on to itself.
func (e *echo) control(packet []byte, _ time.Time) {
	w := e.way.Load()
	if w == nil {
		return
	}
	for _, f := range rtp.ParseFeedback(packet, nil) {
		if from := atomic.LoadUint32(&w.from); f.Request()&rtp.RequestPLI != 0 && from != 0 {
			e.ask(from)
		}
	}
}

// ask asks the browser for a picture that begins anew.
func (e *echo) ask(ssrc uint32) {
	compound := binary.BigEndian.AppendUint32([]byte{0x80, 201, 0, 1}, e.SSRC())
	compound = binary.BigEndian.AppendUint32(append(compound, 0x81, 206, 0, 2), e.SSRC())
	_ = e.WriteControl(binary.BigEndian.AppendUint32(compound, ssrc))
}

// A real browser's camera comes, and goes back to it in a section that we offer; when both offer
// at once its offer counts, and ours comes again; its audio goes on through all of it.
func TestBrowsers(t *testing.T) {
	for name, start := range map[string]func(*testing.T) *peer.Browser{
		"chromium": func(t *testing.T) *peer.Browser { return peer.Chromium(t, peer.ChromiumConfig{}) },
		"firefox":  func(t *testing.T) *peer.Browser { return peer.Firefox(t, peer.FirefoxConfig{}) },
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t)
			b.Open(t, peer.EmptySite(t))
			b.Load(t, echoPage)
			e := newEcho(t)
			answer := func(offer string) *jsep.Agreed {
				t.Helper()
				text, err := e.Answer(context.Background(), offer, false)
				if err != nil {
					t.Fatalf("%v\n%s", err, offer)
				}
				peer.Eval[string](t, b, "take("+strconv.Quote(text)+")")
				return next(t, "agreement", e.agreed)
			}
			offer := func() *jsep.Agreed {
				t.Helper()
				text, err := e.Offer(context.Background(), false)
				if err != nil {
					t.Fatal(err)
				}
				if err := e.SetAnswer(peer.Eval[string](t, b, "answer("+strconv.Quote(text)+")")); err != nil {
					t.Fatal(err)
				}
				return next(t, "agreement", e.agreed)
			}
			hears := func(what string) {
				t.Helper()
				before := e.heard.Load()
				eventually(t, "audio "+what, func() bool { return e.heard.Load() > before+25 })
			}
			answer(peer.Eval[string](t, b, "begin(false)"))
			hears("at first")

			// Ours is open when the camera comes.
			if err := e.AddTrack(Track{ID: "v1", Stream: "ann:camera", Codec: "VP8"}); err != nil {
				t.Fatal(err)
			}
			next(t, "call for an offer", e.needs)
			if _, err := e.Offer(context.Background(), false); err != nil {
				t.Fatal(err)
			}
			a := answer(peer.Eval[string](t, b, "addCamera()"))
			camera := a.Media[1]
			if camera.Kind != jsep.Video || !camera.Direction.Receives() {
				t.Fatalf("%+v", a.Media)
			}
			next(t, "call for the offer that was taken back", e.needs)
			m := sent(offer(), "v1")
			if m == nil {
				t.Fatal("nothing is sent")
			}
			e.way.Store(&way{mid: camera.MID, pt: m.Send[0].PayloadType, rx: camera.Receive[0].RTX, ssrc: m.Track.SSRC})
			peer.Eventually(t, "the camera is seen again", func() error {
				if w := e.way.Load(); atomic.LoadUint32(&w.from) != 0 {
					e.ask(atomic.LoadUint32(&w.from))
				}
				if n := peer.Eval[int](t, b, "seen()"); n < 20 {
					return fmt.Errorf("%d frames", n)
				}
				return nil
			})
			if got := peer.Eval[string](t, b, "streams.join()"); !bytes.Contains([]byte(got), []byte("ann:camera")) {
				t.Errorf("its streams are %s", got)
			}
			hears("beside it")

			text, err := e.Restart(context.Background(), false)
			if err != nil {
				t.Fatal(err)
			}
			if err := e.SetAnswer(peer.Eval[string](t, b, "answer("+strconv.Quote(text)+")")); err != nil {
				t.Fatal(err)
			}
			frames := peer.Eval[int](t, b, "seen()")
			peer.Eventually(t, "the camera is seen after an ICE restart", func() error {
				if n := peer.Eval[int](t, b, "seen()"); n < frames+20 {
					return fmt.Errorf("%d frames after %d", n, frames)
				}
				return nil
			})
			hears("after an ICE restart")
			e.Close()
			<-e.Done()
		})
	}
}

// Chromium sends redundant audio where it prefers that, and of what it is sent so it hears all,
// though every other packet is lost.
func TestChromiumsRedundancy(t *testing.T) {
	b := peer.Chromium(t, peer.ChromiumConfig{})
	b.Open(t, peer.EmptySite(t))
	b.Load(t, echoPage)
	e := newEcho(t)
	e.lose = true
	offer := peer.Eval[string](t, b, "begin(true)")
	text, err := e.Answer(context.Background(), offer, false)
	if err != nil {
		t.Fatal(err)
	}
	if n := e.Media(); n.SendRedundant == 0 || n.ReceiveRedundant == 0 {
		t.Fatalf("%+v\n%s", n, offer)
	}
	peer.Eval[string](t, b, "take("+strconv.Quote(text)+")")
	type hearing struct{ Packets, Lost, Samples, Concealed int }
	peer.Eventually(t, "it hears what half of the packets have of all", func() error {
		var h hearing
		if err := json.Unmarshal([]byte(peer.Eval[string](t, b, "heard()")), &h); err != nil {
			return err
		}
		if n := e.Stats().PacketsRedundant; n < 50 || h.Lost < 100 || h.Concealed > h.Samples/5 {
			return fmt.Errorf("%d redundant packets came; it hears %+v", n, h)
		}
		return nil
	})
	e.Close()
	<-e.Done()
}
