package mixer

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/playout"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/worker"
)

// Real workers, and goroutines that move rooms and command members at the same time:
// the race detector watches, each stream stays one, and every packet is counted.
func TestLiveMoves(t *testing.T) { eachIO(t, testLiveMoves) }

func testLiveMoves(t *testing.T, io IO) {
	cfg := quiet().by(io)
	cfg.Workers = 3
	l := newLive(t, cfg)
	var rooms []*Room
	for range 2 {
		room, err := l.engine.NewRoom(RoomConfig{})
		if err != nil {
			t.Fatal(err)
		}
		rooms = append(rooms, room)
	}
	steady := []*handset{l.handset("a", PortConfig{}), l.handset("b", PortConfig{})}
	others := []*handset{l.handset("c", PortConfig{}), l.handset("d", PortConfig{})}
	for _, h := range steady {
		if err := h.port.Join(rooms[0], JoinOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	clip := mustClip(t, 8000, make([]int16, 800))
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Add(3)
	go func() { // takes events that nobody waits for; ended by stop, awaited below
		defer wg.Done()
		for {
			select {
			case <-others[0].events:
			case <-others[1].events:
			case <-stop:
				return
			}
		}
	}()
	go func() { // moves rooms; ended by stop, awaited below
		defer wg.Done()
		at := rand.New(rand.NewPCG(1, 1))
		for pause := time.NewTicker(3 * time.Millisecond); ; {
			select {
			case <-stop:
				pause.Stop()
				return
			case <-pause.C:
			}
			x, to, luggage := rooms[at.IntN(2)], l.engine.workers[at.IntN(3)], playout.NewParcel(8)
			x.mail.Post(func(w *worker.Worker) *worker.Worker { return x.mix.Move(w, to, luggage) })
		}
	}()
	go func() { // commands; ended by stop, awaited below
		defer wg.Done()
		at := rand.New(rand.NewPCG(2, 2))
		for pause := time.NewTicker(time.Millisecond); ; {
			select {
			case <-stop:
				pause.Stop()
				return
			case <-pause.C:
			}
			h := others[at.IntN(2)]
			switch at.IntN(6) {
			case 0, 1:
				if err := h.port.Join(rooms[at.IntN(2)], JoinOptions{}); err != nil {
					t.Error(err)
				}
			case 2:
				h.port.Idle()
			case 3:
				h.port.SetHold(at.IntN(2) == 0)
			case 4:
				if err := h.port.Play(clip, PlayOptions{}); err != nil {
					t.Error(err)
				}
			case 5:
				steady[1].port.SetMuted(at.IntN(2) == 0, false)
			}
		}
	}()
	end := sync.OnceFunc(func() { close(stop); wg.Wait() })
	defer end()
	const frames = 250
	var last rtp.Header
	jumps := 0
	for i := range frames {
		for k, h := range steady {
			h.say(440)
			_, hdr := h.hear()
			if k == 0 {
				if i > 0 && hdr.SequenceNumber != last.SequenceNumber+1 {
					t.Fatalf("packet %d: number %d came after %d", i, hdr.SequenceNumber, last.SequenceNumber)
				}
				if i > 0 && hdr.Timestamp-last.Timestamp != 160 {
					jumps++
				}
				last = hdr
			}
		}
	}
	end()
	left := uint64(0) // undone by workers that the machine did not let run
	for _, w := range l.engine.Stats().Workers {
		left += w.TicksMissed + w.Skipped
	}
	if jumps > 0 && left == 0 {
		t.Errorf("%d frames were left out", jumps)
	}
	for _, h := range steady {
		h.port.Close()
		h.await(Closed)
		// What came last may not have been read when the port is closed.
		if st := h.port.Stats(); st.PacketsIn < frames-5 || st.Lost != 0 || st.Invalid != 0 || st.Duplicate != 0 {
			t.Errorf("%s: %+v", h.port.Name(), st)
		}
	}
}
