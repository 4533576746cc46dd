package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// asksARI asks at the port of SIP over WebSocket.
func asksARI(t *testing.T, srv *server, method, path string, headers ...string) (status int, header http.Header, body string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://"+srv.sip.Addr("ws").String()+path, http.NoBody)
	must(t, err)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	must(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(t, err)
	return resp.StatusCode, resp.Header, string(text)
}

const ariConf = `[general]
allowed_origins = https://panel.example.com
[looks]
type = user
read_only = yes
password = secret
[acts]
type = user
password = se:cret%
[old]
type = user
password_format = crypt
password = $6$rounds=5000$x$y
`

// ARI's clients are told what Asterisk would tell them: who asks, then what they may, then the path, then the method.
func TestARI(t *testing.T) {
	srv, _ := started(t, "asterisk_dir="+folder(t, map[string]string{"ari.conf": ariConf, "http.conf": "[general]\nenabled = yes\n"}))
	looks, acts := "api_key=looks:secret", "api_key="+url.QueryEscape("acts:se:cret%")
	for _, tc := range []struct {
		method, path string
		status       int
		says         string
	}{
		{"GET", "/ari/channels", 401, `{"message":"Authentication required"}`},
		{"GET", "/ari/nothing/", 401, `{"message":"Authentication required"}`},
		{"OPTIONS", "/ari/channels", 401, `{"message":"Authentication required"}`},
		{"GET", "/ari/channels?api_key=looks:wrong", 401, `{"message":"Authentication required"}`},
		{"GET", "/ari/channels?api_key=nobody:secret", 401, `{"message":"Authentication required"}`},
		{"GET", "/ari/channels?api_key=old:$6$rounds=5000$x$y", 401, `{"message":"Authentication required"}`},
		{"POST", "/ari/channels?" + looks, 403, `{"message":"Write access denied"}`},
		{"PATCH", "/ari/nothing/?" + looks, 403, `{"message":"Write access denied"}`},
		{"GET", "/ari/channels/?" + looks, 404, `{"message":"ARI URLs do not end with a slash. Try /ari/channels"}`},
		{"GET", "/ari/nothing?" + looks, 404, `{"message":"Resource not found"}`},
		{"GET", "/ari?" + looks, 404, `{"message":"Resource not found"}`},
		{"GET", "/ari/channels/a/b?" + looks, 404, `{"message":"Resource not found"}`},
		{"GET", "/ari/channels/1.2?" + looks, 404, `{"message":"Channel not found"}`},
		{"GET", "/ari/channels/PJSIP%2F1001-00000001?" + looks, 404, `{"message":"Channel not found"}`},
		{"GET", "/ari/bridges/x?" + looks, 404, `{"message":"Bridge not found"}`},
		{"GET", "/ari/channels?" + looks, 200, `[]`},
		{"GET", "/ari/bridges?" + acts, 200, `[]`},
		{"OPTIONS", "/ari/bridges?" + looks, 204, ``},
		{"PATCH", "/ari/channels?" + acts, 405, `{"message":"Invalid method"}`},
		{"GET", "/other", 404, ``},
	} {
		status, header, text := asksARI(t, srv, tc.method, tc.path)
		if status != tc.status || tc.says != "" && strings.TrimSpace(text) != tc.says || tc.status == 204 && text != "" {
			t.Errorf("%s %s: %d %s", tc.method, tc.path, status, text)
		}
		if tc.status == 401 && header.Get("WWW-Authenticate") != `Basic realm="Asterisk REST Interface"` {
			t.Errorf("%s %s: %v", tc.method, tc.path, header)
		}
		if (tc.status == 405 || tc.status == 204) && header.Get("Allow") != "OPTIONS,GET" {
			t.Errorf("%s %s: Allow %q", tc.method, tc.path, header.Get("Allow"))
		}
	}

	_, _, text := asksARI(t, srv, "GET", "/ari/asterisk/info?only=system,unknown&only=status&"+looks)
	var info map[string]map[string]any
	must(t, json.Unmarshal([]byte(text), &info))
	if len(info) != 2 || info["system"]["entity_id"] == "" || info["status"]["startup_time"] == "" {
		t.Error(text)
	}
	var pong map[string]string
	_, _, text = asksARI(t, srv, "GET", "/ari/asterisk/ping?"+looks)
	must(t, json.Unmarshal([]byte(text), &pong))
	if pong["ping"] != "pong" || pong["asterisk_id"] != info["system"]["entity_id"] || pong["timestamp"] == "" {
		t.Error(text)
	}

	basic := []string{"Authorization", "Basic bG9va3M6c2VjcmV0"} // looks:secret
	for origin, allowed := range map[string]string{"https://panel.example.com": "https://panel.example.com", "https://other.example.com": ""} {
		_, h, _ := asksARI(t, srv, "OPTIONS", "/ari/channels", append(basic, "Origin", origin, "Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "authorization")...)
		if h.Get("Access-Control-Allow-Origin") != allowed || (h.Get("Access-Control-Allow-Headers") == "authorization") != (allowed != "") {
			t.Errorf("%s: %v", origin, h)
		}
	}
}

// Who guesses passwords is soon not looked at, with the right one neither; what is guessed at one face counts at the other.
func TestGuessesAtARI(t *testing.T) {
	srv, _ := started(t, "asterisk_dir="+folder(t, map[string]string{"ari.conf": ariConf, "http.conf": "[general]\nenabled = yes\n"}))
	refused := false
	for range 1000 {
		status, h, _ := asksARI(t, srv, "GET", "/ari/channels?api_key=looks:guess")
		if refused = status == http.StatusTooManyRequests && h.Get("Retry-After") != ""; refused {
			break
		}
	}
	if status, _, text := asksARI(t, srv, "GET", "/ari/channels?api_key=looks:secret"); !refused || status != http.StatusTooManyRequests {
		t.Errorf("%d %s", status, text)
	}
}

// Users that a reload brings are known, and those that it takes away are not.
func TestARIFollowsReloads(t *testing.T) {
	dir := folder(t, map[string]string{"ari.conf": ariConf, "http.conf": "[general]\nenabled = yes\n"})
	srv, _ := started(t, "asterisk_dir="+dir)
	status := func() int {
		status, _, _ := asksARI(t, srv, "GET", "/ari/channels?api_key=looks:other")
		return status
	}
	if got := status(); got != 401 {
		t.Fatal(got)
	}
	must(t, os.WriteFile(filepath.Join(dir, "ari.conf"), []byte(strings.Replace(ariConf, "password = secret", "password = other", 1)), 0o600))
	must(t, srv.reload(t.Context()))
	if got := status(); got != 200 {
		t.Error(got)
	}
	must(t, os.WriteFile(filepath.Join(dir, "ari.conf"), []byte("[general]\nenabled = no\n"), 0o600))
	must(t, srv.reload(t.Context()))
	if got := status(); got != 404 {
		t.Error(got)
	}
}
