package playout

import (
	"math"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/l16"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
)

// Frames that pass take their time, whatever the length of packets: what is heard
// afterwards is what is due then, from the middle of a packet too.
func TestPassTakesItsTime(t *testing.T) {
	for _, ms := range []int{10, 20, 30, 50, 60, 90} {
		n := 8 * ms
		l := newListener(t, time.Second, 8000, l16.Narrowband())
		for i, at := 0, 0; i < 60; i++ {
			for ; at < (i+1)*160; at += n {
				l.push(uint32(at/n), 0, linear(at, n))
			}
			if i*7%12 < 7 && i%5 != 0 {
				l.Pass(&l.memory, l.now())
				continue
			}
			pcm, spoke := l.frame()
			for k, v := range pcm {
				if !spoke || int(v) != i*160+k {
					t.Fatalf("%d ms: sample %d of frame %d is %d, spoke %t", ms, k, i, int(v)-i*160, spoke)
				}
			}
		}
		if l.keeps > keepPackets {
			t.Errorf("%d packets are kept", l.keeps)
		}
	}
}

// The level is known before decoding where the payload or the sender tells it, and
// silence while a listener who hears nothing waits.
func TestLevel(t *testing.T) {
	untold := *l16.Narrowband() // as Opus, whose packets tell no level
	untold.PayloadLevel = nil
	l := newListener(t, time.Second, 8000, g711.MuLaw(), &untold)
	want := func(level Level) {
		t.Helper()
		if got := l.Level(&l.memory, l.at+15*time.Millisecond); got != level {
			t.Errorf("%+v, want %+v", got, level)
		}
	}
	loud := make([]byte, 160) // 32124
	silent := silence(t, g711.MuLaw(), 1)[0]
	push := func(ext uint32, format uint8, payload []byte, claimed uint8) {
		l.arrive(ext, int(format), payload, 20*time.Millisecond, claimed)
	}
	want(Level{DBov: Unknown})
	push(1, 0, silent, 3)
	want(Level{DBov: dsp.Silence}) // the payload is to be believed
	l.Pass(&l.memory, l.now())
	want(Level{DBov: dsp.Silence})
	l.Hole(2)
	l.at += 20 * time.Millisecond
	push(3, 0, loud, Unknown)
	want(Level{})
	l.frame()
	want(Level{DBov: Unknown}) // something is made up
	push(4, 1, linear(0, 160), 33)
	want(Level{DBov: 33, Claimed: true})
	l.frame()
	push(5, 1, linear(0, 160), Unknown)
	want(Level{DBov: Unknown})
}

// Who is decoded again amid words sounds as if it had been decoded all along: G.711
// does to the bit; Opus, where nothing kept would be off by nearly all there is, by
// the little that predictors remember of more than eight packets ago.
func TestWarm(t *testing.T) {
	for _, tt := range []struct {
		codec *media.Codec
		worst float64
	}{{g711.MuLaw(), 0}, {g711.ALaw(), 0}, {opus.Codec(), 0.15}} {
		c := tt.codec
		enc, err := c.NewEncoder(media.EncoderConfig{})
		if err != nil {
			t.Fatal(err)
		}
		always, some := newListener(t, time.Second, c.SampleRate, c), newListener(t, time.Second, c.SampleRate, c)
		n, phase, first := c.FrameSamples(), 0.0, true
		loudest, worst := 0.0, 0.0
		for i := range 300 {
			pcm := make([]int16, n)
			for k := range pcm {
				at := float64(i*n+k) / float64(c.SampleRate)
				phase += 2 * math.Pi * (180 + 60*math.Sin(7*at)) / float64(c.SampleRate)
				v := 0.0 // a voice: a pitch that moves, in syllables
				for h := 1.0; h <= 12; h++ {
					v += math.Sin(h*phase) / h
				}
				pcm[k] = int16(5000 * v * (1.1 + math.Sin(25*at)) / 2)
			}
			payload := make([]byte, c.MaxFrameBytes)
			k, err := enc.Encode(payload, pcm)
			if err != nil {
				t.Fatal(err)
			}
			always.push(uint32(i), 0, payload[:k])
			some.push(uint32(i), 0, payload[:k])
			want, _ := always.frame()
			if i%50 >= 15 {
				some.Pass(&some.memory, some.now())
				first = true
				continue
			}
			got, spoke := some.frame()
			if !spoke {
				t.Fatalf("%s: frame %d is silent", c.Name, i)
			}
			for k := range got {
				if first && k < n/4 {
					continue // faded in
				}
				worst = max(worst, math.Abs(float64(got[k])-float64(want[k])))
				loudest = max(loudest, math.Abs(float64(want[k])))
			}
			first = false
		}
		enc.Close()
		t.Logf("%s: off by up to %.0f of %.0f", c.Name, worst, loudest)
		if worst > tt.worst*loudest || loudest < 3000 {
			t.Errorf("%s: off by up to %.0f of %.0f", c.Name, worst, loudest)
		}
	}
}
