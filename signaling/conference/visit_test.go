package conference_test

import (
	"context"
	"slices"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// visitor is somebody whose visit is under way.
type visitor struct {
	*signaling.Channel
	id     string
	result chan conference.Result
}

// visits begins a visit.
func (r *rig) visits(room *conference.Room, name string, role conference.Role, change ...func(*conference.Visit)) *visitor {
	r.t.Helper()
	place, err := room.Reserve(role)
	ok(r.t, err)
	v := &visitor{Channel: r.up(name), id: name, result: make(chan conference.Result, 1)}
	place.Name(name)
	visit := &conference.Visit{Channel: v.Channel, Place: place, User: name}
	for _, f := range change {
		f(visit)
	}
	go func() { // owned by the test; ends with the visit, at the latest with the channel
		result, err := visit.Run(v.Live())
		if err != nil {
			r.t.Error(err)
		}
		v.result <- result
	}()
	return v
}

func names(list []conference.Participant) (out []string) {
	for _, m := range list {
		out = append(out, m.ID)
	}
	return out
}

// are waits until these are in the room, and those wait.
func (r *rig) are(room *conference.Room, in, waiting []string) {
	r.t.Helper()
	r.Eventually("the right ones are in the room", func() bool {
		all := room.Everybody()
		now := names(slices.DeleteFunc(slices.Clone(all), func(m conference.Participant) bool { return m.Waiting }))
		out := names(slices.DeleteFunc(all, func(m conference.Participant) bool { return !m.Waiting }))
		slices.Sort(now)
		slices.Sort(out)
		return slices.Equal(now, in) && slices.Equal(out, waiting)
	})
}

// In a moderated room others wait for a moderator, and again once the last one has gone, or
// is none any more.
func TestAModeratedRoom(t *testing.T) {
	r := newRig(t)
	room, err := r.rooms.Create(conference.Settings{Kept: true, Moderated: true})
	ok(t, err)
	sub := r.Engine.Bus().Subscribe(64, func(e *event.Event) bool { _, is := e.Data.(conference.Event); return is })
	defer sub.Close()
	a := r.visits(room, "a", conference.RoleParticipant)
	r.are(room, nil, []string{"a"})
	lead := r.visits(room, "lead", conference.RoleModerator)
	r.are(room, []string{"a", "lead"}, nil)
	ok(t, room.SetRole("lead", conference.RoleParticipant))
	r.are(room, nil, []string{"a", "lead"})
	ok(t, room.SetRole("a", conference.RoleModerator)) // while they wait
	r.are(room, []string{"a", "lead"}, nil)
	b := r.visits(room, "b", conference.RoleParticipant)
	r.are(room, []string{"a", "b", "lead"}, nil)
	a.Hangup(signaling.CauseNormal)
	r.are(room, nil, []string{"b", "lead"})
	ok(t, room.Kick(t.Context(), "b"))
	if res := signaltest.Receive(t, "the end of b's visit", b.result); res != conference.Kicked || b.Ended() {
		t.Errorf("who was put out while they waited: %s", res)
	}
	kind(t, room.Kick(t.Context(), "b"), fault.NotFound, "not_found")
	kind(t, room.SetRole("b", conference.RoleModerator), fault.NotFound, "not_found")
	ok(t, r.rooms.Change(room, func(s *conference.Settings) { s.Moderated = false }))
	r.are(room, []string{"lead"}, nil)
	ok(t, r.rooms.Change(room, func(s *conference.Settings) { s.Holding = true }))
	r.are(room, nil, []string{"lead"})
	ok(t, r.rooms.Change(room, func(s *conference.Settings) { s.Holding = false }))
	r.are(room, []string{"lead"}, nil)
	room.Close()
	if res := signaltest.Receive(t, "the end of the last visit", lead.result); res != conference.Kicked {
		t.Errorf("the room's end: %s", res)
	}
	signaltest.Receive(t, "the end of a's visit", a.result)

	var told []string
	for len(told) == 0 || told[len(told)-1] != "RoomEnded" {
		e := signaltest.Receive(t, "the room's end", sub.Events())
		d, _ := e.Data.(conference.Event)
		if d.Room != room.Settings().ID || e.Bridge != string(room.Bridge().ID()) || e.Channel != string(d.Participant.Channel) {
			t.Errorf("%+v", e)
		}
		name := string(e.Type)
		if d.Participant.ID != "" {
			name += " " + d.Participant.ID
		}
		told = append(told, name)
	}
	for _, want := range []string{
		"RoomWaiting a", "RoomJoined lead", "RoomJoined a", "RoomRole lead", "RoomLeft a", "RoomWaiting lead", "RoomRole a", "RoomLeft b", "RoomChanged",
	} {
		if !slices.Contains(told, want) {
			t.Errorf("nobody told %s: %v", want, told)
		}
	}
	if told[0] != "RoomWaiting a" {
		t.Errorf("told %v", told)
	}
}

// The only moderator who is put out is out, and does not wait for another one.
func TestTheLastModeratorIsPutOut(t *testing.T) {
	r := newRig(t)
	room, err := r.rooms.Create(conference.Settings{Kept: true, Moderated: true})
	ok(t, err)
	lead := r.visits(room, "lead", conference.RoleModerator)
	r.are(room, []string{"lead"}, nil)
	ok(t, room.Kick(t.Context(), "lead"))
	if res := signaltest.Receive(t, "the end of the visit", lead.result); res != conference.Kicked {
		t.Errorf("ended with %s", res)
	}
	r.are(room, nil, nil)
}

// Who gives up while they wait leaves nothing behind.
func TestWhoWaitsHangsUp(t *testing.T) {
	r := newRig(t)
	place, err := r.rooms.Reserve("9000", conference.RoleParticipant, conference.Settings{})
	ok(t, err)
	room := place.Room()
	v := r.visits(room, "a", conference.RoleParticipant, func(v *conference.Visit) { v.WaitMarked = true })
	place.Release()
	r.are(room, nil, []string{"a"})
	v.Hangup(signaling.CauseNormal)
	if res := signaltest.Receive(t, "the end of the visit", v.result); res != conference.Timeout {
		t.Errorf("ended with %s", res)
	}
	r.are(room, nil, nil)
	r.Eventually("the room is over", func() bool { return len(r.rooms.Rooms()) == 0 })
}

// A locked room lets moderators in and nobody else; who is in stays.
func TestALockedRoom(t *testing.T) {
	r := newRig(t)
	room, err := r.rooms.Create(conference.Settings{Kept: true})
	ok(t, err)
	m, _ := r.enter(room.Settings().Number, r.up("1001"))
	ok(t, r.rooms.Change(room, func(s *conference.Settings) { s.Locked = true }))
	_, err = room.Reserve(conference.RoleParticipant)
	kind(t, err, fault.Conflict, conference.Locked)
	_, err = r.rooms.Reserve(room.Settings().Number, conference.RoleParticipant, conference.Settings{})
	kind(t, err, fault.Conflict, conference.Locked)
	place, err := room.Reserve(conference.RoleModerator)
	ok(t, err)
	place.Release()
	if in := names(room.Participants()); !slices.Equal(in, []string{m.ID}) {
		t.Errorf("in the room are %v", in)
	}
	ok(t, r.rooms.Change(room, func(s *conference.Settings) { s.Locked = false }))
	place, err = room.Reserve(conference.RoleParticipant)
	ok(t, err)
	place.Release()
}

// A room's number changes if nobody has the new one.
func TestAnotherNumber(t *testing.T) {
	r := newRig(t)
	room, err := r.rooms.Create(conference.Settings{Number: "7000", Kept: true})
	ok(t, err)
	_, err = r.rooms.Create(conference.Settings{Number: "7001", Kept: true})
	ok(t, err)
	for _, ca := range []struct {
		change func(*conference.Settings)
		kind   fault.Kind
		code   string
	}{
		{func(s *conference.Settings) { s.Number = "7001" }, fault.Conflict, "number_taken"},
		{func(s *conference.Settings) { s.Max = -1 }, fault.Invalid, "invalid"},
	} {
		kind(t, r.rooms.Change(room, ca.change), ca.kind, ca.code)
	}
	ok(t, r.rooms.Change(room, func(s *conference.Settings) { s.Number = "7002" }))
	place, err := r.rooms.Reserve("7002", conference.RoleParticipant, conference.Settings{})
	ok(t, err)
	if place.Room() != room {
		t.Error("its new number leads elsewhere")
	}
	place.Release()
	_, err = r.rooms.Create(conference.Settings{Number: "7000"}) // free again
	ok(t, err)
	room.Close()
	kind(t, r.rooms.Change(room, func(*conference.Settings) {}), fault.Gone, "gone")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = place.Enter(ctx, r.up("1001"), "", conference.RoleParticipant)
	kind(t, err, fault.Gone, "gone")
}
