package jsep_test

import (
	"testing"

	pion "github.com/pion/webrtc/v4"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
)

// peerConnection is another implementation's side.
func peerConnection(t *testing.T) *pion.PeerConnection {
	t.Helper()
	pc, err := pion.NewPeerConnection(pion.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pc.Close(); err != nil {
			t.Error(err)
		}
	})
	return pc
}

func track(t *testing.T, mime, id, stream string, options ...func(*pion.TrackLocalStaticRTP)) *pion.TrackLocalStaticRTP {
	t.Helper()
	tr, err := pion.NewTrackLocalStaticRTP(pion.RTPCodecCapability{MimeType: mime}, id, stream, options...)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// offers has pion make an offer, which we answer, and pion takes the answer.
func offers(t *testing.T, pc *pion.PeerConnection, s *jsep.Session, options *pion.OfferOptions) *jsep.Agreed {
	t.Helper()
	offer, err := pc.CreateOffer(options)
	must(t, err)
	must(t, pc.SetLocalDescription(offer))
	answer, agreed := answered(t, s, offer.SDP)
	if err := pc.SetRemoteDescription(pion.SessionDescription{Type: pion.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatalf("pion does not take the answer: %v\n%s\nto\n%s", err, answer, offer.SDP)
	}
	return agreed
}

// answers has pion answer an offer of ours.
func answers(t *testing.T, pc *pion.PeerConnection, s *jsep.Session) *jsep.Agreed {
	t.Helper()
	offer := offered(t, s)
	if err := pc.SetRemoteDescription(pion.SessionDescription{Type: pion.SDPTypeOffer, SDP: offer}); err != nil {
		t.Fatalf("pion does not take the offer: %v\n%s", err, offer)
	}
	answer, err := pc.CreateAnswer(nil)
	must(t, err)
	must(t, pc.SetLocalDescription(answer))
	agreed, err := s.SetAnswer(answer.SDP)
	if err != nil {
		t.Fatalf("%v\n%s\nto\n%s", err, answer.SDP, offer)
	}
	return agreed
}

func wantDirections(t *testing.T, a *jsep.Agreed, want ...media.Direction) {
	t.Helper()
	if len(a.Media) != len(want) {
		t.Fatalf("%d sections, want %d: %+v", len(a.Media), len(want), a.Media)
	}
	for i, d := range want {
		if m := a.Media[i]; m.Direction != d || m.Refused {
			t.Errorf("section %d (%s %s, refused %v): %v, want %v", i, m.Kind, m.MID, m.Refused, m.Direction, d)
		}
	}
}

func transceiver(t *testing.T, pc *pion.PeerConnection, kind pion.RTPCodecType, d pion.RTPTransceiverDirection) *pion.RTPTransceiver {
	t.Helper()
	tr, err := pc.AddTransceiverFromKind(kind, pion.RTPTransceiverInit{Direction: d})
	must(t, err)
	return tr
}

func TestPionOffersACall(t *testing.T) {
	pc, s := peerConnection(t), server(t, mix)
	_, err := pc.AddTrack(track(t, pion.MimeTypeOpus, "mic", "bob"))
	must(t, err)
	wantDirections(t, offers(t, pc, s, nil), media.SendRecv)

	cam, err := pc.AddTrack(track(t, pion.MimeTypeVP8, "cam", "bob"))
	must(t, err)
	_, err = pc.AddTrack(track(t, pion.MimeTypeVP8, "screen", "bob-screen"))
	must(t, err)
	_, err = pc.CreateDataChannel("chat", nil)
	must(t, err)
	a := offers(t, pc, s, nil)
	wantDirections(t, a, media.SendRecv, media.RecvOnly, media.RecvOnly, media.SendRecv)
	if a.Data == nil || a.Data.RemotePort != 5000 || a.Data.MID != a.Media[3].MID {
		t.Errorf("data channel %+v", a.Data)
	}
	if got := a.Media[2].Remote.MSIDs; len(got) != 1 || got[0] != (jsep.MSID{Stream: "bob-screen", Track: "screen"}) {
		t.Errorf("the screen is %+v", got)
	}

	must(t, pc.RemoveTrack(cam))
	a = offers(t, pc, s, nil)
	wantDirections(t, a, media.SendRecv, media.Inactive, media.RecvOnly, media.SendRecv)

	was := a.Transport
	a = offers(t, pc, s, &pion.OfferOptions{ICERestart: true})
	if a.Transport.Generation != 2 || a.Transport.Local == was.Local || a.Transport.Remote == was.Remote || a.Transport.Offered {
		t.Errorf("after a restart %+v", a.Transport)
	}
	if again := offers(t, pc, s, nil); again.Transport.Generation != 2 || again.Transport.Local != a.Transport.Local {
		t.Errorf("after no restart %+v", again.Transport)
	}
}

func TestPionOffersSimulcast(t *testing.T) {
	pc, s := peerConnection(t), server(t)
	q := track(t, pion.MimeTypeVP8, "cam", "bob", pion.WithRTPStreamID("q"))
	sender, err := pc.AddTrack(q)
	must(t, err)
	for _, rid := range []string{"h", "f"} {
		must(t, sender.AddEncoding(track(t, pion.MimeTypeVP8, "cam", "bob", pion.WithRTPStreamID(rid))))
	}
	a := offers(t, pc, s, nil)
	m := a.Media[0]
	if len(m.Remote.RIDs) != 3 || m.Remote.RIDs[0].RID != "q" || m.Extensions.RID == 0 || m.Extensions.MID == 0 {
		t.Errorf("%+v", m)
	}
}

func TestPionWatches(t *testing.T) {
	pc, s := peerConnection(t), server(t, mix, camera)
	transceiver(t, pc, pion.RTPCodecTypeAudio, pion.RTPTransceiverDirectionRecvonly)
	transceiver(t, pc, pion.RTPCodecTypeVideo, pion.RTPTransceiverDirectionRecvonly)
	transceiver(t, pc, pion.RTPCodecTypeVideo, pion.RTPTransceiverDirectionRecvonly)
	a := offers(t, pc, s, nil)
	wantDirections(t, a, media.SendOnly, media.SendOnly, media.Inactive)
	if got := a.Media[1].Track; got == nil || *got != camera {
		t.Errorf("sends %+v", got)
	}
	if s.NeedsOffer() {
		t.Error("something is left to offer")
	}
	add(t, s, screen) // takes the free section
	if !s.NeedsOffer() {
		t.Fatal("nothing to offer")
	}
	wantDirections(t, answers(t, pc, s), media.SendOnly, media.SendOnly, media.SendOnly)
}

func TestPionAnswers(t *testing.T) {
	pc, s := peerConnection(t), server(t, mix)
	_, err := pc.AddTrack(track(t, pion.MimeTypeOpus, "mic", "bob"))
	must(t, err)
	s.Receive(jsep.Audio, 1)
	s.Receive(jsep.Application, 1)
	a := answers(t, pc, s)
	wantDirections(t, a, media.SendRecv, media.SendRecv)
	if a.Data == nil || !a.Transport.Offered {
		t.Errorf("%+v", a)
	}
	first := a.Media[0].MID

	add(t, s, camera, screen)
	a = answers(t, pc, s)
	wantDirections(t, a, media.SendRecv, media.SendRecv, media.SendOnly, media.SendOnly)
	if a.Media[0].MID != first {
		t.Errorf("section %s was %s", a.Media[0].MID, first)
	}
	camMID := a.Media[2].MID

	s.RemoveTrack(camera.ID)
	wantDirections(t, answers(t, pc, s), media.SendRecv, media.SendRecv, media.Inactive, media.SendOnly)

	carol := jsep.Track{ID: "carol", Stream: "carol", Kind: jsep.Video, SSRC: 0x4001, CName: "room", Codec: "H264"}
	add(t, s, carol)
	a = answers(t, pc, s)
	wantDirections(t, a, media.SendRecv, media.SendRecv, media.SendOnly, media.SendOnly)
	if m := a.ByMID(camMID); m == nil || m.Track == nil || m.Track.ID != "carol" {
		t.Errorf("the free section has %+v", m)
	}

	// Its camera, by an offer of its own.
	_, err = pc.AddTrack(track(t, pion.MimeTypeVP8, "cam", "bob"))
	must(t, err)
	a = offers(t, pc, s, nil)
	wantDirections(t, a, media.SendRecv, media.SendRecv, media.SendOnly, media.SendOnly, media.RecvOnly)

	local := a.Transport.Local
	s.Restart()
	if !s.NeedsOffer() {
		t.Error("no offer for a restart")
	}
	a = answers(t, pc, s)
	if a.Transport.Generation != 2 || a.Transport.Local == local || !a.Transport.Offered {
		t.Errorf("after a restart %+v", a.Transport)
	}
	if s.NeedsOffer() {
		t.Error("something is left to offer")
	}

	// Hold and back.
	s.Limit(first, media.SendOnly)
	if a = answers(t, pc, s); a.Media[0].Direction != media.SendOnly {
		t.Errorf("on hold %v", a.Media[0].Direction)
	}
	s.Limit(first, media.SendRecv)
	if a = answers(t, pc, s); a.Media[0].Direction != media.SendRecv {
		t.Errorf("after hold %v", a.Media[0].Direction)
	}
}
