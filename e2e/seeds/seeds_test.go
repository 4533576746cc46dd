// Package seeds_test runs the examples of the user's documents, byte for byte, against
// a started server.
package seeds_test

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// host is what the examples call the API.
const host = "api.skygenesisenterprise.com"

const seeds = "../../testdata/seeds"

// page is one of a developer's own web site: the script tag that the guide asks for, then the examples as files.
var page = template.Must(template.New("").Parse(`<!doctype html>
<title>A page of a developer's own</title>
<audio id="remote-audio" autoplay></audio>
<video id="remote-video" autoplay></video>
<script src="https://` + host + `/sdk/compat.js"></script>
{{range .}}{{.}}
{{end}}`))

// newSite serves the pages, and the examples below /seeds/.
func newSite(t *testing.T) *peer.Site {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/seeds/", http.StripPrefix("/seeds/", http.FileServer(http.Dir(seeds))))
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) {
		var scripts []template.HTML
		for _, name := range r.URL.Query()["script"] {
			scripts = append(scripts, template.HTML(fmt.Sprintf(`<script src="/seeds/%s"></script>`, name))) //nolint:gosec // the test's own words
		}
		for _, name := range r.URL.Query()["module"] {
			scripts = append(scripts, template.HTML(fmt.Sprintf(`<script type="module" src="/seeds/%s"></script>`, name))) //nolint:gosec // as above
		}
		if err := page.Execute(w, scripts); err != nil {
			t.Errorf("page: %v", err)
		}
	})
	return peer.NewSite(t, mux)
}

// TestTheSnippets: both documents' AsteriskVoIPClient and initiateCall, with nothing but
// the script tag before them, talk with a phone.
func TestTheSnippets(t *testing.T) {
	dev := newSite(t)
	s := server.Start(t, server.Config{Set: map[string]string{"api.tls": "true", "api.origins": dev.URL}})
	before := s.Resources(t)
	for name, browser := range map[string]func(*testing.T) *peer.Browser{
		"Chromium": func(t *testing.T) *peer.Browser {
			return peer.Chromium(t, peer.ChromiumConfig{Tone: 700, Flags: []chromedp.ExecAllocatorOption{
				chromedp.Flag("host-resolver-rules", fmt.Sprintf("MAP %s:443 127.0.0.1:%d, MAP *.skygenesisenterprise.com ~NOTFOUND", host, s.API)),
			}})
		},
		"Firefox": func(t *testing.T) *peer.Browser {
			return peer.Firefox(t, peer.FirefoxConfig{Tone: 700, Proxy: peer.Tunnel(t, fmt.Sprintf("127.0.0.1:%d", s.API))})
		},
	} {
		t.Run(name, func(t *testing.T) { snippets(t, dev, s, browser(t)) })
		s.Idle(t, before)
	}
}

func snippets(t *testing.T, dev *peer.Site, s *server.Server, b *peer.Browser) {
	t.Helper()
	dev.Serve(t, s.URL(""))
	phone := peer.Baresip(t, peer.BaresipConfig{
		User: "1001", Password: s.Password(t, "1001"), Server: fmt.Sprintf("127.0.0.1:%d", s.SIP),
		Register: true, Answer: true, Codecs: []string{"PCMA"}, Tone: 500,
	})
	phone.Registered(t)
	b.Open(t, dev.URL+"/")
	b.Load(t, fmt.Sprintf("localStorage.setItem('sge_jwt_token', %q)", s.Token(t, "user123")))

	talk := func(t *testing.T) {
		t.Helper()
		phone.Established(t)
		peer.Hears(t, "the page", b.Recording(), 500)
		peer.Hears(t, "the phone", phone.Recording(), 700)
		peer.Eventually(t, "an element of the page plays the call", func() error {
			if !peer.Eval[bool](t, b, `(() => { const e = document.getElementById("remote-audio"); return !!e.srcObject && !e.paused })()`) {
				return errors.New("#remote-audio plays nothing")
			}
			return nil
		})
		b.Open(t, dev.URL+"/") // who leaves the page leaves the call
		phone.Closed(t)
	}
	for _, lang := range []string{"en", "fr"} {
		t.Run(lang+" AsteriskVoIPClient", func(t *testing.T) {
			b.Open(t, dev.URL+"/?module="+lang+"/asterisk-voip-client.js")
			talk(t)
		})
		t.Run(lang+" initiateCall", func(t *testing.T) {
			b.Open(t, dev.URL+"/?script="+lang+"/initiate-call.js")
			peer.Eval[string](t, b, `initiateCall(["SIP/1001"], "audio").then((call) => call.callId)`)
			talk(t)
		})
		t.Run(lang+" initiateCall with the documents' configuration", func(t *testing.T) {
			b.Open(t, dev.URL+"/?script="+lang+"/webrtc-configuration.js&script="+lang+"/initiate-call.js")
			peer.Eval[string](t, b, `initiateCall(["SIP/1001"], "audio").then((call) => call.callId)`)
			talk(t)
		})
		t.Run(lang+" presence", func(t *testing.T) {
			b.Open(t, dev.URL+"/?script="+lang+"/presence.js")
			if got := peer.Eval[string](t, b, presence); got != "user123 busy In a call" {
				t.Errorf("the server says %q", got)
			}
		})
	}
}

// presence waits for the socket of the documents' example, uses its function, and gives what
// the server says.
const presence = `(async () => {
	const told = new Promise((done) => ws.addEventListener("message", ({ data }) => {
		const f = JSON.parse(data);
		if (f.type.startsWith("Presence") && f.status === "busy") done([f.user_id, f.status, f.status_message].join(" "));
	}));
	if (ws.readyState !== WebSocket.OPEN) await new Promise((done) => ws.addEventListener("open", done));
	updatePresence("busy", "In a call");
	return told;
})()`

// asked are the documents' lines that ask for something, by curl or SNMP, by their file, with what it
// must hold.
var asked = []struct{ file, line, says string }{
	{"ari-metrics.sh", "curl -u sky-genesis:password http://localhost:8088/ari/asterisk/info", `"build":\{"os":"Linux".*"system":\{"version":"[^"]+"`},
	{"ari-metrics.sh", "curl -u sky-genesis:password http://localhost:8088/ari/channels", `^\[\]\n?$`},
	{"ari-metrics.sh", "curl -u sky-genesis:password http://localhost:8088/ari/bridges", `^\[\{"id":"[^"]+".*"name":"9000"`},
	{"ari-metrics.sh", "curl -u sky-genesis:password http://localhost:8080/api/v1/voip/asterisk/health", `"status":"ok".*"trunks":\[`},
	{"logs.sh", "curl http://localhost:8080/api/v1/voip/asterisk/info", `"build":\{"os":"Linux".*"system":\{"version":"[^"]+"`},
	{"logs.sh", "curl http://localhost:8080/api/v1/voip/asterisk/channels", `^\[\]\n?$`},
	{"snmp.sh", "snmpget -v2c -c public localhost 1.3.6.1.4.1.8072.1.3.2.3.2.1.1.1", `Gauge32: 0`},
	{"snmp.sh", "snmpget -v2c -c public localhost 1.3.6.1.4.1.8072.1.3.2.3.2.1.2.1", `Gauge32: 0`},
	{"snmp.sh", "snmpget -v2c -c public localhost 1.3.6.1.4.1.8072.1.3.2.3.2.1.3.1", `Gauge32: 1`}, // room 9000
	{"snmp.sh", "snmpget -v2c -c public localhost 1.3.6.1.4.1.8072.1.3.2.3.2.1.4.1", `Gauge32: 0`},
	{"snmp.sh", "snmpget -v2c -c public localhost 1.3.6.1.4.1.8072.1.3.2.3.2.1.9.1", `Gauge32: 0`},
	{"prometheus.sh", "curl http://localhost:8080/api/v1/metrics/prometheus | grep voip", `(?m)^voip_channels 0$`},
}

// ariUser is who the documents' lines ask ARI as.
const ariUser = "[sky-genesis]\ntype = user\npassword = password\n"

// TestTheCurlLines: the documents' lines of curl and SNMP as they stand in a shell, against a server that was
// started to develop with: the lines for what monitoring asks for have no credentials.
func TestTheCurlLines(t *testing.T) {
	agent := peer.FreePort(t)
	s := server.Start(t, server.Config{
		Dev: true, Beside: map[string]string{"ari.conf": ariUser}, Set: map[string]string{"snmp.listen": fmt.Sprintf("127.0.0.1:%d", agent)},
	})
	home := t.TempDir()
	rc := fmt.Sprintf("silent\nshow-error\nfail\nconnect-to = localhost:8080:127.0.0.1:%d\nconnect-to = localhost:8088:127.0.0.1:%d\n", s.API, s.WS)
	if err := os.WriteFile(filepath.Join(home, ".curlrc"), []byte(rc), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "snmp.conf"), fmt.Appendf(nil, "defaultPort %d\n", agent), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"en", "fr"} {
		wanted := make(map[string]string)
		for _, c := range asked {
			wanted[c.file+": "+c.line] = c.says
		}
		files, err := filepath.Glob(filepath.Join(seeds, lang, "*.sh"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(text)) {
				line = strings.TrimSpace(line)
				if !strings.HasPrefix(line, "curl ") && !strings.HasPrefix(line, "snmpget ") {
					continue
				}
				t.Run(lang+" "+line, func(t *testing.T) {
					name := filepath.Base(file) + ": " + line
					says, known := wanted[name]
					delete(wanted, name)
					if !known {
						t.Fatal("a line that this test does not know")
					}
					curl(t, home, line, says)
				})
			}
		}
		for line := range wanted {
			t.Errorf("%s: the documents have no such line: %s", lang, line)
		}
	}
}

// curl runs a line in a shell.
func curl(t *testing.T, home, line, says string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	cmd.Env = append(os.Environ(), "CURL_HOME="+home, "SNMPCONFPATH="+home)
	out, err := cmd.CombinedOutput()
	if err != nil || !regexp.MustCompile(says).Match(out) {
		t.Errorf("%v\n%s\nwant %s", err, out, says)
	}
}
