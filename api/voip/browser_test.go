package voip_test

import (
	"context"
	"encoding/json"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	pion "github.com/pion/webrtc/v4"

	"github.com/skygenesisenterprise/skybridge/api/voip/mailbox"
)

// browser is a second pion, on loopback, that speaks PCMU.
type browser struct {
	*pion.PeerConnection
	t      *testing.T
	track  *pion.TrackLocalStaticRTP
	heard  chan []byte
	states chan pion.PeerConnectionState
	found  chan pion.ICECandidateInit
	seen   uint64                // the last message
	later  []mailbox.MessageBody // offers that came meanwhile
}

func newBrowser(t *testing.T, change ...func(*pion.MediaEngine, *interceptor.Registry)) *browser {
	t.Helper()
	engine, registry := &pion.MediaEngine{}, &interceptor.Registry{}
	must(t, engine.RegisterCodec(pion.RTPCodecParameters{
		RTPCodecCapability: pion.RTPCodecCapability{MimeType: pion.MimeTypePCMU, ClockRate: 8000}, PayloadType: 0,
	}, pion.RTPCodecTypeAudio))
	must(t, engine.RegisterCodec(pion.RTPCodecParameters{
		RTPCodecCapability: pion.RTPCodecCapability{MimeType: "audio/telephone-event", ClockRate: 8000}, PayloadType: 101,
	}, pion.RTPCodecTypeAudio))
	for _, f := range change {
		f(engine, registry)
	}
	var settings pion.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() && ip.To4() != nil })
	settings.SetICEMulticastDNSMode(1) // off
	settings.SetNetworkTypes([]pion.NetworkType{pion.NetworkTypeUDP4})
	pc, err := pion.NewAPI(pion.WithMediaEngine(engine), pion.WithSettingEngine(settings),
		pion.WithInterceptorRegistry(registry)).NewPeerConnection(pion.Configuration{})
	must(t, err)
	b := &browser{
		PeerConnection: pc, t: t, heard: make(chan []byte, 64), states: make(chan pion.PeerConnectionState, 16),
		found: make(chan pion.ICECandidateInit, 64),
	}
	t.Cleanup(func() { must(t, pc.GracefulClose()) })
	pc.OnConnectionStateChange(func(s pion.PeerConnectionState) { b.states <- s })
	pc.OnICECandidate(func(c *pion.ICECandidate) {
		if c != nil {
			b.found <- c.ToJSON()
		}
	})
	pc.OnTrack(func(tr *pion.TrackRemote, _ *pion.RTPReceiver) {
		for {
			p, _, err := tr.ReadRTP()
			if err != nil {
				return
			}
			select {
			case b.heard <- p.Payload:
			default:
			}
		}
	})
	b.track, err = pion.NewTrackLocalStaticRTP(pion.RTPCodecCapability{MimeType: pion.MimeTypePCMU, ClockRate: 8000}, "audio", "mic")
	must(t, err)
	_, err = pc.AddTrack(b.track)
	must(t, err)
	return b
}

// offer makes an offer without candidates, as a browser that trickles.
func (b *browser) offer() map[string]any {
	b.t.Helper()
	offer, err := b.CreateOffer(nil)
	must(b.t, err)
	must(b.t, b.SetLocalDescription(offer))
	return map[string]any{"type": "offer", "sdp": offer.SDP}
}

// sends posts a message to the server.
func (u *user) sends(call, kind string, payload any) answer {
	u.t.Helper()
	in := map[string]any{"message_type": kind, "to_user": "asterisk"}
	if payload != nil {
		in["payload"] = payload
	}
	return u.post("/calls/"+call+"/signaling", in)
}

// connects joins a call from a browser: one round trip for offer and answer, then
// candidates both ways, those of the browser in both shapes.
func (u *user) connects(call string, b *browser) {
	u.t.Helper()
	u.offers(call, b, b.offer())
}

func (u *user) offers(call string, b *browser, offer map[string]any) {
	u.t.Helper()
	var m mailbox.MessageBody
	u.sends(call, "offer", offer).want(201).into(&m)
	if m.Reply == nil || m.Reply.MessageType != "answer" || m.Reply.FromUser != "asterisk" || m.Reply.ToUser != u.name {
		u.t.Fatalf("no answer in %s", show(m))
	}
	var sdp pion.SessionDescription
	must(u.t, json.Unmarshal(m.Reply.Payload, &sdp))
	must(u.t, b.SetRemoteDescription(sdp))
	u.trickle(call, b)
}

func (u *user) trickle(call string, b *browser) {
	u.t.Helper()
	for n := 0; ; n++ {
		select {
		case s := <-b.states:
			if s == pion.PeerConnectionStateConnected {
				return
			}
			if s == pion.PeerConnectionStateFailed {
				u.t.Fatal("the connection failed")
			}
		case c := <-b.found:
			if n%2 == 0 {
				u.sends(call, "ice_candidate", c).want(201)
			} else {
				u.sends(call, "ice_candidate", map[string]any{"candidate": c}).want(201)
			}
		case <-time.After(20 * time.Millisecond):
			u.takes(call, b)
		}
		if n > 1000 {
			u.t.Fatal("no connection")
		}
	}
}

// takes gives the browser the server's candidates.
func (u *user) takes(call string, b *browser) {
	u.t.Helper()
	for _, m := range u.messages(call, b.seen, 0) {
		b.seen = m.Seq
		if m.MessageType == mailbox.Offer {
			b.later = append(b.later, m)
		}
		if m.MessageType != "ice_candidate" {
			continue
		}
		var c pion.ICECandidateInit
		must(u.t, json.Unmarshal(m.Payload, &c))
		must(u.t, b.AddICECandidate(c))
	}
}

// messages gives the messages to the user after seq, waiting for seconds.
func (u *user) messages(call string, after uint64, wait int) []mailbox.MessageBody {
	u.t.Helper()
	var list struct{ Items []mailbox.MessageBody }
	u.get("/calls/" + call + "/signaling?after=" + strconv.FormatUint(after, 10) + "&wait=" + strconv.Itoa(wait)).want(200).into(&list)
	return list.Items
}

// talks sends audio for as long as the context lives.
func (b *browser) talks(ctx context.Context, payload []byte) {
	tick := time.NewTicker(20 * time.Millisecond)
	go func() { // owned by ctx
		defer tick.Stop()
		for n := uint16(1); ; n++ {
			select {
			case <-tick.C:
				_ = b.track.WriteRTP(&rtp.Packet{
					Header: rtp.Header{Version: 2, SequenceNumber: n, Timestamp: uint32(n) * 160}, Payload: payload,
				})
			case <-ctx.Done():
				return
			}
		}
	}()
}

// frame is 20 ms of PCMU with a pattern of its own.
func frame(b byte) []byte { return []byte(strings.Repeat(string(rune(b)), 160)) }
