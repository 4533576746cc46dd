package peer

import (
	"context"
	_ "embed"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"testing"
)

// Browser is a running Chromium or Firefox with one page. It trusts every certificate,
// lets every page have the microphone, and lets WebRTC use loopback.
type Browser struct {
	// Ctx is for actions of chromedp that Browser has no method for; Chromium's alone.
	Ctx    context.Context
	engine engine
}

// engine is what drives the page.
type engine interface {
	// navigate loads a page and waits until it is there.
	navigate(ctx context.Context, url string) error
	// reload loads the page again, and waits until it is there.
	reload(ctx context.Context) error
	// evaluate reads what an expression is, or resolves to, into what into points at, as JSON;
	// with nil it only runs a script.
	evaluate(ctx context.Context, expression string, into any) error
}

//go:embed page/ears.js
var ears string

//go:embed page/eyes.js
var eyes string

// Open loads a page and waits until it is there.
func (b *Browser) Open(t testing.TB, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.Ctx, limit)
	defer cancel()
	if err := b.engine.navigate(ctx, url); err != nil {
		t.Fatalf("the browser does not open %s: %v", url, err)
	}
}

// Reload loads the page again, and waits until it is there.
func (b *Browser) Reload(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.Ctx, limit)
	defer cancel()
	if err := b.engine.reload(ctx); err != nil {
		t.Fatalf("the browser does not load the page again: %v", err)
	}
}

// Load runs a script in the page.
func (b *Browser) Load(t testing.TB, script string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.Ctx, limit)
	defer cancel()
	if err := b.engine.evaluate(ctx, script, nil); err != nil {
		t.Fatalf("the browser does not load a script: %v", err)
	}
}

// Eval gives what a JavaScript expression is, or what it resolves to when it is a
// promise.
func Eval[T any](t testing.TB, b *Browser, expression string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.Ctx, limit)
	defer cancel()
	var got T
	if err := b.engine.evaluate(ctx, expression, &got); err != nil {
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
		var heard struct {
			Rate    int    `json:"rate"`
			Samples string `json:"samples"`
		}
		if err := b.engine.evaluate(ctx, "__ears.heard()", &heard); err != nil {
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
