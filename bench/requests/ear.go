package requests

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/fasthttp/websocket"

	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/meter"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
)

// ear is a user's WebSocket, and who reads it.
type ear struct {
	conn *websocket.Conn
	// lost is why reading has ended, once done is closed.
	done chan struct{}
	lost error
}

// frame is what is looked at of a frame.
type frame struct {
	Type    string `json:"type"`
	Channel string `json:"channel"`
	Detail  string `json:"detail"`
}

// listen opens a user's WebSocket and subscribes to a channel. From then on frames go to hear,
// which may be nil, on the WebSocket's own goroutine.
func (h *house) listen(u *user, channel string, hear func([]byte)) (*ear, error) {
	dialer := websocket.Dialer{HandshakeTimeout: patience}
	conn, resp, err := dialer.Dial("ws://"+h.served.API.String()+"/ws/auth", http.Header{"Authorization": {"Bearer " + u.token}})
	if resp != nil {
		err = errors.Join(err, resp.Body.Close())
	}
	if err != nil {
		return nil, fmt.Errorf("the WebSocket of %s: %w", u.name, err)
	}
	e := &ear{conn: conn, done: make(chan struct{})}
	if err := e.subscribe(channel); err != nil {
		return nil, errors.Join(fmt.Errorf("the WebSocket of %s: %w", u.name, err), conn.Close())
	}
	h.ears = append(h.ears, e)
	h.all.Go(func() { // ended by close
		defer close(e.done)
		defer guard.Recover(h.log, "who reads a WebSocket", func() { e.lost = errors.New("panic") })
		for {
			_, text, err := conn.ReadMessage()
			if err != nil {
				e.lost = err
				return
			}
			if hear != nil {
				hear(text)
			}
		}
	})
	return e, nil
}

// subscribe waits until what a channel tells comes.
func (e *ear) subscribe(channel string) error {
	if err := e.conn.WriteJSON(map[string]string{"type": "Subscribe", "channel": channel}); err != nil {
		return err
	}
	if err := e.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	for {
		_, text, err := e.conn.ReadMessage()
		if err != nil {
			return err
		}
		var f frame
		if err := json.Unmarshal(text, &f); err != nil {
			return err
		}
		switch f.Type {
		case "Subscribed":
			return e.conn.SetReadDeadline(time.Time{})
		case "Error":
			return fmt.Errorf("%s: %s", channel, f.Detail)
		}
	}
}

// close ends it; that somebody else has before is an error.
func (e *ear) close() error {
	select {
	case <-e.done:
		return fmt.Errorf("a WebSocket has ended: %w", e.lost)
	default:
	}
	return e.conn.Close()
}

// window waits for the time that counts to come, and while it lasts.
func (h *house) window(ctx context.Context, plan load.Plan, counts *atomic.Bool) (_ meter.Spent, client float64, err error) {
	if err := pause(ctx, plan.Warm); err != nil {
		return meter.Spent{}, 0, err
	}
	from, err := h.read()
	if err != nil {
		return meter.Spent{}, 0, err
	}
	counts.Store(true)
	if err := pause(ctx, plan.Measure); err != nil {
		return meter.Spent{}, 0, err
	}
	counts.Store(false)
	until, err := h.read()
	if err != nil {
		return meter.Spent{}, 0, err
	}
	spent, client := until.spent(&from)
	return spent, client, nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
