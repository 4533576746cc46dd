package recordings

import (
	"cmp"
	"context"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Recording is a recording as clients see it.
type Recording struct {
	ID         string     `json:"id"`
	CallID     *string    `json:"call_id"`
	RoomID     *string    `json:"room_id"`
	CreatedBy  string     `json:"created_by"`
	Format     string     `json:"format"`
	State      string     `json:"state" enum:"recording,done,failed,interrupted" doc:"interrupted: the server ended before it did; what there was is kept"`
	StartedAt  time.Time  `json:"started_at"`
	EndedAt    *time.Time `json:"ended_at"`
	DurationMS int64      `json:"duration_ms"`
	SizeBytes  int64      `json:"size_bytes" doc:"Of the file, once it is there"`
	URL        string     `json:"url" doc:"Where the file is"`
	Cause      string     `json:"cause,omitempty" doc:"Why it failed"`
}

func (s *Service) body(e *entry) Recording {
	s.mu.Lock()
	b := Recording{
		ID: e.ID, CallID: rest.OptionalText(e.CallID), RoomID: rest.OptionalText(e.RoomID), CreatedBy: e.CreatedBy, Format: e.Format,
		State: e.State, StartedAt: e.Started, EndedAt: rest.OptionalTime(e.Ended), DurationMS: e.Length.Milliseconds(),
		URL: rest.Base + "/recordings/" + e.ID + "/file", Cause: e.Cause,
	}
	if l := s.live[e.CallID+e.RoomID]; l != nil && l.entry == e && l.rec != nil {
		b.DurationMS = l.rec.Length().Milliseconds()
	}
	s.mu.Unlock()
	if file, err := os.Stat(s.path(e)); err == nil {
		b.SizeBytes = file.Size()
	}
	return b
}

// sees reports whether a principal may hear a recording: who made it, who was there, an admin
// or an auditor. The lock is held.
func (e *entry) sees(p auth.Principal) bool {
	return rest.ReadsAll(p) || e.CreatedBy == p.User || slices.Contains(e.Users, p.User)
}

// find finds a recording that a principal may hear.
func (s *Service) find(p auth.Principal, id string) (*entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.kept[id]
	if !ok || !e.sees(p) {
		return nil, fault.New(fault.NotFound, "no recording %q", id)
	}
	return e, nil
}

// Subjects finds what is to be recorded, for a principal who may have that. Errors of kind
// fault.Conflict say in which state it is.
type Subjects interface {
	Call(p auth.Principal, id string) (Subject, error)
	Room(p auth.Principal, id string) (Subject, error)
}

type finder func(p auth.Principal, id string) (Subject, error)

type routes struct{ *Service }

// Register adds the operations on recordings.
func Register(api huma.API, s *Service, of Subjects, fail rest.Errors) {
	const post = http.MethodPost
	r := routes{s}
	rest.Handle(api, fail, rest.Operation(post, "/calls/{id}/record", "record-call", "Record a call", http.StatusCreated), r.start(of.Call))
	rest.Handle(api, fail, rest.Operation(post, "/calls/{id}/record/stop", "stop-recording-call", "End the recording of a call", 0), r.stop(of.Call))
	rest.Handle(api, fail, rest.Operation(post, "/rooms/{id}/record", "record-room", "Record a room, as a moderator", http.StatusCreated), r.start(of.Room))
	rest.Handle(api, fail, rest.Operation(post, "/rooms/{id}/record/stop", "stop-recording-room", "End the recording of a room", 0), r.stop(of.Room))
	rest.Handle(api, fail, rest.Operation(http.MethodGet, "/recordings", "list-recordings", "List the recordings of your calls and rooms, oldest first", 0), r.list)
	rest.Handle(api, fail, rest.Operation(http.MethodGet, "/recordings/{id}", "get-recording", "Show a recording", 0), r.get)
	rest.Handle(api, fail, rest.Operation(http.MethodDelete, "/recordings/{id}", "delete-recording", "Delete a recording, as an admin", http.StatusNoContent), r.remove)
	r.registerFile(api, fail)
}

type startRequest struct {
	rest.PathID
	rest.Once
	Body *StartRecording
}

func (r routes) start(of finder) func(context.Context, auth.Principal, *startRequest) (*rest.Created[Recording], error) {
	return func(_ context.Context, p auth.Principal, in *startRequest) (*rest.Created[Recording], error) {
		subject, err := of(p, in.ID)
		if err != nil {
			return nil, err
		}
		var body StartRecording
		if in.Body != nil {
			body = *in.Body
		}
		rec, err := r.Start(subject, body)
		if err != nil {
			return nil, rest.InState(subject.State, err)
		}
		return &rest.Created[Recording]{Location: rest.Base + "/recordings/" + rec.ID, Body: rec}, nil
	}
}

func (r routes) stop(of finder) func(context.Context, auth.Principal, *rest.PathID) (*rest.Answer[Recording], error) {
	return func(ctx context.Context, p auth.Principal, in *rest.PathID) (*rest.Answer[Recording], error) {
		subject, err := of(p, in.ID)
		if err != nil {
			return nil, err
		}
		rec, err := r.Stop(ctx, subject.id())
		if err != nil {
			return nil, rest.InState(subject.State, err)
		}
		return &rest.Answer[Recording]{Body: rec}, nil
	}
}

func (r routes) list(_ context.Context, p auth.Principal, in *struct {
	rest.Page
	Call string `query:"call_id" maxLength:"64"`
	Room string `query:"room_id" maxLength:"64"`
},
) (*rest.List[Recording], error) {
	var found []*entry
	r.mu.Lock()
	for _, e := range r.kept {
		if e.sees(p) && (in.Call == "" || e.CallID == in.Call) && (in.Room == "" || e.RoomID == in.Room) {
			found = append(found, e)
		}
	}
	r.mu.Unlock()
	slices.SortFunc(found, func(a, b *entry) int { return cmp.Compare(a.ID, b.ID) }) // UUIDv7: by time
	page, err := rest.Cut(found, in.Page, func(e *entry) string { return e.ID })
	if err != nil {
		return nil, err
	}
	out := &rest.List[Recording]{}
	out.Body.Items, out.Body.NextCursor = make([]Recording, 0, len(page.Body.Items)), page.Body.NextCursor
	for _, e := range page.Body.Items {
		out.Body.Items = append(out.Body.Items, r.body(e))
	}
	return out, nil
}

func (r routes) get(_ context.Context, p auth.Principal, in *rest.PathID) (*rest.Answer[Recording], error) {
	e, err := r.find(p, in.ID)
	if err != nil {
		return nil, err
	}
	return &rest.Answer[Recording]{Body: r.body(e)}, nil
}

func (r routes) remove(_ context.Context, p auth.Principal, in *rest.PathID) (*struct{}, error) {
	e, err := r.find(p, in.ID)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	under := e.State == stateRecording
	r.mu.Unlock()
	if under {
		return nil, rest.InState(stateRecording, fault.New(fault.Conflict, "it is under way"))
	}
	return nil, r.discard(e)
}
