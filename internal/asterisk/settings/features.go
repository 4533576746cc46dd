package settings

import (
	"fmt"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/option"
)

// Features is features.conf, as far as it acts here: what parties of a call may ask for by
// keys. A key sequence that is empty asks for nothing.
type Features struct {
	// PickupExten answers a call of one's pick-up groups; empty for none.
	PickupExten string

	BlindXfer, AtXfer, Disconnect, AutoMon, AutoMixMon      string // of [featuremap]
	AtxferAbort, AtxferComplete, AtxferThreeway, AtxferSwap string // while the transferer asks

	FeatureDigitTimeout   time.Duration // between the keys of a sequence
	TransferDigitTimeout  time.Duration // between those of an extension
	AtxferNoAnswerTimeout time.Duration
	// AtxferDropCall ends the call of who hangs up before the target has answered; otherwise
	// who waits is put through to the ringing phone.
	AtxferDropCall       bool
	TransferDialAttempts int

	// Sounds, empty for none.
	TransferAnnounceSound, TransferRetrySound, TransferInvalidSound, XferFailSound string
	// CourtesyTone is heard by both as a recording by keys begins and ends, RecordingFailSound by who asked for one in vain.
	CourtesyTone, RecordingFailSound string
}

func defaultFeatures() Features {
	return Features{
		PickupExten: "*8", BlindXfer: "#", Disconnect: "*", AtxferAbort: "*1", AtxferComplete: "*2", AtxferThreeway: "*3", AtxferSwap: "*4",
		FeatureDigitTimeout: time.Second, TransferDigitTimeout: 3 * time.Second, AtxferNoAnswerTimeout: 15 * time.Second,
		TransferDialAttempts: 3, TransferAnnounceSound: "pbx-transfer", TransferRetrySound: "pbx-invalid",
		TransferInvalidSound: "privacy-incorrect", XferFailSound: "beeperr",
	}
}

var features = option.Table[Features]{
	Name: "[general] of features.conf",
	Rows: option.Rows[Features]{
		"pickupexten":           option.Text(func(f *Features) *string { return &f.PickupExten }),
		"featuredigittimeout":   option.Duration(func(f *Features) *time.Duration { return &f.FeatureDigitTimeout }, time.Millisecond),
		"transferdigittimeout":  option.Duration(func(f *Features) *time.Duration { return &f.TransferDigitTimeout }, time.Second),
		"atxfernoanswertimeout": option.Duration(func(f *Features) *time.Duration { return &f.AtxferNoAnswerTimeout }, time.Second),
		"atxferdropcall":        option.Bool(func(f *Features) *bool { return &f.AtxferDropCall }),
		"atxferabort":           keys(func(f *Features) *string { return &f.AtxferAbort }),
		"atxfercomplete":        keys(func(f *Features) *string { return &f.AtxferComplete }),
		"atxferthreeway":        keys(func(f *Features) *string { return &f.AtxferThreeway }),
		"atxferswap":            keys(func(f *Features) *string { return &f.AtxferSwap }),
		"courtesytone":          option.Text(func(f *Features) *string { return &f.CourtesyTone }),
		"recordingfailsound":    option.Text(func(f *Features) *string { return &f.RecordingFailSound }),
		"transferdialattempts":  option.Number(func(f *Features) *int { return &f.TransferDialAttempts }, 1, 100),
		"transferannouncesound": option.Text(func(f *Features) *string { return &f.TransferAnnounceSound }),
		"transferretrysound":    option.Text(func(f *Features) *string { return &f.TransferRetrySound }),
		"transferinvalidsound":  option.Text(func(f *Features) *string { return &f.TransferInvalidSound }),
		"xferfailsound":         option.Text(func(f *Features) *string { return &f.XferFailSound }),
	},
	Inert: option.Words(`xfersound pickupsound pickupfailsound atxferloopdelay atxfercallbackretries
		parkext parkpos context parkingtime`),
}

var featureMap = option.Table[Features]{
	Name: "[featuremap] of features.conf",
	Rows: option.Rows[Features]{
		"blindxfer":  keys(func(f *Features) *string { return &f.BlindXfer }),
		"atxfer":     keys(func(f *Features) *string { return &f.AtXfer }),
		"disconnect": keys(func(f *Features) *string { return &f.Disconnect }),
		"automon":    keys(func(f *Features) *string { return &f.AutoMon }),
		"automixmon": keys(func(f *Features) *string { return &f.AutoMixMon }),
	},
	Inert: option.Words("parkcall"),
}

// maxKeys is Asterisk's own bound.
const maxKeys = 10

// keys takes a sequence of keys, or nothing.
func keys(field func(*Features) *string) func(*Features, string) error {
	return func(f *Features, v string) error {
		v = strings.ToUpper(strings.TrimSpace(v))
		if len(v) > maxKeys || strings.Trim(v, "0123456789*#ABCD") != "" {
			return fmt.Errorf("%.20q is not made of at most %d keys (0-9, *, #, A-D)", v, maxKeys)
		}
		*field(f) = v
		return nil
	}
}

func (f *Features) read(c *asterisk.Config, w *asterisk.Warnings) {
	sections(c, func(s *asterisk.Section) { features.Apply(f, s, w) }, func(s *asterisk.Section) {
		if strings.EqualFold(s.Name, "featuremap") {
			featureMap.Apply(f, s, w)
			return
		}
		w.Add(asterisk.Warning{File: s.File, Line: s.Line, Text: "[" + s.Name + "] is accepted", Here: "it has no effect"})
	})
}
