package mixer

import (
	"bytes"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/cn"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// Comfort noise is heard as noise, by whatever codec, for as long as nothing else
// comes; and without a break by who was relayed to.
func TestNoiseIsHeard(t *testing.T) {
	for _, to := range []*media.Codec{g711.MuLaw(), g711.ALaw(), opus.Codec()} {
		for _, from := range []*media.Codec{g711.MuLaw(), g722.Codec()} {
			t.Run(from.Name+" to "+to.Name, func(t *testing.T) {
				r := newRig(t, 1)
				a := &speaker{phone: r.phone("a", from), hz: 440, peak: 6000}
				b := r.phone("b", to)
				r.pair(a.phone, b)
				listen := func(n int) {
					for range n {
						r.ticks(pace.TicksPerFrame)
						b.hear()
					}
				}
				r.frames(20, a)
				b.forget()
				a.send(cn.PayloadType, false, a.ts, []byte{45, 100, 127})
				listen(10)
				b.pcm = nil
				listen(50)
				if n := len(b.heard); n < 58 || n > 60 {
					t.Errorf("%d packets in 60 frames of silence", n)
				}
				if got := dsp.LevelDBov(b.pcm); got < 42 || got > 48 {
					t.Errorf("noise of −45 dBov is heard at −%d", got)
				}
				a.ts += 60 * 160
				r.frames(10, a)
				b.pcm = nil
				for range 10 {
					r.frames(1, a)
					b.hear()
				}
				if db := level(b.pcm, to.SampleRate, 440); db < -18 {
					t.Errorf("speech is heard at %.1f dB after the noise", db)
				}
				b.continuous()
			})
		}
	}
}

// Who takes comfort noise gets it as it came, and the packets go on being relayed.
func TestNoiseIsRelayed(t *testing.T) {
	r := newRig(t, 1)
	a := &speaker{phone: r.phone("a", g711.MuLaw()), hz: 440, peak: 6000}
	b := &speaker{phone: r.phone("b", g711.MuLaw()), hz: 1000, peak: 6000}
	m := mediaOf(b.format)
	m.Noise = true
	if err := b.port.SetMedia(m); err != nil {
		t.Fatal(err)
	}
	pair := r.pair(a.phone, b.phone)
	r.frames(5, a, b)
	described := []byte{50, 100, 127}
	a.send(cn.PayloadType, false, a.ts, described)
	r.frames(5, a, b)
	b.continuous()
	wantModes(t, pair, PairRelay, PairRelay)
	if n := len(b.heard); n != 11 {
		t.Fatalf("b heard %d packets, want 11", n)
	}
	if p := b.heard[5]; p.PayloadType != cn.PayloadType || !bytes.Equal(p.payload, described) {
		t.Errorf("type %d, payload % x", p.PayloadType, p.payload)
	}
}

// With comfort noise agreed, silence is told and not sent, in a pair and in a room,
// and speech follows with a marker, complete.
func TestSilenceIsTold(t *testing.T) {
	for _, where := range []string{"pair", "room"} {
		t.Run(where, func(t *testing.T) {
			r := newRig(t, 1)
			a := &speaker{phone: r.phone("a", g711.ALaw()), hz: 440, peak: 6000}
			b := r.phone("b", g711.MuLaw())
			m := mediaOf(b.format)
			m.Noise = true
			if err := b.port.SetMedia(m); err != nil {
				t.Fatal(err)
			}
			if where == "pair" {
				r.pair(a.phone, b)
			} else {
				room := r.room(RoomConfig{})
				for _, p := range []*Port{a.port, b.port} {
					if err := p.Join(room, JoinOptions{}); err != nil {
						t.Fatal(err)
					}
				}
			}
			r.frames(30, a)
			b.forget()
			loud := a.peak
			a.peak = 3 // −80 dBov
			r.frames(100, a)
			b.hear()
			audio, told := 0, 0
			for _, p := range b.heard {
				if p.PayloadType == cn.PayloadType {
					told++
				} else {
					audio++
				}
			}
			if audio > 40 || told < 2 || told > 5 {
				t.Errorf("%d packets of audio, %d of noise in 2 s of silence", audio, told)
			}
			b.pcm = nil
			before := len(b.heard)
			a.peak = loud
			r.frames(20, a)
			b.hear()
			b.continuous()
			for i := before; i < len(b.heard); i++ {
				p := b.heard[i]
				if first := b.heard[i-1].PayloadType == cn.PayloadType || i == before; p.PayloadType == 0 && p.Marker != first {
					t.Errorf("packet %d has marker %t", i-before, p.Marker)
				}
			}
			if n := len(b.heard) - before; n < 17 {
				t.Errorf("%d packets of 20 frames of speech", n)
			}
			if db := level(b.pcm[len(b.pcm)/2:], 8000, 440); db < -18 {
				t.Errorf("speech is heard at %.1f dB", db)
			}
		})
	}
}

// With DTX an Opus phone is sent next to nothing while nobody speaks, and its numbers go
// on when somebody does.
func TestSilenceByDTX(t *testing.T) {
	r := newRig(t, 1)
	a := &speaker{phone: r.phone("a", g711.ALaw()), hz: 440, peak: 6000}
	b := r.phone("b", opus.Codec())
	m := mediaOf(b.format)
	m.Encoder = media.EncoderConfig{DTX: true}
	if err := b.port.SetMedia(m); err != nil {
		t.Fatal(err)
	}
	r.pair(a.phone, b)
	r.frames(30, a)
	a.peak = 0
	r.frames(50, a)
	b.forget()
	r.frames(100, a)
	b.hear()
	if n := len(b.heard); n < 4 || n > 12 {
		t.Errorf("%d packets in 2 s of silence", n)
	}
	a.peak = 6000
	before := len(b.heard)
	r.frames(20, a)
	b.hear()
	b.continuous()
	if n := len(b.heard) - before; n < 17 {
		t.Errorf("%d packets of 20 frames of speech", n)
	}
}

// An Opus phone that pauses by DTX is not cut off after what is made up for a loss: its
// decoder goes on with the background that it knows.
func TestPauseByDTX(t *testing.T) {
	r := newRig(t, 1)
	a := r.phone("a", opus.Codec())
	b := r.phone("b", g711.MuLaw())
	enc, err := opus.Codec().NewEncoder(media.EncoderConfig{DTX: true, Bitrate: 16000, Bandwidth: 8000})
	if err != nil {
		t.Fatal(err)
	}
	a.enc.Close()
	a.enc = enc
	r.pair(a, b)
	noise, state := make([]int16, 960), uint32(1)
	say := func(peak int32) {
		for i := range noise {
			state = state*1664525 + 1013904223
			noise[i] = int16(int32(state) >> 16 * peak >> 15)
		}
		buf := make([]byte, 1276)
		n, err := enc.Encode(buf, noise)
		if err != nil {
			t.Fatal(err)
		}
		if n > 2 {
			a.send(a.format.PayloadType, false, a.ts, buf[:n])
		}
		a.ts += 960
		r.ticks(pace.TicksPerFrame)
		b.hear()
	}
	for range 50 {
		say(8000)
	}
	a.send(a.format.PayloadType, false, a.ts, []byte{0x08}) // SILK's silence
	b.forget()
	for range 50 {
		r.ticks(pace.TicksPerFrame)
		b.hear()
	}
	quiet := 0
	for i := 0; i+160 <= len(b.pcm); i += 160 {
		if dsp.LevelDBov(b.pcm[i:i+160]) > 90 {
			quiet++
		}
	}
	if n := len(b.pcm) / 160; n < 49 || quiet > 3 {
		t.Errorf("%d of %d frames of a pause are digital silence", quiet, n)
	}
}

// Noise that is heard, by room, pair and tap, allocates nothing once it has begun.
func TestHeardNoiseAllocatesNothing(t *testing.T) {
	r := newRig(t, 1)
	a, b := r.phone("a", g711.MuLaw()), r.phone("b", opus.Codec())
	r.pair(a, b)
	if err := r.tapAll(a.port, b.port); err != nil {
		t.Fatal(err)
	}
	header := rtp.Header{PayloadType: cn.PayloadType, SSRC: a.ssrc}
	packet := append(make([]byte, rtp.HeaderBytes), 45, 100, 127)
	discard := make([]byte, MaxPacketBytes)
	describe := func() {
		header.SequenceNumber++
		header.Timestamp += 160
		header.Put(packet)
		a.deliver(packet)
		r.quietly(pace.TicksPerFrame)
		for {
			if _, ok := b.ring.TryNext(discard); !ok {
				return
			}
		}
	}
	for range 100 {
		describe()
	}
	if n := testing.AllocsPerRun(100, describe); n != 0 {
		t.Errorf("%v allocations in a frame", n)
	}
}
