package roomfeed

import (
	"encoding/json"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/api/ws/fanout"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/record"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/recording"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// member keeps what it is told.
type member struct {
	t      *testing.T
	frames chan Frame
}

func (m *member) Deliver(_ string, f fanout.Frame) {
	var out Frame
	if err := json.Unmarshal(f.Append(nil, 1, "now"), &out); err != nil {
		m.t.Error(err)
	}
	m.frames <- out
}

// awaits gives the next frame of an event; others may come before it.
func (m *member) awaits(event string) Frame {
	m.t.Helper()
	for {
		if f := signaltest.Receive(m.t, event, m.frames); f.Event == event {
			return f
		}
	}
}

// Recordings and, where the room tells of them, digits of members are told, with the ids of rooms
// and participants.
func TestRecordingsAndDigits(t *testing.T) {
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	rooms := conference.NewRegistry(h.Engine)
	log := slog.New(slog.NewTextHandler(h.Log, nil))
	registry := recording.NewRegistry(recording.Config{Engine: h.Engine, Codecs: media.Codecs{g711.MuLaw()}, Log: log, Monitor: t.TempDir()})
	defer registry.Close()
	hub := fanout.NewHub()
	feed := Follow(h.Engine, rooms, hub, log)
	defer feed.Close()
	room, err := rooms.Create(conference.Settings{Kept: true})
	must(t, err)
	defer room.Close()
	m := &member{t, make(chan Frame, 100)}
	hub.Join(fanout.RoomOf(room.Settings().ID), m)
	c, leg := h.CallUp("1001", h.Phone(g711.MuLaw(), 500))
	place, err := room.Reserve(conference.RoleParticipant)
	must(t, err)
	in, err := place.Enter(t.Context(), c, "ada", conference.RoleParticipant)
	must(t, err)
	if f := m.awaits("joined"); f.RoomID != room.Settings().ID || f.Participant.ID != in.ID || f.Participant.UserID != "ada" {
		t.Errorf("%+v", f)
	}
	format, err := record.FormatOf("wav")
	must(t, err)
	rec, err := registry.StartBridge(room.Bridge(), recording.Options{Name: "r", Path: filepath.Join(registry.Monitor(), "r.wav"), Format: format})
	must(t, err)
	if f := m.awaits("recording"); f.RoomID != room.Settings().ID || f.Recording.ID != rec.ID() || f.Recording.State != "recording" {
		t.Errorf("%+v", f)
	}
	pressed := h.Engine.Bus().Subscribe(2, func(e *event.Event) bool { return e.Type == event.ChannelDtmfReceived })
	defer pressed.Close()
	leg.Digit('1') // is nobody's
	signaltest.Receive(t, "the digit", pressed.Events())
	must(t, room.SetRole(in.ID, conference.RoleModerator))
	m.awaits("role") // the digit was passed over by now
	must(t, rooms.Change(room, func(s *conference.Settings) { s.Digits = true }))
	m.awaits("changed")
	leg.Digit('7')
	if f := m.awaits("dtmf"); f.RoomID != room.Settings().ID || f.Digit != "7" || f.Participant.ID != in.ID {
		t.Errorf("%+v", f)
	}
	rec.Stop()
	if f := m.awaits("recording"); f.Recording.ID != rec.ID() || f.Recording.State != "done" {
		t.Errorf("%+v", f)
	}
	if rooms.OfBridge("x") != nil || rooms.OfBridge(string(room.Bridge().ID())) != room {
		t.Error("the bridge leads elsewhere")
	}
}

// Who talks, how loud everybody is, and the end are told.
func TestWhoTalksAndTheEnd(t *testing.T) {
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	rooms := conference.NewRegistry(h.Engine)
	hub := fanout.NewHub()
	feed := Follow(h.Engine, rooms, hub, slog.New(slog.NewTextHandler(h.Log, nil)))
	defer feed.Close()
	room, err := rooms.Create(conference.Settings{Kept: true})
	must(t, err)
	m := &member{t, make(chan Frame, 1000)}
	hub.Join(fanout.RoomOf(room.Settings().ID), m)
	enter := func(number string, phone *signaltest.Phone) conference.Participant {
		t.Helper()
		c, _ := h.CallUp(number, phone)
		place, err := room.Reserve(conference.RoleParticipant)
		must(t, err)
		in, err := place.Enter(t.Context(), c, number, conference.RoleParticipant)
		must(t, err)
		return in
	}
	loud := enter("1001", h.Phone(g711.MuLaw(), 500))
	enter("1002", h.Phone(g711.MuLaw(), 0))
	if f := m.awaits("active_speaker"); f.RoomID != room.Settings().ID || f.Participant == nil || f.Participant.ID != loud.ID {
		t.Errorf("%+v", f)
	}
	for { // of the moment; at some it is the one who talks
		f := m.awaits("levels")
		if f.RoomID != room.Settings().ID || len(f.Levels) == 0 {
			t.Fatalf("%+v", f)
		}
		if i := slices.IndexFunc(f.Levels, func(l Level) bool { return l.ParticipantID == loud.ID }); i >= 0 && f.Levels[i].Talking && f.Levels[i].Level < 60 {
			break
		}
	}
	room.Close()
	if f := m.awaits("ended"); f.RoomID != room.Settings().ID {
		t.Errorf("%+v", f)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
