package sound

import (
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/tone"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// part is a stretch of a tone: what sounds in it.
type part struct {
	length time.Duration
	hz     []float64
}

func ms(n int, hz ...float64) part { return part{time.Duration(n) * time.Millisecond, hz} }

var tones = []struct {
	spec       string
	lead, loop []part
}{
	{"dial", nil, []part{ms(1000, 350, 440)}},
	{"ring", nil, []part{ms(2000, 440, 480), ms(4000)}},
	{"BUSY", nil, []part{ms(500, 480, 620), ms(500)}},
	{" congestion ", nil, []part{ms(250, 480, 620), ms(250)}},
	{"beep", []part{ms(300, 1000)}, nil},
	{"info", []part{ms(330, 950), ms(330, 1400), ms(330, 1800)}, []part{ms(1000)}},
	{"440", nil, []part{ms(1000, 440)}},
	{"350+440/300,0/200", nil, []part{ms(300, 350, 440), ms(200)}},
	{"!600/200,800/300", []part{ms(200, 600)}, []part{ms(300, 800)}},
}

var badTones = []string{
	"", "no such tone", "440/", "440/0", "440/-1", "440/99999999", "-440", "9000", "440+", "440+480+620",
	"440/1000,", strings.Repeat("440/10,", 200), "1e3", "440 /100 0",
}

// sounds checks that PCM has these parts.
func sounds(t *testing.T, spec, what string, pcm []int16, parts []part) {
	t.Helper()
	for _, p := range parts {
		n := min(int(p.length*toneRate/time.Second), len(pcm))
		if n == 0 {
			t.Fatalf("%q: %s ends early", spec, what)
		}
		for _, hz := range []float64{350, 440, 480, 600, 620, 800, 950, 1000, 1400, 1800} {
			want := false
			for _, w := range p.hz {
				want = want || w == hz
			}
			inner := pcm[n/10 : n-n/10] // the edges fade
			switch level := tone.Level(inner, toneRate, hz); {
			case want && (level < toneLevel-1 || level > toneLevel+1):
				t.Errorf("%q: %s has %v Hz at %.1f dBFS", spec, what, hz, level)
			case !want && len(p.hz) == 0 && level > -90:
				t.Errorf("%q: %s has %v Hz in its silence", spec, what, hz)
			}
		}
		pcm = pcm[n:]
	}
	if len(pcm) > 0 {
		t.Errorf("%q: %s goes on for %d samples", spec, what, len(pcm))
	}
}

func TestTones(t *testing.T) {
	l := NewLibrary(nil)
	for _, ca := range tones {
		got, err := l.Tone(ca.spec)
		if err != nil {
			t.Errorf("%q: %v", ca.spec, err)
			continue
		}
		for what, pair := range map[string]struct {
			clip  *mixer.Clip
			parts []part
		}{"lead": {got.Lead, ca.lead}, "loop": {got.Loop, ca.loop}} {
			var want time.Duration
			for _, p := range pair.parts {
				want += p.length
			}
			switch {
			case (pair.clip != nil) != (want > 0):
				t.Errorf("%q: %s is %v", ca.spec, what, pair.clip)
			case pair.clip != nil && pair.clip.Duration() != want:
				t.Errorf("%q: %s lasts %v, want %v", ca.spec, what, pair.clip.Duration(), want)
			}
		}
		lead, loop, err := synthesize(cadence(ca.spec))
		ok(t, err)
		sounds(t, ca.spec, "lead", lead, ca.lead)
		sounds(t, ca.spec, "loop", loop, ca.loop)
		again, err := l.Tone(ca.spec)
		if err != nil || again != got {
			t.Errorf("%q is made twice", ca.spec)
		}
	}
	for _, spec := range badTones {
		if got, err := l.Tone(spec); fault.Of(err) != fault.Invalid || err == nil {
			t.Errorf("%.30q gives %+v, %v", spec, got, err)
		}
	}
}

// A party hears the frequencies that a tone is made of.
func TestTonesAreHeard(t *testing.T) {
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	p := h.Phone(g711.MuLaw(), 0)
	c, _ := h.CallUp("1001", p)
	got, err := NewLibrary(nil).Tone("!600/400,800/400")
	ok(t, err)
	_, err = c.PlayTone(t.Context(), got, "test")
	ok(t, err)
	pcm := p.HearsSince(0, 900*time.Millisecond)
	for _, ca := range []struct {
		hz       float64
		from, to int // ms
	}{{600, 50, 350}, {800, 500, 750}} {
		if level := tone.Lasting(pcm[8*ca.from:8*ca.to], toneRate, ca.hz); level < toneLevel-2 || level > toneLevel+2 {
			t.Errorf("%v Hz is heard at %.1f dBFS", ca.hz, level)
		}
	}
	ok(t, c.StopPlay(t.Context()))
	c.Hangup(signaling.CauseNormal)
}

func FuzzTone(f *testing.F) {
	for _, ca := range tones {
		f.Add(ca.spec)
	}
	for _, spec := range badTones {
		f.Add(spec)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		e, err := renderTone(spec)
		if len(spec) > maxSpec {
			return // refused before
		}
		switch {
		case err != nil && fault.Of(err) != fault.Invalid:
			t.Errorf("%q: %v", spec, err)
		case err == nil && e.tone.Lead == nil && e.tone.Loop == nil:
			t.Errorf("%q is neither an error nor a tone", spec)
		case err == nil && e.bytes > 4*2*toneRate*61: // a minute of lead, with what repeats
			t.Errorf("%q takes %d bytes", spec, e.bytes)
		}
	})
}
