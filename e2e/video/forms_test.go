package video_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// only has a page send its video in one codec.
const only = `RTCPeerConnection.prototype.addTransceiver = function (what, init) {
	const made = window.add.call(this, what, init);
	if (what.kind === "video") {
		const { codecs } = RTCRtpSender.getCapabilities("video");
		made.setCodecPreferences(codecs.filter(({ mimeType }) => mimeType === "video/" + codec || /rtx$/.test(mimeType)));
	}
	return made;
}`

// codecs: whatever codec a camera is sent in, it is seen as it was filmed.
func codecs(t *testing.T, a, b *person) {
	t.Helper()
	a.does(t, "window.add = RTCPeerConnection.prototype.addTransceiver; "+only)
	can := peer.Eval[[]string](t, a.Browser, `RTCRtpSender.getCapabilities("video").codecs.map((c) => c.mimeType)`)
	for _, codec := range []string{"VP9", "H264", "AV1"} {
		if codec == "H264" && !slices.Contains(can, "video/H264") { // a matter of how it was built
			t.Log("this Chromium cannot send H.264")
			continue
		}
		a.does(t, fmt.Sprintf("window.codec = %q; ", codec)+fmt.Sprintf(join, "{ video: true }"))
		b.sees(t, "camera", anna, 30)
		if got := peer.Eval[string](t, b.Browser, `call.statistics().then(({ received }) => received.filter((f) => f.source).map((f) => f.codec).join())`); got != "video/"+codec {
			t.Errorf("bob is sent %s, not %s", got, codec)
		}
		a.does(t, "await call.hangUp()")
		b.waits(t, "the camera in "+codec+" is gone", `!seen("camera")`)
	}
	a.does(t, "RTCPeerConnection.prototype.addTransceiver = add")
}

// large is the camera's picture in twice its size, which the SDK sends in two.
const large = `const camera = await navigator.mediaDevices.getUserMedia({ video: true });
	const video = Object.assign(document.createElement("video"), { muted: true, srcObject: camera });
	await video.play();
	const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 360 });
	const brush = canvas.getContext("2d");
	brush.imageSmoothingEnabled = false;
	const draw = () => { brush.drawImage(video, 0, 0, 640, 360); video.requestVideoFrameCallback(draw); };
	draw();
	window.large = canvas.captureStream();
	await call.startCamera(window.large)`

// layers: of a camera that is sent in two sizes, each who watches is sent what they draw.
func layers(t *testing.T, s *server.Server, a, b *person) {
	t.Helper()
	a.does(t, fmt.Sprintf(join, "{}"))
	a.does(t, large)
	b.waits(t, "there is a camera", `seen("camera")`)
	call := peer.Eval[string](t, b.Browser, "call.id")
	who := peer.Eval[string](t, b.Browser, `call.videos.find((v) => v.kind === "camera").participant`)
	for i, lines := range []int{360, 180, 360} {
		body := map[string]any{"mode": "grid", "sizes": []any{map[string]any{"participant": who, "kind": "camera", "lines": lines}}}
		if status := s.Do(t, s.Token(t, b.name), http.MethodPost, "/api/v1/voip/calls/"+call+"/layout", body, nil); status != http.StatusNoContent {
			t.Fatalf("layout: %d", status)
		}
		name := fmt.Sprint("layer ", i)
		peer.Eventually(t, fmt.Sprintf("bob sees %d lines", lines), func() error {
			peer.Eval[string](t, b.Browser, fmt.Sprintf(`__eyes.watch(%q, seen("camera"))`, name))
			if got := b.Seen(t, name); got.Height != lines || got.Width != lines*16/9 {
				return fmt.Errorf("%+v", got)
			}
			return nil
		})
		b.Load(t, fmt.Sprintf("__eyes.forget(%q)", name))
		b.sees(t, "camera", anna, 20)
	}
	a.does(t, "await call.hangUp(); large.getTracks().forEach((each) => each.stop())")
	b.waits(t, "the camera is gone", `!seen("camera")`)
}
