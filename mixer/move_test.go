package mixer

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/media/mediatest"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/playout"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/worker"
)

func (r *rig) moveRoom(x *Room, to int) {
	luggage, there := playout.NewParcel(64), r.engine.workers[to]
	x.mail.Post(func(w *worker.Worker) *worker.Worker { return x.mix.Move(w, there, luggage) })
}

func (r *rig) movePair(p *Pair, to int) {
	luggage, there := playout.NewParcel(64), r.engine.workers[to]
	p.mail.Post(func(w *worker.Worker) *worker.Worker { return p.link.Move(w, there, luggage) })
}

// everyTick runs ticks in which the speakers speak, a packet every 20 ms, and do is
// called before each.
func (r *rig) everyTick(n int, do func(i int), speakers ...*speaker) {
	r.t.Helper()
	for i := range n {
		do(i)
		for k, s := range speakers {
			if (i+k)%pace.TicksPerFrame == 0 {
				s.frame()
			}
		}
		r.tick()
		for _, s := range speakers {
			s.hear()
		}
	}
}

// evenly checks that a phone heard a packet every 20 ms.
func (ph *phone) evenly() {
	ph.rig.t.Helper()
	ph.continuous()
	for i := 1; i < len(ph.heard); i++ {
		a, b := &ph.heard[i-1], &ph.heard[i]
		if step := b.Timestamp - a.Timestamp; step != uint32(ph.format.Codec.ClockRate/50) {
			ph.rig.t.Fatalf("packet %d: the timestamp went on by %d", i, step)
		}
		if gap := b.tick - a.tick; gap < 3 || gap > 5 {
			ph.rig.t.Fatalf("packet %d came %d ticks after the one before", i, gap)
		}
	}
}

// sameAs checks that two phones, of two runs, heard the same bytes.
func (ph *phone) sameAs(other *phone) {
	ph.rig.t.Helper()
	if a, b := len(ph.heard), len(other.heard); a != b {
		ph.rig.t.Fatalf("%s heard %d packets, and %d without moves", ph.port.Name(), a, b)
	}
	for i := range ph.heard {
		if !bytes.Equal(ph.heard[i].payload, other.heard[i].payload) {
			ph.rig.t.Fatalf("%s: packet %d differs", ph.port.Name(), i)
		}
	}
}

// A room goes from worker to worker, in all parts of its frame, and its members, who
// talk and listen, hear to the bit what they would hear if it stayed.
func TestRoomMovesUnheard(t *testing.T) {
	run := func(moves bool) []*speaker {
		r := newRig(t, 3)
		room := r.room(RoomConfig{Name: "9000"})
		var all []*speaker
		for i, c := range []*media.Codec{g711.MuLaw(), g711.ALaw(), g722.Codec(), opus.Codec(), g711.MuLaw()} {
			s := &speaker{phone: r.phone(c.ConfName, c), hz: 300 + 110*float64(i), peak: 5000}
			if i == 4 {
				s.peak = 0
			}
			if err := s.port.Join(room, JoinOptions{}); err != nil {
				t.Fatal(err)
			}
			all = append(all, s)
		}
		at := rand.New(rand.NewPCG(1, 2))
		moved := 0
		r.everyTick(1200, func(i int) {
			if i > 40 && i%13 == 0 && moves { // 13 and 4 have no common factor
				r.moveRoom(room, at.IntN(3))
				moved++
			}
		}, all...)
		if ev := r.take(Left, Joined); len(ev) != 5 {
			t.Errorf("events: %+v", ev)
		}
		if moves {
			legs := 0
			for _, w := range r.engine.workers {
				legs += int(w.Legs.Load())
				if n := w.Homes.Load(); n != 0 && room.mix.Home.At.Load() != w {
					t.Errorf("worker %d counts %d rooms", w.Index, n)
				}
			}
			if legs != 5 {
				t.Errorf("%d legs are counted", legs)
			}
		}
		return all
	}
	stayed, moved := run(false), run(true)
	for i, s := range moved {
		s.evenly()
		s.sameAs(stayed[i].phone)
		if lost := s.port.Stats().Concealed; lost != stayed[i].port.Stats().Concealed {
			t.Errorf("%s: %d frames were made up", s.port.Name(), lost)
		}
	}
	if at := mediatest.Clicks(moved[4].pcm[2000:], 8000); len(at) != 0 {
		t.Errorf("clicks at %v", at)
	}
}

// Pairs, relayed and transcoded, likewise.
func TestPairMovesUnheard(t *testing.T) {
	for _, codecs := range [][2]*media.Codec{{g711.MuLaw(), g711.MuLaw()}, {g711.MuLaw(), opus.Codec()}, {g722.Codec(), g711.ALaw()}} {
		t.Run(codecs[0].ConfName+" "+codecs[1].ConfName, func(t *testing.T) {
			run := func(moves bool) []*speaker {
				r := newRig(t, 2)
				a := &speaker{phone: r.phone("a", codecs[0]), hz: 440, peak: 6000}
				b := &speaker{phone: r.phone("b", codecs[1]), hz: 700, peak: 6000}
				pair := r.pair(a.phone, b.phone)
				r.everyTick(1200, func(i int) {
					if i > 40 && i%13 == 0 && moves {
						r.movePair(pair, i%2)
					}
				}, a, b)
				return []*speaker{a, b}
			}
			stayed, moved := run(false), run(true)
			for i, s := range moved {
				s.evenly()
				s.sameAs(stayed[i].phone)
				if c := s.port.Stats().Concealed; c != stayed[i].port.Stats().Concealed {
					t.Errorf("%d frames were made up", c)
				}
			}
		})
	}
}

// What a leg has buffered goes with it, from room to room and worker to worker.
func TestBufferedGoesAlong(t *testing.T) {
	r := newRig(t, 2)
	rooms := []*Room{r.room(RoomConfig{}), r.room(RoomConfig{})}
	p := newProbe(8000)
	a := r.talker("a", p, 440, 6000)
	listeners := []*talker{r.talker("0", p, 0, 0), r.talker("1", p, 0, 0)}
	for i, l := range listeners {
		if err := l.port.Join(rooms[i], JoinOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.port.Join(rooms[0], JoinOptions{}); err != nil {
		t.Fatal(err)
	}
	r.talk(1, a)
	for range 4 {
		a.say()
	}
	r.talk(10, a)
	for i := range 8 {
		a.say()
		a.say() // for the end of its voice in the room it leaves
		r.ticks(4)
		before := a.port.leg.Playout.Delay()
		if before < 60*time.Millisecond {
			t.Fatalf("only %v are buffered", before)
		}
		a.say()
		if err := a.port.Join(rooms[(i+1)%2], JoinOptions{}); err != nil {
			t.Fatal(err)
		}
		r.ticks(4)
		a.hear()
		if after := a.port.leg.Playout.Delay(); after < before-media.FrameDuration || after > before+2*media.FrameDuration {
			t.Errorf("join %d: %v were buffered, and %v are", i, before, after)
		}
		r.talk(5, a)
	}
	if n := a.port.Stats().Concealed; n > 1 {
		t.Errorf("%d frames were made up", n)
	}
	if st := a.port.Stats(); st.Late+st.Duplicate+st.Invalid != 0 {
		t.Errorf("%+v", st)
	}
	a.continuous()
}

// Rooms and pairs move at random while others join them, leave, hold, play and press
// digits: who talks all the time is heard all the time, and no digit is lost.
func TestMovesAmongCommands(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := newRig(t, 3)
			at := rand.New(rand.NewPCG(seed, 7))
			rooms := []*Room{r.room(RoomConfig{}), r.room(RoomConfig{})}
			talker := &speaker{phone: r.phone("talker", g711.MuLaw()), hz: 440, peak: 8000}
			listener := &speaker{phone: r.phone("listener", g711.MuLaw())}
			for _, s := range []*speaker{talker, listener} {
				if err := s.port.Join(rooms[0], JoinOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			all := []*speaker{talker, listener}
			var others []*speaker
			for i, c := range []*media.Codec{g711.ALaw(), opus.Codec(), g722.Codec(), g711.MuLaw()} {
				others = append(others, &speaker{phone: r.phone(fmt.Sprint(i), c)})
			}
			all = append(all, others...)
			clip := mustClip(t, 8000, make([]int16, 4000))
			pressed, told, code := 0, 0, uint8(0)
			pressing, began := 0, map[*speaker]uint32{}
			digit := func(end bool) {
				for _, s := range []*speaker{talker, listener} {
					s.send(eventType, false, began[s], eventPayload(code, end, 800))
				}
			}
			r.everyTick(2000, func(i int) {
				if i > 40 && at.IntN(4) == 0 {
					r.moveRoom(rooms[at.IntN(2)], at.IntN(3))
				}
				switch at.IntN(30) {
				case 0:
					if pressing == 0 && i < 1900 {
						pressing, code = 6, uint8(at.IntN(10))
						began[talker], began[listener] = talker.ts, listener.ts
						pressed += 2
					}
				case 1, 2, 3:
					// The others are silent; what they do must not be heard.
					s := others[at.IntN(len(others))]
					var err error
					switch at.IntN(6) {
					case 0:
						err = s.port.Join(rooms[0], JoinOptions{})
					case 1:
						err = s.port.Join(rooms[1], JoinOptions{Muted: at.IntN(2) == 0})
					case 2:
						s.port.Idle()
					case 3:
						s.port.SetHold(at.IntN(2) == 0)
					case 4:
						err = s.port.Play(clip, PlayOptions{Loop: true})
					case 5:
						err = s.port.SendDigits("12", 0, 0)
					}
					if err != nil {
						t.Fatal(err)
					}
				}
				if pressing > 0 {
					pressing--
					digit(pressing < 3)
				}
			}, all...)
			r.ticks(60)
			for _, ev := range r.take(DTMFBegin, DTMFEnd, PortFailed, RoomFailed) {
				switch ev.Kind {
				case DTMFBegin:
					told++
				case DTMFEnd:
				default:
					t.Fatalf("%v: %v", ev.Kind, ev.Err)
				}
			}
			if told != pressed {
				t.Errorf("%d digits were told of %d", told, pressed)
			}
			listener.evenly()
			if clicks := mediatest.Clicks(listener.pcm[4000:], 8000); len(clicks) != 0 {
				t.Errorf("clicks at %v", clicks)
			}
			for _, s := range all {
				s.continuous()
				if st := s.port.Stats(); st.PacketsIn == 0 || st.Lost != 0 || st.Invalid != 0 {
					t.Errorf("%s: %+v", s.port.Name(), st)
				}
			}
		})
	}
}
