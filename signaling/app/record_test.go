package app_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/skygenesisenterprise/skybridge/e2e/tone"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/wav"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/recording"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// recorded reads a file of WAV, a slice of samples per channel.
func recorded(t *testing.T, file string) (tracks [][]int16, rate int) {
	t.Helper()
	f, err := os.Open(file)
	ok(t, err)
	defer func() { ok(t, f.Close()) }()
	r, err := wav.NewReader(f)
	ok(t, err)
	pcm := make([]int16, 1<<20)
	n, err := r.Read(pcm)
	ok(t, err)
	tracks = make([][]int16, r.Format().Channels)
	for i, v := range pcm[:n] {
		tracks[i%len(tracks)] = append(tracks[i%len(tracks)], v)
	}
	return tracks, r.Format().SampleRate
}

// holds checks which of the usual tones are in a recording.
func holds(t *testing.T, what string, pcm []int16, rate int, tones ...float64) {
	t.Helper()
	for _, hz := range []float64{500, 700, 900} {
		want := false
		for _, x := range tones {
			want = want || x == hz
		}
		if level := tone.Level(pcm, rate, hz); want && level < -30 || !want && level > -45 {
			t.Errorf("%s: %v Hz at %.1f dBFS", what, hz, level)
		}
	}
}

// played tells whether a phone has heard a tone, and no other, for 150 ms in a row, from a
// sample on.
func played(p *signaltest.Phone, from int, want float64) bool {
	n, step := p.Rate()*150/1000, p.Rate()/100
	for pcm := p.HearsSince(from, 0); len(pcm) >= n; pcm = pcm[step:] {
		alone := true
		for _, hz := range []float64{440, 500, 700, 900} {
			level := tone.Level(pcm[:n], p.Rate(), hz)
			alone = alone && (hz == want && level > -25 || hz != want && level < -40)
		}
		if alone {
			return true
		}
	}
	return false
}

func option(v string) dialplan.Variable { return dialplan.Variable{Name: "OPTIONS", Value: v} }

// records waits until so much of a channel is recorded, and its phone has said as much
// meanwhile: on a machine that stands still it may say nothing.
func (r *rig) records(c *signaling.Channel, p *signaltest.Phone, d time.Duration) {
	r.t.Helper()
	const packet = 20 * time.Millisecond
	before, begun := uint64(0), false
	r.Eventually("a recording", func() bool {
		live, said := r.recs.Live(c), p.Port.Stats().PacketsIn
		if !begun && len(live) > 0 {
			before, begun = said, true
		}
		return begun && len(live) > 0 && live[0].Length() >= d && said-before >= uint64(d/packet) //nolint:gosec // positive
	})
}

// A key ends the recording, and a quarter of a second before it is taken off; it is
// played back.
func TestRecordUntilAKey(t *testing.T) {
	r := withMedia(t)
	for i, ca := range []struct {
		options, keys, status string
	}{{"", "1#", "DTMF"}, {"t", "#*", "DTMF"}, {"o", "0", "OPERATOR"}, {"y", "7", "DTMF"}} {
		p := r.Phone(g711.MuLaw(), 700)
		start := time.Now()
		c := r.run(r.Leg("1001", p, signaltest.Script{}), "record", option(ca.options))
		r.records(c, p, 600*time.Millisecond)
		from := p.Heard()
		p.Press(ca.keys)
		name := "greetings/mine-" + string(rune('0'+i))
		r.note(ca.status + " " + name)
		passed := time.Since(start)
		tracks, rate := recorded(t, filepath.Join(r.folder, name+".wav"))
		length := time.Duration(len(tracks[0])) * time.Second / time.Duration(rate)
		if length < 200*time.Millisecond || length > passed-200*time.Millisecond {
			t.Errorf("%q: %v recorded in %v", ca.options, length, passed)
		}
		holds(t, ca.options, tracks[0], rate, 700)
		r.note("SUCCESS", "h "+ca.status)
		r.Eventually("what was said is played back", func() bool { return played(p, from, 700) })
		r.Gone(c)
	}
}

func TestRecordLimits(t *testing.T) {
	r := withMedia(t)
	p := r.Phone(g711.MuLaw(), 0)
	c := r.run(r.Leg("1001", p, signaltest.Script{}), "record-silence", option("x"))
	p.Press("#*")
	r.note("SILENCE silent")
	r.Gone(c)
	info, err := os.Stat(filepath.Join(r.folder, "silent.sln16"))
	ok(t, err)
	// Of two seconds of silence one is left.
	if s := float64(info.Size()) / 32000; s < 1 || s > 1.2 {
		t.Errorf("%v s recorded", s)
	}
	if r.Log.Count("no beep") != 1 {
		t.Errorf("log:\n%s", r.Log)
	}

	c = r.run(r.Leg("1001", r.Phone(g711.MuLaw(), 500), signaltest.Script{}), "record")
	r.note("TIMEOUT greetings/mine-0", "SUCCESS", "h TIMEOUT")
	r.Gone(c)
	if tracks, rate := recorded(t, filepath.Join(r.folder, "greetings/mine-0.wav")); len(tracks[0]) != 3*rate {
		t.Errorf("%d samples", len(tracks[0]))
	}
}

// Who hangs up leaves no file, unless it is to be kept.
func TestRecordAndHangUp(t *testing.T) {
	r := withMedia(t)
	for i, options := range []string{"", "k"} {
		p := r.Phone(g711.MuLaw(), 500)
		l := r.Leg("1001", p, signaltest.Script{})
		c := r.run(l, "record", option(options))
		r.records(c, p, 100*time.Millisecond)
		l.End(signaling.CauseNormal, true)
		r.note("h HANGUP")
		r.Gone(c)
		_, err := os.Stat(filepath.Join(r.folder, "greetings/mine-0.wav"))
		if errors.Is(err, fs.ErrNotExist) != (i == 0) {
			t.Errorf("option %q: %v", options, err)
		}
	}
}

func TestRecordBeforeTheAnswer(t *testing.T) {
	r := withMedia(t)
	for _, ca := range []struct{ options, note string }{{"s", "SKIP Ring"}, {"qn", "TIMEOUT Ring"}, {"q", "TIMEOUT Up"}} {
		c := r.run(r.Leg("1001", r.Phone(g711.MuLaw(), 500), signaltest.Script{}), "record-unanswered",
			option(ca.options), dialplan.Variable{Name: "FOLDER", Value: r.folder})
		r.note(ca.note)
		r.Gone(c)
	}
	if info, err := os.Stat(filepath.Join(r.folder, "early.ulaw")); err != nil || info.Size() != 3200 {
		t.Errorf("%v: %v", info, err)
	}
}

func TestRecordNothing(t *testing.T) {
	virtual(t, func(t *testing.T, r *rig) {
		c := r.run(r.Leg("1001", nil, signaltest.Script{}), "record-nothing")
		r.note("ERROR e")
		r.Gone(c)
	})
}

// Both directions are in the file, mixed or apart; its command runs when it is there, and
// keeps nobody waiting: it ends by a pipe that is read last.
func TestMixMonitor(t *testing.T) {
	r := withMedia(t)
	ok(t, unix.Mkfifo(filepath.Join(r.folder, "copied"), 0o600))
	events, stop := r.recordings()
	defer stop()
	for _, options := range []string{"", "D", "r(in.wav)t(out.sln)i(ID)", "v(-4)"} {
		start := time.Now()
		c := r.run(r.Leg("1001", r.Phone(g711.MuLaw(), 700), signaltest.Script{}), "monitor",
			option(options), dialplan.Variable{Name: "FOLDER", Value: r.folder})
		file := filepath.Join(r.folder, "monitor/2026/s.wav")
		r.note(file, "stopped")
		most := int((time.Since(start)+100*time.Millisecond)/time.Millisecond) * 8 // in whole frames, however long the machine took
		for _, want := range []event.Type{event.RecordingStarted, event.RecordingFinished} {
			for got := signaltest.Receive(t, "an event", events); got.Type != want; got = signaltest.Receive(t, "an event", events) {
			}
		}
		_, err := os.ReadFile(filepath.Join(r.folder, "copied"))
		ok(t, err)
		for _, file := range []string{file, filepath.Join(r.folder, "copy.wav")} {
			tracks, rate := recorded(t, file)
			if n := len(tracks[0]); n < 6000 || n > most {
				t.Errorf("%d samples of 800 ms, at most %d", n, most)
			}
			switch options {
			case "D":
				holds(t, "left", tracks[0], rate, 700)
				holds(t, "right", tracks[1], rate, 500)
			case "v(-4)":
				if level := tone.Level(tracks[0], rate, 500); level < -42 || level > -32 {
					t.Errorf("what was heard, a sixteenth as loud: %.1f dBFS", level)
				}
			default:
				holds(t, "both", tracks[0], rate, 500, 700)
			}
		}
		c.Hangup(signaling.CauseNormal)
		r.Gone(c)
	}
	tracks, rate := recorded(t, filepath.Join(r.folder, "monitor/in.wav"))
	holds(t, "received", tracks[0], rate, 700)
	if info, err := os.Stat(filepath.Join(r.folder, "monitor/out.sln")); err != nil || info.Size() < 12000 {
		t.Errorf("transmitted: %v: %v", info, err)
	}
}

// recordings are the events of recordings from now on.
func (r *rig) recordings() (events <-chan event.Event, stop func()) {
	sub := r.Engine.Bus().Subscribe(64, func(e *event.Event) bool {
		_, is := e.Data.(recording.Snapshot)
		return is
	})
	return sub.Events(), sub.Close
}

// A conversation is recorded while it lasts, and the file is there when it is over.
func TestMixMonitorOfAConversation(t *testing.T) {
	r := withMedia(t)
	events, stop := r.recordings()
	defer stop()
	callee := r.Phone(g711.ALaw(), 900)
	r.Tech.Endpoint("1002", signaltest.Endpoint{Script: signaltest.Script{Start: signaltest.Answers}, Phone: func() *signaltest.Phone { return callee }})
	p := r.Phone(g711.MuLaw(), 700)
	c := r.run(r.Leg("1001", p, signaltest.Script{}), "monitored-dial")
	hears(t, p, 900)
	p.Hears(time.Second)
	c.Hangup(signaling.CauseNormal)
	r.Gone(c)
	for got := signaltest.Receive(t, "an event", events); got.Type != event.RecordingFinished; got = signaltest.Receive(t, "an event", events) {
	}
	tracks, rate := recorded(t, filepath.Join(r.folder, "monitor/call.wav16"))
	if rate != 16000 || len(tracks) != 2 || len(tracks[0]) < rate {
		t.Fatalf("%d tracks of %d samples at %d Hz", len(tracks), len(tracks[0]), rate)
	}
	holds(t, "left", tracks[0][rate/2:], rate, 700)
	holds(t, "right", tracks[1][rate/2:], rate, 900)
}

func TestTalkDetect(t *testing.T) {
	r := withMedia(t)
	sub := r.Engine.Bus().Subscribe(16, func(e *event.Event) bool {
		return e.Type == event.ChannelTalkingStarted || e.Type == event.ChannelTalkingFinished
	})
	defer sub.Close()
	p := r.Phone(g711.MuLaw(), 700)
	c := r.run(r.Leg("1001", p, signaltest.Script{}), "talk", dialplan.Variable{Name: "LONG", Value: "1.5"})
	r.note("set")
	if e := signaltest.Receive(t, "an event", sub.Events()); e.Type != event.ChannelTalkingStarted {
		t.Errorf("%+v", e)
	}
	p.Say(0)
	if e := signaltest.Receive(t, "an event", sub.Events()); e.Type != event.ChannelTalkingFinished {
		t.Errorf("%+v", e)
	}
	r.note("removed")
	r.Gone(c)
	if n := r.Log.Count("TALK_DETECT"); n < 2 {
		t.Errorf("log:\n%s", r.Log)
	}
}
