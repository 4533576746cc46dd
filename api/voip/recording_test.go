package voip_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip"
	"github.com/skygenesisenterprise/skybridge/api/voip/recordings"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/media/wav"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/recording"
)

// recording is one, as the user sees it.
func (u *user) recording(id string) (rec recordings.Recording) {
	u.t.Helper()
	u.get("/recordings/" + id).want(200).into(&rec)
	return rec
}

// lasts waits until a recording is as long.
func (u *user) lasts(id string, d time.Duration) {
	u.t.Helper()
	var rec recordings.Recording
	eventually(u.t, func() bool { rec = u.recording(id); return rec.DurationMS >= d.Milliseconds() }, func() string { return show(rec) })
}

// listed are the ids of recordings.
func (u *user) listed(query string) (ids []string) {
	u.t.Helper()
	var list struct{ Items []recordings.Recording }
	u.get("/recordings" + query).want(200).into(&list)
	for _, rec := range list.Items {
		ids = append(ids, rec.ID)
	}
	return ids
}

// A call is recorded; its parties, admins and auditors hear it, also after the call and over a
// restart, and nobody else knows of it.
func TestACallIsRecorded(t *testing.T) {
	db := openStore(t)
	folder := t.TempDir()
	in := func(cfg *voip.Config) {
		rc := recording.Config{Engine: cfg.Engine, Codecs: cfg.Codecs, Log: cfg.Log, Monitor: folder}
		cfg.Recordings = recording.NewRegistry(rc)
	}
	r := startRig(t, db, in)
	alice, c, ph := talking(t, r)
	sub := r.engine.Bus().Subscribe(8, func(e *event.Event) bool {
		return e.Type == event.RecordingStarted || e.Type == event.RecordingFinished
	})
	defer sub.Close()
	if len(c.Recordings) != 0 {
		t.Errorf("recordings %v", c.Recordings)
	}
	if p := alice.post("/calls/"+c.ID+"/record/stop", nil).want(409, "not_recording").problem(); p.State != "active" {
		t.Errorf("state %q", p.State)
	}
	var rec recordings.Recording
	a := alice.post("/calls/"+c.ID+"/record", nil).want(201)
	a.into(&rec)
	if a.header.Get("Location") != "/api/v1/voip/recordings/"+rec.ID || rec.State != "recording" || *rec.CallID != c.ID || rec.RoomID != nil {
		t.Errorf("recording %s at %q", show(rec), a.header.Get("Location"))
	}
	if p := alice.post("/calls/"+c.ID+"/record", nil).want(409, "already_recording").problem(); p.State != "active" {
		t.Errorf("state %q", p.State)
	}
	if p := alice.get("/recordings/"+rec.ID+"/file").want(409, "conflict").problem(); p.State != "recording" {
		t.Errorf("state %q", p.State)
	}
	alice.lasts(rec.ID, 300*time.Millisecond)
	var done recordings.Recording
	alice.post("/calls/"+c.ID+"/record/stop", nil).want(200).into(&done)
	if done.State != "done" || done.DurationMS < 300 || done.EndedAt == nil || done.SizeBytes < 300*16 {
		t.Errorf("stopped %s", show(done))
	}
	for _, want := range []event.Type{event.RecordingStarted, event.RecordingFinished} {
		if e := <-sub.Events(); e.Type != want || e.Bridge != c.BridgeID || e.Data.(recording.Snapshot).ID != rec.ID {
			t.Errorf("event %+v", e)
		}
	}
	var other recordings.Recording
	alice.post("/calls/"+c.ID+"/record", map[string]any{"format": "wav48", "max_duration": 3600}).want(201).into(&other)
	var now voip.CallBody
	alice.get("/calls/" + c.ID).want(200).into(&now)
	if !slices.Equal(now.Recordings, []string{rec.ID, other.ID}) {
		t.Errorf("recordings of the call %v", now.Recordings)
	}
	ph.hangsUp(16) // which ends the recording with the call
	eventually(t, func() bool { return alice.recording(other.ID).State == "done" }, func() string { return show(alice.recording(other.ID)) })
	r.stop()

	r = startRig(t, db, in)
	t.Cleanup(r.stop)
	alice = r.as("alice")
	alice.get("/calls/" + c.ID).want(200).into(&now)
	if !slices.Equal(now.Recordings, []string{rec.ID, other.ID}) {
		t.Errorf("recordings of the ended call %v", now.Recordings)
	}
	if got := alice.recording(rec.ID); show(got) != show(done) {
		t.Errorf("after the restart %s, was %s", show(got), show(done))
	}
	admin, auditor, eve := r.as("root", role(auth.RoleAdmin)), r.as("audit", role(auth.RoleAuditor)), r.as("eve")
	for _, u := range []*user{alice, admin, auditor} {
		if got := u.listed("?call_id=" + c.ID); !slices.Equal(got, []string{rec.ID, other.ID}) {
			t.Errorf("%s lists %v", u.name, got)
		}
		file := u.get("/recordings/" + rec.ID + "/file").want(200)
		pcm, rate, err := wav.ReadMono(bytes.NewReader(file.body), 1<<20)
		must(t, err)
		if rate != 8000 || len(pcm) < 8000*3/10 || file.header.Get("Content-Type") != "audio/wav" {
			t.Errorf("%d samples of %d Hz", len(pcm), rate)
		}
	}
	if got := eve.listed(""); len(got) != 0 {
		t.Errorf("eve lists %v", got)
	}
	for _, path := range []string{"/recordings/" + rec.ID, "/recordings/" + rec.ID + "/file", "/recordings/..%2f..%2fetc"} {
		eve.get(path).want(404, "not_found")
	}
	alice.get("/recordings?cursor=x").want(422).at("query.cursor")
	eve.delete("/recordings/"+rec.ID).want(403, "forbidden")
	alice.delete("/recordings/"+rec.ID).want(403, "forbidden")
	auditor.delete("/recordings/"+rec.ID).want(403, "forbidden")
	admin.delete("/recordings/" + rec.ID).want(204)
	admin.get("/recordings/"+rec.ID).want(404, "not_found")
}

// Who may record a call, and when.
func TestWhoRecordsACall(t *testing.T) {
	r := newRig(t)
	alice, c, _ := talking(t, r)
	waiting := alice.calls("SIP/1002")
	over := alice.calls("SIP/1003")
	alice.post("/calls/"+over.ID+"/end", nil).want(200)
	for _, verb := range []string{"/record", "/record/stop"} {
		r.as("eve").post("/calls/"+c.ID+verb, nil).want(404, "not_found")
		r.as("audit", role(auth.RoleAuditor)).post("/calls/"+c.ID+verb, nil).want(403, "forbidden")
		(&user{rig: r, name: "nobody"}).post("/calls/"+c.ID+verb, nil).want(401)
		alice.post("/calls/nothing"+verb, nil).want(404, "not_found")
		if p := alice.post("/calls/"+over.ID+verb, nil).want(409, "call_ended").problem(); p.State != "ended" {
			t.Errorf("state %q", p.State)
		}
		alice.post("/calls/"+waiting.ID+verb, nil).want(409)
	}
	alice.post("/calls/"+c.ID+"/record", map[string]any{"format": "mp3"}).want(422).at("body.format")
	alice.post("/calls/"+c.ID+"/record", map[string]any{"max_duration": 0}).want(422).at("body.max_duration")
	room := alice.room(map[string]any{"name": "x"})
	j := alice.joins(room.ID, nil)
	alice.post("/calls/"+j.CallID+"/record", nil).want(409, "conflict")
	r.as("root", role(auth.RoleAdmin)).post("/calls/"+c.ID+"/record", nil).want(201)
}

// A call made with record is recorded from its first moment on, for as long as the server allows.
func TestACallIsRecordedFromTheBeginning(t *testing.T) {
	r := newRig(t, func(cfg *voip.Config) { cfg.MaxRecording = 200 * time.Millisecond })
	alice := r.as("alice")
	var c voip.CallBody
	alice.post("/calls", map[string]any{"participants": []string{"SIP/1001", "SIP/1002"}, "call_type": "audio", "record": true}).want(201).into(&c)
	if len(c.Recordings) != 0 {
		t.Errorf("recorded before anybody talks: %v", c.Recordings)
	}
	r.phone("1001").answers()
	r.phone("1002").answers()
	now := alice.sees(c.ID, "it is recorded", func(c voip.CallBody) bool { return len(c.Recordings) == 1 })
	eventually(t, func() bool { return alice.recording(now.Recordings[0]).State == "done" }, func() string { return show(alice.recording(now.Recordings[0])) })
	if rec := alice.recording(now.Recordings[0]); rec.DurationMS != 200 {
		t.Errorf("recorded %s", show(rec))
	}
	if got := alice.sees(c.ID, "it goes on", status(voip.StatusActive)); len(got.Recordings) != 1 {
		t.Errorf("recordings %v", got.Recordings)
	}
}

// Moderators record a room that allows it; who was in it hears that.
func TestARoomIsRecorded(t *testing.T) {
	r := newRig(t)
	alice, bob, eve := r.as("alice"), r.as("bob"), r.as("eve")
	room := alice.room(map[string]any{"name": "Board"})
	path := "/rooms/" + room.ID
	allow := func(on bool) {
		t.Helper()
		alice.do("PATCH", path, map[string]any{"settings": map[string]any{"allow_recording": on}}).want(200)
	}
	alice.post(path+"/record", nil).want(403, "recording_not_allowed")
	allow(true)
	if p := alice.post(path+"/record", nil).want(409).problem(); p.State != "empty" {
		t.Errorf("state %q", p.State)
	}
	j := bob.joins(room.ID, nil)
	bob.connects(j.CallID, newBrowser(t))
	alice.awaits(room.ID, "bob is in", are(1, 0))
	for _, verb := range []string{"/record", "/record/stop"} {
		bob.post(path+verb, nil).want(403, "forbidden")
		eve.post(path+verb, nil).want(404, "not_found")
		r.as("audit", role(auth.RoleAuditor)).post(path+verb, nil).want(403, "forbidden")
	}
	alice.post(path+"/record/stop", nil).want(409, "not_recording")
	var rec recordings.Recording
	alice.post(path+"/record", nil).want(201).into(&rec)
	if *rec.RoomID != room.ID || rec.CallID != nil {
		t.Errorf("recording %s", show(rec))
	}
	bob.lasts(rec.ID, 100*time.Millisecond)
	k := eve.joins(room.ID, nil) // comes later
	eve.connects(k.CallID, newBrowser(t))
	alice.awaits(room.ID, "eve is in", are(2, 0))
	allow(false)
	eventually(t, func() bool { return eve.recording(rec.ID).State == "done" }, func() string { return show(eve.recording(rec.ID)) })
	r.as("mallory").get("/recordings/"+rec.ID).want(404, "not_found")
	if got := bob.listed("?room_id=" + room.ID); !slices.Equal(got, []string{rec.ID}) {
		t.Errorf("bob lists %v", got)
	}
	allow(true)
	alice.post(path+"/record", nil).want(201).into(&rec)
	alice.delete(path).want(204) // ends it
	eventually(t, func() bool { return alice.recording(rec.ID).State == "done" }, func() string { return show(alice.recording(rec.ID)) })
}

// Without a registry nothing is recorded, and that is said.
func TestNothingIsRecorded(t *testing.T) {
	r := newRig(t, func(cfg *voip.Config) { cfg.Recordings = nil })
	alice, c, _ := talking(t, r)
	alice.post("/calls/"+c.ID+"/record", nil).want(501, "unsupported")
	alice.post("/calls", map[string]any{"participants": []string{"SIP/1002"}, "call_type": "audio", "record": true}).want(501).at("body.record")
}
