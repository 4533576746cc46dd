package peer

import (
	"cmp"
	"context"
	"encoding/json"
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
	// Hides has it tell pages that were never given a microphone names (mDNS) in the place of its
	// addresses, as it does for everybody else. Such a page has a microphone only if it makes one.
	Hides bool
	// Program runs in the place of chromium, and runs that with its arguments.
	Program string
	// Script runs in every page before the page's own.
	Script string
	// Flags are further switches of the command line.
	Flags []chromedp.ExecAllocatorOption
}

// chromium is a page that chromedp drives.
type chromium struct{}

func (chromium) navigate(ctx context.Context, url string) error {
	return chromedp.Do(ctx, chromedp.Navigate(url))
}

func (chromium) reload(ctx context.Context) error {
	return chromedp.Do(ctx, chromedp.Reload())
}

func (chromium) evaluate(ctx context.Context, expression string, into any) error {
	if into == nil {
		return chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](expression))
	}
	got, err := chromedp.Run(ctx, chromedp.Evaluate[json.RawMessage](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		return err
	}
	if len(got) == 0 { // undefined
		return nil
	}
	return json.Unmarshal(got, into)
}

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
	features := "Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider"
	if !cfg.Hides {
		features += ",WebRtcHideLocalIpsWithMdns"
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
		chromedp.Flag("disable-features", features),
		chromedp.Flag("autoplay-policy", "no-user-gesture-required"),
		chromedp.Flag("allow-loopback-in-peer-connection", true),
		chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.Flag("use-fake-ui-for-media-stream", true),
		chromedp.Flag("use-file-for-fake-audio-capture", mic),
	)
	if cfg.Hides {
		options = append(options, chromedp.Flag("use-fake-ui-for-media-stream", false)) // by which every page has been given one
	}
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
	return &Browser{Ctx: ctx, engine: chromium{}}
}
