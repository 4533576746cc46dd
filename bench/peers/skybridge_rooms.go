package peers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/webrtc"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
)

// SkybridgeRooms is this server with browsers, in a room made by its REST API.
type SkybridgeRooms struct{ Program string }

// Name implements Hosting.
func (SkybridgeRooms) Name() string { return "skybridge" }

// secret signs the tokens of those who come: each is a user.
const secret = "a secret of the benchmark's alone"

// Open implements Hosting.
func (s SkybridgeRooms) Open(ctx context.Context, at Place) (_ Meeting, err error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	tokens, err := auth.New(auth.Config{Secret: []byte(secret)}, nil)
	if err != nil {
		return nil, err
	}
	address := netip.AddrPortFrom(Host, uint16(port))
	args := []string{"serve", "--dev", "--data-dir", filepath.Join(at.Dir, "data")}
	settings := []string{
		"log.level=warn", "auth.jwt_secret=" + secret, "api.listen=" + address.String(), "webrtc.listen=" + Host.String() + ":0",
		"api.rate_limit.address.per_minute=0", "calls.per_user=0",
	}
	for _, key := range []string{"sip.listen", "sip.tls_listen", "ari.listen", "ari.tls_listen", "turn.listen", "turn.tls_listen"} {
		settings = append(settings, key+"=off")
	}
	for _, set := range settings {
		args = append(args, "--set", set)
	}
	p, err := Launch("skybridge", at.Core, exec.Command(s.Program, args...)) //nolint:noctx // Close ends it
	if err != nil {
		return nil, err
	}
	m := &skybridgeMeeting{Process: p, url: "http://" + address.String(), tokens: tokens}
	if err := p.until(ctx, func(ctx context.Context) error { return m.do(ctx, http.MethodGet, "/readyz", "", nil, nil) }); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	if err := m.open(ctx); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return m, nil
}

type skybridgeMeeting struct {
	*Process
	url, room string
	tokens    *auth.Authenticator
	users     int
}

// Address implements Meeting.
func (m *skybridgeMeeting) Address() netip.Addr { return Host }

// The API's paths.
const (
	roomsPath = "/api/v1/voip/rooms"
	callsPath = "/api/v1/voip/calls/"
)

func (m *skybridgeMeeting) open(ctx context.Context) error {
	token, err := m.user()
	if err != nil {
		return err
	}
	var room struct{ ID string }
	err = m.do(ctx, http.MethodPost, roomsPath, token, map[string]any{"name": "Bench"}, &room)
	m.room = room.ID
	return err
}

// user is the token of another user.
func (m *skybridgeMeeting) user() (string, error) {
	m.users++
	return m.tokens.Issue(auth.Principal{User: fmt.Sprintf("user%d", m.users), Roles: []auth.Role{auth.RoleUser}}, time.Hour)
}

// message is one of signaling, as far as it matters.
type message struct {
	Seq     uint64          `json:"seq"`
	Kind    string          `json:"message_type"`
	Payload json.RawMessage `json:"payload"`
	Reply   *message        `json:"reply"`
}

func (m *message) description() (string, error) {
	var d jsep
	err := json.Unmarshal(m.Payload, &d)
	return d.SDP, err
}

// Enter implements Meeting.
func (m *skybridgeMeeting) Enter(ctx context.Context, c *webrtc.Client, watches int) error {
	token, err := m.user()
	if err != nil {
		return err
	}
	var joined struct {
		Call string `json:"call_id"`
	}
	if err := m.do(ctx, http.MethodPost, roomsPath+"/"+m.room+"/join", token, map[string]any{}, &joined); err != nil {
		return err
	}
	call := callsPath + joined.Call
	var said message
	if err := m.says(ctx, call, token, "offer", c.Offer(), &said); err != nil {
		return err
	}
	if said.Reply == nil {
		return errors.New("skybridge: no answer to an offer")
	}
	answer, err := said.Reply.description()
	if err == nil {
		err = c.Accept(answer)
	}
	if err == nil {
		err = c.Connected(ctx)
	}
	switch {
	case err != nil:
		return err
	case watches == 0 && c.Films(): // and sees nobody, as a publisher of others' does
		return m.do(ctx, http.MethodPost, call+"/layout", token, map[string]any{"mode": "none"}, nil)
	case watches == 0:
		return nil
	}
	return m.watch(ctx, c, call, token, said.Seq, watches)
}

// watch answers the server's offers until one has all videos.
func (m *skybridgeMeeting) watch(ctx context.Context, c *webrtc.Client, call, token string, after uint64, watches int) error {
	for {
		var list struct{ Items []message }
		path := fmt.Sprintf("%s/signaling?after=%d&wait=10", call, after)
		if err := m.do(ctx, http.MethodGet, path, token, nil, &list); err != nil {
			return err
		}
		if len(list.Items) == 0 {
			return fmt.Errorf("skybridge: %d videos were never offered", watches)
		}
		for i := range list.Items {
			x := &list.Items[i]
			if after = max(after, x.Seq); x.Kind != "offer" {
				continue
			}
			offer, err := x.description()
			if err != nil {
				return err
			}
			answer, err := c.Answer(offer)
			if err != nil {
				return err
			}
			switch err := m.says(ctx, call, token, "answer", answer, nil); {
			case errors.Is(err, errConflict): // another offer has come since
			case err != nil:
				return err
			case strings.Count(offer, ":camera ") >= watches:
				return nil
			}
		}
	}
}

// errConflict is an answer to an offer that counts no more.
var errConflict = errors.New("skybridge: 409")

func (m *skybridgeMeeting) says(ctx context.Context, call, token, kind, sdp string, reply *message) error {
	in := map[string]any{"to_user": "server", "message_type": kind, "payload": &jsep{kind, sdp}}
	if reply == nil {
		reply = new(message)
	}
	return m.do(ctx, http.MethodPost, call+"/signaling", token, in, reply)
}

// do makes a request of the API and reads what comes, if out is not nil.
func (m *skybridgeMeeting) do(ctx context.Context, method, path, token string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, m.url+path, body)
	if err != nil {
		return err
	}
	request.Close = true // no connection stays behind
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return errors.Join(err, m.Ended())
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	switch {
	case err != nil:
		return err
	case response.StatusCode == http.StatusConflict:
		return fmt.Errorf("%w: %s", errConflict, text)
	case response.StatusCode >= 300:
		return fmt.Errorf("skybridge: %s %s: %s: %s", method, path, response.Status, text)
	case out == nil:
		return nil
	}
	return json.Unmarshal(text, out)
}
