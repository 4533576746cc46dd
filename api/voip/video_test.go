package voip_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	pion "github.com/pion/webrtc/v4"

	"github.com/skygenesisenterprise/skybridge/api/voip/mailbox"
)

// viewer is a browser with video, of a user in a call or room.
type viewer struct {
	*browser
	user        *user
	call        string
	participant string
	number      uint16
	shows       map[string]*pion.TrackLocalStaticRTP // by kind
	senders     map[string]*pion.RTPSender

	mu     sync.Mutex
	seen   map[string]int // pictures, by stream and what they show
	offers int            // of the server's
}

// withVideo has a browser of pion's know VP8, with repairs and transport-wide numbers.
func withVideo(t *testing.T) func(*pion.MediaEngine, *interceptor.Registry) {
	return func(m *pion.MediaEngine, r *interceptor.Registry) {
		feedback := []pion.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}}
		must(t, m.RegisterCodec(pion.RTPCodecParameters{
			RTPCodecCapability: pion.RTPCodecCapability{MimeType: pion.MimeTypeVP8, ClockRate: 90000, RTCPFeedback: feedback}, PayloadType: 96,
		}, pion.RTPCodecTypeVideo))
		must(t, m.RegisterCodec(pion.RTPCodecParameters{
			RTPCodecCapability: pion.RTPCodecCapability{MimeType: pion.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: "apt=96"}, PayloadType: 97,
		}, pion.RTPCodecTypeVideo))
		must(t, pion.ConfigureSimulcastExtensionHeaders(m))
		must(t, pion.ConfigureTWCCSender(m, r))
		must(t, pion.ConfigureRTCPReports(r))
	}
}

func newViewer(t *testing.T, u *user, call, participant string) *viewer {
	t.Helper()
	v := &viewer{
		browser: newBrowser(t, withVideo(t)), user: u.in(t), call: call, participant: participant,
		shows: map[string]*pion.TrackLocalStaticRTP{}, senders: map[string]*pion.RTPSender{}, seen: map[string]int{},
	}
	v.OnTrack(func(tr *pion.TrackRemote, _ *pion.RTPReceiver) {
		if tr.Kind() != pion.RTPCodecTypeVideo {
			return
		}
		for {
			p, _, err := tr.ReadRTP()
			if err != nil {
				return
			}
			if _, text, ok := strings.Cut(string(p.Payload), "shows "); ok {
				v.mu.Lock()
				v.seen[tr.StreamID()+" "+text]++
				v.mu.Unlock()
			}
		}
	})
	return v
}

// sees is how many pictures came of a stream that show something.
func (v *viewer) sees(stream, text string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.seen[stream+" "+text]
}

// shares begins to show something, which the next offer says.
func (v *viewer) shares(kind string) {
	v.t.Helper()
	track, err := pion.NewTrackLocalStaticRTP(pion.RTPCodecCapability{MimeType: pion.MimeTypeVP8, ClockRate: 90000}, kind, kind)
	must(v.t, err)
	sender, err := v.AddTrack(track)
	must(v.t, err)
	v.shows[kind], v.senders[kind] = track, sender
}

// hides shows it no more.
func (v *viewer) hides(kind string) {
	v.t.Helper()
	must(v.t, v.RemoveTrack(v.senders[kind]))
	delete(v.shows, kind)
}

// renegotiates makes an offer inside the call.
func (v *viewer) renegotiates() answer {
	v.t.Helper()
	offer, err := v.CreateOffer(nil)
	must(v.t, err)
	a := v.user.sends(v.call, "offer", map[string]any{"type": "offer", "sdp": offer.SDP})
	if a.status != 201 {
		return a // it has not begun to offer
	}
	must(v.t, v.SetLocalDescription(offer))
	var m mailbox.MessageBody
	a.into(&m)
	var sdp pion.SessionDescription
	must(v.t, json.Unmarshal(m.Reply.Payload, &sdp))
	must(v.t, v.SetRemoteDescription(sdp))
	return a
}

// step sends a picture of each kind, and answers what the server offers.
func (v *viewer) step() {
	v.t.Helper()
	v.number++
	for kind, track := range v.shows {
		must(v.t, track.WriteRTP(&rtp.Packet{
			Header:  rtp.Header{Version: 2, Marker: true, SequenceNumber: v.number, Timestamp: uint32(v.number) * 3000},
			Payload: append([]byte{0x10, 0, 0, 0, 0x9d, 1, 0x2a, 64, 1, 180, 0}, "shows "+v.user.name+"'s "+kind...),
		}))
	}
	came := v.later
	v.later = nil
	came = append(came, v.user.messages(v.call, v.browser.seen, 0)...)
	for _, m := range came {
		v.browser.seen = max(v.browser.seen, m.Seq)
		if m.MessageType != mailbox.Offer {
			continue
		}
		v.offers++
		var offer pion.SessionDescription
		must(v.t, json.Unmarshal(m.Payload, &offer))
		must(v.t, v.SetRemoteDescription(offer))
		answer, err := v.CreateAnswer(nil)
		must(v.t, err)
		must(v.t, v.SetLocalDescription(answer))
		v.user.sends(v.call, "answer", map[string]any{"type": "answer", "sdp": answer.SDP}).want(201)
	}
}

// until has everybody go on until something is so.
func until(t *testing.T, what string, viewers []*viewer, so func() bool) {
	t.Helper()
	end := time.Now().Add(patience)
	for !so() {
		for _, v := range viewers {
			v.step()
		}
		if time.Now().After(end) {
			for _, v := range viewers {
				v.mu.Lock()
				t.Logf("%s (%s): %v, %d offers", v.user.name, v.participant, v.seen, v.offers)
				v.mu.Unlock()
			}
			t.Fatalf("not within %s: %s", patience, what)
		}
		<-time.After(30 * time.Millisecond) // the pace of pictures
	}
}

// enters joins a room with a browser that shows some kinds from its first offer on.
func (u *user) entersWith(t *testing.T, room string, kinds ...string) *viewer {
	t.Helper()
	place := u.joins(room, nil)
	v := newViewer(t, u, place.CallID, place.ParticipantID)
	for _, k := range kinds {
		v.shares(k)
	}
	v.user.connects(v.call, v.browser)
	return v
}

// TestPeopleInARoomSeeEachOther: three browsers and a phone in a room: each sees the others by the
// names of participants, one that comes later too; a screen beside a camera; who leaves is gone.
func TestPeopleInARoomSeeEachOther(t *testing.T) {
	r := newRig(t)
	ann, ben, cem := r.as("ann"), r.as("ben"), r.as("cem")
	room := ann.room(map[string]any{"name": "Board", "settings": map[string]any{"allow_screen_share": true}})
	a := ann.entersWith(t, room.ID, "camera")
	b := ben.entersWith(t, room.ID, "camera")
	all := []*viewer{a, b}
	until(t, "two see each other", all, func() bool {
		return a.sees(b.participant+":camera", "ben's camera") > 5 && b.sees(a.participant+":camera", "ann's camera") > 5
	})
	c := cem.entersWith(t, room.ID) // audio alone
	all = append(all, c)
	until(t, "who shows nothing sees both", all, func() bool {
		return c.sees(a.participant+":camera", "ann's camera") > 5 && c.sees(b.participant+":camera", "ben's camera") > 5
	})
	a.shares("screen")
	a.renegotiates().want(201)
	until(t, "a screen beside the camera", all, func() bool {
		return b.sees(a.participant+":screen", "ann's screen") > 5 && c.sees(a.participant+":screen", "ann's screen") > 5
	})
	before := b.sees(a.participant+":camera", "ann's camera")
	until(t, "the camera goes on", all, func() bool { return b.sees(a.participant+":camera", "ann's camera") > before+5 })
	c.shares("camera")
	c.renegotiates().want(201)
	until(t, "a camera in the middle of a call", all, func() bool {
		return a.sees(c.participant+":camera", "cem's camera") > 5 && b.sees(c.participant+":camera", "cem's camera") > 5
	})
	ann.sends(a.call, "hangup", nil).want(201)
	rest := []*viewer{b, c}
	until(t, "who has left is in no section", rest, func() bool {
		return !strings.Contains(b.RemoteDescription().SDP, a.participant) && !strings.Contains(c.RemoteDescription().SDP, a.participant)
	})
	before = b.sees(c.participant+":camera", "cem's camera")
	until(t, "the others go on", rest, func() bool { return b.sees(c.participant+":camera", "cem's camera") > before+5 })
	for _, v := range rest {
		v.user.sends(v.call, "hangup", nil).want(201)
	}
}
