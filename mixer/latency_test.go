package mixer

import (
	"slices"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// Whenever in a frame a packet comes, what it holds leaves soon: with the next
// tick when relayed, two ticks later when transcoded, within a frame through a
// room. And it stays so: no buffer fills up.
func TestLatency(t *testing.T) {
	for _, tt := range []struct {
		name string
		most int64 // ticks
		put  func(r *rig, a, b *phone)
	}{
		{"relay", 1, func(r *rig, a, b *phone) { r.pair(a, b) }},
		{"transcode", 2, func(r *rig, a, b *phone) { r.pair(a, b) }},
		{"room", 4, func(r *rig, a, b *phone) {
			room := r.room(RoomConfig{})
			for _, ph := range []*phone{a, b} {
				if err := ph.port.Join(room, JoinOptions{}); err != nil {
					t.Fatal(err)
				}
			}
		}},
	} {
		for offset := range pace.TicksPerFrame {
			r := newRig(t, 1)
			a, b := r.phone("a", g711.MuLaw()), r.phone("b", g711.MuLaw())
			if tt.name == "transcode" {
				b.use(formatOf(g722.Codec()))
				if err := b.port.SetMedia(mediaOf(b.format)); err != nil {
					t.Fatal(err)
				}
			}
			tt.put(r, a, b)
			r.ticks(8 + offset)
			var latency []int64
			for i := range 100 {
				var pcm []int16 // a click every 200 ms
				if i%10 == 0 {
					pcm = tone(1000, 20000, 8000, 0, 160)
				}
				a.say(pcm)
				said := r.now
				for range pace.TicksPerFrame {
					r.tick()
					before := len(b.pcm)
					b.hear()
					if i%10 == 0 && len(b.pcm) > before && slices.Max(b.pcm[before:]) > 5000 {
						latency = append(latency, r.now-said)
					}
				}
			}
			if len(latency) < 9 || slices.Max(latency) > tt.most {
				t.Errorf("%s, offset %d: ticks %v", tt.name, offset, latency)
			}
		}
	}
}

// What a room adds without jitter, from a packet's arrival to the departure of what it
// holds, for senders of every phase: a frame is made every 20 ms, and of what came since
// the last. The kernel and the mixing of the tick come on top.
func TestAddedLatency(t *testing.T) {
	var took []time.Duration
	for phase := time.Duration(0); phase < media.FrameDuration; phase += time.Millisecond / 2 {
		r := newRig(t, 1)
		a, b := r.phone("a", g711.MuLaw()), r.phone("b", g711.MuLaw())
		room := r.room(RoomConfig{})
		for _, ph := range []*phone{a, b} {
			if err := ph.port.Join(room, JoinOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		r.ticks(8)
		begin := time.Duration(r.now)*pace.Tick + phase
		payload := make([]byte, 160)
		for i := range 200 {
			at := begin + time.Duration(i)*media.FrameDuration
			for time.Duration(r.now+1)*pace.Tick < at {
				r.tick()
			}
			click := i > 100 && i%10 == 0
			pcm := make([]int16, 160)
			if click {
				pcm = tone(1000, 20000, 8000, 0, 160)
			}
			g711.EncodeMuLaw(payload, pcm)
			a.sendAt(payload, at)
			for n := 0; click && n < 20; n++ {
				b.pcm = nil
				r.tick()
				if b.hear(); len(b.pcm) > 0 && slices.Max(b.pcm) > 5000 {
					took = append(took, time.Duration(r.now)*pace.Tick-at)
					break
				}
			}
		}
	}
	slices.Sort(took)
	p50, p99, most := took[len(took)/2], took[len(took)*99/100], took[len(took)-1]
	t.Logf("%d clicks: p50 %v, p99 %v, at most %v", len(took), p50, p99, most)
	if len(took) != 40*9 || p50 > 12*time.Millisecond || p99 > 24*time.Millisecond {
		t.Errorf("%d clicks: p50 %v, p99 %v, at most %v", len(took), p50, p99, most)
	}
}

// A caller who goes from room to room, of other workers and phases, hears one
// stream that its decoder can follow.
func TestMovingKeepsTheStreamWhole(t *testing.T) {
	r := newRig(t, 2)
	p := newProbe(16000)
	var rooms []*Room
	for i := range 6 {
		rooms = append(rooms, r.room(RoomConfig{}))
		other := r.talker("other", newProbe(16000), 700, uint16(6000*(i%2)))
		if err := other.port.Join(rooms[i], JoinOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	a := r.talker("a", p, 440, 6000)
	for i := range 40 {
		if i%8 == 7 {
			a.port.Echo()
		} else if err := a.port.Join(rooms[i*5%6], JoinOptions{}); err != nil {
			t.Fatal(err)
		}
		if i%8 != 7 {
			r.talk(3+i%4, a)
		}
	}
	a.continuous()
	checkChain(t, a)
	for i := 1; i < len(a.heard); i++ {
		if d := a.heard[i].Timestamp - a.heard[i-1].Timestamp; d < 320 {
			t.Errorf("packet %d overlaps the one before: %d", i, d)
		}
	}
}
