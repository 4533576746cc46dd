package main

import (
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"github.com/skygenesisenterprise/skybridge/internal/auth"
)

// listener is a client of /ws/auth.
type listener struct {
	t    *testing.T
	conn *websocket.Conn
}

// listens opens a WebSocket with a header, "Name: value", and waits for its welcome.
func listens(t *testing.T, srv *server, name, value string) listener {
	t.Helper()
	conn, resp, err := websocket.DefaultDialer.Dial("ws://"+srv.api.Addr().String()+"/ws/auth", http.Header{name: {value}})
	must(t, err)
	must(t, resp.Body.Close())
	t.Cleanup(func() { _ = conn.Close() }) // it may be closed already
	must(t, conn.SetReadDeadline(time.Now().Add(time.Minute)))
	l := listener{t, conn}
	l.next("Welcome")
	return l
}

func (l listener) next(kind string) map[string]any {
	l.t.Helper()
	var f map[string]any
	must(l.t, l.conn.ReadJSON(&f))
	if f["type"] != kind {
		l.t.Fatalf("a frame %v instead of a %s", f, kind)
	}
	return f
}

// refused waits for the end that says that the client is accepted no more; nothing else comes.
func (l listener) refused() {
	l.t.Helper()
	_, text, err := l.conn.ReadMessage()
	var closed *websocket.CloseError
	if !errors.As(err, &closed) || closed.Code != 4401 {
		l.t.Fatalf("%s, %v", text, err)
	}
}

// Whose key is revoked or ends, and who is disabled or deleted, is told nothing more from the
// answer to that on; others stay. What became of a user's roles counts at once.
func TestWhoIsRefusedLosesTheWebSocket(t *testing.T) {
	srv, _ := started(t)
	admin := as(t, srv, auth.Principal{User: "root", Roles: []auth.Role{auth.RoleAdmin}})
	key := func(body string) (id, text string) {
		t.Helper()
		made := admin.do("POST", "/api-keys", body, 201)
		id, _ = made["id"].(string)
		text, _ = made["key"].(string)
		return id, text
	}
	token := func(p auth.Principal) string {
		t.Helper()
		text, err := srv.auth.Issue(p, time.Hour)
		must(t, err)
		return "Bearer " + text
	}
	one, oneText := key(`{"name":"one","owner":"machine"}`)
	_, twoText := key(`{"name":"two","owner":"machine"}`)
	revoked, stays := listens(t, srv, "X-Api-Key", oneText), listens(t, srv, "X-Api-Key", twoText)
	admin.do("DELETE", "/api-keys/"+one, "", 204)
	revoked.refused()
	must(t, stays.conn.WriteJSON(map[string]any{"type": "Subscribe", "channel": "calls"}))
	stays.next("Subscribed")

	_, short := key(`{"name":"short","owner":"machine","expires_at":` + strconv.Quote(time.Now().Add(2*time.Second).Format(time.RFC3339Nano)) + `}`)
	listens(t, srv, "X-Api-Key", short).refused()

	admin.do("POST", "/users", `{"id":"ana"}`, 201)
	admin.do("POST", "/users", `{"id":"bob"}`, 201)
	ana, bob := listens(t, srv, "Authorization", token(auth.Principal{User: "ana"})), listens(t, srv, "Authorization", token(auth.Principal{User: "bob"}))
	_, anas := key(`{"name":"hers","owner":"ana"}`)
	hers := listens(t, srv, "X-Api-Key", anas)
	admin.do("PATCH", "/users/ana", `{"name":"Ana"}`, 200)
	must(t, ana.conn.WriteJSON(map[string]any{"type": "Subscribe", "channel": "calls"}))
	ana.next("Subscribed")
	admin.do("PATCH", "/users/ana", `{"disabled":true}`, 200)
	ana.refused()
	hers.refused()
	admin.do("DELETE", "/users/ana", "", 204)
	admin.do("DELETE", "/users/bob", "", 204)
	bob.refused()
	// Neither token opens anything until the user is made again: that one was disabled changes nothing.
	for _, user := range []string{"ana", "bob"} {
		asks{t, srv, "Authorization: " + token(auth.Principal{User: user})}.do("GET", "/calls", "", 401)
	}
	admin.do("GET", "/users/ana", "", 404)
	admin.do("POST", "/users", `{"id":"ana"}`, 201)
	asks{t, srv, "Authorization: " + token(auth.Principal{User: "ana"})}.do("GET", "/calls", "", 200)

	// A user whose roles are the server's to say is one of the others at once.
	admin.do("POST", "/users", `{"id":"carl","roles":["admin"]}`, 201)
	carl := listens(t, srv, "Authorization", token(auth.Principal{User: "carl"}))
	call := admin.do("POST", "/calls", `{"participants":["WebRTC/bob"],"call_type":"audio"}`, 201)
	id, _ := call["id"].(string)
	must(t, carl.conn.WriteJSON(map[string]any{"type": "Subscribe", "channel": "call:" + id}))
	carl.next("Subscribed")
	carl.next("Call")
	admin.do("PATCH", "/users/carl", `{"roles":["user"]}`, 200)
	admin.do("POST", "/calls/"+id+"/end", "", 200)
	must(t, carl.conn.WriteJSON(map[string]any{"type": "Subscribe", "channel": "call:" + id}))
	for { // that the call rings may have been told before; its end is told no more
		var f map[string]any
		must(t, carl.conn.ReadJSON(&f))
		if shown, _ := f["call"].(map[string]any); f["type"] == "Call" && shown["status"] != "ended" {
			continue
		}
		if f["type"] != "Error" || f["code"] != "not_found" {
			t.Errorf("%v", f)
		}
		break
	}
}
