package app_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// A locked room says so to who dials it, and lets admins in.
func TestConfBridgeLocked(t *testing.T) {
	r := withMedia(t)
	leader := r.visits("1001", "leader", 0)
	r.inside(1)
	room := r.rooms.Rooms()[0]
	ok(t, r.rooms.Change(room, func(s *conference.Settings) { s.Locked = true }))
	v := r.visits("1002", "visitor", 0)
	r.note("h FAILED 16")
	if s := r.Gone(v.Channel); s.Cause != signaling.CauseNormal {
		t.Errorf("ended with %d", s.Cause)
	}
	told(t, v.leg, "Start", "Answer", "Hangup")
	if r.Log.Count("sound=conf-locked") == 0 { // the rig has none of it
		t.Errorf("log:\n%s", r.Log)
	}
	other := r.visits("1003", "leader", 0)
	r.inside(2)
	other.Hangup(signaling.CauseNormal)
	r.note("h HANGUP 16")
	leader.Hangup(signaling.CauseNormal)
	r.note("h HANGUP 16")
}

// A phone without any wait_marked waits for the moderator of a room that requires one.
func TestConfBridgeModerated(t *testing.T) {
	r := withMedia(t)
	place := r.visits("1001", "visitor", 500)
	r.inside(1)
	room := r.rooms.Rooms()[0]
	ok(t, r.rooms.Change(room, func(s *conference.Settings) { s.Moderated = true }))
	r.inside(0)
	r.Eventually("the phone waits", func() bool { return len(room.Everybody()) == 1 && place.Snapshot().Bridge == "" })
	leader := r.visits("1002", "leader", 700)
	r.inside(2)
	hears(t, place.phone, 700)
	hears(t, leader.phone, 500)
	leader.Hangup(signaling.CauseNormal)
	notes := map[string]bool{}
	for range 3 { // the visitor's profile has end_marked_any
		notes[signaltest.Receive(t, "a note", r.notes)] = true
	}
	if !notes["ENDMARKED Up"] {
		t.Errorf("notes %v", notes)
	}
}
