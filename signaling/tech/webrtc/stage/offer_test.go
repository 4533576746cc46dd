package stage

import (
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
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
