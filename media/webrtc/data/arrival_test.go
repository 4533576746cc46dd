package data

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/datachannel"
	"github.com/pion/sctp"

	"github.com/skygenesisenterprise/skybridge/media/webrtc/internal/pionlog"
)

// far is a connection over which packets are on their way for a while.
type far struct{ net.Conn }

func (f *far) Write(b []byte) (int, error) {
	packet := bytes.Clone(b)
	time.AfterFunc(100*time.Millisecond, func() { _, _ = f.Conn.Write(packet) }) // one that comes after the end is lost
	return len(b), nil
}

// While there is always something under way, senders learn of what has arrived nevertheless.
func TestArrivalsWhileMoreIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		opened := make(chan *Channel, 1)
		served := make(chan struct{})
		cfg := Config{Limits: Default(), Log: quiet, Open: func(c *Channel) (Handler, bool) {
			opened <- c
			return Handler{Receive: func(context.Context, []byte, bool) {}, Closed: func() {}}, true
		}}
		go func() { // owned by the test, which waits for it
			defer close(served)
			Serve(&far{ours}, cfg)
		}()
		client, err := sctp.ClientWithOptions(sctp.WithNetConn(theirs), sctp.WithLoggerFactory(pionlog.Factory{Log: quiet}))
		if err != nil {
			t.Fatal(err)
		}
		d, err := datachannel.Dial(client, 1, &datachannel.Config{Label: "chat", LoggerFactory: pionlog.Factory{Log: quiet}})
		if err != nil {
			t.Fatal(err)
		}
		c := <-opened
		read := make(chan struct{})
		go func() { // owned by the test, ended with the association
			defer close(read)
			buf := make([]byte, 64<<10)
			for {
				if _, _, err := d.ReadDataChannel(buf); err != nil {
					return
				}
			}
		}()
		var arrived atomic.Int32
		most, idle := 0, 0
		for i := range 1000 {
			if err := c.Send([]byte("a word"), func(bool) { arrived.Add(1) }); err != nil {
				t.Fatal(err)
			}
			time.Sleep(20 * time.Millisecond)
			c.mu.Lock()
			most = max(most, len(c.open))
			c.mu.Unlock()
			if c.stream.BufferedAmount() == 0 && i > 0 {
				idle++
			}
		}
		if n := arrived.Load(); idle > 0 || most > 100 || n < 900 {
			t.Errorf("of 1000 messages %d have arrived as far as is known, %d were open at one time; %d times nothing was under way", n, most, idle)
		}
		_ = client.Close()
		_ = ours.Close()
		<-served
		<-read
	})
}

// Streams that nobody wants, and that their peer leaves open, keep nothing of what came by them.
func TestDrainedStreamsAreSmall(t *testing.T) {
	const streams, room = 60, 64 << 10
	r := newRig(t, func(c *Config) { c.Open = func(*Channel) (Handler, bool) { return Handler{}, false } })
	heap := func() int {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	before := heap()
	for id := range uint16(streams) {
		stream, err := r.client.OpenStream(id, sctp.PayloadTypeWebRTCBinary)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := datachannel.Client(stream, &datachannel.Config{LoggerFactory: pionlog.Factory{Log: quiet}}); err != nil {
			t.Fatal(err)
		}
		for err == nil { // its acknowledgement, then its end, which the peer does not follow
			_, _, err = stream.ReadSCTP(make([]byte, 100))
		}
		if !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
	}
	if grown := heap() - before; grown > streams*room/2 {
		t.Errorf("%d streams that were refused keep %d bytes", streams, grown)
	}
}
