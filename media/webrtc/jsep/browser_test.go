package jsep_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// patience is how long a browser on a loaded machine may take for one step.
const patience = 3 * time.Minute

// browser is a real one with one page, which runs what it is told.
type browser struct {
	name string
	jobs chan job
	done chan outcome
}

type job struct{ script, argument string }

type outcome struct{ Value, Error string }

//go:embed testdata/page.html
var page []byte

// browsers are those of Debian, and how to have them open a page without a screen.
var browsers = map[string]func(profile, url string) []string{
	"chromium": func(profile, url string) []string {
		return []string{
			"--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
			"--disable-component-update", "--autoplay-policy=no-user-gesture-required",
			"--user-data-dir=" + profile, url,
		}
	},
	"firefox-esr": func(profile, url string) []string {
		return []string{"--headless", "--no-remote", "--profile", profile, url}
	},
}

// firefoxSettings keep a new profile from asking and calling home.
const firefoxSettings = `user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("app.normandy.enabled", false);
user_pref("browser.safebrowsing.provider.google4.updateURL", "");
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("media.autoplay.default", 0);
`

func start(t *testing.T, name string) *browser {
	t.Helper()
	program, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("no %s on this machine: run testdata/peers/install.sh", name)
	}
	b := &browser{name: name, jobs: make(chan job), done: make(chan outcome)}
	arguments := make(chan string, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page)
	})
	mux.HandleFunc("GET /next", func(w http.ResponseWriter, r *http.Request) {
		select {
		case j := <-b.jobs:
			arguments <- j.argument
			_ = json.NewEncoder(w).Encode(map[string]string{"run": j.script})
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("GET /argument", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, <-arguments)
	})
	mux.HandleFunc("POST /done", func(_ http.ResponseWriter, r *http.Request) {
		var o outcome
		if err := json.NewDecoder(r.Body).Decode(&o); err != nil {
			o.Error = err.Error()
		}
		select {
		case b.done <- o:
		case <-r.Context().Done():
		}
	})
	site := httptest.NewServer(mux)
	profile := t.TempDir()
	if err := os.WriteFile(filepath.Join(profile, "user.js"), []byte(firefoxSettings), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, browsers[name](profile, site.URL+"/")...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), "HOME="+profile, "MOZ_DISABLE_AUTO_SAFE_MODE=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // with its helpers
		_ = cmd.Wait()
		site.CloseClientConnections()
		site.Close()
		if t.Failed() {
			said, _ := os.ReadFile(log.Name())
			t.Logf("%s said:\n%s", name, said[max(0, len(said)-4000):])
		}
		log.Close()
	})
	return b
}

// run is what a script in the page returns; sdp is its argument of that name.
func (b *browser) run(t *testing.T, script, sdp string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	select {
	case b.jobs <- job{script, sdp}:
	case <-ctx.Done():
		t.Fatalf("%s does not come for %q", b.name, script)
	}
	select {
	case o := <-b.done:
		if o.Error != "" {
			t.Fatalf("%s: %q: %s\n%s", b.name, script, o.Error, sdp)
		}
		return o.Value
	case <-ctx.Done():
		t.Fatalf("%s does not finish %q", b.name, script)
	}
	return ""
}
