package recording_test

import (
	"os"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/tone"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/wav"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/recording"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// What all say in a bridge is in one file, whoever comes and goes; it ends with the last one.
func TestABridge(t *testing.T) {
	h := newHouse(t)
	b := h.Engine.NewBridge(signaling.BridgeConfig{Name: "b"})
	defer b.Close()
	if _, err := h.StartBridge(b, h.options("a.wav")); fault.Of(err) != fault.Conflict {
		t.Fatalf("an empty bridge: %v", err)
	}
	one, _ := h.CallUp("1001", h.Phone(g711.MuLaw(), 500))
	two, _ := h.CallUp("1002", h.Phone(g711.MuLaw(), 700))
	ok(t, b.Add(t.Context(), one))
	ok(t, b.Add(t.Context(), two))
	sub := h.Engine.Bus().Subscribe(4, func(e *event.Event) bool {
		return e.Type == event.RecordingStarted || e.Type == event.RecordingFinished
	})
	defer sub.Close()
	rec, err := h.StartBridge(b, h.options("a.wav"))
	ok(t, err)
	if _, err := h.StartBridge(b, h.options("a.wav")); fault.Of(err) != fault.Conflict {
		t.Errorf("a file that is being recorded: %v", err)
	}
	h.reaches(rec, time.Second)
	one.Hangup(signaling.CauseNormal)
	h.Gone(one)
	now := rec.Length()
	h.reaches(rec, now+500*time.Millisecond)
	two.Hangup(signaling.CauseNormal)
	<-rec.Done()
	if res := rec.Result(); res.Reason != recording.Stopped || !res.Ended || res.Err != nil {
		t.Errorf("%+v", res)
	}
	for _, want := range []event.Type{event.RecordingStarted, event.RecordingFinished} {
		e := signaltest.Receive(t, "an event", sub.Events())
		if s, is := e.Data.(recording.Snapshot); e.Type != want || e.Bridge != string(b.ID()) || !is || s.Bridge != b.ID() || s.Channel != "" {
			t.Errorf("event %+v", e)
		}
	}
	file, err := os.Open(rec.Snapshot().Path)
	ok(t, err)
	defer file.Close()
	pcm, rate, err := wav.ReadMono(file, 1<<20)
	ok(t, err)
	half := pcm[rate/5 : rate*4/5]
	for _, hz := range []float64{500, 700} {
		if level := tone.Level(half, rate, hz); level < -40 {
			t.Errorf("%.0f Hz is at %.1f dBFS", hz, level)
		}
	}
	end := pcm[len(pcm)-rate/4 : len(pcm)-rate/20]
	if there, gone := tone.Level(end, rate, 700), tone.Level(end, rate, 500); there < -40 || gone > -50 {
		t.Errorf("at the end 700 Hz is at %.1f dBFS, 500 Hz at %.1f", there, gone)
	}
}
