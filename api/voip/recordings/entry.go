package recordings

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/recording"
)

// The states of a recording.
const (
	stateRecording   = "recording"
	stateDone        = "done"
	stateFailed      = "failed"
	stateInterrupted = "interrupted" // the server ended before it did
)

const (
	description  = ".json" // the end of the name of what tells of a recording
	maxEntry     = 64 << 10
	maxListeners = 500 // users who may hear one recording
)

// entry is what is kept of a recording beside its file; the service's lock guards it.
type entry struct {
	ID        string        `json:"id"`
	CallID    string        `json:"call_id,omitempty"`
	RoomID    string        `json:"room_id,omitempty"`
	CreatedBy string        `json:"created_by"`
	Users     []string      `json:"users"` // who may hear it, with who made it
	Format    string        `json:"format"`
	State     string        `json:"state"`
	Started   time.Time     `json:"started_at"`
	Ended     time.Time     `json:"ended_at"`
	Length    time.Duration `json:"length_ns"`
	Cause     string        `json:"cause,omitempty"`

	gone bool // it was deleted: nothing of it is written any more
}

func newEntry(of Subject, format string, now time.Time) *entry {
	e := &entry{
		ID: signaling.NewID(), CallID: of.Call, RoomID: of.Room, CreatedBy: of.By, Users: []string{}, Format: format,
		State: stateRecording, Started: now.UTC(),
	}
	for _, user := range of.Users {
		e.admit(user)
	}
	return e
}

// admit lets a user hear the recording.
func (e *entry) admit(user string) {
	if user != "" && !slices.Contains(e.Users, user) && len(e.Users) < maxListeners {
		e.Users = append(e.Users, user)
	}
}

// end notes how the recording ended, once.
func (e *entry) end(res recording.Result, now time.Time) {
	if e.State != stateRecording {
		return
	}
	e.State, e.Ended, e.Length = stateDone, now.UTC(), res.Length
	if res.Reason == recording.Failed {
		e.State = stateFailed
		e.Cause = "the file could not be written"
	}
}

func (s *Service) makeFolder() error {
	if err := os.MkdirAll(s.cfg.Folder, 0o700); err != nil {
		return fault.New(fault.Unavailable, "the folder of recordings: %w", err)
	}
	return nil
}

// write brings what is kept of a recording to the disk.
func (s *Service) write(e *entry) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	gone := e.gone
	text, err := json.Marshal(e)
	s.mu.Unlock()
	if err != nil || gone {
		return err
	}
	name := filepath.Join(s.cfg.Folder, e.ID+description)
	if err := writeFile(name+".new", text); err != nil {
		return fmt.Errorf("recording %s: %w", e.ID, err)
	}
	return os.Rename(name+".new", name)
}

// discard deletes a recording and all that is kept of it: first what tells of it, without which
// the file is nobody's.
func (s *Service) discard(e *entry) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	for _, name := range []string{filepath.Join(s.cfg.Folder, e.ID+description), s.path(e)} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fault.New(fault.Internal, "recording %s: %w", e.ID, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e.gone = true
	s.forget(e)
	return nil
}

func writeFile(name string, text []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}

// load takes up what is in the folder. What cannot be read is in the log, and stays there.
func (s *Service) load() error {
	files, err := os.ReadDir( // sorted: oldest first
		s.cfg.Folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fault.New(fault.Internal, "recordings: %w", err)
	}
	for _, file := range files {
		id, ok := strings.CutSuffix(file.Name(), description)
		if !ok || len(s.kept) >= maxKept {
			continue
		}
		e, err := readEntry(filepath.Join(s.cfg.Folder, file.Name()), id)
		if err != nil {
			s.cfg.Log.Warn("recording not taken up", "file", file.Name(), "err", err)
			continue
		}
		s.keep(e)
	}
	return nil
}

func readEntry(name, id string) (*entry, error) {
	f, err := os.Open(name) //nolint:gosec // of our own folder
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxEntry+1))
	if err != nil {
		return nil, err
	}
	return parseEntry(text, id)
}

// parseEntry reads what is kept of the recording with an id.
func parseEntry(text []byte, id string) (*entry, error) {
	if len(text) > maxEntry {
		return nil, fault.New(fault.TooLarge, "a description of more than %d bytes", maxEntry)
	}
	e := &entry{}
	if err := json.Unmarshal(text, e); err != nil {
		return nil, fault.New(fault.Malformed, "no description of a recording: %w", err)
	}
	if _, err := uuid.Parse(id); err != nil || e.ID != id {
		return nil, fault.New(fault.Invalid, "the description is that of %.40q", e.ID)
	}
	switch e.Format {
	case "wav", "wav16", "wav48":
	default:
		return nil, fault.New(fault.Invalid, "a recording in %.20q", e.Format)
	}
	switch e.State {
	case stateDone, stateFailed, stateInterrupted:
	case stateRecording:
		e.State = stateInterrupted
	default:
		return nil, fault.New(fault.Invalid, "a recording that is %.20q", e.State)
	}
	return e, nil
}
