package webrtc

import (
	"bytes"
	"context"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	pion "github.com/pion/webrtc/v4"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/video"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/tracks"
)

// watcher is a peer of ours with video, with what it told us.
type watcher struct {
	*observed
	agreed  chan *jsep.Agreed
	needs   chan struct{}
	video   chan shownPacket
	control chan []byte
}

type shownPacket struct {
	mid string
	rtp.Packet
}

func newWatcher(t testing.TB, change ...func(*PeerConfig)) *watcher {
	t.Helper()
	w := &watcher{
		agreed: make(chan *jsep.Agreed, 64), needs: make(chan struct{}, 64),
		video: make(chan shownPacket, 64), control: make(chan []byte, 64),
	}
	w.observed = newPeer(t, testAPI(t), append(change, func(c *PeerConfig) {
		c.OnAgreed = func(a *jsep.Agreed) { w.agreed <- a }
		c.OnNegotiation = func() { w.needs <- struct{}{} }
		c.Video = &VideoConfig{
			Packet: func(mid string, raw []byte, _ time.Time) {
				s := shownPacket{mid: mid}
				if err := s.Unmarshal(bytes.Clone(raw)); err != nil {
					t.Error(err)
				}
				select {
				case w.video <- s:
				default:
				}
			},
			Control: func(raw []byte, _ time.Time) {
				select {
				case w.control <- bytes.Clone(raw):
				default:
				}
			},
		}
	})...)
	return w
}

// next is what comes next of something that must.
func next[T any](t testing.TB, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("no %s", what)
		panic("unreachable")
	}
}

// answer has the peer answer the remote's offer, and gives what was agreed.
func (w *watcher) answer(t testing.TB, r *remote) *jsep.Agreed {
	t.Helper()
	answer, err := w.Answer(context.Background(), r.offer(t, false, nil), false)
	if err != nil {
		t.Fatal(err)
	}
	r.setAnswer(t, answer)
	a := next(t, "agreement", w.agreed)
	if a != w.Agreed() {
		t.Error("what was told is not the latest")
	}
	return a
}

// offer has the remote answer an offer of ours, which must have been called for.
func (w *watcher) offer(t testing.TB, r *remote) *jsep.Agreed {
	t.Helper()
	next(t, "call for an offer", w.needs)
	offer, err := w.Offer(context.Background(), false)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.SetAnswer(r.answer(t, offer, false)); err != nil {
		t.Fatal(err)
	}
	return next(t, "agreement", w.agreed)
}

func (w *watcher) addTrack(t testing.TB, name string) {
	t.Helper()
	if err := w.AddTrack(Track{ID: name, Stream: name, Screen: strings.HasSuffix(name, "screen"), Codec: "VP8"}); err != nil {
		t.Fatal(err)
	}
}

// sent is the section in which a track of ours goes; nil for none.
func sent(a *jsep.Agreed, id string) *jsep.Media {
	for i := range a.Media {
		if m := &a.Media[i]; m.Track != nil && m.Track.ID == id {
			return m
		}
	}
	return nil
}

// sees writes packets of a track until the remote has one, of the stream of its name.
func (w *watcher) sees(t testing.TB, r *remote, a *jsep.Agreed, id string, number *uint16) {
	t.Helper()
	m := sent(a, id)
	if m == nil {
		t.Fatalf("%s is sent in none of %+v", id, a.Media)
	}
	out, err := tracks.Outgoing(m, video.Variant("VP8", ""))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "a picture of "+id, func() bool {
		*number++
		err := w.WriteVideo(packet(t, rtp.Header{Version: 2, PayloadType: out.PayloadType, SSRC: out.SSRC, SequenceNumber: *number}, id))
		if err != nil {
			t.Fatal(err)
		}
		for {
			select {
			case p := <-r.pictures:
				if string(p.Payload) != id {
					continue // of before
				}
				if p.stream != id || p.SSRC != out.SSRC {
					t.Fatalf("stream %q, SSRC %d; want %q, %d", p.stream, p.SSRC, id, out.SSRC)
				}
				return true
			default:
				return false
			}
		}
	})
}

// shows writes packets of the remote's track until we have one, and gives its mid.
func (w *watcher) shows(t testing.TB, track *pion.TrackLocalStaticRTP, what string, number *uint16) (mid string) {
	t.Helper()
	eventually(t, "a picture of the remote's", func() bool {
		*number++
		if err := track.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: *number}, Payload: []byte(what)}); err != nil {
			t.Fatal(err)
		}
		for {
			select {
			case p := <-w.video:
				if string(p.Payload) == what {
					mid = p.mid
					return true
				}
			default:
				return false
			}
		}
	})
	return mid
}

// A camera and a screen of the browser's, beside its audio; others' shown to it in sections of
// ours; and all of them gone again, in one connection.
func TestVideo(t *testing.T) {
	w, r := newWatcher(t), newRemote(t, opus)
	var n uint16
	camera, _ := r.show(t, "camera")
	a := w.answer(t, r)
	w.await(t, StateConnected)
	cfg, err := tracks.Incoming(&a.Media[1])
	if err != nil || cfg.PayloadType != 96 || tracks.Variant(&a.Media[1]) != video.Variant("VP8", "") {
		t.Fatalf("%+v, %v", cfg, err)
	}
	if mid := w.shows(t, camera, "camera", &n); mid != cfg.MID {
		t.Errorf("the camera is of %q, want %q", mid, cfg.MID)
	}
	speak(t, w.observed, r, "hello")

	screen, shared := r.show(t, "screen")
	a = w.answer(t, r)
	if mid := w.shows(t, screen, "screen", &n); mid != a.Media[2].MID {
		t.Errorf("the screen is of %q, want %q", mid, a.Media[2].MID)
	}
	if mid := w.shows(t, camera, "camera too", &n); mid != cfg.MID {
		t.Errorf("the camera is of %q, want %q", mid, cfg.MID)
	}

	w.addTrack(t, "ann:camera")
	a = w.offer(t, r)
	w.sees(t, r, a, "ann:camera", &n)
	w.addTrack(t, "bob:screen")
	a = w.offer(t, r)
	w.sees(t, r, a, "bob:screen", &n)
	w.sees(t, r, a, "ann:camera", &n)
	speak(t, w.observed, r, "still here")

	gone := sent(a, "ann:camera").Track.SSRC
	w.RemoveTrack("ann:camera")
	if err := w.WriteVideo(packet(t, rtp.Header{Version: 2, SSRC: gone}, "gone")); fault.Of(err) != fault.NotFound {
		t.Errorf("a packet of a track that has gone: %v", err)
	}
	a = w.offer(t, r)
	if sent(a, "ann:camera") != nil {
		t.Errorf("it is sent yet: %+v", a.Media)
	}
	w.sees(t, r, a, "bob:screen", &n)
	if err := r.RemoveTrack(shared); err != nil {
		t.Fatal(err)
	}
	a = w.answer(t, r)
	if cfg, err := tracks.Incoming(&a.Media[2]); fault.Of(err) != fault.NotAcceptable {
		t.Errorf("the screen is there yet: %+v, %v", cfg, err)
	}
	w.sees(t, r, a, "bob:screen", &n)
	speak(t, w.observed, r, "to the end")
	if len(w.needs) > 0 {
		t.Error("there is something to offer")
	}
}

// Reports and requests of video go both ways, beside those of audio.
func TestVideoControl(t *testing.T) {
	w, r := newWatcher(t), newRemote(t, opus)
	track, err := pion.NewTrackLocalStaticRTP(pictures[0].RTPCodecCapability, "camera", "browser")
	if err != nil {
		t.Fatal(err)
	}
	sender, err := r.AddTrack(track)
	if err != nil {
		t.Fatal(err)
	}
	w.answer(t, r)
	w.await(t, StateConnected)
	r.await(t, pion.PeerConnectionStateConnected)
	eventually(t, "the remote's request", func() bool {
		if err := r.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{SenderSSRC: 1, MediaSSRC: 2}}); err != nil {
			t.Fatal(err)
		}
		for {
			select {
			case raw := <-w.control: // reports come too
				list, err := rtcp.Unmarshal(raw)
				if err != nil {
					continue
				}
				if _, ok := list[0].(*rtcp.PictureLossIndication); ok {
					return true
				}
			default:
				return false
			}
		}
	})
	got := make(chan rtcp.Packet, 64)
	r.shown.Go(func() { // ended by the connection's close
		for {
			list, _, err := sender.ReadRTCP()
			if err != nil {
				return
			}
			for _, p := range list {
				select {
				case got <- p:
				default:
				}
			}
		}
	})
	ssrc := uint32(sender.GetParameters().Encodings[0].SSRC)
	raw, err := rtcp.Marshal([]rtcp.Packet{
		&rtcp.ReceiverReport{SSRC: w.SSRC()}, &rtcp.PictureLossIndication{SenderSSRC: w.SSRC(), MediaSSRC: ssrc},
	})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "a request of ours", func() bool { // the first may come before the remote listens
		if err := w.WriteControl(raw); err != nil {
			t.Fatal(err)
		}
		for {
			select {
			case one := <-got: // reports come too
				p, ok := one.(*rtcp.PictureLossIndication)
				if ok && p.SenderSSRC == w.SSRC() && p.MediaSSRC == ssrc {
					return true
				}
			default:
				return false
			}
		}
	})
}

// When both offer at once, the browser's counts, and ours comes again.
func TestOffersThatCross(t *testing.T) {
	for name, offer := range map[string]func(*watcher) (string, error){
		"a track":   func(w *watcher) (string, error) { return w.Offer(context.Background(), false) },
		"a restart": func(w *watcher) (string, error) { return w.Restart(context.Background(), false) },
	} {
		t.Run(name, func(t *testing.T) {
			w, r := newWatcher(t), newRemote(t, opus)
			w.answer(t, r)
			w.await(t, StateConnected)
			w.addTrack(t, "ann:camera")
			next(t, "call for an offer", w.needs)
			ours, err := offer(w)
			if err != nil {
				t.Fatal(err)
			}
			first := parameter(t, r.RemoteDescription().SDP, "ice-ufrag")
			var n uint16
			camera, _ := r.show(t, "camera")
			theirs := r.offer(t, false, nil)
			answer, err := w.Answer(context.Background(), theirs, false)
			if err != nil {
				t.Fatal(err)
			}
			if got := parameter(t, answer, "ice-ufrag"); got != first {
				t.Errorf("our ufrag is %s, was %s: the restart was not taken back", got, first)
			}
			if err := w.SetAnswer(ours); fault.Of(err) != fault.Conflict {
				t.Errorf("an answer to what was taken back: %v", err)
			}
			r.setAnswer(t, answer)
			next(t, "agreement", w.agreed)
			w.shows(t, camera, "camera", &n)
			speak(t, w.observed, r, "hello")
			if sent(w.Agreed(), "ann:camera") == nil || name == "a restart" {
				w.offer(t, r) // asked for again
			}
			w.sees(t, r, w.Agreed(), "ann:camera", &n)
			if got := parameter(t, r.RemoteDescription().SDP, "ice-ufrag"); (got != first) != (name == "a restart") {
				t.Errorf("our ufrag is %s, was %s", got, first)
			}
			speak(t, w.observed, r, "hello again")
		})
	}
}

func TestWriteVideoAllocates(t *testing.T) {
	w, r := newWatcher(t), newRemote(t, opus)
	w.answer(t, r)
	w.await(t, StateConnected)
	w.addTrack(t, "ann:camera")
	m := sent(w.offer(t, r), "ann:camera")
	r.socket.deaf.Store(true)
	raw := packet(t, rtp.Header{Version: 2, PayloadType: m.Send[0].PayloadType, SSRC: m.Track.SSRC}, string(make([]byte, 1100)))
	if n := testing.AllocsPerRun(200, func() {
		binary.BigEndian.PutUint16(raw[2:], binary.BigEndian.Uint16(raw[2:])+1)
		if err := w.WriteVideo(raw); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("WriteVideo allocates %v times", n)
	}
}

// A first offer of ours has room for what the peer is asked to send, and for no more.
func TestAsk(t *testing.T) {
	for ask := range 3 {
		o := newPeer(t, testAPI(t), func(c *PeerConfig) { c.Video = &VideoConfig{Ask: ask} })
		offer, err := o.Offer(context.Background(), true)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(offer, "\nm=video "); n != ask {
			t.Errorf("asked for %d, offered %d in\n%s", ask, n, offer)
		}
		if n := strings.Count(offer, "a=recvonly\r\n"); n != ask {
			t.Errorf("%d of %d receive", n, ask)
		}
	}
}
