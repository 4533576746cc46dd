package video

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/forward"
	"github.com/skygenesisenterprise/skybridge/media/mediatest"
)

// settle waits until all that came has been forwarded.
func (f *Forwarding) settle() {
	for {
		f.queue.mu.Lock()
		n := f.queue.n
		f.queue.mu.Unlock()
		if n == 0 && !f.queue.busy.Load() {
			return
		}
		time.Sleep(20 * time.Microsecond)
	}
}

// TestNobodyWaitsForTheRoom: while the room is busy for however long, who brings packets goes on;
// beyond what is kept for that time they are lost, which is said once, and the room goes on too.
func TestNobodyWaitsForTheRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said bytes.Buffer
		f := NewForwarding(slog.New(slog.NewTextHandler(&said, nil)), Settings{}, func(Event) {}, nil)
		var ann, ben end
		a, err := f.Join("ann", ann.config(t))
		if err != nil {
			t.Fatal(err)
		}
		b, err := f.Join("ben", ben.config(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Publish(Camera, track()); err != nil {
			t.Fatal(err)
		}
		if err := b.Watch(SourceID{"ann", Camera}, forward.Stream{SSRC: 1, PayloadType: 100, MID: "3"}); err != nil {
			t.Fatal(err)
		}
		list := mediatest.RTPDump(t, "../../testdata/video/vp8-simulcast.rtpdump")
		play := func() {
			for _, p := range list[:40] {
				if !p.RTCP {
					a.Packet("", p.Packet, time.Now())
				}
			}
		}
		f.mu.Lock()
		for range 2 * maxWaiting / 30 {
			play() // returns, though nothing goes on
		}
		f.mu.Unlock()
		time.Sleep(2 * time.Second)
		lost := f.queue.dropped()
		if lost == 0 || len(f.queue.list) > maxWaiting {
			t.Errorf("%d lost, room for %d", lost, len(f.queue.list))
		}
		if n := strings.Count(said.String(), fmt.Sprintf("packets=%d", lost)); n != 1 {
			t.Errorf("said %d times:\n%s", n, said.String())
		}
		before := ben.frames.Load()
		for _, p := range list {
			if !p.RTCP {
				a.Packet("", p.Packet, time.Now())
				time.Sleep(time.Millisecond)
			}
		}
		if ben.frames.Load() <= before {
			t.Errorf("%d frames, %d before: the room does not go on", ben.frames.Load(), before)
		}
		f.Close()
	})
}
