package conference_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// rig is a house with rooms. Parties have no media: that is tested where bridges are.
type rig struct {
	*signaltest.House
	t     *testing.T
	rooms *conference.Registry
}

func newRig(t *testing.T) *rig {
	t.Helper()
	h := signaltest.New(t, signaltest.NewMixer(t))
	r := &rig{House: h, t: t, rooms: conference.NewRegistry(h.Engine)}
	t.Cleanup(func() {
		for _, room := range r.rooms.Rooms() {
			room.Close()
		}
	})
	return r
}

func (r *rig) up(name string) *signaling.Channel {
	r.t.Helper()
	c, _ := r.CallUp(name, nil)
	return c
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func kind(t *testing.T, err error, want fault.Kind, code string) {
	t.Helper()
	if err == nil || fault.Of(err) != want || fault.CodeOf(err) != code {
		t.Fatalf("error %v (%s, %s), want %s", err, fault.Of(err), fault.CodeOf(err), code)
	}
}

// enter brings a channel into the room with a number.
func (r *rig) enter(number string, c *signaling.Channel) (conference.Participant, *conference.Room) {
	r.t.Helper()
	place, err := r.rooms.Reserve(number, conference.RoleParticipant, conference.Settings{Max: 0})
	ok(r.t, err)
	m, err := place.Enter(r.t.Context(), c, "ada", conference.RoleModerator)
	ok(r.t, err)
	place.Release() // does nothing any more
	return m, place.Room()
}

func TestARoomMadeByDiallingLastsAsLongAsItsPeople(t *testing.T) {
	r := newRig(t)
	a, b := r.up("1001"), r.up("1002")
	first, room := r.enter("9000", a)
	second, same := r.enter("9000", b)
	if room != same || len(r.rooms.Rooms()) != 1 {
		t.Fatal("they are not in one room")
	}
	if s := room.Bridge().Snapshot(); len(s.Channels) != 2 || s.Technology != "softmix" || s.Creator != "ConfBridge" {
		t.Errorf("bridge %+v", s)
	}
	m := room.Participants()
	if len(m) != 2 || m[0].ID != first.ID || m[1].Channel != b.ID() || m[0].User != "ada" || m[0].Role != conference.RoleModerator || m[0].Joined.IsZero() {
		t.Errorf("participants %+v", m)
	}
	a.Hangup(signaling.CauseNormal)
	signaltest.Receive(t, "the first to leave", first.Left)
	if _, err := r.rooms.Room(room.Settings().ID); err != nil {
		t.Errorf("the room ended with somebody in it: %v", err)
	}
	ok(t, room.Leave(t.Context(), b))
	signaltest.Receive(t, "the second to leave", second.Left)
	_, err := r.rooms.Room(room.Settings().ID)
	kind(t, err, fault.NotFound, "not_found")
	_, err = room.Reserve(conference.RoleParticipant)
	kind(t, err, fault.Gone, "gone")
	if b.Snapshot().Ended {
		t.Error("who left was hung up")
	}
	_, again := r.enter("9000", b)
	if again == room {
		t.Error("an ended room came back")
	}
}

func TestAKeptRoomStays(t *testing.T) {
	r := newRig(t)
	room, err := r.rooms.Create(conference.Settings{Name: "team", Max: 5, Kept: true, Creator: "ada"})
	ok(t, err)
	s := room.Settings()
	if s.Number != "9001" || s.ID == "" || s.Created.IsZero() || s.Creator != "ada" {
		t.Errorf("settings %+v", s)
	}
	m, same := r.enter("9001", r.up("1001"))
	if same != room {
		t.Error("its number leads elsewhere")
	}
	ok(t, room.Kick(t.Context(), m.ID))
	signaltest.Receive(t, "who was kicked", m.Left)
	if err := room.Kick(t.Context(), m.ID); fault.Of(err) != fault.NotFound {
		t.Errorf("kicked twice: %v", err)
	}
	if found, err := r.rooms.Room(s.ID); err != nil || found != room {
		t.Errorf("it is gone: %v", err)
	}
}

func TestCreateRefuses(t *testing.T) {
	r := newRig(t)
	room, err := r.rooms.Create(conference.Settings{Number: "7000", Kept: true})
	ok(t, err)
	_, err = r.rooms.Create(conference.Settings{Number: "7000"})
	kind(t, err, fault.Conflict, "number_taken")
	_, err = r.rooms.Create(conference.Settings{ID: room.Settings().ID})
	kind(t, err, fault.Conflict, "conflict")
	_, err = r.rooms.Create(conference.Settings{Max: -1})
	kind(t, err, fault.Invalid, "invalid")
	_, err = r.rooms.Create(conference.Settings{Number: strings.Repeat("1", 81)})
	kind(t, err, fault.Invalid, "invalid")
	_, err = r.rooms.Reserve("", conference.RoleParticipant, conference.Settings{Max: 0})
	kind(t, err, fault.Invalid, "invalid")
}

// Places are counted from the reservation on, and given back once.
func TestAFullRoom(t *testing.T) {
	r := newRig(t)
	first, err := r.rooms.Reserve("9000", conference.RoleParticipant, conference.Settings{Max: 2})
	ok(t, err)
	second, err := r.rooms.Reserve("9000", conference.RoleParticipant, conference.Settings{Max: 99}) // the room has its limit already
	ok(t, err)
	_, err = r.rooms.Reserve("9000", conference.RoleParticipant, conference.Settings{Max: 0})
	kind(t, err, fault.Full, "room_full")
	first.Release()
	first.Release()
	third, err := r.rooms.Reserve("9000", conference.RoleParticipant, conference.Settings{Max: 0})
	ok(t, err)
	_, err = third.Enter(t.Context(), r.up("1001"), "", conference.RoleParticipant)
	ok(t, err)
	_, err = r.rooms.Reserve("9000", conference.RoleParticipant, conference.Settings{Max: 0})
	kind(t, err, fault.Full, "room_full")
	if _, err := first.Enter(t.Context(), r.up("1002"), "", conference.RoleParticipant); fault.Of(err) != fault.Gone {
		t.Errorf("entered with a place that was given back: %v", err)
	}
	room := third.Room()
	ok(t, r.rooms.Change(room, func(s *conference.Settings) { s.Name, s.Max = "larger", 3 }))
	_, err = room.Reserve(conference.RoleParticipant)
	ok(t, err)
	ok(t, r.rooms.Change(room, func(s *conference.Settings) { s.Name, s.Max = "smaller", 1 })) // nobody is put out
	_, err = room.Reserve(conference.RoleParticipant)
	kind(t, err, fault.Full, "room_full")
	if s := room.Settings(); s.Name != "smaller" || s.Max != 1 || len(room.Participants()) != 1 {
		t.Errorf("settings %+v", s)
	}
	second.Release()
}

// Rooms are listed, and named in errors, while they change.
func TestRoomsAreListedWhileTheyChange(t *testing.T) {
	r := newRig(t)
	room, err := r.rooms.Create(conference.Settings{Kept: true})
	ok(t, err)
	_, err = r.rooms.Create(conference.Settings{Kept: true}) // one is never compared
	ok(t, err)
	var changing sync.WaitGroup
	changing.Go(func() {
		for n := range 200 {
			if err := r.rooms.Change(room, func(s *conference.Settings) { s.Number = fmt.Sprint(8000 + n) }); err != nil {
				t.Error(err)
			}
		}
	})
	for range 200 {
		if all := r.rooms.Rooms(); len(all) != 2 || all[0] != room {
			t.Fatal("the rooms are not in order")
		}
		err := room.SetHearing(t.Context(), "nobody", nil, nil)
		kind(t, err, fault.NotFound, "not_found")
	}
	changing.Wait()
}

// Who is there, or waits to be, is found by name and by endpoint for as long as that is so.
func TestTheRoster(t *testing.T) {
	r := newRig(t)
	room, err := r.rooms.Create(conference.Settings{Kept: true, Moderated: true})
	ok(t, err)
	is := func(what string, here bool) {
		t.Helper()
		if now := room.Roster(); now.HasUser("ada") != here || now.HasEndpoint("Test/1001") != here || now.HasUser("") || now.HasEndpoint("1001") {
			t.Errorf("%s: %+v", what, now)
		}
	}
	is("an empty room", false)
	c := r.up("1001")
	place, err := room.Reserve(conference.RoleParticipant)
	ok(t, err)
	visit := conference.Visit{Channel: c, Place: place, User: "ada"}
	var visiting sync.WaitGroup
	sub := r.Engine.Bus().Subscribe(10, func(e *event.Event) bool { return e.Type == event.RoomWaiting || e.Type == event.RoomJoined })
	defer sub.Close()
	visiting.Go(func() { _, err = visit.Run(c.Live()) })
	waiting := signaltest.Receive(t, "who waits", sub.Events())
	is("one who waits", true)
	id := waiting.Data.(conference.Event).Participant.ID
	ok(t, room.SetRole(id, conference.RoleModerator))
	signaltest.Receive(t, "who is in", sub.Events())
	is("one who is in", true)
	ok(t, room.Kick(t.Context(), id))
	visiting.Wait()
	ok(t, err)
	is("one who has left", false)
}

// A place that nobody takes holds no room.
func TestAPlaceGivenBackEndsAnEmptyRoom(t *testing.T) {
	r := newRig(t)
	place, err := r.rooms.Reserve("9000", conference.RoleParticipant, conference.Settings{Max: 0})
	ok(t, err)
	if len(r.rooms.Rooms()) != 1 {
		t.Error("no room")
	}
	place.Release()
	if len(r.rooms.Rooms()) != 0 {
		t.Error("the room stays")
	}

	place, err = r.rooms.Reserve("9000", conference.RoleParticipant, conference.Settings{Max: 0})
	ok(t, err)
	c := r.up("1001")
	c.Hangup(signaling.CauseNormal)
	r.Gone(c)
	_, err = place.Enter(t.Context(), c, "", conference.RoleParticipant)
	kind(t, err, fault.Gone, "gone")
	if len(r.rooms.Rooms()) != 0 {
		t.Error("the room stays")
	}
}

// Somebody whose patience ends while they enter is not in the room unnoticed.
func TestEnterThatIsCutShort(t *testing.T) {
	r := newRig(t)
	c := r.up("1001")
	place, err := r.rooms.Reserve("9000", conference.RoleParticipant, conference.Settings{Max: 0})
	ok(t, err)
	held, free := make(chan struct{}), make(chan struct{})
	go func() {
		_ = c.Do(context.Background(), func() error { close(held); <-free; return nil })
	}()
	<-held
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, func() { cancel(); close(free) })
	if _, err = place.Enter(ctx, c, "", conference.RoleParticipant); err == nil {
		t.Fatal("entered")
	}
	if b := c.Snapshot().Bridge; b != "" {
		t.Errorf("is in bridge %s", b)
	}
	if len(r.rooms.Rooms()) != 0 {
		t.Error("the room stays")
	}
}

func TestCloseOfARoom(t *testing.T) {
	r := newRig(t)
	room, err := r.rooms.Create(conference.Settings{Number: "9000", Kept: true})
	ok(t, err)
	waiting, err := room.Reserve(conference.RoleParticipant)
	ok(t, err)
	var left []<-chan struct{}
	var channels []*signaling.Channel
	for n := range 3 {
		c := r.up(fmt.Sprint(n))
		m, _ := r.enter("9000", c)
		left, channels = append(left, m.Left), append(channels, c)
	}
	room.Close()
	room.Close()
	for i := range left {
		select {
		case <-left[i]:
		default:
			t.Error("closed with somebody in it")
		}
		if s := channels[i].Snapshot(); s.Ended || s.Bridge != "" {
			t.Errorf("participant is %+v", s)
		}
	}
	_, err = waiting.Enter(t.Context(), channels[0], "", conference.RoleParticipant)
	kind(t, err, fault.Gone, "gone")
	if n := len(room.Participants()); n != 0 {
		t.Errorf("%d participants are left", n)
	}
	_, err = r.rooms.Create(conference.Settings{Number: "9000"}) // free again
	ok(t, err)
}

// Parties reserve, enter, release, leave, hang up and close rooms at once: no limit
// is passed, nobody is counted twice, nothing is left.
func TestRoomsUnderStress(t *testing.T) {
	const parties, rounds, limit = 8, 40, 3
	r := newRig(t)
	var inside, most atomic.Int32
	var wg sync.WaitGroup
	for n := range parties {
		c := r.up(fmt.Sprint(n))
		wg.Go(func() {
			ctx := context.Background()
			for i := range rounds {
				place, err := r.rooms.Reserve("9000", conference.RoleParticipant, conference.Settings{Max: limit})
				if err != nil {
					if fault.Of(err) != fault.Full && fault.Of(err) != fault.Gone {
						t.Error(err)
					}
					continue
				}
				if i%5 == n%5 {
					place.Release()
					continue
				}
				if i%13 == n {
					wg.Go(place.Release)
				}
				m, err := place.Enter(ctx, c, "", conference.RoleParticipant)
				if err != nil {
					if fault.Of(err) != fault.Gone {
						t.Error(err)
					}
					continue
				}
				if i%7 != 3 { // a closed room lets people in anew before all have left
					now := inside.Add(1)
					for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
					}
					inside.Add(-1)
				}
				switch i % 7 {
				case 3:
					place.Room().Close()
				case 4, 5:
					if err := place.Room().Kick(ctx, m.ID); err != nil && fault.Of(err) != fault.NotFound {
						t.Error(err)
					}
				default:
					if err := place.Room().Leave(ctx, c); err != nil {
						t.Error(err)
					}
				}
				<-m.Left
			}
			c.Hangup(signaling.CauseNormal)
		})
	}
	wg.Wait()
	if n := len(r.rooms.Rooms()); n != 0 {
		t.Errorf("%d rooms are left", n)
	}
	if most.Load() > limit {
		t.Errorf("%d were in a room for %d", most.Load(), limit)
	}
}
