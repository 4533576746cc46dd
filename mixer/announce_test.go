package mixer

import (
	"slices"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// An announcement is heard by the room, by one, or by all but one, at every rate, beside who
// speaks. Who does not hear it hears nothing of it; where it is for few, not a bit is
// different for all others.
func TestAnnouncements(t *testing.T) {
	long := mustClip(t, 8000, tone(1500, 6000, 8000, 0, 8000))
	for name, tt := range map[string]struct {
		to   func([]*talker) Audience
		want string
	}{
		"all":         {func([]*talker) Audience { return Everyone() }, "abcd"},
		"one":         {func(all []*talker) Audience { return Only(all[1].port) }, "b"},
		"all but one": {func(all []*talker) Audience { return Except(all[2].port) }, "abd"},
		"nobody":      {func([]*talker) Audience { return Only() }, ""},
	} {
		listen := func(play bool) (all []*talker) {
			r, room, all := meeting(t, [4]uint16{5000, 0, 0, 0}, [4]JoinOptions{})
			r.talk(20, all...)
			if play {
				must(t, room.Play(long, PlayOptions{To: tt.to(all), Token: "hello"}))
			}
			r.talk(80, all...)
			if done := r.take(PlaybackDone); play != (len(done) == 1 && done[0].Completed && done[0].Token == "hello" && done[0].Duration == time.Second) {
				t.Errorf("%s: %+v", name, done)
			}
			if !room.mix.Hearing.Empty() || room.mix.Asides != 0 {
				t.Errorf("%s: who hears whom stays changed", name)
			}
			return all
		}
		without, with := listen(false), listen(true)
		got := ""
		for i, s := range with {
			rate := s.format.Codec.SampleRate
			if db := level(s.pcm[rate/2:rate*3/2], rate, 1500); db > -25 {
				got += s.port.Name()
			} else if db > -90 || tt.want != "abd" && !slices.Equal(s.pcm, without[i].pcm) {
				t.Errorf("%s: %s hears something of what is not for it, at %.1f dBFS", name, s.port.Name(), db)
			}
			checkChain(t, s)
			s.continuous()
		}
		if got != tt.want {
			t.Errorf("%s: heard by %q, want %q", name, got, tt.want)
		}
	}
}

// Announcements that queue follow each other without a gap, in order; one that does not
// queue ends them all.
func TestAnnouncementsQueue(t *testing.T) {
	r := newRig(t, 1)
	room := r.room(RoomConfig{Name: "queue"})
	s := r.talker("s", newProbe(8000), 400, 0)
	must(t, s.port.Join(room, JoinOptions{}))
	r.talk(2, s)
	s.forget()
	for i, token := range []string{"one", "two", "three"} {
		clip := mustClip(t, 8000, tone(float64(1000+400*i), 6000, 8000, 0, 800)) // 100 ms
		must(t, room.Play(clip, PlayOptions{Token: token, Queue: true}))
	}
	r.talk(20, s)
	from := slices.IndexFunc(s.pcm, func(v int16) bool { return v != 0 }) - 1
	for i := range 3 {
		if db := level(s.pcm[from+800*i:][:800], 8000, float64(1000+400*i)); db < -15 {
			t.Errorf("announcement %d is heard at %.1f dBFS", i, db)
		}
	}
	if rest := s.pcm[from+2401:]; slices.Max(rest) != 0 {
		t.Error("something is heard after the last")
	}
	var order []string
	for _, ev := range r.take(PlaybackDone) {
		order = append(order, ev.Token)
		if !ev.Completed {
			t.Errorf("%+v", ev)
		}
	}
	if !slices.Equal(order, []string{"one", "two", "three"}) {
		t.Errorf("played %v", order)
	}

	clip := mustClip(t, 8000, make([]int16, 8000))
	for range maxQueued + 1 {
		must(t, room.Play(clip, PlayOptions{Queue: true}))
	}
	if err := room.Play(clip, PlayOptions{Queue: true}); fault.Of(err) != fault.TooMany {
		t.Errorf("one more than may wait: %v", err)
	}
	r.talk(3, s)
	must(t, room.Play(clip, PlayOptions{Token: "now"}))
	r.talk(3, s)
	if n := len(r.take(PlaybackDone)); n != maxQueued+1 {
		t.Errorf("%d of %d have ended", n, maxQueued+1)
	}
	room.StopPlay()
	r.talk(3, s)
	if done := r.take(PlaybackDone); len(done) != 1 || done[0].Token != "now" || done[0].Completed {
		t.Errorf("%+v", done)
	}
	if len(room.plays.clips) != 0 {
		t.Errorf("%d clips are remembered", len(room.plays.clips))
	}
}
