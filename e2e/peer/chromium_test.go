package peer_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

// A page calls itself over WebRTC on loopback and hears its own microphone.
func TestChromium(t *testing.T) {
	site := peer.EmptySite(t)
	b := peer.Chromium(t, peer.ChromiumConfig{Tone: 600})
	b.Open(t, site)
	if v := peer.Eval[string](t, b, `(async () => {
		const mic = await navigator.mediaDevices.getUserMedia({ audio: true });
		const a = new RTCPeerConnection(), z = new RTCPeerConnection();
		a.onicecandidate = ({ candidate }) => z.addIceCandidate(candidate);
		z.onicecandidate = ({ candidate }) => a.addIceCandidate(candidate);
		const connected = new Promise((done) => {
			a.onconnectionstatechange = () => a.connectionState === "connected" && done();
		});
		mic.getTracks().forEach((track) => a.addTrack(track, mic));
		await a.setLocalDescription();
		await z.setRemoteDescription(a.localDescription);
		await z.setLocalDescription();
		await a.setRemoteDescription(z.localDescription);
		await connected;
		return a.connectionState;
	})()`); v != "connected" {
		t.Fatal(v)
	}
	peer.Hears(t, "the page", b.Recording(), 600, 440)
}
