package feature_test

import (
	"log/slog"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk/settings"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/mediatest"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/app"
	"github.com/skygenesisenterprise/skybridge/signaling/app/apptest"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/dialplantest"
	"github.com/skygenesisenterprise/skybridge/signaling/feature"
	"github.com/skygenesisenterprise/skybridge/signaling/recording"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
	"github.com/skygenesisenterprise/skybridge/signaling/sound"
	"github.com/skygenesisenterprise/skybridge/signaling/transfer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const plan = `[internal]
exten => _10XX,1,Dial(Test/${EXTEN},,tThHgwWxX)
 same => n,Note(${CALLERID(num)} after ${EXTEN} ${DIALSTATUS})
exten => 600,1,Note(${CALLERID(num)} at 600 ${BLINDTRANSFER} ${TRANSFERERNAME})
 same => n,Wait(600)
exten => 650,1,Note(${CALLERID(num)} goes on)
 same => n,Wait(600)
exten => 700,1,Dial(Test/1002)
[other]
exten => 600,1,Note(other)
`

// tones are what the parties say, in Hz.
var tones = map[string]float64{"1001": 400, "1002": 700, "1003": 1100}

// hears checks whom a party hears: one and nobody else.
func (r *rig) hears(l *signaltest.Leg, who string) {
	r.T.Helper()
	p := l.Phone()
	r.Eventually("hearing "+who, func() bool {
		pcm := p.Hears(300 * time.Millisecond)
		for name, hz := range tones {
			if level := mediatest.ToneLevel(pcm, p.Rate(), hz); (name == who) != (level > -40) {
				return false
			}
		}
		return true
	})
}

// rig is a house in which 1001 talks to 1002; 1003 rings, until it answers.
type rig struct {
	*apptest.Rig
	conf           settings.Features
	callerLeg      *signaltest.Leg
	calleeLeg      *signaltest.Leg
	caller, callee *signaling.Channel
	third          *signaltest.Endpoint
}

func newRig(t *testing.T, change ...func(*settings.Features)) *rig {
	t.Helper()
	set, err := settings.Load(dialplantest.Loader(""), false)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{conf: set.Features}
	f := &r.conf
	f.AtXfer, f.Disconnect, f.AutoMon, f.AutoMixMon = "*2", "*0", "*8", "*9"
	f.FeatureDigitTimeout, f.TransferDigitTimeout, f.AtxferNoAnswerTimeout = time.Hour, time.Hour, time.Hour
	for _, c := range change {
		c(f)
	}
	codec := g711.MuLaw()
	codecs := media.Codecs{codec}
	r.Rig = apptest.New(t, signaltest.NewMixer(t, codecs...), plan)
	loaded, err := dialplan.LoadFile(dialplantest.Loader(plan), "extensions.conf", false)
	if err != nil {
		t.Fatal(err)
	}
	sounds := sound.NewLibrary(codecs, t.TempDir())
	entry := app.Entry{Executor: r.Exec}
	r.Services.Sounds = sounds
	r.Services.Features = feature.New(feature.Config{
		Transfers: transfer.New(transfer.Config{Engine: r.Engine, Exists: entry.Exists, Run: entry.Run}),
		Sounds:    sounds, Settings: func() *settings.Features { return &r.conf },
		Plan: func() *dialplan.Plan { return loaded }, Visit: entry.Visit, Home: func(string) string { return "internal" },
		Record: r.Services.RecordCall,
	})
	r.Services.Recordings = recording.NewRegistry(recording.Config{
		Engine: r.Engine, Codecs: codecs, Log: slog.New(slog.NewTextHandler(r.Log, nil)), Monitor: t.TempDir(),
	})
	t.Cleanup(func() {
		if err := r.Services.Recordings.Close(); err != nil {
			t.Error(err)
		}
	})
	phone := func(hz float64) func() *signaltest.Phone {
		return func() *signaltest.Phone { return r.Phone(codec, hz) }
	}
	called := r.Tech.Endpoint("1002", signaltest.Endpoint{Script: signaltest.Script{Start: signaltest.Answers}, Phone: phone(tones["1002"])})
	r.third = r.Tech.Endpoint("1003", signaltest.Endpoint{Script: signaltest.Script{Start: signaltest.Rings}, Phone: phone(tones["1003"])})
	r.callerLeg = r.Leg("1001", phone(tones["1001"])(), signaltest.Script{Answer: func(l *signaltest.Leg) { l.Answered() }})
	r.caller = r.Run(r.callerLeg, "1002")
	r.calleeLeg = called.Leg(t)
	r.Until(r.caller, "talking", answered) // keys from before that ask for nothing
	r.callee = r.channel("1002")
	r.together("1001", "1002")
	return r
}

func talks(s signaling.ChannelSnapshot) bool { return s.Bridge != "" }

// answered is one who talks, and whose early media is past.
func answered(s signaling.ChannelSnapshot) bool { return talks(s) && up(s) }

func alone(s signaling.ChannelSnapshot) bool { return s.Bridge == "" }

func up(s signaling.ChannelSnapshot) bool { return s.State == signaling.Up }

// channel is that of an endpoint, which has one.
func (r *rig) channel(name string) *signaling.Channel {
	r.T.Helper()
	for _, s := range r.Engine.Channels() {
		if s.Endpoint == name {
			c, err := r.Engine.Channel(string(s.ID))
			if err != nil {
				r.T.Fatalf("%v", err)
			}
			return c
		}
	}
	r.T.Fatalf("no channel of %s", name)
	return nil
}

// bridged are who is in one bridge with an endpoint.
func (r *rig) bridged(name string) map[string]bool {
	in := make(map[string]bool)
	var id signaling.BridgeID
	all := r.Engine.Channels()
	for _, s := range all {
		if s.Endpoint == name {
			id = s.Bridge
		}
	}
	for _, s := range all {
		if id != "" && s.Bridge == id {
			in[s.Endpoint] = true
		}
	}
	return in
}

// together waits until exactly these are in one bridge.
func (r *rig) together(names ...string) {
	r.T.Helper()
	r.Eventually("together in one bridge", func() bool {
		in := r.bridged(names[0])
		for _, n := range names {
			if !in[n] {
				return false
			}
		}
		return len(in) == len(names)
	})
}

// press has a party press keys.
func press(l *signaltest.Leg, keys string) {
	for i := range len(keys) {
		l.Digit(keys[i])
	}
}

// side is who transfers, and who waits.
type side struct {
	leg, otherLeg *signaltest.Leg
	me, other     *signaling.Channel
	name          string // of the other one
}

func (r *rig) side(byCaller bool) side {
	if byCaller {
		return side{r.callerLeg, r.calleeLeg, r.caller, r.callee, "1002"}
	}
	return side{r.calleeLeg, r.callerLeg, r.callee, r.caller, "1001"}
}

// asks has a party begin a transfer, and dial.
func (r *rig) asks(s side, code, exten string) {
	r.T.Helper()
	press(s.leg, code)
	r.Until(s.me, "away", alone)
	press(s.leg, exten)
}

// inquires has a party ask 1003, who answers and is talked to.
func (r *rig) inquires(s side) *signaltest.Leg {
	r.T.Helper()
	r.asks(s, "*2", "1003")
	third := r.third.Leg(r.T)
	third.Answered()
	r.Until(s.me, "asking", talks)
	r.Until(r.channel("1003"), "asked", answered)
	return third
}

// bothSides runs a test with the caller, and with the called party, as who transfers.
func bothSides(t *testing.T, f func(t *testing.T, byCaller bool)) {
	t.Run("by the caller", func(t *testing.T) { f(t, true) })
	t.Run("by the called", func(t *testing.T) { f(t, false) })
}
