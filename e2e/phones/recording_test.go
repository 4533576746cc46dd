package phones_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/tone"
	"github.com/skygenesisenterprise/skybridge/media/wav"
)

const recordingPlan = callPlan + `
exten => 650,1,MixMonitor(${CALLERID(num)}.wav,D)
 same => n,Dial(PJSIP/1002,30)
exten => 651,1,MixMonitor(change.wav16,D)
 same => n,Dial(PJSIP/1001,30)
exten => 652,1,Record(own/mine.wav,0,20,q)
 same => n,Playback(${RECORDED_FILE})
 same => n,GotoIf($["${RECORD_STATUS}" = "DTMF"]?right)
 same => n,Hangup(28)
 same => n(right),Playtones(1000)
 same => n,Wait(60)
`

// tracks are the channels of a recording that is finished, left and right.
func tracks(t *testing.T, file string) (left, right []int16, rate int) {
	t.Helper()
	var data []byte
	peer.Eventually(t, "the recording", func() (err error) {
		data, err = os.ReadFile(file)
		return err
	})
	r, err := wav.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if f := r.Format(); f.Channels != 2 {
		t.Fatalf("%+v", f)
	}
	pcm := make([]int16, r.Samples())
	if _, err := r.Read(pcm); err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(pcm); i += 2 {
		left, right = append(left, pcm[i]), append(right, pcm[i+1])
	}
	return left, right, r.Format().SampleRate
}

// recorded waits until so many seconds more of a conversation are recorded: two channels
// at 8 kHz.
func recorded(t *testing.T, file string, seconds int64) {
	t.Helper()
	size := func() (int64, error) {
		info, err := os.Stat(file + ".part")
		if err != nil {
			return 0, err
		}
		return info.Size(), nil
	}
	begin, err := size()
	if err != nil {
		t.Fatal(err)
	}
	peer.Eventually(t, "the recording goes on", func() error {
		now, err := size()
		if err == nil && now < begin+seconds*32000 {
			err = fmt.Errorf("%d bytes after %d", now, begin)
		}
		return err
	})
}

// heardIn tells for each tenth of a second whether a tone is there.
func heardIn(pcm []int16, rate int, hz float64) (there []bool) {
	for n := rate / 10; len(pcm) >= n; pcm = pcm[n:] {
		there = append(there, tone.Level(pcm[:n], rate, hz) > -35)
	}
	return there
}

// stretches says how long a tone is there, and how long it is not by turns, in tenths of a
// second: the first is of silence. Up to three tenths without it are no silence: a
// phone on a busy machine has them, and a change of codec.
func stretches(there []bool) (out []int) {
	out = []int{0}
	on, missing := false, 0
	for _, v := range there {
		switch {
		case v == on:
			out[len(out)-1] += missing + 1
			missing = 0
		case v:
			on = true
			out = append(out, 1)
		default:
			if missing++; missing > 3 {
				on = false
				out = append(out, missing)
				missing = 0
			}
		}
	}
	return out
}

// A conversation is recorded whole, each party on its side, in time, through hold and
// another codec, relayed or not.
func TestRecordedConversations(t *testing.T) {
	t.Parallel()
	l := open(t, recordingPlan)
	for _, codecs := range [][2]string{{"PCMU", "PCMU"}, {"G722", "opus"}} {
		l.run(t, "hold, between "+codecs[0]+" and "+codecs[1], func(t *testing.T) {
			a := l.phone(t, "1001", peer.BaresipConfig{Codecs: codecs[:1], Tone: 503})
			b := l.phone(t, "1002", peer.BaresipConfig{Codecs: codecs[1:], Tone: 877, Answer: true})
			begin := time.Now()
			a.Dial(t, "650")
			a.Established(t)
			answered := time.Since(begin)
			peer.Hears(t, "the called", b.Recording(), 503, 877)
			peer.Hears(t, "the caller", a.Recording(), 877, 503)
			a.Hold(t)
			recorded(t, filepath.Join(l.Dir, "monitor", "1001.wav"), 2)
			a.Resume(t)
			recorded(t, filepath.Join(l.Dir, "monitor", "1001.wav"), 2)
			peer.Hears(t, "the called", b.Recording(), 503, 877)
			a.Hangup(t)
			b.Closed(t)
			passed := time.Since(begin)

			left, right, rate := tracks(t, filepath.Join(l.Dir, "monitor", "1001.wav"))
			length := time.Duration(len(left)) * time.Second / time.Duration(rate)
			// The phone's own sides of dialling and hanging up are not in it.
			if length > passed+time.Second || length < passed-answered-2*time.Second {
				t.Errorf("%v recorded of %v, answered after %v", length, passed, answered)
			}
			said := stretches(heardIn(left, rate, 503))
			t.Logf("%v at %d Hz; the caller, in tenths of a second: %v; the called: %v", length, rate, said, stretches(heardIn(right, rate, 877)))
			if n := len(said); n < 4 || said[1] < 9 || said[2] < 9 || said[3] < 9 {
				t.Errorf("the caller's side: %v tenths of a second", said)
			}
			if heard := stretches(heardIn(right, rate, 877)); len(heard) < 2 || heard[1] < 9 {
				t.Errorf("the called's side: %v tenths of a second", heard)
			}
			for name, pcm := range map[string][]int16{"left": left, "right": right} {
				other := map[string]float64{"left": 877, "right": 503}[name]
				if level := tone.Level(pcm, rate, other); level > -50 {
					t.Errorf("%s has the other party, at %.1f dBFS", name, level)
				}
			}
		})
	}
	l.run(t, "the caller goes over to another codec", func(t *testing.T) {
		e := listen(t)
		b := l.phone(t, "1001", peer.BaresipConfig{Codecs: []string{"PCMU"}, Tone: 503, Answer: true})
		c := l.caller(t, "codec-change", "651", e)
		e.await(t, "PCMU", func() bool { return e.count(0) > 5 })
		e.speak(t, 877)
		e.await(t, "a second of PCMA", func() bool { return e.count(8) > 50 })
		peer.Hears(t, "the phone", b.Recording(), 877, 503)
		b.Hangup(t)
		c.Wait(t)
		left, right, rate := tracks(t, filepath.Join(l.Dir, "monitor", "change.wav16"))
		if rate != 16000 {
			t.Errorf("%d Hz", rate)
		}
		heard := stretches(heardIn(right, rate, 503))
		if len(heard) < 2 || heard[1] < 10 {
			t.Errorf("what the caller heard: %v tenths of a second", heard)
		}
		if said := stretches(heardIn(left, rate, 877)); len(said) < 2 || said[1] < 9 {
			t.Errorf("what it said: %v tenths of a second", said)
		}
	})
	l.run(t, "a caller's own words", func(t *testing.T) {
		b := l.phone(t, "1001", peer.BaresipConfig{Codecs: []string{"PCMA"}, Tone: 503})
		b.Dial(t, "652")
		b.Established(t)
		part := filepath.Join(l.Dir, "sounds", "own", "mine.wav.part")
		peer.Eventually(t, "two seconds of it", func() error {
			info, err := os.Stat(part)
			if err == nil && info.Size() < 32000 {
				err = fmt.Errorf("%d bytes", info.Size())
			}
			return err
		})
		b.Digits(t, "#")
		peer.Hears(t, "the phone", b.Recording(), 503)
		peer.Hears(t, "the phone", b.Recording(), 1000)
		b.Hangup(t)
	})
}
