package api_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/api"
	"github.com/skygenesisenterprise/skybridge/api/ws"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
)

func TestWaysToAuthenticate(t *testing.T) {
	r := newRig(t, live(func(c *ws.Config) { c.AuthTime = 2 * time.Second }))
	token := r.token(auth.Principal{User: "alice"})
	welcome := func(s *socket, _ int, err error) *socket {
		t.Helper()
		must(t, err)
		if w := s.next("Welcome"); w.Session == "" || w.Seq != 1 {
			t.Errorf("%+v", w)
		}
		return s
	}
	t.Run("in the URL", func(*testing.T) { welcome(r.opens("?token="+token, nil)) })
	t.Run("as subprotocol", func(*testing.T) {
		s := welcome(r.opens("", nil, "bearer", token))
		if s.conn.Subprotocol() != "bearer" {
			t.Errorf("subprotocol %q", s.conn.Subprotocol())
		}
	})
	t.Run("by header", func(*testing.T) {
		welcome(r.opens("", http.Header{"Authorization": {"Bearer " + token}}))
		welcome(r.opens("", http.Header{"X-Api-Key": {r.key}}))
	})
	t.Run("by the first frame", func(*testing.T) {
		s, _, err := r.opens("", nil)
		must(t, err)
		if s.conn.Subprotocol() != "" {
			t.Error("a subprotocol that nobody offered")
		}
		welcome(s.says(frame{"type": "Auth", "token": token}), 0, nil)
	})
	forged := token[:len(token)-4] + "AAAA"
	for what, open := range map[string]func() (*socket, int, error){
		"URL":         func() (*socket, int, error) { return r.opens("?token="+forged, nil) },
		"subprotocol": func() (*socket, int, error) { return r.opens("", nil, "bearer", forged) },
		"header":      func() (*socket, int, error) { return r.opens("", http.Header{"Authorization": {"Basic x"}}) },
	} {
		if _, status, err := open(); err == nil || status != http.StatusUnauthorized {
			t.Errorf("forged in the %s: %d %v", what, status, err)
		}
	}
	for what, first := range map[string]any{
		"forged": frame{"type": "Auth", "token": forged}, "none": frame{"type": "Subscribe", "channel": "calls"}, "an array": []int{1}, "silence": nil,
	} {
		s, _, err := r.opens("", nil)
		must(t, err)
		if s.t = t; first != nil {
			s.says(first)
		}
		t.Log(what)
		s.ends(4401)
	}
	if log := r.log.String(); strings.Contains(log, token[len(token)-30:]) || strings.Contains(log, forged[len(forged)-30:]) ||
		strings.Contains(log, strings.Split(token, ".")[1]) || strings.Contains(log, r.key) {
		t.Error("a token is in the log")
	}
}

// Whatever goes wrong with a connection that has a token in its URL, neither the log nor an
// answer has it.
func TestTokensAreNowhere(t *testing.T) {
	r := newRig(t, live(func(c *ws.Config) { c.Calls = panicking{} }))
	token := r.token(auth.Principal{User: "alice"})
	secret := token[strings.LastIndex(token, ".")+1:]
	for _, target := range []string{ws.Path + "?token=" + token, ws.Path + "?token=" + token + "%zz", ws.Path + "/x?token=" + token} {
		for _, headers := range [][]string{
			nil, {"Connection", "Upgrade", "Upgrade", "websocket"},
			{"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13"},
			{"Origin", "https://evil.example"},
		} {
			if a := r.do("GET", target, "", headers...); a.StatusCode < 400 || strings.Contains(a.body, secret) || strings.Contains(fmt.Sprint(a.Header), secret) {
				t.Errorf("%s %v: %s %s", target, headers, a.Status, a.body)
			}
		}
	}
	s, _, err := r.opens("?token="+token, nil)
	must(t, err)
	s.next("Welcome")
	s.says(frame{"type": "Subscribe", "channel": "call:x", "token": token})
	if _, _, err := s.conn.ReadMessage(); err == nil {
		t.Error("the connection survived a panic")
	}
	eventually(t, func() bool { return r.log.Count("panic in a WebSocket") == 1 })
	// A client that breaks off within the handshake, and one that breaks off within a frame.
	c, err := net.Dial("tcp", r.server.Addr().String())
	must(t, err)
	_, err = fmt.Fprintf(c, "GET %s?token=%s HTTP/1.1\r\nHost: x\r\nUpgr", ws.Path, token)
	must(t, errors.Join(err, c.Close()))
	c, _ = r.raw(token)
	_, err = c.Write([]byte{0x81, 0xfe, 1})
	must(t, errors.Join(err, c.Close()))
	must(t, r.stop())
	if strings.Contains(r.log.String(), secret) {
		t.Error("the token is in the log")
	}
}

type panicking struct{ noCalls }

func (panicking) SeesCall(auth.Principal, string) bool { panic("broken") }

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("never")
		}
	}
}

// raw is a WebSocket whose frames the test makes itself.
func (r *rig) raw(token string) (net.Conn, *bufio.Reader) {
	r.t.Helper()
	c, err := net.Dial("tcp", r.server.Addr().String())
	must(r.t, err)
	r.t.Cleanup(func() { _ = c.Close() }) // it may be closed already
	_, err = fmt.Fprintf(c, "GET %s?token=%s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", ws.Path, token, c.RemoteAddr())
	must(r.t, err)
	must(r.t, c.SetReadDeadline(time.Now().Add(patience)))
	in := bufio.NewReader(c)
	resp, err := http.ReadResponse(in, nil)
	must(r.t, err)
	must(r.t, resp.Body.Close())
	if resp.StatusCode != http.StatusSwitchingProtocols {
		r.t.Fatal(resp.Status)
	}
	return c, in
}

func TestOriginsOfWebSockets(t *testing.T) {
	r := newRig(t, live(), func(c *api.Config) { c.Origins = []string{"https://app.example.com"} })
	query := "?token=" + r.token(auth.Principal{User: "alice"})
	host := strings.TrimPrefix(r.base, "http://")
	for origin, ok := range map[string]bool{
		"": true, "http://" + host: true, "https://" + host: true, "https://app.example.com": true,
		"https://evil.example": false, "null": false, "https://app.example.com.evil.example": false, host: false,
	} {
		header := http.Header{}
		if origin != "" {
			header.Set("Origin", origin)
		}
		_, status, err := r.opens(query, header)
		if (err == nil) != ok || !ok && status != http.StatusForbidden {
			t.Errorf("origin %q: %v", origin, err)
		}
	}
}

// A key that is for something else is told of no calls and messages, and changes nothing.
func TestScopesOfKeysHoldOnWebSockets(t *testing.T) {
	r := newRig(t, live())
	s, _, err := r.opens("", http.Header{"X-Api-Key": {r.narrow}})
	must(t, err)
	s.next("Welcome")
	for _, f := range []frame{
		{"type": "Subscribe", "channel": "calls"},
		{"type": "Subscribe", "channel": "signaling"},
		{"type": "Subscribe", "channel": "presence:alice"},
		{"type": "Subscribe", "channel": "call:0193d7c0-0000-7000-8000-000000000000"},
		{"type": "Subscribe", "channel": "room:0193d7c0-0000-7000-8000-000000000000"},
		{"type": "Message", "to": "alice", "body": "hello"},
		{"type": "PresenceUpdate", "status": "online"},
		{"type": "Signaling", "call_id": "0193d7c0-0000-7000-8000-000000000000", "message_type": "hangup"},
	} {
		if e := s.says(f).next("Error"); e.Code != "scope_missing" {
			t.Errorf("%v: %+v", f, e)
		}
	}
	other, _ := r.as("alice")
	other.says(frame{"type": "Message", "to": "machine", "body": "hello"}).next("Message")
	// What comes next for the key is the answer to its own frame, not the message.
	s.says(frame{"type": "Unsubscribe", "channel": "calls"}).next("Error")
}
