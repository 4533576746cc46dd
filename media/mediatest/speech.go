package mediatest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/media/wav"
)

const (
	// SpeechRate is the rate of the speech here, in Hz.
	SpeechRate = 16000
	// SpeechLevel is its level in dBFS, pauses and all: −26 dBov, where speech tests have it
	// (ITU-T P.56, P.800).
	SpeechLevel = -23
	// maxSpeech bounds a file, in samples.
	maxSpeech = 60 * 48000
)

// phrases are lists 1 and 2 of the Harvard sentences, in part (IEEE Recommended Practice for
// Speech Quality Measurements, 1969).
const phrases = `The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background.
It's easy to tell the depth of a well. These days a chicken leg is a rare dish.
The boy was there when the sun rose. A rod is used to catch pink salmon.`

// prompts are recordings of a person, of Debian's package asterisk-core-sounds-en-wav.
var prompts = []string{"vm-intro", "privacy-prompt", "vm-tmpexists"}

const promptsDir = "/usr/share/asterisk/sounds/en_US_f_Allison"

// Synthetic is about 17 s of wide-band speech by espeak-ng, a synthesiser of formants, mono at
// SpeechRate and SpeechLevel. A voice is one of espeak-ng's ("en-us", "en-gb+f3"). It is made
// once and kept in the cache of tests. Where espeak-ng is not installed the test is skipped.
func Synthetic(t testing.TB, voice string) []int16 {
	t.Helper()
	program, err := exec.LookPath("espeak-ng")
	if err != nil {
		t.Skip("skipped: espeak-ng is not installed: no speech to measure with")
	}
	recipe := fmt.Sprintf("%x", sha256.Sum256([]byte(voice+"\n"+phrases)))[:16]
	file := filepath.Join(cache(t), "speech-"+recipe+".wav")
	if _, err := os.Stat(file); err != nil {
		made := filepath.Join(t.TempDir(), "speech.wav")
		cmd := exec.CommandContext(t.Context(), program, "-v", voice, "-s", "150", "-w", made, phrases) //nolint:gosec // a test's own words
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("espeak-ng: %v: %s", err, out)
		}
		data, err := os.ReadFile(made) //nolint:gosec // made above
		if err != nil {
			t.Fatal(err)
		}
		keep(t, file, data)
	}
	return read(t, file)
}

// Recorded is about 10 s of a person's speech in telephone quality, 8 kHz brought to SpeechRate,
// mono at SpeechLevel. Where the recordings are not installed the test is skipped.
func Recorded(t testing.TB) (pcm []int16) {
	t.Helper()
	for _, name := range prompts {
		file := filepath.Join(promptsDir, name+".wav")
		if _, err := os.Stat(file); err != nil {
			t.Skipf("skipped: asterisk-core-sounds-en-wav is not installed: %v", err)
		}
		pcm = append(pcm, read(t, file)...)
	}
	return pcm
}

// cache is the folder where tests keep what is made once.
func cache(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("SKYBRIDGE_CACHE")
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return t.TempDir()
		}
		dir = filepath.Join(user, "skybridge")
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return t.TempDir()
	}
	return dir
}

// keep writes a file so that another test that runs at the same time sees all of it or nothing.
func keep(t testing.TB, file string, data []byte) {
	t.Helper()
	f, err := os.CreateTemp(filepath.Dir(file), "speech-*")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(f.Name(), file); err != nil {
		t.Fatal(err)
	}
}

// read reads a WAVE file at SpeechRate and SpeechLevel.
func read(t testing.TB, file string) []int16 {
	t.Helper()
	data, err := os.ReadFile(file) //nolint:gosec // a test's own file
	if err != nil {
		t.Fatal(err)
	}
	pcm, rate, err := wav.ReadMono(bytes.NewReader(data), maxSpeech)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if rate != SpeechRate {
		if pcm, err = dsp.ResampleClip(pcm, rate, SpeechRate); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	gain := math.Pow(10, (SpeechLevel-Level(pcm))/20)
	for i, v := range pcm {
		pcm[i] = int16(math.Round(min(max(gain*float64(v), math.MinInt16), math.MaxInt16)))
	}
	return pcm
}
