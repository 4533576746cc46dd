package peer

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/skygenesisenterprise/skybridge/e2e/picture"
	"github.com/skygenesisenterprise/skybridge/e2e/tone"
)

// ChromiumConfig says what one browser is to be.
type ChromiumConfig struct {
	// Tone is the frequency (Hz) that its microphone hears; 440 when 0. With Mic
	// set, a WAV file, repeated for ever, takes the tone's place.
	Tone float64
	Mic  string
	// Picture is whose test picture its camera films, 1 to 7 (e2e/picture); 0 is Chromium's own.
	Picture int
	// Screen is whose test picture its page shows while the page shares its screen, which is then
	// the page itself; 0 is Chromium's own.
	Screen int
	// Program runs in the place of chromium, and runs that with its arguments.
	Program string
	// Script runs in every page before the page's own.
	Script string
	// Flags are further switches of the command line.
	Flags []chromedp.ExecAllocatorOption
}

// Browser is a running Chromium with one page. It trusts every certificate, lets
// every page have the microphone, and lets WebRTC use loopback.
type Browser struct {
	// Ctx is for actions of chromedp that Browser has no method for.
	Ctx context.Context
}

//go:embed page/ears.js
var ears string

//go:embed page/eyes.js
var eyes string

// Chromium starts a browser on an empty page.
func Chromium(t testing.TB, cfg ChromiumConfig) *Browser {
	t.Helper()
	program := cmp.Or(cfg.Program, need(t, "chromium"))
	dir := scratch(t, "chromium")
	mic := cfg.Mic
	if mic == "" {
		mic = filepath.Join(dir, "mic.wav")
		// A whole number of periods, so that its repetition does not click.
		if err := tone.WriteWAV(mic, tone.Sine(cmp.Or(cfg.Tone, 440), 48000, 10, 12000), 48000); err != nil {
			t.Fatal(err)
		}
	}
	if cfg.Picture != 0 {
		film := filepath.Join(dir, "camera.y4m")
		if err := picture.WriteY4M(film, cfg.Picture); err != nil {
			t.Fatal(err)
		}
		cfg.Flags = append([]chromedp.ExecAllocatorOption{chromedp.Flag("use-file-for-fake-video-capture", film)}, cfg.Flags...)
	}
	var said output
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program),
		chromedp.UserDataDir(filepath.Join(dir, "profile")),
		chromedp.CombinedOutput(&said),
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.IgnoreCertErrors,
		chromedp.Flag("headless", "new"),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-features", "Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider,WebRtcHideLocalIpsWithMdns"),
		chromedp.Flag("autoplay-policy", "no-user-gesture-required"),
		chromedp.Flag("allow-loopback-in-peer-connection", true),
		chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.Flag("use-fake-ui-for-media-stream", true),
		chromedp.Flag("use-file-for-fake-audio-capture", mic),
	)
	if cfg.Screen != 0 {
		options = append(options, chromedp.Flag("use-fake-ui-for-media-stream", false), // which would share what is none
			chromedp.Flag("auto-accept-camera-and-microphone-capture", true), chromedp.Flag("auto-accept-this-tab-capture", true))
	}
	parent, release := chromedp.NewExecAllocator(context.Background(), append(options, cfg.Flags...)...)
	ctx, cancel := chromedp.NewContext(parent)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("chromium said:\n%s", said.tail(4000))
		}
		closing, stop := context.WithTimeout(ctx, limit)
		defer stop()
		if err := chromedp.Cancel(closing); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("close chromium: %v", err)
		}
		cancel()
		release()
	})
	// The browser lives as long as the context of its first action.
	if err := chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, page.AddScriptToEvaluateOnNewDocument,
			page.AddScriptToEvaluateOnNewDocumentParams{Source: fmt.Sprintf("window.__screen = %d;\n%s\n%s\n%s", cfg.Screen, ears, eyes, cfg.Script)})
		return err
	})); err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	console := make(chan struct{})
	// owned by the browser: ends with its context
	go func() {
		defer close(console)
		for m, err := range chromedp.Console(ctx) {
			if err != nil {
				return
			}
			_, _ = said.Write([]byte("console: " + m.String() + "\n")) // it only keeps
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-console
	})
	return &Browser{Ctx: ctx}
}

// Open loads a page and waits until it is there.
func (b *Browser) Open(t testing.TB, url string) {
	t.Helper()
	b.do(t, "open "+url, chromedp.Navigate(url))
}

// Load runs a script in the page.
func (b *Browser) Load(t testing.TB, script string) {
	t.Helper()
	b.do(t, "load a script", chromedp.Evaluate[chromedp.Void](script))
}

// Eval gives what a JavaScript expression is, or what it resolves to when it is a
// promise.
func Eval[T any](t testing.TB, b *Browser, expression string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.Ctx, limit)
	defer cancel()
	got, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return got
}

// Recording is the last ten seconds that the page has heard over WebRTC, all
// connections together.
func (b *Browser) Recording() Recording {
	return func() ([]int16, int, error) {
		ctx, cancel := context.WithTimeout(b.Ctx, limit)
		defer cancel()
		heard, err := chromedp.Run(ctx, chromedp.Evaluate[struct {
			Rate    int    `json:"rate"`
			Samples string `json:"samples"`
		}]("__ears.heard()"))
		if err != nil {
			return nil, 0, err
		}
		if heard.Rate == 0 {
			return nil, 0, errors.New("the page has no remote audio")
		}
		raw, err := base64.StdEncoding.DecodeString(heard.Samples)
		if err != nil {
			return nil, 0, err
		}
		pcm := make([]int16, len(raw)/2)
		for i := range pcm {
			pcm[i] = int16(binary.LittleEndian.Uint16(raw[2*i:]))
		}
		return pcm, heard.Rate, nil
	}
}

func (b *Browser) do(t testing.TB, what string, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.Ctx, limit)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatalf("chromium does not %s: %v", what, err)
	}
}
