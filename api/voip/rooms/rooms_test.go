package rooms

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/conference/pin"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// onTheWay are users with a call into a room.
type onTheWay struct {
	users []string
	ended []*conference.Room
}

func (o *onTheWay) Entering(_ *conference.Room, user string) bool {
	return slices.Contains(o.users, user)
}
func (o *onTheWay) End(room *conference.Room)                      { o.ended = append(o.ended, room) }
func (o *onTheWay) service(t *testing.T, db *store.Store) *Service { return o.at(t, db, time.Now) }
func (o *onTheWay) at(t *testing.T, db *store.Store, now func() time.Time) *Service {
	t.Helper()
	e := signaltest.New(t, nil).Engine
	s, err := New(t.Context(), Config{
		Engine: e, Registry: conference.NewRegistry(e), Store: db, Calls: o, Log: slog.New(slog.DiscardHandler), Now: now,
	})
	must(t, err)
	t.Cleanup(func() {
		s.Close()
		for _, room := range s.cfg.Registry.Rooms() {
			room.Close()
		}
	})
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func database(t *testing.T) *store.Store {
	t.Helper()
	cfg := store.Default()
	cfg.Path = store.Memory
	db, err := store.Open(context.Background(), cfg, slog.New(slog.DiscardHandler))
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	return db
}

func kind(t *testing.T, what string, err error, want fault.Kind) {
	t.Helper()
	if err == nil || fault.Of(err) != want {
		t.Errorf("%s: %v, want kind %v", what, err, want)
	}
}

// What a room is outlives the server, and ends with the room.
func TestRoomsAreKept(t *testing.T) {
	db := database(t)
	var calls onTheWay
	s := calls.service(t, db)
	alice := auth.Principal{User: "alice"}
	made, err := s.create(t.Context(), alice, CreateRoom{Name: "Board", PIN: "12345", MaxParticipants: 3, Settings: RoomSettings{AllowRecording: true}})
	must(t, err)
	name := "Council"
	changed, err := s.change(t.Context(), alice, made.ID, ChangeRoom{Name: &name})
	must(t, err)
	if changed.Name != name || changed.MaxParticipants != 3 || !changed.PINRequired {
		t.Errorf("changed to %+v", changed)
	}

	again := calls.service(t, db)
	room, err := again.Find(made.Number)
	must(t, err)
	got := again.Body(room)
	if got.ID != made.ID || got.Name != name || got.CreatedBy != "alice" || !got.Settings.AllowRecording || !got.PINRequired {
		t.Errorf("after a restart %+v", got)
	}
	must(t, again.remove(t.Context(), alice, made.ID))
	if len(calls.ended) != 1 || calls.ended[0] != room {
		t.Errorf("calls of %v were ended", calls.ended)
	}
	_, err = again.Find(made.ID)
	kind(t, "a room that is over", err, fault.NotFound)
	if list, err := db.Rooms.List(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("stored %v, %v", list, err)
	}
}

// A room that is removed as soon as anybody can find it does not come back at a restart.
func TestRoomsAreRemovedAtOnce(t *testing.T) {
	db := database(t)
	var calls onTheWay
	s := calls.service(t, db)
	alice := auth.Principal{User: "alice", Roles: []auth.Role{auth.RoleService}} // who may make as many
	var making sync.WaitGroup
	for range 8 {
		making.Go(func() { // ended by its count, awaited below
			for range 50 {
				if _, err := s.create(t.Context(), alice, CreateRoom{Name: "Board"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	made := make(chan struct{})
	go func() { // ended with making, awaited below
		making.Wait()
		close(made)
	}()
	for over := false; !over; {
		select {
		case <-made:
			over = true // after this round
		default:
		}
		for _, room := range s.cfg.Registry.Rooms() {
			must(t, s.remove(t.Context(), alice, room.Settings().ID))
		}
	}
	if list, err := db.Rooms.List(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("%d rooms are still stored, %v", len(list), err)
	}
}

// Others' rooms are made and changed while the people of one that is removed are slow to leave.
func TestALongGoodbye(t *testing.T) {
	var calls onTheWay
	db := database(t)
	h := signaltest.New(t, signaltest.NewMixer(t))
	s, err := New(t.Context(), Config{
		Engine: h.Engine, Registry: conference.NewRegistry(h.Engine), Store: db, Calls: &calls, Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	must(t, err)
	defer s.Close()
	alice := auth.Principal{User: "alice"}
	made, err := s.create(t.Context(), alice, CreateRoom{Name: "Board"})
	must(t, err)
	room, err := s.Find(made.ID)
	must(t, err)
	c, _ := h.CallUp("1001", nil)
	place, err := room.Reserve(conference.RoleParticipant)
	must(t, err)
	in, err := place.Enter(t.Context(), c, "", conference.RoleParticipant)
	must(t, err)
	held, free := make(chan struct{}), make(chan struct{})
	var slow sync.WaitGroup
	slow.Go(func() { // ended by free
		_ = c.Do(context.Background(), func() error { close(held); <-free; return nil }) //nolint:errcheck // it is hung up meanwhile
	})
	<-held
	removed := make(chan error, 1)
	slow.Go(func() { removed <- s.remove(context.Background(), alice, made.ID) }) // ended when c has left
	h.Eventually("the room is not kept any more", func() bool { return !s.isStored(made.ID) })
	other, err := s.create(t.Context(), alice, CreateRoom{Name: "Other"})
	must(t, err)
	select {
	case <-in.Left:
		t.Error("it was not slow")
	default:
	}
	close(free)
	slow.Wait()
	must(t, <-removed)
	must(t, s.remove(t.Context(), alice, other.ID))
}

// Rooms are seen by who made them, who is on the way in, who finds them by their number,
// and by who sees all; changed by who made them.
func TestWhoMay(t *testing.T) {
	calls := onTheWay{users: []string{"bob"}}
	s := calls.service(t, database(t))
	made, err := s.create(t.Context(), auth.Principal{User: "alice"}, CreateRoom{Name: "Board"})
	must(t, err)
	for _, ca := range []struct {
		who     auth.Principal
		sees    bool
		changes fault.Kind // 0: yes
	}{
		{auth.Principal{User: "alice"}, true, 0},
		{auth.Principal{User: "bob"}, true, fault.Forbidden},
		{auth.Principal{User: "eve"}, false, fault.NotFound},
		{auth.Principal{User: "root", Roles: []auth.Role{auth.RoleAdmin}}, true, 0},
	} {
		if list := s.list(ca.who, ""); (len(list) == 1) != ca.sees {
			t.Errorf("%s sees %v", ca.who.User, list)
		}
		if list := s.list(ca.who, made.Number); len(list) != 1 || list[0].ID != made.ID {
			t.Errorf("%s finds %v", ca.who.User, list)
		}
		_, err := s.change(t.Context(), ca.who, made.ID, ChangeRoom{})
		if ca.changes == 0 && err != nil || ca.changes != 0 && (err == nil || fault.Of(err) != ca.changes) {
			t.Errorf("%s changes it: %v", ca.who.User, err)
		}
	}
	_, err = s.Own(auth.Principal{User: "alice"}, "../etc")
	kind(t, "no id", err, fault.NotFound)
}

// Who guesses is slowed for a minute; others are not. What is remembered of guesses has a
// limit.
func TestPINs(t *testing.T) {
	now := time.Now()
	var calls onTheWay
	s := calls.at(t, database(t), func() time.Time { return now })
	made, err := s.create(t.Context(), auth.Principal{User: "alice"}, CreateRoom{Name: "Board", PIN: "12345"})
	must(t, err)
	room, err := s.Find(made.ID)
	must(t, err)
	kind(t, "none given", s.CheckPIN("bob", room, ""), fault.Forbidden)
	must(t, s.CheckPIN("bob", room, "12345"))
	for range pin.Tries {
		err := s.CheckPIN("eve", room, "54321")
		var field *rest.FieldError
		if kind(t, "a wrong one", err, fault.Forbidden); !errors.As(err, &field) || field.Field != "body.pin" {
			t.Errorf("the error is about %+v", field)
		}
	}
	kind(t, "the right one, too late", s.CheckPIN("eve", room, "12345"), fault.TooMany)
	must(t, s.CheckPIN("bob", room, "12345"))
	now = now.Add(pin.Pause)
	must(t, s.CheckPIN("eve", room, "12345"))
}

// PINs are stored as hashes; one that an earlier version left in the clear is hashed at the
// start, and opens the room as before.
func TestPINsAreHashed(t *testing.T) {
	db := database(t)
	must(t, db.Rooms.Put(t.Context(), store.Room{
		ID: signaling.NewID(), Name: "Old", Number: "9001", CreatedBy: "alice", Created: time.Now(),
		Settings: []byte(`{"allow_recording":true,"bridge_type":"mixing","pin":"12345"}`),
	}))
	for range 2 { // the second start finds the hash
		s := new(onTheWay).service(t, db)
		room, err := s.Find("9001")
		must(t, err)
		must(t, s.CheckPIN("bob", room, "12345"))
		kind(t, "a wrong one", s.CheckPIN("bob", room, "54321"), fault.Forbidden)
		if b := s.Body(room); !b.PINRequired || !b.Settings.AllowRecording {
			t.Errorf("the room is %+v", b)
		}
		r, err := db.Rooms.ByNumber(t.Context(), "9001")
		must(t, err)
		if !strings.HasPrefix(r.PINHash, "$argon2id$") || strings.Contains(string(r.Settings), "12345") {
			t.Errorf("stored are %q and %s", r.PINHash, r.Settings)
		}
	}
	must(t, db.Rooms.Put(t.Context(), store.Room{ID: signaling.NewID(), Name: "Bad", Number: "9002", PINHash: "12345"}))
	_, err := New(t.Context(), Config{Registry: conference.NewRegistry(signaltest.New(t, nil).Engine), Store: db, Now: time.Now})
	kind(t, "a hash that is none", err, fault.Internal)
}

// What is absent of a change stays; the rest holds over a restart, the lock too.
func TestChanges(t *testing.T) {
	db := database(t)
	s := new(onTheWay).service(t, db)
	alice := auth.Principal{User: "alice"}
	made, err := s.create(t.Context(), alice, CreateRoom{Name: "Board", Settings: RoomSettings{AllowRecording: true, RequireModerator: true}})
	must(t, err)
	_, err = s.create(t.Context(), alice, CreateRoom{Name: "Other", Number: "9700"})
	must(t, err)
	yes, no, bridge, number, taken, digits := true, false, holding, "9701", "9700", "12345"
	_, err = s.change(t.Context(), alice, made.ID, ChangeRoom{Number: &taken})
	kind(t, "a number that is taken", err, fault.Conflict)
	_, err = s.change(t.Context(), alice, made.ID, ChangeRoom{
		Number: &number, PIN: &digits, Settings: &ChangeSettings{AllowScreenShare: &yes, RequireModerator: &no, BridgeType: &bridge},
	})
	must(t, err)
	_, err = s.lock(t.Context(), alice, made.ID, true)
	must(t, err)
	want := RoomSettings{AllowRecording: true, AllowScreenShare: true, BridgeType: holding}
	for _, s := range []*Service{s, new(onTheWay).service(t, db)} {
		room, err := s.Find("9701")
		must(t, err)
		b, cs := s.Body(room), room.Settings()
		if b.Settings != want || !b.Locked || !b.PINRequired || b.Name != "Board" || !cs.Holding || cs.Moderated || !cs.PIN.Matches("12345") {
			t.Errorf("the room is %+v, %+v", b, cs)
		}
	}
	none := ""
	_, err = s.change(t.Context(), alice, made.ID, ChangeRoom{PIN: &none})
	must(t, err)
	got, err := s.lock(t.Context(), alice, made.ID, false)
	must(t, err)
	if got.Locked || got.PINRequired {
		t.Errorf("the room is %+v", got)
	}
}

// A part of a room is said in clients' names, and read back.
func TestGroups(t *testing.T) {
	members := []conference.Participant{{ID: "1", Channel: "a"}, {ID: "party", Channel: "b"}}
	for _, ca := range []struct {
		list []string
		want *conference.Group
		err  string // the field
	}{
		{nil, nil, ""},
		{[]string{}, &conference.Group{}, ""},
		{[]string{"everyone"}, &conference.Group{Everyone: true}, ""},
		{[]string{"party", "1"}, &conference.Group{Only: []string{"party", "1"}}, ""},
		{[]string{"1", "2"}, nil, "body.hears[1]"},
	} {
		got, err := groupOf("hears", ca.list, members)
		var field *rest.FieldError
		if errors.As(err, &field) != (ca.err != "") || field != nil && field.Field != ca.err {
			t.Errorf("%v: %v", ca.list, err)
		}
		if (got == nil) != (ca.want == nil) || got != nil && (got.Everyone != ca.want.Everyone || !slices.Equal(got.Only, ca.want.Only)) {
			t.Errorf("%v is %+v", ca.list, got)
			continue
		}
		if got != nil && !slices.Equal(groupBody(*got), ca.list) {
			t.Errorf("%v is said as %v", ca.list, groupBody(*got))
		}
	}
}

// The numbers of the demo and of the dialplan's own conferences are no user's, neither chosen nor
// given; admins may have them.
func TestNumbersOfUsers(t *testing.T) {
	var calls onTheWay
	s := calls.service(t, database(t))
	s.cfg.Registry.Plan(func(number string) bool { return number == "9001" || number == "9100" })
	alice, root := auth.Principal{User: "alice"}, auth.Principal{User: "root", Roles: []auth.Role{auth.RoleAdmin}}
	made, err := s.create(t.Context(), alice, CreateRoom{Name: "Board"})
	must(t, err)
	if made.Number != "9002" {
		t.Errorf("given %s", made.Number)
	}
	for number, want := range map[string]fault.Kind{
		"9000": fault.Forbidden, "9001": fault.Forbidden, "9100": fault.Forbidden, "90000": fault.Forbidden, "8000": fault.Forbidden, "9101": 0,
	} {
		_, made := s.create(t.Context(), alice, CreateRoom{Name: "Board", Number: number})
		other, err := s.create(t.Context(), alice, CreateRoom{Name: "Board"})
		must(t, err)
		_, changed := s.change(t.Context(), alice, other.ID, ChangeRoom{Number: &number})
		if want != 0 {
			kind(t, number, made, want)
			kind(t, number, changed, want)
			_, err = s.change(t.Context(), root, other.ID, ChangeRoom{Number: &number})
			must(t, err)
			continue
		}
		must(t, made)
		kind(t, number, changed, fault.Conflict)
	}
}
