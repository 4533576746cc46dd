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
		if f.queue.left() == 0 && !f.queue.busy.Load() {
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

// TestNobodyTakesAllPlaces: who sends without end, while the room is busy, takes the places of nobody
// else's video, nor those of what asks for less.
func TestNobodyTakesAllPlaces(t *testing.T) {
	q := queue{came: make(chan struct{}, 1)}
	var ann, ben, cat, dan, eve Member
	put := func(m *Member, control bool, packets int) {
		for range packets {
			q.put(m, "", control, []byte{0x80}, time.Now())
		}
	}
	for turn := range 3 { // each time it is taken each has a share again
		put(&ann, false, 10_000)
		put(&ben, false, 10)
		put(&cat, false, 10_000)
		put(&dan, false, 10_000)
		put(&eve, false, 10)
		put(&eve, true, 10)
		got := make(map[*Member]int)
		for _, w := range q.take() {
			got[w.from]++
			if w.from == &eve && !w.control {
				t.Error("a packet of video has a place of those of control")
			}
		}
		rest := maxWaiting - controlPlaces - crowded - 10 - share
		for m, n := range map[*Member]int{&ann: crowded, &ben: 10, &cat: share, &dan: rest, &eve: 10} {
			if got[m] != n {
				t.Errorf("turn %d: %d wait, want %d", turn, got[m], n)
			}
		}
	}
}

// TestARoomThatWasBusyOnce: what was needed for a moment is not kept.
func TestARoomThatWasBusyOnce(t *testing.T) {
	q := queue{came: make(chan struct{}, 1)}
	var ann Member
	now := time.Now()
	round := func(packets int) {
		for range packets {
			q.put(&ann, "", false, []byte{0x80}, now)
		}
		if n := len(q.take()); n != packets {
			t.Fatalf("%d of %d are there", n, packets)
		}
		now = now.Add(tick)
		q.rest(now, false)
	}
	room := func() int { return len(q.list) + len(q.spare) }
	for range 100 {
		round(300)
	}
	if room() < 600 {
		t.Errorf("room for %d, where 300 come at once all the time", room())
	}
	for range 2 * restAfter / tick {
		round(10)
	}
	if room() > 2*keptWaiting {
		t.Errorf("room for %d after two seconds of ten at once", room())
	}
	round(300)
	round(300)
	if q.rest(now, true); room() > 0 {
		t.Errorf("room for %d where nobody is", room())
	}
}

// left is how much nobody has taken.
func (q *queue) left() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.n
}
