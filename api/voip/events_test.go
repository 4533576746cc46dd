package voip_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/events"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/media/record"
	"github.com/skygenesisenterprise/skybridge/signaling/recording"
	"github.com/skygenesisenterprise/skybridge/signaling/talk"
)

// followed is one answer of GET /events.
type followed struct {
	Items []events.EventBody `json:"items"`
	Next  uint64             `json:"next"`
	Gap   bool               `json:"gap"`
}

// follow reads events of types after a number until one is what is looked for.
func (u *user) follow(after uint64, types string, what string, is func(events.EventBody) bool) (events.EventBody, uint64) {
	u.t.Helper()
	for began := time.Now(); time.Since(began) < patience; {
		var got followed
		u.get(fmt.Sprintf("/events?after=%d&wait=5&types=%s", after, types)).want(200).into(&got)
		if got.Gap {
			u.t.Fatal("events are lost")
		}
		for _, e := range got.Items {
			if e.Seq <= after {
				u.t.Fatalf("event %d after %d", e.Seq, after)
			}
			if after = e.Seq; is(e) {
				return e, after
			}
		}
		after = got.Next
	}
	u.t.Fatalf("not told: %s", what)
	return events.EventBody{}, 0
}

// Who speaks in a room, when somebody talks, and what becomes of recordings is told to those
// who rule.
func TestEvents(t *testing.T) {
	r := newRig(t)
	alice, root, auditor := r.as("alice"), r.as("root", role(auth.RoleAdmin)), r.as("eve", role(auth.RoleAuditor))
	alice.get("/events").want(403)
	root.get("/events?types=ChannelDtmfReceived").want(422).at("query.types")
	root.get("/events?wait=56").want(422)
	var now followed
	auditor.get("/events").want(200).into(&now)
	if len(now.Items) != 0 {
		t.Errorf("told at once: %v", now.Items)
	}

	room := alice.room(map[string]any{"name": "Loud"})
	loud, quiet := r.speaks("1001", 500), r.speaks("1002", 0)
	for i, number := range []string{"1001", "1002"} {
		alice.joins(room.ID, map[string]any{"endpoint": "SIP/" + number})
		alice.awaits(room.ID, number+" is in", present(i+1))
	}
	members := alice.reads(room.ID).Participants
	speaker, _ := root.follow(now.Next, "BridgeActiveSpeaker", "the speaker", func(e events.EventBody) bool {
		return e.BridgeID == room.BridgeID && e.ChannelID == members[0].ChannelID
	})
	if speaker.Channel == "" || speaker.Timestamp.IsZero() {
		t.Errorf("the speaker is %s", show(speaker))
	}
	level, _ := root.follow(now.Next, "BridgeLevels", "levels", func(e events.EventBody) bool {
		return e.BridgeID == room.BridgeID && slices.ContainsFunc(e.Levels, func(l events.LevelBody) bool {
			return l.ChannelID == members[0].ChannelID && l.Talking && l.Level < 30
		})
	})
	if slices.ContainsFunc(level.Levels, func(l events.LevelBody) bool { return l.ChannelID == members[1].ChannelID && l.Talking }) {
		t.Errorf("who is silent talks: %s", show(level))
	}
	loud.Say(0)
	quiet.Say(700)
	root.follow(speaker.Seq, "BridgeActiveSpeaker", "the other speaker", func(e events.EventBody) bool {
		return e.ChannelID == members[1].ChannelID
	})

	ch, err := r.engine.Channel(members[1].ChannelID)
	must(t, err)
	talking := talk.NewRegistry()
	defer func() { must(t, talking.Close()) }()
	cfg := talk.Default()
	cfg.Silence = 200 * time.Millisecond
	must(t, talking.Set(t.Context(), ch, cfg))
	began, after := root.follow(now.Next, "ChannelTalkingStarted,ChannelTalkingFinished", "talking", func(e events.EventBody) bool {
		return e.Type == "ChannelTalkingStarted"
	})
	quiet.Say(0)
	ended, _ := root.follow(after, "ChannelTalkingStarted,ChannelTalkingFinished", "its end", func(e events.EventBody) bool {
		return e.Type == "ChannelTalkingFinished"
	})
	if began.ChannelID != members[1].ChannelID || began.DurationMS != nil || ended.ChannelID != began.ChannelID || ended.DurationMS == nil {
		t.Errorf("talking: %s, %s", show(began), show(ended))
	}

	recs := recording.NewRegistry(recording.Config{Engine: r.engine, Log: testLog(), Monitor: t.TempDir(), Sounds: t.TempDir()})
	defer func() { must(t, recs.Close()) }()
	format, err := record.FormatOf("wav")
	must(t, err)
	rec, err := recs.Start(t.Context(), ch, recording.Options{Name: "kept", Path: filepath.Join(t.TempDir(), "kept.wav"), Format: format, Content: record.Mix})
	must(t, err)
	rec.Stop()
	started, after := root.follow(now.Next, "RecordingStarted,RecordingFinished", "the recording", func(e events.EventBody) bool { return e.Recording != nil })
	finished, _ := root.follow(after, "RecordingStarted,RecordingFinished", "its end", func(e events.EventBody) bool { return e.Type == "RecordingFinished" })
	if started.Type != "RecordingStarted" || started.Recording.State != "recording" || finished.Recording.State != "done" ||
		finished.Recording.Name != "kept" || finished.ChannelID != members[1].ChannelID {
		t.Errorf("recording: %s, %s", show(started), show(finished))
	}
}
