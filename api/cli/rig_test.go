package cli_test

import (
	"bytes"
	"context"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/cli"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/internal/logtest"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g729"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/sip/trunk"
)

var update = flag.Bool("update", false, "write the layouts anew")

var began = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// rig is a console over a real engine with channels of no media.
type rig struct {
	*cli.Console
	t      *testing.T
	now    atomic.Int64 // seconds since began
	stops  []bool
	reload error
	tech   *tech
	rooms  *conference.Registry
	log    logtest.Log

	registrations []trunk.State
	listeners     []string
}

func nothing(context.Context, *dialplan.Call, string) error { return nil }

// tech has the endpoints and makes the legs that a test wants.
type tech struct{ endpoints []signaling.EndpointSnapshot }

func (*tech) Name() string                              { return "PJSIP" }
func (x *tech) Endpoints() []signaling.EndpointSnapshot { return x.endpoints }
func (*tech) Dial(_ context.Context, req signaling.DialRequest) (signaling.Leg, error) {
	return &leg{name: req.Resource}, nil
}

// leg is a party that does nothing by itself.
type leg struct {
	name   string
	events signaling.LegEvents
}

func (l *leg) Start(e signaling.LegEvents)  { l.events = e }
func (*leg) Ring()                          {}
func (*leg) Progress() error                { return nil }
func (l *leg) Answer() error                { l.events.LegAnswered(); return nil }
func (l *leg) Hangup(cause signaling.Cause) { l.events.LegEnded(cause, false) }
func (*leg) Port() *mixer.Port              { return nil }
func (*leg) Hold(bool) error                { return nil }
func (l *leg) Info() signaling.LegInfo {
	return signaling.LegInfo{Endpoint: l.name, Format: media.Format{Codec: g711.MuLaw()}}
}

func newRig(t *testing.T) *rig {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	mc := mixer.Default()
	mc.Workers, mc.FIFO = 1, false
	mix, err := mixer.New(mc, nil, log)
	must(t, err)
	r := &rig{t: t, tech: &tech{}}
	clock := func() time.Time { return began.Add(time.Duration(r.now.Load()) * time.Second) }
	engine := signaling.New(signaling.Config{Mixer: mix, Log: log, Now: clock})
	engine.AddTech(r.tech)
	t.Cleanup(func() {
		engine.HangupAll(signaling.CauseNormal)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		must(t, engine.Drain(ctx))
		must(t, mix.Close())
	})
	files, err := asterisk.OpenDir("testdata/conf")
	must(t, err)
	plan, err := dialplan.LoadFile(files, "extensions.conf", false)
	must(t, err)
	apps, err := dialplan.NewApps([]dialplan.Application{
		{Name: "NoOp", Synopsis: "Do nothing.", Run: nothing}, {Name: "Answer", Synopsis: "Answer a channel if ringing.", Run: nothing},
	})
	must(t, err)
	set, err := endpoint.Load(files)
	must(t, err)
	if len(set.Warnings) > 0 {
		t.Fatal(set.Warnings)
	}
	r.rooms = conference.NewRegistry(engine)
	r.Console = &cli.Console{
		Config: func() *endpoint.Set { return set }, Registrations: func() []trunk.State { return r.registrations },
		Rooms: r.rooms, Globals: dialplan.NewGlobals(plan.Globals), Listeners: func() []string { return r.listeners },
		Log:    slog.New(slog.NewTextHandler(&r.log, nil)),
		Engine: engine, Plan: func() *dialplan.Plan { return plan }, Apps: apps, Version: "1.2.3", Now: clock,
		Reload:     func() error { return r.reload },
		LastReload: func() time.Time { return began.Add(time.Minute) },
		Resources: func() []cli.Resource {
			return []cli.Resource{{Name: "channels", Count: 2}, {Name: "rtp ports", Count: 4}}
		},
		Workers: func() []mixer.WorkerStats {
			s := mixer.WorkerStats{Scheduling: "fifo", IO: mixer.IOUring, Legs: 7, Rooms: 2, Busy: 0.125, Ticks: 1000, TicksMissed: 3, Skipped: 4}
			s.Lateness[3], s.Lateness[5], s.Lateness[19] = 900, 99, 1
			return []mixer.WorkerStats{s, {Scheduling: "nice", IO: mixer.IOEpoll}}
		},
		Codecs: media.Codecs{g711.MuLaw(), g729.PassThrough()},
		Stop:   func(gracefully bool) { r.stops = append(r.stops, gracefully) },
	}
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ask runs a command.
func (r *rig) ask(line string) string {
	r.t.Helper()
	var out bytes.Buffer
	if err := r.Run(context.Background(), &out, line); err != nil {
		r.t.Errorf("%s: %v", line, err)
	}
	return out.String()
}

// layout holds a command's output against its file. What is random in it is given
// other names, of the same length, first.
func (r *rig) layout(name, line string, random ...string) {
	r.t.Helper()
	got := strings.NewReplacer(random...).Replace(r.ask(line))
	file := filepath.Join("testdata", name+".txt")
	if *update {
		must(r.t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	must(r.t, err)
	if got != string(want) {
		r.t.Errorf("%s:\n%s\nwant:\n%s", line, got, want)
	}
}

// call makes a call of two: a caller in the dialplan, and the phone it has dialled.
func (r *rig) call() (bridge string) {
	r.t.Helper()
	caller, err := r.Engine.Incoming(signaling.Incoming{
		Leg: &leg{name: "1001"}, Tech: "PJSIP", Resource: "1001", Caller: signaling.CallerID{Name: "Alice", Number: "1001"},
		Context: "internal", Exten: "1002", AccountCode: "sales", Variables: []dialplan.Variable{{Name: "DEST", Value: "1002"}},
	})
	must(r.t, err)
	r.now.Store(5)
	called, err := r.Engine.Outgoing(r.t.Context(), signaling.Outgoing{
		Target: dialstring.Target{Tech: "PJSIP", Resource: "1002"}, LinkedID: caller.ID(),
		Request: signaling.DialRequest{Caller: signaling.CallerID{Name: "Alice", Number: "1001"}},
	})
	must(r.t, err)
	caller.SetPosition(signaling.DialplanPosition{Context: "internal", Exten: "1002", Priority: 2, App: "Dial", Data: "PJSIP/1002,30"})
	caller.SetConnected(signaling.CallerID{Number: "1002"})
	must(r.t, caller.Answer(r.t.Context()))
	b := r.Engine.NewBridge(signaling.BridgeConfig{Creator: "Dial"})
	r.t.Cleanup(b.Close)
	must(r.t, b.Add(r.t.Context(), caller))
	_, err = called.Until(r.t.Context(), func(s signaling.ChannelSnapshot) bool { return s.State == signaling.Dialing })
	must(r.t, err)
	r.now.Store(3725)
	return string(b.ID())
}
