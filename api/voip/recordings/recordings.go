// Package recordings is the REST API's recordings: of calls and of rooms, while they are made,
// and their files afterwards. Beside each file lies one that tells what it is of and who may
// hear it, so that the folder is all there is to keep, or to delete.
//
// It starts no goroutine; what follows a recording runs on that one's own.
package recordings

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/record"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/recording"
)

// Config is what a Service is made of.
type Config struct {
	// Registry makes recordings; nil makes none.
	Registry *recording.Registry
	// Folder has their files; it is made when the first one is.
	Folder string
	Now    func() time.Time
	Log    *slog.Logger
	// MaxDuration bounds one recording; 0 means four hours.
	MaxDuration time.Duration
	// MinFree is how many bytes of the disk are left alone: with less there is no new
	// recording. 0 means 256 MiB.
	MinFree uint64
	// Free is how many bytes the disk of a folder has left; nil asks the file system.
	Free func(folder string) (uint64, error)
}

const (
	maxDuration = 4 * time.Hour
	minFree     = 256 << 20
	maxKept     = 100_000 // recordings that are listed
	usual       = "wav"   // format
)

// Subject is what is recorded: a call, or a room.
type Subject struct {
	Call, Room string // the id of one of them
	State      string // of it, for errors
	Refused    bool   // it is not to be recorded
	Bridge     *signaling.Bridge
	By         string   // user
	Users      []string // who may hear it, beside admins and auditors
}

func (s Subject) id() string { return s.Call + s.Room }

// Service holds the recordings.
type Service struct {
	cfg Config

	writing sync.Mutex // held while a description is written

	mu   sync.Mutex
	kept map[string]*entry   // by id
	of   map[string][]string // their ids, by the call's or room's, oldest first
	live map[string]*live    // by the call's or room's id
}

// live is a recording under way.
type live struct {
	entry *entry
	rec   *recording.Recording // nil while it begins
	over  bool                 // it is to end when it has begun
}

// New makes the service, and takes up what is in the folder.
func New(cfg Config) (*Service, error) {
	if cfg.MaxDuration == 0 {
		cfg.MaxDuration = maxDuration
	}
	if cfg.MinFree == 0 {
		cfg.MinFree = minFree
	}
	if cfg.Free == nil {
		cfg.Free = free
	}
	s := &Service{cfg: cfg, kept: make(map[string]*entry), of: make(map[string][]string), live: make(map[string]*live)}
	if cfg.Registry == nil {
		return s, nil
	}
	return s, s.load()
}

func free(folder string) (uint64, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(folder, &fs); err != nil {
		return 0, err
	}
	return fs.Bavail * uint64(fs.Bsize), nil //nolint:gosec // a block size is positive
}

// StartRecording is the body of POST …/record; all of it is optional.
type StartRecording struct {
	Format      string `json:"format,omitempty" enum:"wav,wav16,wav48" doc:"8, 16 or 48 kHz; wav when absent"`
	MaxDuration int    `json:"max_duration,omitempty" minimum:"1" maximum:"86400" doc:"Seconds; the server's own limit counts as well"`
}

// Available fails with fault.Unsupported where nothing is recorded, and with fault.Unavailable
// (code disk_full) when the disk has no room.
func (s *Service) Available() error {
	if s.cfg.Registry == nil {
		return fault.New(fault.Unsupported, "recording is not available")
	}
	if err := s.makeFolder(); err != nil {
		return err
	}
	left, err := s.cfg.Free(s.cfg.Folder)
	if err != nil {
		return fault.New(fault.Unavailable, "the disk of recordings: %w", err)
	}
	if left < s.cfg.MinFree {
		return fault.WithCode(fault.Unavailable, "disk_full", "the disk of recordings is full")
	}
	return nil
}

// Start begins to record. It fails with fault.Conflict for what is being recorded already
// (code already_recording) and while nobody is there, with fault.Forbidden (code
// recording_not_allowed), and as Available does.
func (s *Service) Start(of Subject, in StartRecording) (Recording, error) {
	if of.Refused {
		return Recording{}, fault.WithCode(fault.Forbidden, "recording_not_allowed", "the room does not allow recording")
	}
	if err := s.Available(); err != nil {
		return Recording{}, err
	}
	if in.Format == "" {
		in.Format = usual
	}
	format, err := record.FormatOf(in.Format)
	if err != nil {
		return Recording{}, err
	}
	limit := s.cfg.MaxDuration
	if in.MaxDuration > 0 {
		limit = min(limit, time.Duration(in.MaxDuration)*time.Second)
	}
	e := newEntry(of, format.Name, s.cfg.Now())
	if err := s.begin(of, e); err != nil {
		return Recording{}, err
	}
	rec, err := s.cfg.Registry.StartBridge(of.Bridge, recording.Options{
		ID: e.ID, Name: e.ID, Path: s.path(e), Format: format, Limits: record.Limits{Duration: limit},
		Finished: func(_ context.Context, res recording.Result) { s.finish(of, e, res) },
	})
	if err != nil {
		s.giveUp(of, e)
		return Recording{}, err
	}
	s.mu.Lock()
	if l := s.live[of.id()]; l != nil && l.entry == e { // else it has ended already
		l.rec = rec
		if l.over {
			rec.Stop()
		}
	}
	s.mu.Unlock()
	if err := s.write(e); err != nil {
		s.giveUp(of, e)
		rec.Cancel()
		return Recording{}, err
	}
	return s.body(e), nil
}

// begin takes up a recording, one of each subject at a time.
func (s *Service) begin(of Subject, e *entry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.live[of.id()] != nil:
		return fault.WithCode(fault.Conflict, "already_recording", "it is being recorded")
	case len(s.kept) >= maxKept:
		return fault.New(fault.TooMany, "%d recordings, the limit: some have to be deleted first", maxKept)
	}
	s.live[of.id()] = &live{entry: e}
	s.keep(e)
	return nil
}

func (s *Service) giveUp(of Subject, e *entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.live[of.id()]; l != nil && l.entry == e {
		delete(s.live, of.id())
	}
	e.gone = true
	s.forget(e)
}

// keep and forget list a recording, or do no more. The lock is held.
func (s *Service) keep(e *entry) {
	s.kept[e.ID] = e
	of := e.CallID + e.RoomID
	s.of[of] = append(s.of[of], e.ID)
}

func (s *Service) forget(e *entry) {
	delete(s.kept, e.ID)
	of := e.CallID + e.RoomID
	s.of[of] = slices.DeleteFunc(slices.Clone(s.of[of]), func(id string) bool { return id == e.ID })
	if len(s.of[of]) == 0 {
		delete(s.of, of)
	}
}

// finish notes how a recording ended.
func (s *Service) finish(of Subject, e *entry, res recording.Result) {
	s.mu.Lock()
	e.end(res, s.cfg.Now())
	if l := s.live[of.id()]; l != nil && l.entry == e {
		delete(s.live, of.id())
	}
	s.mu.Unlock()
	if err := s.write(e); err != nil {
		s.cfg.Log.Error("recording's description not written", "recording", e.ID, "err", err)
	}
}

// Stop ends the recording of a call or a room, and tells how it is once its file is there. It
// fails with fault.Conflict (code not_recording) when there is none.
func (s *Service) Stop(ctx context.Context, of string) (Recording, error) {
	s.mu.Lock()
	l := s.live[of]
	if l == nil || l.rec == nil {
		s.mu.Unlock()
		return Recording{}, fault.WithCode(fault.Conflict, "not_recording", "it is not being recorded")
	}
	e, rec := l.entry, l.rec
	s.mu.Unlock()
	rec.Stop()
	select {
	case <-rec.Done():
	case <-ctx.Done():
		return Recording{}, ctx.Err()
	}
	s.mu.Lock()
	e.end(rec.Result(), s.cfg.Now()) // as finish does, which may be about to
	if s.live[of] == l {
		delete(s.live, of)
	}
	s.mu.Unlock()
	return s.body(e), nil
}

// End ends the recording of a call or a room, if there is one, without a word.
func (s *Service) End(of string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.live[of]
	switch {
	case l == nil:
	case l.rec == nil:
		l.over = true
	default:
		l.rec.Stop()
	}
}

// Saw lets a user hear a recording that is under way when they come.
func (s *Service) Saw(of, user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.live[of]; l != nil {
		l.entry.admit(user)
	}
}

// IsLive reports whether a call or a room is being recorded.
func (s *Service) IsLive(of string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.live[of] != nil
}

// Of are the ids of the recordings of a call, oldest first.
func (s *Service) Of(call string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.of[call]...)
}

func (s *Service) path(e *entry) string { return filepath.Join(s.cfg.Folder, e.ID+"."+e.Format) }
