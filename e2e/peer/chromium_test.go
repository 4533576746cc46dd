package peer_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

// A page calls itself over WebRTC on loopback and hears its own microphone.
func TestChromium(t *testing.T) {
	site := emptySite(t)
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

// emptySite serves an empty page.
func emptySite(t *testing.T) string {
	t.Helper()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		if _, err := w.Write([]byte("<!doctype html><title>peer</title>")); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(site.Close)
	return site.URL
}
