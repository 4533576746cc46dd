package conference

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// A participant whose stay cannot be followed is out of the room and of the call, and
// the others stay.
func TestAPanicCostsOneParticipant(t *testing.T) {
	h := signaltest.New(t, signaltest.NewMixer(t))
	rooms := NewRegistry(h.Engine)
	room, err := rooms.Create(Settings{Kept: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(room.Close)
	place, err := room.Reserve(RoleParticipant)
	if err != nil {
		t.Fatal(err)
	}
	other, _ := h.CallUp("1002", nil)
	stays, err := place.Enter(t.Context(), other, "", RoleParticipant)
	if err != nil {
		t.Fatal(err)
	}

	c, _ := h.CallUp("1001", nil)
	broken := &Room{settings: Settings{Kept: true}, registry: rooms, members: []Participant{{ID: "a"}, {ID: "b"}}, remarked: make(chan struct{})} // no bridge
	left := make(chan struct{})
	broken.awaited.Add(1)
	broken.await(c, "a", left)
	signaltest.Receive(t, "the participant's leaving", left)
	broken.awaited.Wait()
	if m := broken.Participants(); len(m) != 1 || m[0].ID != "b" {
		t.Errorf("participants are %+v", m)
	}
	if s := h.Gone(c); s.Cause != signaling.CauseTemporary {
		t.Errorf("ended with %d", s.Cause)
	}
	if h.Log.Count("panic in a participant's stay") != 1 {
		t.Errorf("log:\n%s", h.Log)
	}
	if m := room.Participants(); len(m) != 1 || m[0].ID != stays.ID || other.Snapshot().Ended {
		t.Errorf("the other room has %+v", m)
	}
}
