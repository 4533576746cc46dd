package webrtc

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/sctp"
	pion "github.com/pion/webrtc/v4"

	"github.com/skygenesisenterprise/skybridge/media/webrtc/data"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/internal/pionlog"
)

// A data channel's section is taken where somebody has its packets; who has them may go
// without the call.
func TestData(t *testing.T) {
	came := make(chan []byte, 1)
	w, r := newWatcher(t, func(c *PeerConfig) {
		c.Data = func(conn net.Conn) {
			buf := make([]byte, 1600)
			n, err := conn.Read(buf)
			if err != nil {
				t.Error(err)
			}
			came <- buf[:n]
			_ = conn.Close()
			if _, err := conn.Read(buf); err == nil {
				t.Error("read after the end")
			}
		}
	}), newRemote(t, opus)
	if _, err := r.CreateDataChannel("chat", nil); err != nil {
		t.Fatal(err)
	}
	a := w.answer(t, r)
	if a.Data == nil || a.Data.RemotePort != 5000 || a.Data.MaxMessageSize == 0 {
		t.Fatalf("%+v", a.Data)
	}
	w.await(t, StateConnected)
	if p := next(t, "packet of SCTP", came); len(p) < 16 || binary.BigEndian.Uint16(p[2:]) != 5000 || p[12] != 1 {
		t.Errorf("no INIT to our port: %x", p)
	}
	speak(t, w.observed, r, "goes on")
}

// Messages go both ways beside the sound.
func TestDataChannel(t *testing.T) {
	received, ended := make(chan string, 16), make(chan struct{})
	channels := make(chan *data.Channel, 1)
	w, r := newWatcher(t, func(c *PeerConfig) {
		c.Data = func(conn net.Conn) {
			defer close(ended)
			data.Serve(conn, data.Config{Limits: data.Default(), Log: testLog(), Open: func(c *data.Channel) (data.Handler, bool) {
				channels <- c
				return data.Handler{
					Receive: func(_ context.Context, m []byte, _ bool) { received <- string(m) },
					Closed:  func() { close(received) },
				}, true
			}})
		}
	}), newRemote(t, opus)
	chat, err := r.CreateDataChannel("chat", nil)
	if err != nil {
		t.Fatal(err)
	}
	open, came, closed := make(chan struct{}), make(chan string, 16), make(chan struct{})
	chat.OnOpen(func() { close(open) })
	chat.OnClose(func() { close(closed) })
	chat.OnMessage(func(m pion.DataChannelMessage) { came <- string(m.Data) })
	w.answer(t, r)
	w.await(t, StateConnected)
	next(t, "channel", open)
	c := next(t, "channel", channels)
	if c.Label != "chat" || !c.Reliable {
		t.Errorf("%+v", c)
	}
	if err := chat.SendText("hello"); err != nil {
		t.Fatal(err)
	}
	if m := next(t, "message", received); m != "hello" {
		t.Errorf("%q", m)
	}
	arrived := make(chan bool, 1)
	if err := c.Send([]byte("answer"), func(ok bool) { arrived <- ok }); err != nil {
		t.Fatal(err)
	}
	if m := next(t, "answer", came); m != "answer" || !next(t, "word of its arrival", arrived) {
		t.Errorf("%q", m)
	}
	speak(t, w.observed, r, "beside")
	if err := chat.Close(); err != nil {
		t.Fatal(err)
	}
	if m, ok := <-received; ok {
		t.Errorf("%q", m)
	}
	next(t, "end of the channel", closed)
	speak(t, w.observed, r, "goes on")
}

// An association of data that one side aborts is over for both, and nothing else is.
func TestAbortedData(t *testing.T) {
	ended, refused := make(chan struct{}), make(chan error, 1)
	up := make(chan *sctp.Association, 1)
	server := newPeer(t, testAPI(t), func(c *PeerConfig) {
		c.Data = func(conn net.Conn) {
			defer close(ended)
			data.Serve(conn, data.Config{Limits: data.Default(), Log: testLog()})
		}
	})
	browser := newPeer(t, testAPI(t), func(c *PeerConfig) {
		c.Data = func(conn net.Conn) {
			a, err := sctp.ClientWithOptions(sctp.WithNetConn(conn), sctp.WithLoggerFactory(pionlog.Factory{Log: testLog()}))
			if err != nil {
				refused <- err
				return
			}
			up <- a
			_, err = a.AcceptStream()
			refused <- err
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	offer, err := browser.Offer(ctx, false)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := server.Answer(ctx, offer, false)
	if err == nil {
		err = browser.SetAnswer(answer)
	}
	if err != nil {
		t.Fatal(err)
	}
	server.await(t, StateConnected)
	browser.await(t, StateConnected)
	next(t, "association", up).Abort("enough")
	next(t, "end of data", ended)
	if err := next(t, "end of the browser's", refused); !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for from, heard := range map[*observed]*observed{server: browser, browser: server} {
		for there := false; !there; {
			select {
			case <-tick.C:
				p := rtp.Packet{Header: rtp.Header{
					Version: 2, SSRC: from.Media().SSRC, PayloadType: from.Media().Send.PayloadType, SequenceNumber: from.spoken,
				}, Payload: []byte("goes on")}
				from.spoken++
				raw, err := p.Marshal()
				if err == nil {
					err = from.WriteRTP(raw)
				}
				if err != nil {
					t.Fatal(err)
				}
			case <-heard.packets:
				there = true
			case <-late:
				t.Fatal("silence")
			}
		}
	}
}
