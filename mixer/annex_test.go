package mixer

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// annexOf makes an annex of a room at a worker.
func (r *rig) annexOf(x *Room, worker int) *annex { return newAnnex(x, r.engine.workers[worker]) }

// away is how many members of a room are at other workers.
func away(x *Room) int { return x.Snapshot().Away }

// hall is a room's members, who speak when they are told to.
func (r *rig) hall(room *Room, codecs ...*media.Codec) []*speaker {
	r.t.Helper()
	var all []*speaker
	for i, c := range codecs {
		s := &speaker{phone: r.phone(fmt.Sprintf("%d %s", i, c.ConfName), c), hz: 300 + 110*float64(i)}
		must(r.t, s.port.Join(room, JoinOptions{}))
		all = append(all, s)
	}
	return all
}

var manyCodecs = []*media.Codec{
	g711.MuLaw(), g711.ALaw(), g722.Codec(), opus.Codec(), g711.MuLaw(), g711.MuLaw(), g711.ALaw(), g722.Codec(), g711.ALaw(), g711.MuLaw(),
}

// spoken runs ticks in which every speaker sends a packet, so many ticks before the room
// mixes; do is called before each.
func (r *rig) spoken(room *Room, n, before int, do func(i int), speakers ...*speaker) {
	r.t.Helper()
	for i := range n {
		do(i)
		if (r.now+1+int64(before)-room.mix.Phase())%pace.TicksPerFrame == 0 {
			for _, s := range speakers {
				s.frame()
			}
		}
		r.tick()
		for _, s := range speakers {
			s.hear()
		}
	}
}

// A room in three parts sounds, to the bit, as one: listeners are lent and called back all
// the time, while others, and they themselves, begin to speak and stop.
func TestSplitUnheard(t *testing.T) {
	for before := 1; before < pace.TicksPerFrame; before++ {
		run := func(splits bool) []*speaker {
			r := newRig(t, 3)
			room := r.room(RoomConfig{Name: "9000"})
			r.moveRoom(room, 0)
			all := r.hall(room, manyCodecs...)
			annexes := []*annex{r.annexOf(room, 1), r.annexOf(room, 2)}
			most, returned := 0, uint64(0)
			r.spoken(room, 1800, before, func(i int) {
				for k, s := range all {
					// Each speaks for two thirds of a second in seven, the first always.
					if s.peak = 0; k == 0 || i/134%len(all) == k {
						s.peak = 4000
					}
				}
				switch {
				case splits && i%37 == 0:
					annexes[i%2].lend(3)
				case splits && i%331 == 0:
					annexes[i%2].unlend(2)
				}
				most = max(most, away(room))
			}, all...)
			if splits {
				legs := 0
				for _, w := range r.engine.workers {
					legs += int(w.Legs.Load())
				}
				for _, a := range annexes {
					returned += a.Returned.Load()
				}
				if most < 6 || legs != len(all) || returned < 10 {
					t.Errorf("at most %d members were away, %d came back; %d legs are counted", most, returned, legs)
				}
			}
			if ev := r.take(Left, Joined, PortFailed, RoomFailed); len(ev) != len(all) {
				t.Errorf("events: %+v", ev)
			}
			return all
		}
		whole, split := run(false), run(true)
		for i, s := range split {
			s.continuous()
			s.stepsOf(2*pace.TicksPerFrame - 1)
			s.sameAs(whole[i].phone)
			if c := s.port.Stats().Concealed; c != whole[i].port.Stats().Concealed {
				t.Errorf("%s: %d frames were made up", s.port.Name(), c)
			}
		}
	}
}

// stepsOf checks that a phone heard 20 ms in each packet, and none later than so many ticks
// after the one before.
func (ph *phone) stepsOf(ticks int64) {
	ph.rig.t.Helper()
	for i := 1; i < len(ph.heard); i++ {
		a, b := &ph.heard[i-1], &ph.heard[i]
		if step := b.Timestamp - a.Timestamp; step != uint32(ph.format.Codec.ClockRate/50) {
			ph.rig.t.Fatalf("%s: packet %d: the timestamp went on by %d", ph.port.Name(), i, step)
		}
		if gap := b.tick - a.tick; gap > ticks {
			ph.rig.t.Fatalf("%s: packet %d came %d ticks after the one before", ph.port.Name(), i, gap)
		}
	}
}

// lecture is a room of which all but the first few are away.
func (r *rig) lecture(first int, all ...*phone) (*Room, *annex) {
	r.t.Helper()
	room := r.room(RoomConfig{Name: "9001"})
	r.moveRoom(room, 0)
	for _, ph := range all {
		must(r.t, ph.port.Join(room, JoinOptions{}))
	}
	a := r.annexOf(room, 1)
	for i := 0; away(room) < len(all)-first; i++ {
		if i == 40 {
			r.t.Fatalf("%d of %d members are away", away(room), len(all))
		}
		for range 20 {
			r.talkOf(all...)
		}
		a.lend(len(all) - first - away(room))
		r.talkOf(all...)
	}
	return room, a
}

// talkOf is a frame of silence, but for the first phone's.
func (r *rig) talkOf(all ...*phone) {
	for i, ph := range all {
		if n := ph.format.Codec.FrameSamples(); i == 0 {
			ph.say(tone(440, 6000, ph.format.Codec.SampleRate, 0, n))
		} else {
			ph.say(nil)
		}
	}
	r.ticks(pace.TicksPerFrame)
	for _, ph := range all {
		ph.hear()
	}
}

func (r *rig) phones(n int) (all []*phone) {
	for i := range n {
		all = append(all, r.phone(fmt.Sprint(i), g711.MuLaw()))
	}
	return all
}

// Who begins to speak with a packet that comes at the last moment is heard a frame later,
// from the first sample on.
func TestOnsetAtTheLastMoment(t *testing.T) {
	r := newRig(t, 2)
	room := r.room(RoomConfig{})
	r.moveRoom(room, 0)
	p := newProbe(8000)
	listener, talker := r.talker("listener", p, 0, 0), r.talker("talker", p, 440, 0)
	for _, s := range []*talkerPhone{listener, talker} {
		must(t, s.port.Join(room, JoinOptions{}))
	}
	a := r.annexOf(room, 1)
	frame := func() {
		for (r.now+1-room.mix.Phase())%pace.TicksPerFrame != 0 {
			r.tick()
		}
		listener.say()
		talker.say()
		r.tick()
		listener.hear()
	}
	for range 120 {
		frame()
	}
	a.lend(2)
	for range 10 {
		frame()
	}
	if n := away(room); n != 2 {
		t.Fatalf("%d members are away", n)
	}
	listener.forget()
	talker.peak = 6000
	first := talker.frame
	for range 30 {
		frame()
	}
	if a.Returned.Load() != 1 || away(room) != 1 {
		t.Errorf("%d members came home", a.Returned.Load())
	}
	said := tone(440, 6000, 8000, int(first)*160, 20*160)
	at := 0
	for at < len(listener.pcm) && listener.pcm[at] == 0 {
		at++
	}
	at = at / 160 * 160
	if at > 4*160 {
		t.Errorf("heard after %d samples", at)
	}
	for i := 40; i < len(said); i++ { // the voice fades in
		if listener.pcm[at+i] != said[i] {
			t.Fatalf("sample %d is %d, want %d", i, listener.pcm[at+i], said[i])
		}
	}
	listener.continuous()
}

type talkerPhone = talker

// Digits, silence, commands and the end of a member who is away are as at home.
func TestAwayIsAsAtHome(t *testing.T) {
	r := newRig(t, 2)
	all := r.phones(8)
	timed := r.phone("timed", g711.MuLaw())
	timed.port.leg.Config.MediaTimeout = 300 * time.Millisecond
	room, a := r.lecture(1, append(all, timed)...)
	r.take()
	for _, ph := range all {
		ph.heard = nil
	}
	// A digit is told, and its sender stays away.
	for i := range 10 {
		all[3].send(eventType, i == 0, 4000, eventPayload(5, i > 7, uint16(160*i)))
		r.talkOf(all...)
	}
	ev := r.take(DTMFBegin, DTMFEnd, MediaTimeout)
	if len(ev) != 2 || ev[0].Kind != DTMFBegin || ev[0].Digit != '5' || ev[1].Kind != DTMFEnd || ev[1].Port != all[3].port {
		t.Errorf("events: %+v", ev)
	}
	// Who sends nothing any more is told, once.
	for range 30 {
		r.talkOf(all...)
	}
	if ev := r.take(MediaTimeout, MediaResumed); len(ev) != 1 || ev[0].Port != timed.port {
		t.Errorf("events: %+v", ev)
	}
	if n := away(room); n != 8 {
		t.Errorf("%d members are away", n)
	}
	if st := all[4].port.Stats(); st.PacketsIn < 100 || st.PacketsOut < 100 || st.Lost != 0 || st.Level < 60 || st.Talking {
		t.Errorf("%+v", st)
	}
	if s := room.Snapshot(); len(s.Members) != 9 || s.Speaker != all[0].port {
		t.Errorf("%+v", s)
	}
	// A command brings its port home; one that hangs up is gone.
	clip := mustClip(t, 8000, tone(1000, 6000, 8000, 0, 1600))
	must(t, all[4].port.Play(clip, PlayOptions{Token: "own"}))
	all[5].port.Close()
	must(t, all[6].port.SendDigits("1", 0, 0))
	for range 30 {
		r.talkOf(append(slices.Clone(all[:5]), all[6:]...)...)
	}
	ev = r.take(PlaybackDone, Closed, Left, DigitsDone)
	if len(ev) != 4 {
		t.Errorf("events: %+v", ev)
	}
	for _, e := range ev {
		if e.Kind == PlaybackDone && (!e.Completed || e.Token != "own") || e.Kind == DigitsDone && !e.Completed {
			t.Errorf("event: %+v", e)
		}
	}
	if n := away(room); n != 5 {
		t.Errorf("%d members are away", n)
	}
	for _, i := range []int{0, 1, 2, 3, 4, 6, 7} {
		all[i].continuous()
		for k, h := range all[i].heard[1:] {
			if gap := h.tick - all[i].heard[k].tick; gap > 8 {
				t.Errorf("%d: packet %d came %d ticks after the one before", i, k, gap)
			}
		}
	}
	// The end of the room is that of all its members' stay.
	room.Close()
	r.ticks(8)
	ev = r.take(Left, RoomClosed)
	if len(ev) != 9 || ev[8].Kind != RoomClosed {
		t.Errorf("events: %+v", ev)
	}
	if a.Outlet.Members.Load() != 0 || r.engine.workers[1].Annexes() != 0 {
		t.Error("something is left of the annex")
	}
}

// All of two annexes come home between two ticks: for good, and at the room's end.
func TestAllComeHomeAtOnce(t *testing.T) {
	for name, end := range map[string]func(room *Room, a, b *annex){
		"unlent": func(_ *Room, a, b *annex) { a.unlend(8); b.unlend(8) },
		"closed": func(room *Room, _, _ *annex) { room.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, 3)
			all := r.phones(9)
			room, a := r.lecture(5, all...)
			b := r.annexOf(room, 2)
			b.lend(3)
			for range 3 {
				r.talkOf(all...)
			}
			if n, m := a.Members.Load(), b.Members.Load(); away(room) != 7 || n != 4 || m != 3 {
				t.Fatalf("%d members are away, %d and %d", away(room), n, m)
			}
			end(room, a, b)
			for range 3 {
				r.talkOf(all...)
			}
			if n := away(room); n != 0 || a.Members.Load() != 0 || b.Members.Load() != 0 {
				t.Errorf("%d members are away", n)
			}
			if name == "unlent" {
				for _, ph := range all[1:] {
					ph.continuous()
				}
				if s := room.Snapshot(); len(s.Members) != len(all) {
					t.Errorf("%+v", s)
				}
			}
		})
	}
}

// A whisper to one who is away is for nobody else, and who is not to hear a voice does not.
func TestWhisperToOneAway(t *testing.T) {
	r := newRig(t, 2)
	var all []*talker
	for i := range 6 {
		s := r.talker(string(rune('a'+i)), newProbe(8000), 440+uint16(i)*250, 0)
		all = append(all, s)
	}
	var phones []*phone
	room := r.room(RoomConfig{})
	r.moveRoom(room, 0)
	for _, s := range all {
		must(t, s.port.Join(room, JoinOptions{}))
		phones = append(phones, s.phone)
	}
	all[0].peak, all[1].peak = 6000, 6000
	r.talk(120, all...)
	a := r.annexOf(room, 1)
	a.lend(4)
	r.talk(10, all...)
	if away(room) != 4 {
		t.Fatalf("%d members are away", away(room))
	}
	must(t, all[0].port.SetHeardBy(Only(all[3].port)))
	must(t, all[1].port.SetHeardBy(Except(all[4].port)))
	r.talk(20, all...)
	for _, s := range all {
		s.forget()
	}
	r.talk(60, all...)
	for i, want := range []string{"b", "", "b", "ab", "", "b"} {
		if got := hearsOf(all[i], all); got != want {
			t.Errorf("%s hears %q, want %q", all[i].port.Name(), got, want)
		}
	}
	if away(room) != 2 || !phones[2].port.leg.Lent() {
		t.Errorf("%d members are away", away(room))
	}
	// A playback for one of them, likewise.
	r.talk(10, all...)
	must(t, room.Play(mustClip(t, 8000, tone(2600, 6000, 8000, 0, 8000)), PlayOptions{Loop: true, To: Only(all[2].port)}))
	r.talk(20, all...)
	for _, s := range all {
		s.forget()
	}
	r.talk(60, all...)
	for i, s := range all {
		if heard := level(s.pcm, 8000, 2600) > -40; heard != (i == 2) {
			t.Errorf("%s hears the playback: %v", s.port.Name(), heard)
		}
	}
}
