package settings_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/settings"
)

// features.conf is read with Asterisk's defaults, and what has no effect is said.
func TestFeatures(t *testing.T) {
	s, err := settings.Load(asterisk.Loader{FS: fstest.MapFS{"features.conf": {Data: []byte(`
[general]
pickupexten = **
featuredigittimeout = 1500
transferdigittimeout = 5
atxfernoanswertimeout = 20
atxferdropcall = yes
atxfercomplete = ##
transferdialattempts = 0
xfersound = beep
atxferswap = #4
courtesytone = beep
recordingfailsound = beeperr
[featuremap]
blindxfer = #1
atxfer = *2
disconnect =
parkcall = #72
automon = *1
automixmon = *3
[applicationmap]
play => *9,self,Playback,tt-monkeys
`)}}}, false)
	if err != nil {
		t.Fatal(err)
	}
	want := s.Features
	want.PickupExten, want.BlindXfer, want.AtXfer, want.Disconnect, want.AtxferComplete = "**", "#1", "*2", "", "##"
	want.AutoMon, want.AutoMixMon, want.AtxferSwap, want.CourtesyTone, want.RecordingFailSound = "*1", "*3", "#4", "beep", "beeperr"
	want.FeatureDigitTimeout, want.TransferDigitTimeout, want.AtxferNoAnswerTimeout = 1500*time.Millisecond, 5*time.Second, 20*time.Second
	want.AtxferDropCall, want.TransferDialAttempts, want.AtxferAbort = true, 3, "*1"
	if s.Features != want {
		t.Errorf("%+v", s.Features)
	}
	var said []string
	for _, w := range s.Warnings {
		said = append(said, w.String())
	}
	for _, part := range []string{"transferdialattempts", "xfersound", "parkcall", "[applicationmap]"} {
		if !strings.Contains(strings.Join(said, "\n"), part) {
			t.Errorf("no warning of %s in %q", part, said)
		}
	}
	if len(said) != 4 {
		t.Errorf("%d warnings: %q", len(said), said)
	}
}

func TestKeysOfFeatures(t *testing.T) {
	for _, bad := range []string{"#x", "12345678901", "* 2"} {
		s, err := settings.Load(asterisk.Loader{FS: fstest.MapFS{"features.conf": {Data: []byte("[featuremap]\nblindxfer=" + bad + "\n")}}}, false)
		if err != nil {
			t.Fatal(err)
		}
		if s.Features.BlindXfer != "#" || len(s.Warnings) != 1 {
			t.Errorf("%q: %q, %v", bad, s.Features.BlindXfer, s.Warnings)
		}
	}
}
