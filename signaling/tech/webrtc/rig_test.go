package webrtc

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// patience bounds every wait; nothing waits so long unless it is broken.
const patience = time.Minute

func codecs() media.Codecs { return media.Codecs{g711.MuLaw(), g711.ALaw()} }

// rig is a mixer and the WebRTC of two ends, ours and the browsers'.
type rig struct {
	t        *testing.T
	mixer    *mixer.Engine
	api      *rtc.API
	browsers *rtc.API
	log      *slog.Logger
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, log: slog.New(slog.DiscardHandler), mixer: signaltest.NewMixer(t, codecs()...)}
	r.api, r.browsers = r.newAPI(), r.newAPI()
	t.Cleanup(func() {
		if n := r.api.Peers(); n != 0 {
			t.Errorf("%d peers are left", n)
		}
		if n := r.mixer.Stats().Ports; n != 0 {
			t.Errorf("%d ports are left", n)
		}
	})
	return r
}

func (r *rig) newAPI() *rtc.API {
	r.t.Helper()
	cfg := rtc.Default()
	cfg.Listen, cfg.Loopback = "127.0.0.1:0", true
	a, err := rtc.New(cfg, codecs(), r.log)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		if err := a.Close(); err != nil {
			r.t.Error(err)
		}
	})
	return a
}

// browser is the other end of a leg.
type browser struct {
	*rtc.Peer
	t      *testing.T
	states chan rtc.State
	heard  atomic.Int64 // packets
}

func (r *rig) browser() *browser {
	r.t.Helper()
	b := &browser{t: r.t, states: make(chan rtc.State, 64)}
	p, err := r.browsers.NewPeer(rtc.PeerConfig{
		Name: "browser", OnState: func(s rtc.State) { b.states <- s },
		Packets: func([]byte, time.Time) { b.heard.Add(1) },
	})
	if err != nil {
		r.t.Fatal(err)
	}
	b.Peer = p
	r.t.Cleanup(func() {
		p.Close()
		<-p.Done()
	})
	return b
}

func (b *browser) offer() string {
	b.t.Helper()
	offer, err := b.Offer(ctx(b.t), false)
	if err != nil {
		b.t.Fatal(err)
	}
	return offer
}

func (b *browser) reach(want rtc.State) {
	b.t.Helper()
	for wait(b.t, b.states) != want {
	}
}

// speak sends a packet of silence every 20 ms until the test ends.
func (b *browser) speak() {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { // owned by the test, ended by its cleanup
		defer close(stopped)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		packet := make([]byte, 12+160)
		packet[0] = 0x80
		for n := uint32(1); ; n++ {
			select {
			case <-tick.C:
			case <-stop:
				return
			}
			binary.BigEndian.PutUint16(packet[2:], uint16(n))
			binary.BigEndian.PutUint32(packet[4:], 160*n)
			if b.WriteRTP(packet) != nil {
				continue // not connected yet, or not any more
			}
		}
	}()
	b.t.Cleanup(func() {
		close(stop)
		<-stopped
	})
}

// hears waits for as many further packets.
func (b *browser) hears(n int64) {
	b.t.Helper()
	end := time.NewTimer(patience)
	defer end.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for until := b.heard.Load() + n; b.heard.Load() < until; {
		select {
		case <-tick.C:
		case <-end.C:
			b.t.Fatalf("%d packets, not %d", b.heard.Load(), until)
		}
	}
}

// report takes what a leg tells its channel.
type report chan string

var _ signaling.LegEvents = report(nil)

func (r report) LegRinging()                        { r <- "ringing" }
func (r report) LegProgress()                       { r <- "progress" }
func (r report) LegAnswered()                       { r <- "answered" }
func (r report) LegMedia()                          { r <- "media" }
func (r report) LegHeld(on bool)                    { r <- fmt.Sprintf("held %v", on) }
func (r report) LegConnected(id signaling.CallerID) { r <- "connected " + id.String() }
func (r report) LegDigit(byte, time.Duration)       { r <- "digit" }
func (r report) LegPort(ev mixer.Event)             { r <- fmt.Sprintf("port %v", ev.Kind) }
func (r report) LegEnded(cause signaling.Cause, peer bool) {
	r <- fmt.Sprintf("ended %d %v", cause, peer)
}

// want waits for a report, past what the mixer says of the port.
func (r report) want(t *testing.T, what string) {
	t.Helper()
	for {
		switch got := wait(t, r); {
		case got == what:
			return
		case len(got) < 4 || got[:4] != "port":
			t.Fatalf("told %q, not %q", got, what)
		}
	}
}

func wait[T any](t *testing.T, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-ctx(t).Done():
		t.Fatal("nothing came")
	}
	panic("not reached")
}

func ctx(t *testing.T) context.Context {
	c, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return c
}
