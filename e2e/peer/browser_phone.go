package peer

import (
	_ "embed"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

//go:embed page/jssip_phone.js
var jssipPhone string

//go:embed page/sipjs_phone.js
var sipjsPhone string

//go:embed page/rest_phone.js
var restPhone string

// Library is a SIP stack for browsers, with a phone made of it.
type Library struct {
	Name   string
	source string // the stack, then the phone
}

// JsSIP is the library of that name, or skips the test where it is not installed.
func JsSIP(t testing.TB) Library {
	t.Helper()
	return Library{"JsSIP", bundle(t, "jssip.js") + ";\n" + jssipPhone}
}

// SIPJS is the library SIP.js, or skips the test where it is not installed.
func SIPJS(t testing.TB) Library {
	t.Helper()
	return Library{"SIP.js", bundle(t, "sip.js") + ";\n" + sipjsPhone}
}

func bundle(t testing.TB, name string) string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(cache(t), "npm", "dist", name))
	if err != nil {
		t.Skipf("no %s on this machine: run testdata/peers/install.sh", name)
	}
	return string(source)
}

// BrowserPhone is a page that is a phone, by SIP or by the API. A SIP library's own
// objects are ua and session in its scripts.
type BrowserPhone struct{ *Browser }

// SIPPage opens an empty page and makes a phone of it.
func SIPPage(t testing.TB, lib Library, cfg ChromiumConfig) *BrowserPhone {
	t.Helper()
	p := &BrowserPhone{Chromium(t, cfg)}
	p.Open(t, EmptySite(t))
	p.Load(t, lib.source)
	return p
}

// RESTPage opens the page at url and makes a phone by the API there of it.
func RESTPage(t testing.TB, url, token string, cfg ChromiumConfig) *BrowserPhone {
	t.Helper()
	p := &BrowserPhone{Chromium(t, cfg)}
	p.Open(t, url)
	p.Load(t, restPhone)
	Eval[string](t, p.Browser, fmt.Sprintf("phone.setup(location.origin, %q)", token))
	return p
}

// Join enters a room by its number; only a page by the API can.
func (p *BrowserPhone) Join(t testing.TB, number string) {
	t.Helper()
	Eval[string](t, p.Browser, fmt.Sprintf("phone.join(%q)", number))
}

// Dial calls an endpoint and gives the call's id; only a page by the API can.
func (p *BrowserPhone) Dial(t testing.TB, endpoint string) (call string) {
	t.Helper()
	return Eval[string](t, p.Browser, fmt.Sprintf("phone.dial(%q)", endpoint))
}

// Register connects to the WebSocket at address and registers by SIP.
func (p *BrowserPhone) Register(t testing.TB, address, user, password string) {
	t.Helper()
	Eval[string](t, p.Browser, fmt.Sprintf("phone.register(%q, %q, %q)", address, user, password))
}

// Call calls a number by SIP and waits for the answer.
func (p *BrowserPhone) Call(t testing.TB, number string) {
	t.Helper()
	Eval[string](t, p.Browser, fmt.Sprintf("phone.call(%q)", number))
}

// Hold puts the call on hold; only a page by SIP can.
func (p *BrowserPhone) Hold(t testing.TB) {
	t.Helper()
	Eval[string](t, p.Browser, "phone.hold()")
}

// Resume takes the call back from hold.
func (p *BrowserPhone) Resume(t testing.TB) {
	t.Helper()
	Eval[string](t, p.Browser, "phone.unhold()")
}

// Hangup ends the call.
func (p *BrowserPhone) Hangup(t testing.TB) {
	t.Helper()
	Eval[string](t, p.Browser, "phone.hangup()")
}

// Leave takes the registration back and closes the connection.
func (p *BrowserPhone) Leave(t testing.TB) {
	t.Helper()
	Eval[string](t, p.Browser, "phone.leave()")
}

// EmptySite is the address of an empty page, which may use the microphone.
func EmptySite(t testing.TB) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
	}))
	t.Cleanup(s.Close)
	return s.URL
}
