// Package browser is a browser of Skybridge's on the wire: a client of bench/webrtc that talks
// with the API as a page does. It joins rooms, makes offers and answers those of the server.
//
// Goroutines: those of its client, which Close ends and awaits. Follow runs on its caller's.
package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/webrtc"
)

// Config says who a browser is, and where.
type Config struct {
	// URL is the API's, without a path; Token that of the browser's user.
	URL, Token string
	HTTP       *http.Client
	Client     webrtc.Config
	// Offered, where not nil, is told of each offer of the server's that was answered.
	Offered func(sdp string)
}

// Browser is one of a user's. Its methods are for one goroutine, but Close.
type Browser struct {
	*webrtc.Client
	cfg Config
	// Participant and Call are those of the room that was joined.
	Participant, Call string
	// Wishing, Asked and Keyed are when the join was wished for, its offer answered, and the
	// keys made.
	Wishing, Asked, Keyed time.Time

	after uint64 // the latest message
}

// Host is where browsers are.
var Host = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// New makes one with the sections that it offers.
func New(cfg Config, sections ...webrtc.Section) (*Browser, error) {
	if !cfg.Client.Address.IsValid() {
		cfg.Client.Address = Host
	}
	c, err := webrtc.NewClient(cfg.Client, sections...)
	if err != nil {
		return nil, err
	}
	return &Browser{Client: c, cfg: cfg}, nil
}

// message is one of signaling, as far as it matters.
type message struct {
	Seq     uint64          `json:"seq"`
	Kind    string          `json:"message_type"`
	Payload json.RawMessage `json:"payload"`
	Reply   *message        `json:"reply"`
}

// description is the payload of an offer or answer.
type description struct {
	Type string `json:"type"`
	SDP  string `json:"sdp"`
}

func (m *message) sdp() (string, error) {
	var d description
	err := json.Unmarshal(m.Payload, &d)
	return d.SDP, err
}

const base = "/api/v1/voip"

// Join comes into a room: it ends when there are keys for media.
func (b *Browser) Join(ctx context.Context, room string) error {
	b.Wishing = time.Now()
	var joined struct {
		Call        string `json:"call_id"`
		Participant string `json:"participant_id"`
	}
	if err := b.Do(ctx, http.MethodPost, base+"/rooms/"+room+"/join", struct{}{}, &joined); err != nil {
		return err
	}
	b.Call, b.Participant = joined.Call, joined.Participant
	var said message
	if err := b.says(ctx, "offer", b.Offer(), &said); err != nil {
		return err
	}
	if said.Reply == nil {
		return errors.New("browser: an offer without an answer")
	}
	answer, err := said.Reply.sdp()
	if err != nil {
		return err
	}
	b.after, b.Asked = said.Seq, time.Now()
	if err := b.Accept(answer); err != nil {
		return err
	}
	err = b.Connected(ctx)
	b.Keyed = time.Now()
	return err
}

// Follow answers what the server offers until the context or the call ends.
func (b *Browser) Follow(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := b.next(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// next waits for messages and answers the latest offer among them: it counts alone.
func (b *Browser) next(ctx context.Context) error {
	var list struct {
		Items []message `json:"items"`
	}
	if err := b.Do(ctx, http.MethodGet, fmt.Sprintf("%s/calls/%s/signaling?after=%d&wait=20", base, b.Call, b.after), nil, &list); err != nil {
		return err
	}
	offer := ""
	for i := range list.Items {
		x := &list.Items[i]
		if b.after = max(b.after, x.Seq); x.Kind != "offer" {
			continue
		}
		sdp, err := x.sdp()
		if err != nil {
			return err
		}
		offer = sdp
	}
	if offer == "" {
		return nil
	}
	answer, err := b.Answer(offer)
	if err != nil {
		return err
	}
	switch err := b.says(ctx, "answer", answer, nil); {
	case errors.Is(err, ErrConflict): // another offer has come since
		return nil
	case err != nil:
		return err
	}
	if b.cfg.Offered != nil {
		b.cfg.Offered(offer)
	}
	return nil
}

func (b *Browser) says(ctx context.Context, kind, sdp string, out any) error {
	in := map[string]any{"to_user": "server", "message_type": kind, "payload": description{kind, sdp}}
	return b.Do(ctx, http.MethodPost, base+"/calls/"+b.Call+"/signaling", in, out)
}

// Leave ends the call by which the browser is in the room.
func (b *Browser) Leave(ctx context.Context) error {
	return b.Do(ctx, http.MethodPost, base+"/calls/"+b.Call+"/end", nil, nil)
}

// ErrConflict is in the error of what cannot be done in a state.
var ErrConflict = errors.New("browser: 409")

// maxAnswer bounds what is read of an answer.
const maxAnswer = 4 << 20

// Do makes a request of the API as the browser's user and reads what comes into out, which may
// be nil.
func (b *Browser) Do(ctx context.Context, method, path string, in, out any) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("browser: %s %s: %w", method, path, err)
		}
	}()
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, b.cfg.URL+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+b.cfg.Token)
	resp, err := b.cfg.HTTP.Do(req)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	switch err := errors.Join(err, resp.Body.Close()); {
	case err != nil:
		return err
	case resp.StatusCode == http.StatusConflict:
		return fmt.Errorf("%w: %s", ErrConflict, text)
	case resp.StatusCode >= http.StatusMultipleChoices:
		return fmt.Errorf("%s: %s", resp.Status, text)
	case out == nil:
		return nil
	}
	return json.Unmarshal(text, out)
}
