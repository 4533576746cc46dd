package monitoring_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// scrape is what Prometheus reads, without a token, as the server is started to develop with.
func scrape(t *testing.T, s *server.Server) map[string]float64 {
	t.Helper()
	resp, err := s.Client().Get(s.URL("/api/v1/metrics/prometheus"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status)
	}
	return values(t, resp.Body)
}

func values(t *testing.T, r io.Reader) map[string]float64 {
	t.Helper()
	out := make(map[string]float64)
	for lines := bufio.NewScanner(r); lines.Scan(); {
		name, value, ok := strings.Cut(lines.Text(), " ")
		if strings.HasPrefix(lines.Text(), "#") || !ok {
			continue
		}
		if i := strings.LastIndex(lines.Text(), "} "); i >= 0 {
			name, value = lines.Text()[:i+1], lines.Text()[i+2:]
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Errorf("%s: %v", lines.Text(), err)
		}
		out[name] = v
	}
	return out
}

// said is a number that a text has before or after some words.
func said(t *testing.T, text, pattern string) float64 {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no %s in\n%s", pattern, text)
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

type health struct{ Channels, Bridges, Endpoints float64 }

// asksSNMP asks for what the documents' lines do, and for the calls so far, as net-snmp prints it.
func asksSNMP(port int) (map[string]float64, error) {
	const documented, ours = ".1.3.6.1.4.1.8072.1.3.2.3.2.1", ".1.3.6.1.4.1.8072.9999.9999.7882"
	names := map[string]string{
		documented + ".1.1": "calls", documented + ".2.1": "channels", documented + ".3.1": "bridges", documented + ".4.1": "registered",
		documented + ".9.1": "quality", ours + ".1.3.0": "calls so far", ours + ".2.1.0": "endpoints",
	}
	args := append([]string{"-v2c", "-c", "public", "-On", "-Oq", fmt.Sprintf("127.0.0.1:%d", port)}, slices.Collect(maps.Keys(names))...)
	text, err := exec.Command("snmpget", args...).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("snmpget: %w: %s", err, text)
	}
	out := make(map[string]float64)
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if out[names[name]], err = strconv.ParseFloat(value, 64); err != nil {
			return nil, fmt.Errorf("%s: %w", line, err)
		}
	}
	return out, nil
}

// What REST, ARI, Prometheus, SNMP and the console say of one moment is the same, with a call and without.
func TestAllAgree(t *testing.T) {
	agent := peer.FreePort(t)
	s := server.Start(t, server.Config{
		Dev: true, Set: map[string]string{"snmp.listen": fmt.Sprintf("127.0.0.1:%d", agent)},
		Beside: map[string]string{"ari.conf": fmt.Sprintf("[%s]\ntype = user\npassword = %s\n", peer.ARIUser, peer.ARIPassword)},
	})
	admin := s.Token(t, "boss", "--role", "admin")
	agree := func(t *testing.T) map[string]float64 {
		t.Helper()
		figures := scrape(t, s)
		var h health
		if status := s.Do(t, "", "GET", voip+"/asterisk/health", nil, &h); status != http.StatusOK {
			t.Fatal(status)
		}
		var channels []any
		var list struct{ Items []any }
		if a, b := s.Do(t, admin, "GET", voip+"/asterisk/channels", nil, &channels), s.Do(t, admin, "GET", voip+"/calls", nil, &list); a != http.StatusOK || b != http.StatusOK {
			t.Fatal(a, b)
		}
		shown, resources, contacts := s.RX(t, "core show channels"), s.RX(t, "core show resources"), s.RX(t, "pjsip show contacts")
		console := values(t, strings.NewReader(s.RX(t, "skybridge show metrics")))
		listed := func(path string) float64 {
			list, _ := asks(t, s.WS, "GET", path).([]any)
			return float64(len(list))
		}
		registered := make(map[string]bool)
		for _, m := range regexp.MustCompile(`(?m)^\s*Contact:\s+([^/\s]+)/sip`).FindAllStringSubmatch(contacts, -1) {
			registered[m[1]] = true
		}
		ours := figures[`voip_calls{state="ringing"}`] + figures[`voip_calls{state="active"}`]
		for what, all := range map[string][]float64{
			"channels":            {figures["voip_channels"], h.Channels, float64(len(channels)), listed("/channels"), said(t, shown, `(\d+) active channel`), console["voip_channels"]},
			"bridges":             {figures["voip_bridges"], h.Bridges, listed("/bridges"), said(t, resources, `(?m)^bridges\D+(\d+)`), console["voip_bridges"]},
			"endpoints":           {figures["voip_endpoints"], h.Endpoints, console["voip_endpoints"]},
			"registered":          {figures["voip_endpoints_registered"], float64(len(registered)), console["voip_endpoints_registered"]},
			"calls":               {ours, said(t, shown, `(\d+) active call`), float64(len(list.Items))},
			"calls so far":        {figures["voip_calls_processed_total"], said(t, shown, `(\d+) calls? processed`), console["voip_calls_processed_total"]},
			"webrtc peers":        {figures["voip_webrtc_peers"], said(t, resources, `(?m)^webrtc peers\D+(\d+)`), console["voip_webrtc_peers"]},
			"websocket sessions":  {figures["voip_websocket_sessions"], console["voip_websocket_sessions"]},
			"requests of a scope": {figures[`voip_rate_limited_total{policy="user"}`], console[`voip_rate_limited_total{policy="user"}`]},
		} {
			for _, v := range all[1:] {
				if v != all[0] {
					t.Errorf("%s: Prometheus, REST, ARI and the console say %v", what, all)
					break
				}
			}
		}
		peer.Eventually(t, "SNMP, which reads once a second, says so too", func() error {
			managed, err := asksSNMP(agent)
			want := map[string]float64{
				"calls": ours, "channels": figures["voip_channels"], "bridges": figures["voip_bridges"], "registered": figures["voip_endpoints_registered"],
				"calls so far": figures["voip_calls_processed_total"], "endpoints": figures["voip_endpoints"],
			}
			quality, mos := managed["quality"], scrape(t, s)[`voip_mos{scale="narrowband"}`] // 0 without a call; rated anew each second
			delete(managed, "quality")
			if err == nil && (!maps.Equal(managed, want) || math.Abs(quality-100*mos) > 10) {
				err = fmt.Errorf("%v and %v for %v, want %v", managed, quality, mos, want)
			}
			return err
		})
		return figures
	}
	before := agree(t)
	for _, name := range []string{
		"voip_mos", "voip_rtp_jitter_seconds", // only with a call
		"voip_rooms", "voip_store_writes_total", `voip_rtp_worker_legs{worker="0"}`, "voip_sip_dialogs",
		`voip_http_requests_total{method="GET",route="/readyz",status="200"}`, `voip_rate_limit_buckets{policy="address"}`,
	} {
		_, there := before[name]
		if want := !strings.HasPrefix(name, "voip_mos") && !strings.HasPrefix(name, "voip_rtp_jitter"); there != want {
			t.Errorf("%s: there %t", name, there)
		}
	}
	p := phone(t, s, "1001")
	p.Dial(t, "600")
	p.Established(t)
	peer.Eventually(t, "the call has been rated", func() error {
		f := scrape(t, s)
		if f[`voip_mos{scale="narrowband"}`] < 3 || f[`voip_calls{state="active"}`] != 1 {
			return fmt.Errorf("mos %v, calls %v", f[`voip_mos{scale="narrowband"}`], f[`voip_calls{state="active"}`])
		}
		return nil
	})
	during := agree(t)
	if during["voip_channels"] != 1 || during["voip_endpoints_registered"] != 1 || during["voip_calls_processed_total"] != before["voip_calls_processed_total"]+1 {
		t.Errorf("with a call: %v", during)
	}
	// A call's channel is ARI's, by the id that the call names.
	var list struct {
		Items []struct{ Metadata map[string]any }
	}
	if status := s.Do(t, admin, "GET", voip+"/calls", nil, &list); status != http.StatusOK || len(list.Items) != 1 {
		t.Fatalf("%d, %v", status, list)
	}
	id := fmt.Sprint(list.Items[0].Metadata["asterisk_channel_id"])
	if ch, _ := asks(t, s.WS, "GET", "/channels/"+id).(map[string]any); ch["id"] != id || ch["state"] != "Up" {
		t.Errorf("channel %s: %v", id, ch)
	}
	p.Hangup(t)
	p.Closed(t)
	peer.Eventually(t, "the call has ended", func() error {
		if n := scrape(t, s)["voip_channels"]; n != 0 {
			return fmt.Errorf("%v channels", n)
		}
		return nil
	})
	agree(t)
}

// The limits of the API follow a reload of the settings.
func TestLimitsAreReloaded(t *testing.T) {
	s := server.Start(t, server.Config{Dev: true, Settings: "api:\n  rate_limit:\n    user: {per_minute: 1, burst: 5}\n"})
	token := s.Token(t, "alice")
	statuses := func(n int) map[int]int {
		out := make(map[int]int)
		for range n {
			out[s.Do(t, token, "GET", voip+"/calls", nil, nil)]++
		}
		return out
	}
	if got := statuses(7); !maps.Equal(got, map[int]int{200: 5, 429: 2}) {
		t.Errorf("statuses %v", got)
	}
	if f := scrape(t, s); f[`voip_rate_limited_total{policy="user"}`] != 2 || f[`voip_http_requests_total{method="GET",route="/api/v1/voip/calls",status="200"}`] != 5 {
		t.Errorf("counted: %v", f)
	}
	settings := filepath.Join(s.Dir, "skybridge.yaml")
	for _, c := range []struct {
		text, says string
		want       map[int]int
	}{
		{"api:\n  rate_limit:\n    user: {per_minute: 0, burst: -1}\n", "reload refused", map[int]int{429: 3}}, // is refused, the old one stays
		{"api:\n  rate_limit:\n    user: {per_minute: 0}\n", "configuration reloaded", map[int]int{200: 30}},
	} {
		if err := os.WriteFile(settings, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, k := range c.want {
			n += k
		}
		if err := s.Process().Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		peer.Eventually(t, "the reload", func() error {
			if !strings.Contains(s.Log(), c.says) {
				return errors.New("not yet")
			}
			return nil
		})
		if got := statuses(n); !maps.Equal(got, c.want) {
			t.Errorf("with %q: %v, want %v", c.text, got, c.want)
		}
	}
}
