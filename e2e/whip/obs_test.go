package whip_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pion/interceptor"
	pion "github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"github.com/pion/webrtc/v4/pkg/media/h264reader"
	"github.com/pion/webrtc/v4/pkg/media/ivfreader"
	"github.com/pion/webrtc/v4/pkg/media/oggreader"

	"github.com/skygenesisenterprise/skybridge/e2e/picture"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
	"github.com/skygenesisenterprise/skybridge/e2e/tone"
)

const patience = 2 * time.Minute

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// codec is what a program films in, as OBS names it.
type codec struct {
	pion.RTPCodecParameters
	encoder []string // ffmpeg's
	read    func(t testing.TB, file string) [][]byte
}

var h264 = codec{
	pion.RTPCodecParameters{PayloadType: 96, RTPCodecCapability: pion.RTPCodecCapability{
		MimeType: pion.MimeTypeH264, ClockRate: 90000, SDPFmtpLine: "profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1",
		RTCPFeedback: []pion.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "goog-remb"}},
	}},
	[]string{"-c:v", "libx264", "-profile:v", "baseline", "-tune", "zerolatency", "-threads", "1", "-bf", "0", "-g", "15", "-b:v", "600k", "-f", "h264"},
	accessUnits,
}

var vp8 = codec{
	pion.RTPCodecParameters{PayloadType: 97, RTPCodecCapability: pion.RTPCodecCapability{
		MimeType: pion.MimeTypeVP8, ClockRate: 90000, RTCPFeedback: h264.RTCPFeedback,
	}},
	[]string{"-c:v", "libvpx", "-deadline", "realtime", "-g", "15", "-b:v", "600k", "-f", "ivf"},
	frames,
}

// accessUnits are the pictures of an H.264 byte stream, each with what stands before it.
func accessUnits(t testing.TB, name string) (list [][]byte) {
	t.Helper()
	f, err := os.Open(name) //nolint:gosec // our own file
	must(t, err)
	defer f.Close() //nolint:errcheck // only read
	r, err := h264reader.NewReader(f)
	must(t, err)
	var unit []byte
	for {
		nal, err := r.NextNAL()
		if errors.Is(err, io.EOF) {
			return list
		}
		must(t, err)
		unit = append(append(unit, 0, 0, 0, 1), nal.Data...)
		if nal.UnitType == h264reader.NalUnitTypeCodedSliceIdr || nal.UnitType == h264reader.NalUnitTypeCodedSliceNonIdr {
			list, unit = append(list, unit), nil
		}
	}
}

// frames are those of an IVF file.
func frames(t testing.TB, name string) (list [][]byte) {
	t.Helper()
	f, err := os.Open(name) //nolint:gosec // our own file
	must(t, err)
	defer f.Close() //nolint:errcheck // only read
	r, _, err := ivfreader.NewWith(f)
	must(t, err)
	for {
		frame, _, err := r.ParseNextFrame()
		if errors.Is(err, io.EOF) {
			return list
		}
		must(t, err)
		list = append(list, frame)
	}
}

// packets are those of Opus in an Ogg file, one a page.
func packets(t testing.TB, name string) (list [][]byte) {
	t.Helper()
	f, err := os.Open(name) //nolint:gosec // our own file
	must(t, err)
	defer f.Close() //nolint:errcheck // only read
	r, _, err := oggreader.NewWith(f)
	must(t, err)
	for {
		page, header, err := r.ParseNextPage()
		if errors.Is(err, io.EOF) {
			return list
		}
		must(t, err)
		if header.GranulePosition > 0 { // behind the comments
			list = append(list, page)
		}
	}
}

// ffmpeg makes a file of another one.
func ffmpeg(t testing.TB, arguments ...string) {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("no ffmpeg on this machine: run testdata/peers/install.sh")
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, "ffmpeg", append([]string{"-v", "error", "-y"}, arguments...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg %q: %v\n%s", arguments, err, out)
	}
}

// obs is a program that publishes as OBS 30 does, whose WebRTC is libdatachannel: it sends alone,
// Opus as 111 and video as 96, without header extensions, resends or simulcast; it posts its offer
// before it knows any candidate, tells none afterwards, and ends by DELETE. Its key frames come
// when they come.
type obs struct {
	pc       *pion.PeerConnection
	location string
	token    string
}

// streams begins to publish a camera's test picture and a tone.
func streams(t *testing.T, s *server.Server, room, user string, c codec, whose int, hz float64) *obs {
	t.Helper()
	dir := t.TempDir()
	film, sound := filepath.Join(dir, "film.y4m"), filepath.Join(dir, "tone.wav")
	must(t, picture.WriteY4M(film, whose))
	must(t, tone.WriteWAV(sound, tone.Sine(hz, 48000, 10, 12000), 48000))
	coded, spoken := filepath.Join(dir, "film.bin"), filepath.Join(dir, "tone.ogg")
	ffmpeg(t, append(append([]string{"-i", film, "-pix_fmt", "yuv420p"}, c.encoder...), coded)...)
	ffmpeg(t, "-i", sound, "-c:a", "libopus", "-b:a", "96k", "-page_duration", "20000", spoken)
	pictures, audio := c.read(t, coded), packets(t, spoken)
	if len(pictures) != picture.Frames || len(audio) < 400 {
		t.Fatalf("%d pictures, %d packets of audio", len(pictures), len(audio))
	}

	o := &obs{token: s.Token(t, user)}
	opus := pion.RTPCodecParameters{PayloadType: 111, RTPCodecCapability: pion.RTPCodecCapability{
		MimeType: pion.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;maxaveragebitrate=96000;stereo=1;sprop-stereo=1;useinbandfec=1",
	}}
	engine := &pion.MediaEngine{}
	must(t, engine.RegisterCodec(opus, pion.RTPCodecTypeAudio))
	must(t, engine.RegisterCodec(c.RTPCodecParameters, pion.RTPCodecTypeVideo))
	var settings pion.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() && ip.To4() != nil })
	settings.SetICEMulticastDNSMode(1) // off
	var err error
	o.pc, err = pion.NewAPI(pion.WithMediaEngine(engine), pion.WithSettingEngine(settings),
		pion.WithInterceptorRegistry(&interceptor.Registry{})).NewPeerConnection(pion.Configuration{})
	must(t, err)
	t.Cleanup(func() { must(t, o.pc.GracefulClose()) })
	connected := make(chan struct{})
	o.pc.OnConnectionStateChange(func(state pion.PeerConnectionState) {
		if state == pion.PeerConnectionStateConnected {
			close(connected)
		}
	})
	track := func(capability pion.RTPCodecCapability, id string) *pion.TrackLocalStaticSample {
		track, err := pion.NewTrackLocalStaticSample(capability, id, "obs")
		must(t, err)
		_, err = o.pc.AddTransceiverFromTrack(track, pion.RTPTransceiverInit{Direction: pion.RTPTransceiverDirectionSendonly})
		must(t, err)
		return track
	}
	said, shown := track(opus.RTPCodecCapability, "audio"), track(c.RTPCodecCapability, "video")
	offer, err := o.pc.CreateOffer(nil)
	must(t, err)
	must(t, o.pc.SetLocalDescription(offer))
	text := strings.Replace(offer.SDP, "t=0 0\r\n", "t=0 0\r\na=ice-options:ice2,trickle\r\n", 1) // libdatachannel's words
	if strings.Contains(text, "a=candidate") {
		t.Fatalf("the offer has candidates:\n%s", text)
	}

	endpoint := s.URL("/api/v1/voip/rooms/" + room + "/whip")
	head, answer := o.asks(t, http.MethodPost, endpoint, text, http.StatusCreated)
	if head.Get("Content-Type") != "application/sdp" || !regexp.MustCompile(`^"[^"]+"$`).MatchString(head.Get("ETag")) {
		t.Errorf("answered with %v", head)
	}
	base, err := url.Parse(endpoint)
	must(t, err)
	at, err := base.Parse(head.Get("Location"))
	must(t, err)
	o.location = at.String()
	must(t, o.pc.SetRemoteDescription(pion.SessionDescription{Type: pion.SDPTypeAnswer, SDP: answer}))
	select {
	case <-connected:
	case <-time.After(patience):
		t.Fatal("not connected")
	}
	play(t, said, audio, 20*time.Millisecond)
	play(t, shown, pictures, time.Second/picture.Rate)
	return o
}

// play sends samples one after the other, over and over, until the test ends.
func play(t *testing.T, track *pion.TrackLocalStaticSample, samples [][]byte, each time.Duration) {
	stop, done := make(chan struct{}), make(chan struct{})
	go func() { // owned by the test
		defer close(done)
		tick := time.NewTicker(each)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			_ = track.WriteSample(media.Sample{Data: samples[n%len(samples)], Duration: each}) // closed by now
		}
	}()
	t.Cleanup(func() { close(stop); <-done })
}

// asks makes a request as OBS does.
func (o *obs) asks(t *testing.T, method, to, body string, want int) (http.Header, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, to, strings.NewReader(body))
	must(t, err)
	req.Header.Set("Authorization", "Bearer "+o.token)
	req.Header.Set("User-Agent", "Mozilla/5.0 (OBS-Studio/30.0.0; Linux x86_64; en-US)")
	if body != "" {
		req.Header.Set("Content-Type", "application/sdp")
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	defer resp.Body.Close() //nolint:errcheck // only read
	text, err := io.ReadAll(resp.Body)
	must(t, err)
	if resp.StatusCode != want {
		t.Fatalf("%s %s: %s: %s", method, to, resp.Status, text)
	}
	return resp.Header, string(text)
}

// ends ends the stream.
func (o *obs) ends(t *testing.T) {
	t.Helper()
	o.asks(t, http.MethodDelete, o.location, "", http.StatusOK)
}
