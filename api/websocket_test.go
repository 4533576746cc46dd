package api_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"github.com/skygenesisenterprise/skybridge/api"
	"github.com/skygenesisenterprise/skybridge/api/voip/layout"
	"github.com/skygenesisenterprise/skybridge/api/voip/mailbox"
	"github.com/skygenesisenterprise/skybridge/api/ws"
	"github.com/skygenesisenterprise/skybridge/api/ws/fanout"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/presence"
)

// noCalls are calls that nobody may see.
type noCalls struct{}

func (noCalls) SeesCall(auth.Principal, string) bool { return false }
func (noCalls) SeesRoom(auth.Principal, string) bool { return false }
func (noCalls) ShowCall(auth.Principal, string) (any, error) {
	return nil, fault.New(fault.NotFound, "no call")
}

func (noCalls) Signal(context.Context, auth.Principal, string, ws.Signal) (mailbox.MessageBody, error) {
	return mailbox.MessageBody{}, fault.New(fault.NotFound, "no call")
}

func (noCalls) Arrange(auth.Principal, string, layout.Body) error {
	return fault.New(fault.NotFound, "no call")
}

// live has the API serve /ws/auth.
func live(change ...func(*ws.Config)) func(*api.Config) {
	return func(c *api.Config) {
		cfg := ws.Default()
		cfg.Hub, cfg.Calls, cfg.Log = fanout.NewHub(), noCalls{}, c.Log
		pc := presence.Default()
		pc.Changed = ws.PresenceChanged(cfg.Hub)
		cfg.Presence = presence.New(pc)
		for _, f := range change {
			f(&cfg)
		}
		c.WebSocket = &cfg
	}
}

// socket is a client of the WebSocket.
type socket struct {
	t    *testing.T
	conn *websocket.Conn
	last uint64 // number of the newest frame of its session
}

// told is a frame of the server's, with all members that one may have.
type told struct {
	Type, Session, Channel, Code, Detail, Field string
	Seq                                         uint64
	Timestamp                                   time.Time
	InReplyTo                                   json.RawMessage `json:"in_reply_to"`
	Replayed                                    uint64
	Resumed                                     bool
	N                                           int
}

// opens opens a WebSocket, or fails with the server's answer.
func (r *rig) opens(query string, header http.Header, protocols ...string) (*socket, int, error) {
	r.t.Helper()
	d := websocket.Dialer{Subprotocols: protocols, HandshakeTimeout: patience}
	conn, resp, err := d.Dial("ws"+strings.TrimPrefix(r.base, "http")+ws.Path+query, header)
	status := 0
	if resp != nil {
		status = resp.StatusCode
		must(r.t, resp.Body.Close())
	}
	if err != nil {
		return nil, status, err
	}
	r.t.Cleanup(func() { _ = conn.Close() }) // it may be closed already
	return &socket{t: r.t, conn: conn}, status, nil
}

// as opens a session of a user's.
func (r *rig) as(user string) (*socket, string) {
	r.t.Helper()
	s, _, err := r.opens("?token="+r.token(auth.Principal{User: user}), nil)
	must(r.t, err)
	return s, s.next("Welcome").Session
}

func (s *socket) says(v any) *socket {
	s.t.Helper()
	must(s.t, s.conn.WriteJSON(v))
	return s
}

// next is the next frame, which is of a type, numbered and stamped.
func (s *socket) next(kind string) (f told) {
	s.t.Helper()
	must(s.t, s.conn.SetReadDeadline(time.Now().Add(patience)))
	must(s.t, s.conn.ReadJSON(&f))
	if f.Type != kind || f.Timestamp.IsZero() || s.last != 0 && f.Seq != s.last+1 {
		s.t.Fatalf("frame %+v after %d instead of a %s", f, s.last, kind)
	}
	s.last = f.Seq
	return f
}

// ends waits for the connection to be closed with a code; frames before that are left aside.
func (s *socket) ends(code int) {
	s.t.Helper()
	must(s.t, s.conn.SetReadDeadline(time.Now().Add(patience)))
	for {
		_, _, err := s.conn.ReadMessage()
		var closed *websocket.CloseError
		switch {
		case err == nil:
		case !errors.As(err, &closed) || closed.Code != code:
			s.t.Fatalf("ended with %v instead of %d", err, code)
		default:
			return
		}
	}
}

type frame = map[string]any

// What a frame's header promises is refused before there is memory for it.
func TestLargeFrames(t *testing.T) {
	r := newRig(t, live())
	token := r.token(auth.Principal{User: "alice"})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, size := range []uint64{ws.MaxFrame + 1, 2 << 30, 1<<63 - 1} {
		c, in := r.raw(token)
		head := binary.BigEndian.AppendUint64([]byte{0x81, 0xff}, size)
		_, err := c.Write(append(head, 1, 2, 3, 4))
		must(t, err)
		if code := closeOf(t, in); code != websocket.CloseMessageTooBig {
			t.Errorf("%d bytes: closed with %d", size, code)
		}
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
		t.Errorf("%d bytes were allocated", grown)
	}
	s, _ := r.as("alice")
	s.says(frame{"type": "Subscribe", "channel": "presence:" + strings.Repeat("x", ws.MaxFrame-200)})
	if f := s.next("Error"); f.Code != "invalid" || f.Field != "channel" {
		t.Errorf("%+v", f)
	}
	must(t, s.conn.WriteMessage(websocket.BinaryMessage, []byte("{}")))
	s.ends(websocket.CloseUnsupportedData)
}

// closeOf reads a server's frames up to the one that closes, and gives its code.
func closeOf(t *testing.T, in *bufio.Reader) int {
	t.Helper()
	for {
		op, err := in.ReadByte()
		must(t, err)
		short, err := in.ReadByte()
		must(t, err)
		size := int(short)
		if size == 126 {
			var long [2]byte
			_, err := in.Read(long[:])
			must(t, err)
			size = int(binary.BigEndian.Uint16(long[:]))
		}
		data := make([]byte, size)
		for i := range data {
			data[i], err = in.ReadByte()
			must(t, err)
		}
		if op == 0x88 {
			return int(binary.BigEndian.Uint16(data))
		}
	}
}

func TestWhoGivesNoSignOfLife(t *testing.T) {
	r := newRig(t, live(func(c *ws.Config) { c.Ping, c.Idle = 20*time.Millisecond, 400*time.Millisecond }))
	dead, _ := r.as("alice")
	dead.conn.SetPingHandler(func(string) error { return nil })
	alive, _ := r.as("bob")
	gone := make(chan error, 1)
	go func() { // ended by the server's end of the connection
		for {
			if _, _, err := dead.conn.ReadMessage(); err != nil {
				gone <- err
				return
			}
		}
	}()
	pings := 0
	answer := alive.conn.PingHandler()
	alive.conn.SetPingHandler(func(data string) error {
		if pings++; pings == 100 { // five times as long as a dead one may be there
			alive.says(frame{"type": "Subscribe", "channel": "calls"})
		}
		return answer(data)
	})
	alive.next("Subscribed")
	if err := <-gone; err == nil {
		t.Error("no error")
	}
}

func TestTokensExpire(t *testing.T) {
	r := newRig(t, live(func(c *ws.Config) { c.Leeway = 0 }))
	token, err := r.auth.Issue(auth.Principal{User: "alice"}, 2*time.Second)
	must(t, err)
	s, _, err := r.opens("?token="+token, nil)
	must(t, err)
	s.next("Welcome")
	s.says(frame{"type": "Auth", "id": 1, "token": r.token(auth.Principal{User: "bob"})})
	if f := s.next("Error"); f.Code != "forbidden" || string(f.InReplyTo) != "1" {
		t.Errorf("%+v", f)
	}
	s.ends(4401)

	s, _ = r.as("alice") // for an hour
	token, err = r.auth.Issue(auth.Principal{User: "alice"}, time.Second)
	must(t, err)
	s.says(frame{"type": "Auth", "token": token}).next("Renewed")
	s.ends(4401) // the newer token counts, also where it is the shorter one
}

func TestFramesThatCannotBe(t *testing.T) {
	r := newRig(t, live())
	s, session := r.as("alice")
	for text, want := range map[string]string{
		`{`: "malformed ", "\xff": "malformed ", `[]`: "malformed ", `"Subscribe"`: "malformed ", strings.Repeat("[", 40000): "malformed ",
		`{}`: "invalid type", `{"type":"Nonsense"}`: "invalid type", `{"type":7}`: "invalid type",
		`{"type":"Subscribe"}`: "invalid channel", `{"type":"Subscribe","channel":"nonsense:1"}`: "invalid channel",
		`{"type":"Subscribe","channel":"presence:"}`: "invalid channel", `{"type":"Subscribe","channel":"signaling:bob"}`: "invalid channel",
		`{"type":"Subscribe","channel":"call:x"}`: "not_found channel", `{"type":"Subscribe","channel":"room:9000"}`: "not_found channel",
		`{"type":"Unsubscribe","channel":"calls"}`: "not_found channel", `{"type":"Subscribe","channel":["x"]}`: "invalid channel",
		`{"type":"Subscribe","id":{}}`: "invalid id", `{"type":"Subscribe","id":"` + strings.Repeat("x", 64) + `"}`: "invalid id",
		`{"type":"Resume","session":"` + session + `"}`: "conflict session", `{"type":"Resume","after":-1}`: "invalid after",
		`{"type":"Auth","token":"x"}`: "unauthorized ",
	} {
		must(t, s.conn.WriteMessage(websocket.TextMessage, []byte(text)))
		if f := s.next("Error"); f.Code+" "+f.Field != want || f.Detail == "" {
			t.Errorf("%.60s: %+v", text, f)
		}
	}
	s.says(frame{"type": "Subscribe", "id": "a", "channel": "calls", "unknown": true})
	if f := s.next("Subscribed"); string(f.InReplyTo) != `"a"` || f.Channel != "calls" {
		t.Errorf("%+v", f)
	}
	for i := range 300 {
		s.says(frame{"type": "Subscribe", "channel": fmt.Sprintf("presence:u%d", i)})
	}
	for { // as many as there may be
		var f told
		must(t, s.conn.ReadJSON(&f))
		if f.Type == "Error" {
			if f.Code != "too_many" {
				t.Errorf("%+v", f)
			}
			break
		}
	}
}

func TestSocketsAreLimited(t *testing.T) {
	r := newRig(t, live(func(c *ws.Config) { c.Sessions.PerUser, c.Sessions.Total, c.Strangers = 2, 3, 1 }))
	for range 2 {
		r.as("alice")
	}
	query := func(user string) string { return "?token=" + r.token(auth.Principal{User: user}) }
	s, _, err := r.opens(query("alice"), nil)
	must(t, err)
	s.ends(4429)
	r.as("bob")
	s, _, err = r.opens(query("carol"), nil)
	must(t, err)
	s.ends(websocket.CloseTryAgainLater)
	first := make(chan error, 2)
	for range 2 { // strangers, of whom there may be one
		s, _, err := r.opens("", nil)
		must(t, err)
		go func() { // ended by the server
			_, _, err := s.conn.ReadMessage()
			first <- err
		}()
	}
	if err := <-first; !websocket.IsCloseError(err, websocket.CloseTryAgainLater) {
		t.Errorf("a second stranger: %v", err)
	}
}

func TestTheEndOfTheServer(t *testing.T) {
	r := newRig(t, live())
	s, _ := r.as("alice")
	stranger, _, err := r.opens("", nil)
	must(t, err)
	over := make(chan error, 1)
	go func() { over <- r.stop() }() // awaited below
	s.ends(websocket.CloseGoingAway)
	if _, _, err := stranger.conn.ReadMessage(); err == nil {
		t.Error("a stranger stays")
	}
	must(t, <-over)
}
