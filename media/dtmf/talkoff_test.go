package dtmf_test

import (
	"bytes"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/media/mediatest"
	"github.com/skygenesisenterprise/skybridge/media/wav"
)

// maxTalkOff is how many digits may be heard in half an hour of speech. The tapes that
// receivers are usually held against (Bellcore, Mitel) are passed with 10 and more.
const maxTalkOff = 5

// talkOff counts the digits that are heard in speech.
type talkOff struct {
	digits string
	spoken time.Duration
}

func (o *talkOff) hear(t *testing.T, pcm []int16) {
	t.Helper()
	got, _ := detect(t, pcm)
	o.digits += got
	o.spoken += time.Duration(len(pcm)) * time.Second / 8000
}

func (o *talkOff) judge(t *testing.T) {
	t.Helper()
	rate := float64(len(o.digits)) / o.spoken.Minutes() * 30
	t.Logf("%d digits %q in %.0f minutes of speech: %.1f in half an hour", len(o.digits), o.digits, o.spoken.Minutes(), rate)
	if rate > maxTalkOff {
		t.Errorf("%.1f digits in half an hour of speech, at most %d are allowed", rate, maxTalkOff)
	}
}

// pitches are the speeds at which speech is heard.
var pitches = map[bool][]float64{true: {0.7, 0.85, 1, 1.2, 1.4}, false: {1}}[thorough]

// faster is speech at another speed, as a voice of another pitch.
func faster(pcm []int16, by float64) []int16 {
	out := make([]int16, int(float64(len(pcm)-1)/by))
	for i := range out {
		at, part := math.Modf(float64(i) * by)
		a, b := float64(pcm[int(at)]), float64(pcm[int(at)+1])
		out[i] = int16(a + part*(b-a))
	}
	return out
}

// A person's speech, 25 minutes of prompts, is hardly ever a digit, nor is it at four
// other pitches.
func TestTalkOffOfAPerson(t *testing.T) {
	t.Parallel()
	dir := "/usr/share/asterisk/sounds/en_US_f_Allison"
	var all talkOff
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".wav") || strings.Contains(name, "/silence/") {
			return err
		}
		data, err := os.ReadFile(name) //nolint:gosec // Debian's sounds
		if err != nil {
			return err
		}
		pcm, rate, err := wav.ReadMono(bytes.NewReader(data), 600*48000)
		if err != nil || rate != 8000 || len(pcm) < 2 {
			return err
		}
		for _, by := range pitches {
			if by == 1 {
				all.hear(t, pcm)
			} else {
				all.hear(t, faster(pcm, by))
			}
		}
		return nil
	})
	if err != nil || all.spoken < 10*time.Minute {
		t.Skipf("skipped: asterisk-core-sounds-en-wav is not installed: %v", err)
	}
	all.judge(t)
}

// Nor is synthetic speech of several voices and languages.
func TestTalkOffOfMachines(t *testing.T) {
	t.Parallel()
	var all talkOff
	voices := []string{
		"en-us", "en-gb+f3", "en-us+f2", "en-us+m3", "en-us+m7", "en-gb+f5", "fr+f2", "fr+m3", "de+f4", "de+m1", "es+f1", "it+m4", "pl+f3", "ru+m2",
	}
	if !thorough {
		voices = voices[:2]
	}
	for _, voice := range voices {
		pcm := mediatest.Synthetic(t, voice)
		narrow, err := dsp.ResampleClip(pcm, mediatest.SpeechRate, 8000)
		if err != nil {
			t.Fatal(err)
		}
		for _, by := range pitches {
			if by == 1 {
				all.hear(t, narrow)
			} else {
				all.hear(t, faster(narrow, by))
			}
		}
	}
	all.judge(t)
}
