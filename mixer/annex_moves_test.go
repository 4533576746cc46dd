package mixer

import (
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/media/mediatest"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/playout"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/worker"
)

// Members are lent and called back at random, and the room moves, while others join,
// leave, hold, play, press digits and hang up: who talks is heard by who listens as if
// nothing were lent, and no digit is lost.
func TestSplitAmongCommands(t *testing.T) {
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			run := func(splits bool) []*speaker {
				r := newRig(t, 3)
				at, lends := rand.New(rand.NewPCG(seed, 7)), rand.New(rand.NewPCG(seed, 8))
				rooms := []*Room{r.room(RoomConfig{}), r.room(RoomConfig{})}
				r.moveRoom(rooms[0], 0)
				var all, others []*speaker
				for i, c := range []*media.Codec{g711.MuLaw(), g711.MuLaw(), g722.Codec(), g711.ALaw(), g722.Codec(), g711.ALaw(), g711.MuLaw(), g711.MuLaw()} {
					s := &speaker{phone: r.phone(fmt.Sprint(i), c), hz: 440}
					must(t, s.port.Join(rooms[0], JoinOptions{}))
					if all = append(all, s); i > 2 {
						others = append(others, s)
					}
				}
				all[0].peak = 8000
				var annexes []*annex
				for i := range 3 {
					annexes = append(annexes, r.annexOf(rooms[0], i))
				}
				clip := mustClip(t, 8000, make([]int16, 4000))
				pressed, told, most, pressing, code := 0, 0, 0, 0, uint8(0)
				began := map[*speaker]uint32{}
				r.everyTick(2000, func(i int) {
					if splits && lends.IntN(12) == 0 {
						a := annexes[lends.IntN(3)]
						switch lends.IntN(9) {
						case 0:
							a.unlend(1)
						case 1, 2:
							r.moveRoom(rooms[0], lends.IntN(3))
						default:
							a.lend(1 + lends.IntN(3))
						}
					}
					most = max(most, away(rooms[0]))
					switch at.IntN(50) {
					case 0:
						if pressing == 0 && i < 1900 {
							pressing, code, pressed = 6, uint8(at.IntN(10)), pressed+len(all)
							for _, s := range all {
								began[s] = s.ts
							}
						}
					case 1:
						s := others[at.IntN(len(others))]
						var err error
						switch at.IntN(7) {
						case 0:
							err = s.port.Join(rooms[0], JoinOptions{})
						case 1:
							err = s.port.Join(rooms[1], JoinOptions{Muted: at.IntN(2) == 0})
						case 2:
							s.port.Idle()
						case 3:
							s.port.SetHold(at.IntN(2) == 0)
						case 4:
							err = s.port.Play(clip, PlayOptions{})
						case 5:
							err = s.port.SendDigits("12", 0, 0)
						case 6:
							s.port.SetMuted(at.IntN(2) == 0, false)
						}
						must(t, err)
					}
					if pressing > 0 {
						pressing--
						for _, s := range all {
							s.send(eventType, false, began[s], eventPayload(code, pressing < 3, 800))
						}
					}
				}, all...)
				r.ticks(60)
				for _, ev := range r.take(DTMFBegin, PortFailed, RoomFailed) {
					if ev.Kind != DTMFBegin {
						t.Fatalf("%v: %v", ev.Kind, ev.Err)
					}
					told++
				}
				if told != pressed {
					t.Errorf("%d digits were told of %d", told, pressed)
				}
				if splits && most < 3 {
					t.Errorf("at most %d members were away", most)
				}
				for _, s := range all {
					s.continuous()
					if st := s.port.Stats(); st.PacketsIn == 0 || st.Lost != 0 || st.Invalid != 0 {
						t.Errorf("%s: %+v", s.port.Name(), st)
					}
				}
				return all
			}
			whole, split := run(false), run(true)
			for i := range 3 {
				// At the end a packet may be on its way.
				w, x := whole[i].phone, split[i].phone
				if n := len(x.heard); n == len(w.heard)-1 {
					w.heard = w.heard[:n]
				}
				x.stepsOf(2*pace.TicksPerFrame - 1)
				x.sameAs(w)
			}
			if clicks := mediatest.Clicks(split[1].pcm[4000:], 8000); len(clicks) != 0 {
				t.Errorf("clicks at %v", clicks)
			}
		})
	}
}

// Neither the room's worker nor the annex's allocates anything.
func TestSplitAllocatesNothing(t *testing.T) {
	r := newRig(t, 2)
	mu, wide, op := formatOf(g711.MuLaw()), formatOf(g722.Codec()), formatOf(opus.Codec())
	long := mu
	long.Ptime = 60 * time.Millisecond
	room := r.room(RoomConfig{})
	r.moveRoom(room, 0)
	var loops []*loop
	for i, f := range []media.Format{mu, wide, op, long, mu, mu, wide, op, long} {
		lp, ph := r.newLoop(f, 300+150*float64(i), true)
		if i > 1 {
			for k := range lp.frames {
				lp.frames[k] = lp.frames[k][:rtp.HeaderBytes]
			}
			lp.quiet(t, f)
		}
		must(t, ph.port.Join(room, JoinOptions{}))
		loops = append(loops, lp)
	}
	now := time.Unix(1000, 0)
	frame := func() {
		for _, lp := range loops {
			lp.say(now)
		}
		r.quietly(pace.TicksPerFrame)
		now = now.Add(20 * time.Millisecond)
	}
	for range 120 {
		frame()
	}
	a := r.annexOf(room, 1)
	a.lend(20)
	for range 20 {
		frame()
	}
	if n := away(room); n != 7 {
		t.Fatalf("%d members are away", n)
	}
	least := 1.0
	for try := 0; try < 3 && least > 0; try++ {
		least = testing.AllocsPerRun(1, func() {
			for range 200 {
				frame()
			}
		})
	}
	if least > 0 || away(room) != 7 {
		t.Errorf("%v allocations in 200 frames, %d members away", least, away(room))
	}
}

// quiet makes packets of silence of a loop's.
func (lp *loop) quiet(t *testing.T, f media.Format) {
	t.Helper()
	enc, err := f.Codec.NewEncoder(media.EncoderConfig{})
	must(t, err)
	defer enc.Close()
	pcm := make([]int16, f.Codec.FrameSamples())
	for k := range lp.frames {
		buf := make([]byte, rtp.HeaderBytes+f.Codec.MaxFrameBytes)
		n, err := enc.Encode(buf[rtp.HeaderBytes:], pcm)
		must(t, err)
		lp.frames[k] = buf[:rtp.HeaderBytes+n]
	}
}

// A room that its worker hardly carries is split, once, and whole again when it has shrunk.
func TestBalancerSplits(t *testing.T) {
	r := newRig(t, 2)
	var log strings.Builder
	r.engine.log = slog.New(slog.NewTextHandler(&log, nil))
	room := r.room(RoomConfig{Name: "town hall"})
	r.moveRoom(room, 0)
	var all []*speaker
	for i := range 20 {
		s := &speaker{phone: r.phone(fmt.Sprint(i), g711.MuLaw()), hz: 440}
		must(t, s.port.Join(room, JoinOptions{}))
		all = append(all, s)
	}
	all[0].peak = 6000
	r.frames(120, all...)
	b := &r.engine.balance
	now := time.Unix(1e9, 0)
	look := func(seconds int, each float64) {
		for range seconds {
			n := float64(away(room))
			shares := []float64{each * (20 - n), each * n}
			for i, w := range r.engine.workers {
				w.Stats.Busy.Store(math.Float64bits(shares[i]))
			}
			room.mix.Stats.MixTime.Average.Store(int64(shares[0] * 20e6))
			for _, a := range room.annexes {
				a.Cost.Average.Store(int64(shares[1] * 20e6))
			}
			now = now.Add(lookInterval)
			b.look(now)
			r.frames(2, all...)
		}
	}
	look(10, 0.03) // one worker carries it
	if n := away(room); n != 0 {
		t.Errorf("%d members are away", n)
	}
	look(20, 0.04)
	if n := r.engine.Stats().Lent; n != 10 || away(room) != n {
		t.Errorf("%d members are away", n)
	}
	if room.mix.Home.At.Load().Index != 0 || !strings.Contains(log.String(), `msg="mixer room split" bridge="town hall" home=0 annex=1 members=10`) {
		t.Errorf("log: %s", log.String())
	}
	look(20, 0.03)
	if n := away(room); n != 10 {
		t.Errorf("%d members are away", n)
	}
	look(20, 0.01)
	if n := away(room); n != 0 || r.engine.workers[1].Annexes() != 0 {
		t.Errorf("%d members are away", n)
	}
	for _, s := range all {
		s.continuous()
		s.stepsOf(2*pace.TicksPerFrame - 1)
	}
}

// Real workers, and goroutines that lend, move and command at the same time: the race
// detector watches, each stream stays one, and every packet is counted.
func TestLiveSplit(t *testing.T) {
	cfg := quiet()
	cfg.Workers = 3
	l := newLive(t, cfg)
	room, err := l.engine.NewRoom(RoomConfig{})
	must(t, err)
	var all []*handset
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		h := l.handset(name, PortConfig{})
		must(t, h.port.Join(room, JoinOptions{}))
		all = append(all, h)
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Add(2)
	every := func(d time.Duration, do func(at *rand.Rand)) { // ended by stop, awaited below
		defer wg.Done()
		at, pause := rand.New(rand.NewPCG(1, uint64(d))), time.NewTicker(d)
		defer pause.Stop()
		for {
			select {
			case <-stop:
				return
			case <-pause.C:
				do(at)
			}
		}
	}
	var annexes []*annex
	for _, w := range l.engine.workers {
		annexes = append(annexes, newAnnex(room, w))
	}
	lent := 0
	go every(3*time.Millisecond, func(at *rand.Rand) { // lends and moves
		a := annexes[at.IntN(3)]
		lent = max(lent, away(room))
		switch at.IntN(200) {
		case 0:
			a.unlend(1)
		case 1, 2, 3, 4, 5, 6, 7, 8, 9, 10:
			to, luggage := l.engine.workers[at.IntN(3)], playout.NewParcel(8)
			room.mail.Post(func(w *worker.Worker) *worker.Worker { return room.mix.Move(w, to, luggage) })
		default:
			a.lend(2)
		}
	})
	go every(90*time.Millisecond, func(at *rand.Rand) { // commands
		switch h := all[3+at.IntN(2)]; at.IntN(5) {
		case 0:
			h.port.SetMuted(at.IntN(2) == 0, false)
		case 1:
			if err := h.port.SetGain(float64(at.IntN(6))); err != nil {
				t.Error(err)
			}
		case 2:
			if err := all[0].port.SetHeardBy(Except(all[4].port)); err != nil {
				t.Error(err)
			}
		case 3:
			if err := all[0].port.SetHeardBy(Everyone()); err != nil {
				t.Error(err)
			}
		case 4:
			if err := h.port.Join(room, JoinOptions{}); err != nil {
				t.Error(err)
			}
		}
	})
	end := sync.OnceFunc(func() { close(stop); wg.Wait() })
	defer end()
	const frames = 300
	var last [3]rtp.Header
	for i := range frames {
		for k, h := range all {
			switch { // each of the last speaks for a third of a second now and then
			case k == 0, k >= 2 && i/16%12 == k:
				h.say(440)
			default:
				h.saySilence()
			}
			if k >= len(last) {
				h.drop()
				continue
			}
			_, hdr := h.hear()
			if i > 0 && hdr.SequenceNumber != last[k].SequenceNumber+1 {
				t.Fatalf("%s: packet %d: number %d came after %d", h.port.Name(), i, hdr.SequenceNumber, last[k].SequenceNumber)
			}
			last[k] = hdr
		}
	}
	end()
	t.Logf("at most %d members were away", lent)
	for _, h := range all {
		h.port.Close()
		h.await(Closed)
		if st := h.port.Stats(); st.PacketsIn < frames-2 || st.Lost != 0 || st.Invalid != 0 || st.Duplicate != 0 {
			t.Errorf("%s: %+v", h.port.Name(), st)
		}
	}
}

// saySilence sends a frame of it.
func (h *handset) saySilence() {
	h.t.Helper()
	p := make([]byte, rtp.HeaderBytes+160)
	hdr := rtp.Header{SequenceNumber: h.seq, Timestamp: h.ts, SSRC: 77}
	hdr.Put(p)
	for i := range p[rtp.HeaderBytes:] {
		p[rtp.HeaderBytes+i] = 0xff
	}
	h.seq, h.ts, h.at = h.seq+1, h.ts+160, h.at+160
	if _, err := h.conn.WriteToUDPAddrPort(p, h.to); err != nil {
		h.t.Fatal(err)
	}
}

// drop throws away what came.
func (h *handset) drop() {
	h.t.Helper()
	if err := h.conn.SetReadDeadline(time.Now()); err != nil {
		h.t.Fatal(err)
	}
	p := make([]byte, 2000)
	for {
		if _, _, err := h.conn.ReadFromUDPAddrPort(p); err != nil {
			return
		}
	}
}
