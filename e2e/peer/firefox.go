package peer

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/fasthttp/websocket"
)

// FirefoxConfig says what one browser is to be.
type FirefoxConfig struct {
	// Tone is the frequency (Hz) that its microphone hears; 440 when 0. Firefox makes it itself:
	// it has no microphone that is a file.
	Tone int
	// Picture is whose test picture its camera films, 1 to 7 (e2e/picture); 0 is Firefox's own. It is
	// of a canvas, as Firefox has no camera that is a file either.
	Picture int
	// Screen is whose test picture its page shares as its screen; 0 is none. It is of a canvas too:
	// without a display Firefox finds nothing that could be shared (NotFoundError), tabs neither.
	Screen int
	// Proxy is where every HTTPS connection to another host than this one goes; none when empty.
	Proxy string
	// Script runs in every page before the page's own.
	Script string
	// Settings are further preferences of about:config, as user.js has them.
	Settings string
}

// firefoxSettings make its devices, let pages have them and play, let WebRTC use loopback, and
// keep a new profile from asking and calling home.
const firefoxSettings = `user_pref("media.navigator.streams.fake", true);
user_pref("media.navigator.audio.fake_frequency", %d);
user_pref("media.navigator.permission.disabled", true);
user_pref("media.autoplay.default", 0);
user_pref("media.autoplay.blocking_policy", 0);
user_pref("media.peerconnection.ice.loopback", true);
user_pref("media.peerconnection.ice.obfuscate_host_addresses", false);
user_pref("media.gmp-manager.updateEnabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("app.normandy.enabled", false);
user_pref("app.update.disabledForTesting", true);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("browser.safebrowsing.provider.google4.updateURL", "");
user_pref("dom.min_background_timeout_value", 4);
user_pref("remote.active-protocols", 1);
`

//go:embed page/ears_recorded.js
var earsRecorded string

var bidiListens = regexp.MustCompile(`WebDriver BiDi listening on (ws://\S+)`)

// Firefox starts a browser on an empty page. It is driven by WebDriver BiDi
// (https://www.w3.org/TR/webdriver-bidi/).
func Firefox(t testing.TB, cfg FirefoxConfig) *Browser {
	t.Helper()
	program := need(t, "firefox-esr")
	dir := scratch(t, "firefox")
	settings := fmt.Sprintf(firefoxSettings, cmp.Or(cfg.Tone, 440)) + cfg.Settings
	if err := os.WriteFile(filepath.Join(dir, "user.js"), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--headless", "--no-remote", "--profile", dir, "--remote-debugging-port=0")
	cmd.Env = append(os.Environ(), "HOME="+dir, "MOZ_DISABLE_AUTO_SAFE_MODE=1", "MOZ_CRASHREPORTER_DISABLE=1")
	p := start(t, "firefox", cmd)
	var at string
	eventually(t, "firefox starts", func() error {
		select {
		case <-p.done:
			t.Fatalf("firefox has ended: %v", p.err)
		default:
		}
		m := bidiListens.FindStringSubmatch(p.out.tail(1 << 16))
		if m == nil {
			return errors.New("it does not say where it listens")
		}
		at = m[1]
		return nil
	})
	ctx, cancel := context.WithCancel(context.Background())
	f := &firefox{asked: make(map[int]chan bidiAnswer), said: &p.out, read: make(chan struct{})}
	conn, answer, err := (&websocket.Dialer{HandshakeTimeout: limit}).DialContext(ctx, at+"/session", nil)
	if answer != nil {
		answer.Body.Close()
	}
	if err != nil {
		cancel()
		t.Fatalf("firefox: %v", err)
	}
	f.conn = conn
	go f.receive() // owned by f: ends with its connection
	t.Cleanup(func() {
		cancel()
		conn.Close()
		<-f.read
	})
	b := &Browser{Ctx: ctx, engine: f}
	if err := f.begin(ctx, cfg.Proxy, fmt.Sprintf("window.__camera = %d;\nwindow.__drawn = %d;\n%s\n%s\n%s", cfg.Picture, cfg.Screen, earsRecorded, eyes, cfg.Script)); err != nil {
		t.Fatalf("firefox: %v", err)
	}
	return b
}

// firefox is a connection of WebDriver BiDi, and the one page.
type firefox struct {
	conn *websocket.Conn
	page string // the browsing context
	said *output
	read chan struct{} // closed when nothing more is read

	mu    sync.Mutex // also holds the connection's writing
	last  int
	asked map[int]chan bidiAnswer // nil when the connection has ended
}

type bidiAnswer struct {
	ID      *int            `json:"id"`
	Type    string          `json:"type"`
	Method  string          `json:"method"`
	Error   string          `json:"error"`
	Message string          `json:"message"`
	Result  json.RawMessage `json:"result"`
	Params  json.RawMessage `json:"params"`
}

func (f *firefox) begin(ctx context.Context, proxy, script string) error {
	capabilities := map[string]any{"acceptInsecureCerts": true}
	if proxy != "" {
		capabilities["proxy"] = map[string]any{"proxyType": "manual", "sslProxy": proxy}
	}
	if err := f.command(ctx, nil, "session.new", map[string]any{"capabilities": map[string]any{"alwaysMatch": capabilities}}); err != nil {
		return err
	}
	var tree struct {
		Contexts []struct {
			Context string `json:"context"`
		} `json:"contexts"`
	}
	if err := f.command(ctx, &tree, "browsingContext.getTree", map[string]any{}); err != nil {
		return err
	}
	if len(tree.Contexts) == 0 {
		return errors.New("it has no page")
	}
	f.page = tree.Contexts[0].Context
	if err := f.command(ctx, nil, "session.subscribe", map[string]any{"events": []string{"log.entryAdded"}}); err != nil {
		return err
	}
	return f.command(ctx, nil, "script.addPreloadScript", map[string]any{"functionDeclaration": "() => {" + script + "\n}"})
}

// receive gives answers to who waits for them, and keeps what pages say.
func (f *firefox) receive() {
	defer close(f.read)
	for {
		var a bidiAnswer
		if err := f.conn.ReadJSON(&a); err != nil {
			f.mu.Lock()
			for _, asked := range f.asked {
				asked <- bidiAnswer{Type: "error", Error: "connection", Message: err.Error()}
			}
			f.asked = nil
			f.mu.Unlock()
			return
		}
		if a.ID == nil {
			_, _ = f.said.Write([]byte("page: " + string(a.Params) + "\n")) // it only keeps
			continue
		}
		f.mu.Lock()
		if asked := f.asked[*a.ID]; asked != nil {
			delete(f.asked, *a.ID)
			asked <- a
		}
		f.mu.Unlock()
	}
}

// command has the browser do something, and reads the result into what into points at.
func (f *firefox) command(ctx context.Context, into any, method string, params map[string]any) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	asked := make(chan bidiAnswer, 1)
	f.mu.Lock()
	if f.asked == nil {
		f.mu.Unlock()
		return fmt.Errorf("%s: it has ended", method)
	}
	f.last++
	id := f.last
	f.asked[id] = asked
	_ = f.conn.SetWriteDeadline(time.Now().Add(limit)) // its failure is the write's
	err := f.conn.WriteJSON(map[string]any{"id": id, "method": method, "params": params})
	f.mu.Unlock()
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case a := <-asked:
		if a.Type == "error" {
			return fmt.Errorf("%s: %s: %s", method, a.Error, a.Message)
		}
		if into == nil {
			return nil
		}
		return json.Unmarshal(a.Result, into)
	case <-ctx.Done():
		f.mu.Lock()
		delete(f.asked, id)
		f.mu.Unlock()
		return fmt.Errorf("%s: %w", method, ctx.Err())
	}
}

func (f *firefox) navigate(ctx context.Context, url string) error {
	return f.command(ctx, nil, "browsingContext.navigate", map[string]any{"context": f.page, "url": url, "wait": "complete"})
}

func (f *firefox) reload(ctx context.Context) error {
	return f.command(ctx, nil, "browsingContext.reload", map[string]any{"context": f.page, "wait": "complete"})
}

// evaluate goes by JSON text: BiDi's own form of values is made for more than data.
func (f *firefox) evaluate(ctx context.Context, expression string, into any) error {
	var got struct {
		Type   string `json:"type"`
		Result struct {
			Value string `json:"value"`
		} `json:"result"`
		Exception struct {
			Text string `json:"text"`
		} `json:"exceptionDetails"`
	}
	if into != nil {
		expression = "(async () => JSON.stringify(await (" + expression + ")) ?? 'null')()"
	}
	err := f.command(ctx, &got, "script.evaluate", map[string]any{
		"expression": expression, "target": map[string]any{"context": f.page}, "awaitPromise": into != nil, "userActivation": true,
	})
	switch {
	case err != nil || into == nil && got.Type != "exception":
		return err
	case got.Type == "exception":
		return errors.New(got.Exception.Text)
	}
	return json.Unmarshal([]byte(got.Result.Value), into)
}
