package stage

import (
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/forward"
	"github.com/skygenesisenterprise/skybridge/media/forward/router"
	"github.com/skygenesisenterprise/skybridge/media/video/payload"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
	"github.com/skygenesisenterprise/skybridge/signaling/video"
)

// connected is a performer whose peer has answered a browser's first offer.
func (r *rig) connected(t *testing.T, part Part) (p *Performer, peer, browser *rtc.Peer) {
	t.Helper()
	wc := rtc.Default()
	wc.Listen, wc.Loopback = "127.0.0.1:0", true
	api, err := rtc.New(wc, media.Codecs{g711.MuLaw()}, slog.New(slog.DiscardHandler))
	must(t, err)
	t.Cleanup(func() { must(t, api.Close()) })
	p = r.stage.NewPerformer(part)
	t.Cleanup(func() { p.Close(); <-p.Done() })
	var cfg rtc.PeerConfig
	ready := p.Prepare(&cfg)
	peer, err = api.NewPeer(cfg)
	must(t, err)
	t.Cleanup(func() { peer.Close() })
	ready(peer)
	browser, err = api.NewPeer(rtc.PeerConfig{Video: &rtc.VideoConfig{}})
	must(t, err)
	t.Cleanup(func() { browser.Close() })
	offer, err := browser.Offer(t.Context(), true)
	must(t, err)
	answer, err := peer.Answer(t.Context(), offer, true)
	must(t, err)
	must(t, browser.SetAnswer(answer))
	r.Eventually("the performer knows of it", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.agreed != nil
	})
	return p, peer, browser
}

// waits tells whether an offer of the performer's is open. While it looks, nothing else may be asked
// for.
func (p *Performer) waits(t *testing.T) (open bool) {
	t.Helper()
	p.after(t, func() { open = p.deal.open })
	return open
}

// TestAnOfferThatCannotBeTold is not made anew before its time.
func TestAnOfferThatCannotBeTold(t *testing.T) {
	r := newRig(t)
	var told atomic.Int32
	p, peer, _ := r.connected(t, Part{Participant: "ann", Offer: func(string) error { told.Add(1); return errors.New("mailbox full") }})
	must(t, peer.AddTrack(rtc.Track{ID: "v1", Stream: "ben:camera", Codec: "VP8"}))
	p.negotiate()
	p.at(t)
	if n := told.Load(); n != 1 {
		t.Errorf("told %d times", n)
	}
}

// TestAnOfferAfterAnExchange: what an exchange settles is done after an offer was made that came
// after it, where that waited for its end. It waits for its answer as any other, and counts.
func TestAnOfferAfterAnExchange(t *testing.T) {
	r := newRig(t)
	offers := make(chan string, 1)
	var withdrawn atomic.Int32
	p, peer, browser := r.connected(t, Part{
		Participant: "ann", Offer: func(sdp string) error { offers <- sdp; return nil }, Withdrawn: func() { withdrawn.Add(1) },
	})
	must(t, peer.AddTrack(rtc.Track{ID: "v1", Stream: "ben:camera", Codec: "VP8"}))
	offer := <-offers
	p.after(t, func() {})
	p.settled() // by the exchange before it
	if !p.waits(t) || withdrawn.Load() > 0 || !peer.Pending() {
		t.Fatalf("it waits no more: withdrawn %d times, pending %v", withdrawn.Load(), peer.Pending())
	}
	answer, err := browser.Answer(t.Context(), offer, true)
	must(t, err)
	must(t, peer.SetAnswer(answer))
	r.Eventually("it is answered", func() bool { return withdrawn.Load() == 1 })
	if p.waits(t) || peer.Pending() {
		t.Error("it still waits")
	}

	must(t, peer.AddTrack(rtc.Track{ID: "v2", Stream: "cem:camera", Codec: "VP8"}))
	<-offers
	if !p.waits(t) {
		t.Fatal("no second one waits")
	}
	theirs, err := browser.Offer(t.Context(), true) // it came first
	must(t, err)
	_, err = peer.Answer(t.Context(), theirs, true)
	must(t, err)
	<-offers
	if withdrawn.Load() != 2 || !p.waits(t) {
		t.Errorf("withdrawn %d times: it is not made anew", withdrawn.Load())
	}
}

// TestWhoIsSentNothing: nothing is got ready for who is made no offers and has no place for it.
func TestWhoIsSentNothing(t *testing.T) {
	r := newRig(t)
	sc := newScene(slog.New(slog.DiscardHandler), video.Settings{})
	defer sc.end()
	m, err := sc.join(nil, "ben", router.Config{Send: func([]byte) bool { return true }, SendRTCP: func([]byte) {}})
	must(t, err)
	cfg := router.TrackConfig{Config: forward.Config{Codec: payload.VP8, PayloadType: 96, Layers: []forward.LayerConfig{{SSRC: 1}}}}
	must(t, sc.publish(m, video.SourceID{Member: "ben", Kind: video.Camera}, cfg, format{codec: "VP8"}))
	for offers, want := range map[bool]int{false: 0, true: 1} {
		part := Part{Participant: "ann"}
		if offers {
			part.Offer = func(string) error { return nil }
		}
		p, _, _ := r.connected(t, part)
		p.enters(sc, "ann")
		p.after(t, func() {
			if got := len(p.stand.sent); got != want {
				t.Errorf("offers %v: %d tracks, want %d", offers, got, want)
			}
		})
		p.leaves(sc)
	}
	for direction, want := range map[media.Direction]bool{media.RecvOnly: false, media.SendOnly: true, media.SendRecv: true, media.Inactive: true} {
		a := &jsep.Agreed{Media: []jsep.Media{{Kind: jsep.Audio, Direction: media.SendRecv}, {Kind: jsep.Video, Direction: direction}}}
		if got := takesVideo(a); got != want {
			t.Errorf("a section of direction %v, ours: %v", direction, got)
		}
		a.Media[1].Refused = true
		if takesVideo(a) {
			t.Error("a section that is refused takes video")
		}
	}
}
