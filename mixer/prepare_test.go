package mixer

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/clip"
)

// preparing waits until some goroutine resamples a clip, or waits for that.
func preparing(t *testing.T) {
	t.Helper()
	stacks := make([]byte, 1<<20)
	for end := time.Now().Add(patience); time.Now().Before(end); runtime.Gosched() {
		if strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "(*Clip).Prepare") {
			return
		}
	}
	t.Fatal("nobody prepares the clip")
}

// While a long clip is made ready for one, nobody else waits for it.
func TestPreparingHoldsNobodyUp(t *testing.T) {
	wide := mediaOf(formatOf(g722.Codec()))
	for name, act := range map[string]func(p *Port, room *Room, c *Clip) error{
		"join":      func(p *Port, room *Room, _ *Clip) error { return p.Join(room, JoinOptions{}) },
		"play":      func(p *Port, _ *Room, c *Clip) error { return p.Play(c, PlayOptions{}) },
		"room play": func(_ *Port, room *Room, c *Clip) error { return room.Play(c, PlayOptions{}) },
		"media":     func(p *Port, _ *Room, _ *Clip) error { return p.SetMedia(wide) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, 1)
			a, sound := r.phone("a", g722.Codec()), mustClip(t, 8000, make([]int16, 8000))
			room := r.room(RoomConfig{})
			switch name {
			case "join":
				if err := room.Play(sound, PlayOptions{}); err != nil {
					t.Fatal(err)
				}
			case "room play":
				if err := a.port.Join(room, JoinOptions{}); err != nil {
					t.Fatal(err)
				}
			case "media":
				if err := a.port.SetMedia(mediaOf(formatOf(g711.MuLaw()))); err != nil {
					t.Fatal(err)
				}
				if err := a.port.Play(sound, PlayOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			made := clip.Hold(sound) // somebody makes it
			acted := make(chan error, 1)
			go func() { acted <- act(a.port, room, sound) }() // ends below
			preparing(t)
			free := make(chan struct{})
			go func() { // ends when nobody holds a lock
				a.port.Media()
				room.Members()
				close(free)
			}()
			select {
			case <-free:
			case <-time.After(patience):
				t.Error("a lock is held while the clip is prepared")
			}
			made()
			if err := <-acted; err != nil {
				t.Error(err)
			}
			<-free
			r.ticks(60 * 4)
			if ev := r.take(PlaybackDone); name != "join" && (len(ev) != 1 || ev[0].Duration != time.Second) {
				t.Errorf("events: %+v", ev)
			}
		})
	}
}

// A clip is remembered for as long as it is played, and no longer.
func TestClipsAreForgotten(t *testing.T) {
	r := newRig(t, 1)
	a := r.phone("a", g711.MuLaw())
	room := r.room(RoomConfig{})
	b := r.phone("b", g711.MuLaw())
	if err := b.port.Join(room, JoinOptions{}); err != nil {
		t.Fatal(err)
	}
	short, long := mustClip(t, 8000, make([]int16, 800)), mustClip(t, 8000, make([]int16, 8000))
	type player interface {
		Play(c *Clip, opts PlayOptions) error
		StopPlay()
	}
	for _, tt := range []struct {
		player
		remembers func() *Clip
	}{
		{a.port, func() *Clip { return a.port.plays.clip }},
		{room, func() *Clip {
			if n := len(room.plays.clips); n > 0 {
				return room.plays.clips[n-1].clip
			}
			return nil
		}},
	} {
		play := func(c *Clip) {
			t.Helper()
			if err := tt.Play(c, PlayOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		play(short)
		if r.tick(); tt.remembers() != short {
			t.Errorf("%T: a playback that goes on was forgotten", tt.player)
		}
		play(short) // the end of the first one is not that of the second
		if r.ticks(8); tt.remembers() != short {
			t.Errorf("%T: a playback that goes on was forgotten for the end of the last", tt.player)
		}
		if r.ticks(40); tt.remembers() != nil {
			t.Errorf("%T: a playback that is done is remembered", tt.player)
		}
		play(long)
		r.ticks(8)
		tt.StopPlay()
		if r.ticks(8); tt.remembers() != nil {
			t.Errorf("%T: a playback that was stopped is remembered", tt.player)
		}
	}
	// What is being played can be had at a rate that is negotiated meanwhile.
	if err := a.port.Play(long, PlayOptions{}); err != nil {
		t.Fatal(err)
	}
	r.ticks(8)
	if err := a.port.SetMedia(mediaOf(media.Format{Codec: g722.Codec(), PayloadType: 9})); err != nil {
		t.Fatal(err)
	}
	r.ticks(300)
	if ev := r.take(PlaybackDone); ev[len(ev)-1].Duration != time.Second {
		t.Errorf("the clip was played for %v", ev[len(ev)-1].Duration)
	}
}
