package voip_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip"
	"github.com/skygenesisenterprise/skybridge/api/voip/rooms"
)

// A room with a PIN lets in who knows it, also after a restart, and shows it to
// nobody. Who guesses is slowed; others are not.
func TestARoomWithAPIN(t *testing.T) {
	var ahead atomic.Int64
	clock := func(c *voip.Config) {
		c.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	}
	db := openStore(t)
	r := startRig(t, db, clock)
	defer func() { r.stop() }()
	alice, bob := r.as("alice"), r.as("bob")
	made := alice.post("/rooms", map[string]any{"name": "Board", "pin": "9471108152342670"}).want(201)
	if strings.Contains(string(made.body), "9471108152342670") {
		t.Errorf("the answer shows the PIN: %s", made.body)
	}
	var room rooms.RoomBody
	made.into(&room)
	if !room.PINRequired {
		t.Errorf("room %s", show(room))
	}
	if open := alice.room(map[string]any{"name": "Open"}); open.PINRequired {
		t.Errorf("room %s", show(open))
	} else {
		bob.joins(open.ID, map[string]any{"pin": "0000"}) // not asked for
	}

	at := "/rooms/" + room.ID + "/join"
	alice.post(at, nil).want(403, "pin_required").at("body.pin")
	bob.post(at, map[string]any{"pin": "94711081523426700"}).want(403, "wrong_pin").at("body.pin")
	bob.joins(room.ID, map[string]any{"pin": "9471108152342670"})
	bob.post("/rooms/"+room.Number+"/join", map[string]any{"pin": "947110815234267"}).want(403, "wrong_pin")

	eve := r.as("eve")
	for range 5 {
		eve.post(at, map[string]any{"pin": "1234"}).want(403, "wrong_pin")
	}
	eve.post(at, map[string]any{"pin": "9471108152342670"}).want(429, "too_many_tries")
	bob.joins(room.ID, map[string]any{"pin": "9471108152342670"})
	ahead.Add(int64(time.Minute))
	eve.joins(room.ID, map[string]any{"pin": "9471108152342670"})

	alice.do("PATCH", "/rooms/"+room.ID, map[string]any{"name": "Old board"}).want(200)
	r.stop()
	r = startRig(t, db, clock)
	alice = r.as("alice")
	alice.post(at, nil).want(403, "pin_required")
	alice.joins(room.ID, map[string]any{"pin": "9471108152342670"})
}
