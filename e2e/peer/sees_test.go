package peer_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

// Two pages' worth of connections in one: the camera's picture is read back after VP8, and a
// picture that stands still, or is another's, is not taken for it.
func TestSees(t *testing.T) {
	b := peer.Chromium(t, peer.ChromiumConfig{Picture: 3, Screen: 5, Tone: 600})
	b.Open(t, peer.EmptySite(t))
	peer.Eval[string](t, b, `(async () => {
		window.camera = await navigator.mediaDevices.getUserMedia({ video: true });
		const a = new RTCPeerConnection(), z = new RTCPeerConnection();
		a.onicecandidate = ({ candidate }) => z.addIceCandidate(candidate);
		z.onicecandidate = ({ candidate }) => a.addIceCandidate(candidate);
		const came = new Promise((done) => {
			const all = [];
			z.ontrack = ({ streams }) => all.push(streams[0]) === 3 && done(all);
		});
		window.screen_ = await navigator.mediaDevices.getDisplayMedia({ video: true });
		const mic = await navigator.mediaDevices.getUserMedia({ audio: true });
		for (const stream of [camera, screen_, mic]) stream.getTracks().forEach((track) => a.addTrack(track, stream));
		await a.setLocalDescription();
		await z.setRemoteDescription(a.localDescription);
		await z.setLocalDescription();
		await a.setRemoteDescription(z.localDescription);
		const all = await came;
		window.remote = all.find(({ id }) => id === camera.id);
		window.remoteScreen = all.find(({ id }) => id === screen_.id);
		return "";
	})()`)
	if s := b.Sees(t, "the page", "remote", 3, 100); s.Width != 320 || s.Height != 180 {
		t.Errorf("%+v", s)
	}
	b.Sees(t, "the page", "remoteScreen", 5, 60)
	peer.Hears(t, "the page", b.Recording(), 600)
	// A still, half as bright: its blocks can be read, and it is far off.
	still := peer.Eval[struct {
		Whose, Frame int
		Off          float64
	}](t, b, `(async () => {
		const video = document.createElement("video");
		video.muted = true;
		video.srcObject = remote;
		await video.play();
		const canvas = document.createElement("canvas");
		Object.assign(canvas, { width: 320, height: 180 });
		const context = canvas.getContext("2d");
		context.drawImage(video, 0, 0);
		context.fillStyle = "rgb(0 0 0 / 0.4)";
		context.fillRect(0, 40, 320, 140);
		const { whose, frame, off } = __eyes.read(canvas);
		return { Whose: whose, Frame: frame, Off: off };
	})()`)
	if still.Whose != 3 || still.Off <= peer.MostOff {
		t.Errorf("a darkened picture: %+v", still)
	}
	if other := peer.Eval[bool](t, b, `__eyes.read(new OffscreenCanvas(320, 180).getContext("2d") && Object.assign(document.createElement("canvas"), { width: 320, height: 180 })) === null`); !other {
		t.Error("an empty picture is taken for the camera's")
	}
}
