package jsep_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
)

// audioAlone is a session that takes audio and nothing else.
func audioAlone(t *testing.T) *jsep.Session {
	t.Helper()
	cfg := serverConfig(t)
	cfg.Video, cfg.MaxVideo, cfg.Data = nil, 0, false
	s := jsep.NewSession(cfg)
	add(t, s, mix)
	return s
}

// The offers of package webrtc's tests, phones' among them: the audio is taken, all else
// refused.
func TestAudioAlone(t *testing.T) {
	files, err := filepath.Glob("../testdata/answer/*.sdp")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".sdp"), func(t *testing.T) {
			offer, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			answer, agreed := answered(t, audioAlone(t), string(offer))
			live := 0
			for _, m := range agreed.Media {
				if m.Refused {
					continue
				}
				live++
				if m.Kind != jsep.Audio || len(m.Send) == 0 || m.Direction == media.Inactive {
					t.Errorf("%+v", m)
				}
			}
			if live != 1 {
				t.Errorf("%d sections taken\n%s", live, answer)
			}
			if !strings.Contains(answer, "a=candidate:1 ") || agreed.Transport.Remote.Ufrag == "" {
				t.Errorf("no way to it: %+v\n%s", agreed.Transport, answer)
			}
		})
	}
}

// Offers that package webrtc refuses are refused here for the same reason.
func TestAudioAloneRefused(t *testing.T) {
	files, err := filepath.Glob("../testdata/refused/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			head, offer, _ := strings.Cut(string(text), "\n")
			kind, _, _ := strings.Cut(strings.TrimPrefix(head, "# "), ": ")
			_, err = audioAlone(t).SetOffer(offer)
			if err == nil || fault.Of(err).String() != kind || !strings.Contains(err.Error(), "line ") {
				t.Errorf("%v (%v), want %s and a line", err, fault.Of(err), head)
			}
		})
	}
}
