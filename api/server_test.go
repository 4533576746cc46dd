package api_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/api"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/certs"
)

func TestHealthAndReadiness(t *testing.T) {
	r := newRig(t)
	if a := r.do("GET", "/healthz", ""); a.StatusCode != http.StatusOK || a.body != `{"status":"ok"}` {
		t.Errorf("healthz %s %s", a.Status, a.body)
	}
	if a := r.do("GET", "/readyz", ""); a.StatusCode != http.StatusOK {
		t.Errorf("readyz %s %s", a.Status, a.body)
	}
	r.down = errors.New("shutting down")
	if a := r.do("GET", "/readyz", ""); a.StatusCode != http.StatusServiceUnavailable || !strings.Contains(a.body, "shutting down") {
		t.Errorf("readyz while draining %s %s", a.Status, a.body)
	}
	if a := r.do("GET", "/healthz", ""); a.StatusCode != http.StatusOK {
		t.Errorf("healthz while draining %s", a.Status)
	}
}

func TestAPanicEndsItsRequestAlone(t *testing.T) {
	r := newRig(t)
	for range 2 {
		a := r.do("POST", rest.Base+"/calls", `{"participants":["BROKEN/1"],"call_type":"audio"}`, r.bearer()...)
		a.problem(t, 500, "internal")
		if strings.Contains(a.body, "secret detail") {
			t.Errorf("the client is told %s", a.body)
		}
	}
	if a := r.do("GET", rest.Base+"/calls", "", r.bearer()...); a.StatusCode != http.StatusOK || !strings.Contains(a.body, `"items":[]`) {
		t.Errorf("the next request: %s %s", a.Status, a.body)
	}
	if log := r.log.String(); !strings.Contains(log, "secret detail") || !strings.Contains(log, "panics.Dial") {
		t.Errorf("the log has no stack: %s", log)
	}
}

func TestPages(t *testing.T) {
	r := newRig(t)
	for path, kind := range map[string]string{"/": "text/html", "/index.html": "text/html", "/app.js": "text/javascript"} {
		a := r.do("GET", path, "")
		if a.StatusCode != http.StatusOK || !strings.HasPrefix(a.Header.Get("Content-Type"), kind) {
			t.Errorf("%s: %s %s", path, a.Status, a.Header.Get("Content-Type"))
		}
		for _, h := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cache-Control", "Permissions-Policy"} {
			if a.Header.Get(h) == "" {
				t.Errorf("%s: no %s", path, h)
			}
		}
	}
	if a := r.do("HEAD", "/app.js", ""); a.StatusCode != http.StatusOK || a.body != "" {
		t.Errorf("HEAD: %s %q", a.Status, a.body)
	}
	for _, path := range []string{"/nothing", "/..%2f..%2fetc/passwd", "/../../etc/passwd", "/api", "/api/v2/voip/calls", "/%00", "/.git"} {
		r.do("GET", path, "").problem(t, 404, "not_found")
	}
	r.do("GET", rest.Base+"/nothing", "", r.bearer()...).problem(t, 404, "not_found")
	r.do("GET", rest.Base+"/nothing", "").problem(t, 401, "unauthorized")
	a := r.do("PUT", rest.Base+"/calls", "", r.bearer()...)
	a.problem(t, 405, "method_not_allowed")
	if allow := a.Header.Get("Allow"); !strings.Contains(allow, "POST") || !strings.Contains(allow, "GET") {
		t.Errorf("Allow %q", allow)
	}
	if a := r.do("GET", "/openapi.json", ""); a.StatusCode != http.StatusOK || !strings.Contains(a.body, `"openapi":"3.1`) || !strings.Contains(a.body, "1.2.3") {
		t.Errorf("openapi.json %s", a.Status)
	}
}

func TestOtherOrigins(t *testing.T) {
	preflight := []string{"Origin", "https://app.example.com", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization"}
	t.Run("none", func(t *testing.T) {
		r := newRig(t)
		r.do("OPTIONS", rest.Base+"/calls", "", preflight...).problem(t, 401, "unauthorized")
		a := r.do("GET", rest.Base+"/calls", "", append(r.bearer(), "Origin", "https://app.example.com")...)
		if a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Error("an origin is allowed that nobody named")
		}
	})
	t.Run("one", func(t *testing.T) {
		r := newRig(t, func(c *api.Config) { c.Origins = []string{"https://App.example.com"} })
		a := r.do("OPTIONS", rest.Base+"/calls", "", preflight...)
		if a.StatusCode != http.StatusNoContent || a.Header.Get("Access-Control-Allow-Origin") != "https://app.example.com" ||
			!strings.Contains(a.Header.Get("Access-Control-Allow-Headers"), "Authorization") ||
			!strings.Contains(a.Header.Get("Access-Control-Allow-Methods"), "PATCH") || a.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("preflight %s %v", a.Status, a.Header)
		}
		a = r.do("GET", rest.Base+"/calls", "", append(r.bearer(), "Origin", "https://app.example.com")...)
		if a.StatusCode != http.StatusOK || a.Header.Get("Access-Control-Allow-Origin") == "" || !slices.Contains(a.Header["Vary"], "Origin") {
			t.Errorf("request %s %v", a.Status, a.Header)
		}
		preflight := slices.Clone(preflight)
		preflight[1] = "https://app.example.com.evil.org"
		if a := r.do("OPTIONS", rest.Base+"/calls", "", preflight...); a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("preflight of another %s %v", a.Status, a.Header)
		}
	})
	t.Run("all", func(t *testing.T) {
		r := newRig(t, func(c *api.Config) { c.Origins = []string{"*"} })
		if a := r.do("OPTIONS", rest.Base+"/calls", "", preflight...); a.Header.Get("Access-Control-Allow-Origin") == "" {
			t.Errorf("preflight %s %v", a.Status, a.Header)
		}
	})
}

func TestWhoAsksIsKnownOrRefused(t *testing.T) {
	r := newRig(t)
	secrets := []string{r.key, r.token(auth.Principal{User: "alice"})}
	for name, tc := range map[string]struct {
		headers []string
		status  int
	}{
		"a token":             {[]string{"Authorization", "Bearer " + secrets[1]}, 200},
		"a token, lower case": {[]string{"Authorization", "bearer  " + secrets[1]}, 200},
		"a key":               {[]string{"X-API-Key", secrets[0]}, 200},
		"nothing":             {nil, 401},
		"a cut token":         {[]string{"Authorization", "Bearer " + secrets[1][:len(secrets[1])-4]}, 401},
		"no scheme":           {[]string{"Authorization", secrets[1]}, 401},
		"another scheme":      {[]string{"Authorization", "Basic YWxpY2U6c2VjcmV0"}, 401},
		"a cut key":           {[]string{"X-API-Key", secrets[0][:10]}, 401},
		"a token as a key":    {[]string{"X-API-Key", secrets[1]}, 401},
		"a key as a token":    {[]string{"Authorization", "Bearer " + secrets[0]}, 401},
		"the store is broken": {[]string{"X-API-Key", "sk_broken"}, 500},
		"a long token":        {[]string{"Authorization", "Bearer " + strings.Repeat("x", 9<<10)}, 401},
	} {
		t.Run(name, func(t *testing.T) {
			a := r.do("GET", rest.Base+"/calls", "", tc.headers...)
			if a.StatusCode != tc.status {
				t.Fatalf("%s %s", a.Status, a.body)
			}
			switch tc.status {
			case 401:
				a.problem(t, 401, "unauthorized")
				if got := a.Header.Get("WWW-Authenticate"); got != `Bearer realm="skybridge"` {
					t.Errorf("WWW-Authenticate %q", got)
				}
			case 500:
				a.problem(t, 500, "internal")
				if strings.Contains(a.body, "disk") {
					t.Errorf("the client is told %s", a.body)
				}
			}
		})
	}
	log := r.log.String()
	if !strings.Contains(log, "disk") {
		t.Error("the log says nothing of the broken store")
	}
	for _, s := range secrets {
		for _, part := range append(strings.Split(s, "."), s, "YWxpY2U6c2VjcmV0") {
			if strings.Contains(log, part) {
				t.Errorf("the log has a secret: %s", log)
			}
		}
	}
}

func TestWhatIsTooMuch(t *testing.T) {
	r := newRig(t)
	r.do("POST", rest.Base+"/calls", strings.Repeat("x", 4<<20), r.bearer()...).problem(t, 413, "too_large")
	for _, size := range []int{20 << 10, 4 << 20} { // the latter is still being sent when it is refused
		r.do("GET", "/healthz", "", "X-Long", strings.Repeat("x", size)).problem(t, 431, "request_header_fields_too_large")
		r.do("GET", "/healthz?"+strings.Repeat("x", size), "").problem(t, 431, "request_header_fields_too_large")
	}
	r.do("POST", rest.Base+"/calls", "a: b", append(r.bearer(), "Content-Type", "text/yaml")...).problem(t, 415, "unsupported_media_type")
	for _, raw := range []string{
		"RUBBISH\r\n\r\n", "GET  HTTP/1.1\r\n\r\n", "GET /api?\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
	} {
		conn, err := net.Dial("tcp", r.server.Addr().String())
		must(t, err)
		must(t, conn.SetDeadline(time.Now().Add(patience)))
		_, err = io.WriteString(conn, raw)
		must(t, err)
		if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 400 ") {
			t.Errorf("%q: %q %v", raw, line, err)
		}
		must(t, conn.Close())
	}
	if a := r.do("GET", "/healthz", ""); a.StatusCode != http.StatusOK {
		t.Errorf("the next request: %s", a.Status)
	}
}

func TestShutdownWaitsForNobodyWhoIsSilent(t *testing.T) {
	half := "GET /healthz HT"
	for name, tc := range map[string]struct {
		say   []string
		waits time.Duration
		want  error
	}{
		"silent": {[]string{"", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"}, patience, nil},
		// Who is in the middle of a request is waited for, but not for ever.
		"half a request": {[]string{half}, time.Second, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			addr := r.server.Addr().String()
			var open []net.Conn
			for _, say := range tc.say {
				conn, err := net.Dial("tcp", addr)
				must(t, err)
				must(t, conn.SetDeadline(time.Now().Add(patience)))
				_, err = io.WriteString(conn, say)
				must(t, err)
				if say != "" && say != half {
					resp, err := http.ReadResponse(bufio.NewReader(conn), nil) // keep-alive from now on
					must(t, err)
					must(t, resp.Body.Close())
				}
				open = append(open, conn)
			}
			r.do("GET", "/healthz", "") // the others have been accepted by now
			ctx, cancel := context.WithTimeout(context.Background(), tc.waits)
			defer cancel()
			for range 2 {
				if err := r.server.Shutdown(ctx); !errors.Is(err, tc.want) {
					t.Errorf("shutdown: %v, want %v", err, tc.want)
				}
			}
			for i, conn := range open {
				if _, err := io.ReadAll(conn); errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("connection %d is still open", i)
				}
				must(t, conn.Close())
			}
			if conn, err := net.Dial("tcp", addr); err == nil {
				t.Error("the listener is still open")
				must(t, conn.Close())
			}
			if err := r.stop(); !errors.Is(err, tc.want) {
				t.Error(err)
			}
		})
	}
}

func TestAnOccupiedPortIsNamed(t *testing.T) {
	var cfg api.Config
	r := newRig(t, func(c *api.Config) { cfg = *c })
	s, err := api.New(api.Config{Listen: r.server.Addr().String(), Idempotency: cfg.Idempotency, Auth: r.auth, VoIP: cfg.VoIP, Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	if err := s.Start(context.Background()); err == nil || !strings.Contains(err.Error(), r.server.Addr().String()) {
		t.Errorf("started: %v", err)
	}
	must(t, s.Shutdown(context.Background()))
}

func TestTLS(t *testing.T) {
	cert, err := certs.SelfSigned(t.TempDir(), time.Now())
	must(t, err)
	r := newRig(t, func(c *api.Config) {
		c.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13}
	})
	if a := r.do("GET", "/healthz", ""); a.StatusCode != http.StatusOK || a.TLS.Version != tls.VersionTLS13 {
		t.Errorf("%s over %v", a.Status, a.TLS)
	} else if a.Header.Get("Strict-Transport-Security") != "max-age=31536000" {
		t.Errorf("%v", a.Header)
	}
	if a := newRig(t).do("GET", "/healthz", ""); a.Header.Get("Strict-Transport-Security") != "" {
		t.Error("HTTP that asks for HTTPS") // RFC 6797 §7.2
	}
	r.do("POST", rest.Base+"/calls", strings.Repeat("x", 4<<20), r.bearer()...).problem(t, 413, "too_large")
	_, err = tls.Dial("tcp", r.server.Addr().String(), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
	if err == nil {
		t.Error("TLS 1.2 is spoken")
	}
}
