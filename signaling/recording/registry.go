// Package recording records calls to files: a Registry has the recordings that are
// under way, each of which follows a tap of its channel's audio.
//
// Goroutines: one per Recording, from Registry.Start until its file is finished and
// what follows it has been done. Stop, the end of its channel, a limit, a disk's error
// and Registry.Close bring about the first, Registry.Close bounds the second.
package recording

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/record"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// Registry has the recordings that are under way.
type Registry struct {
	cfg    Config
	mu     sync.Mutex
	live   []*Recording // oldest first
	closed bool
	all    sync.WaitGroup // their goroutines

	ctx    context.Context // of what follows recordings
	cancel context.CancelFunc
}

// Config is what a Registry is made of.
type Config struct {
	Engine *signaling.Engine
	// Codecs are what raw files are written in.
	Codecs media.Codecs
	Log    *slog.Logger
	// Monitor is the folder of recordings of conversations that name none, Sounds
	// that of what callers record.
	Monitor, Sounds string
}

// NewRegistry makes a Registry, once what a crash left behind in its folders is
// finished.
func NewRegistry(cfg Config) *Registry {
	for _, folder := range []string{cfg.Monitor, cfg.Sounds} {
		repaired, err := record.Repair(folder)
		if err != nil {
			cfg.Log.Warn("recordings not repaired", "folder", folder, "err", err)
		}
		for _, path := range repaired {
			cfg.Log.Info("recording repaired", "file", path)
		}
	}
	r := &Registry{cfg: cfg}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// Monitor is the folder of recordings of conversations that name none.
func (r *Registry) Monitor() string { return r.cfg.Monitor }

// Sounds is the folder of what callers record.
func (r *Registry) Sounds() string { return r.cfg.Sounds }

// What a recording's tap may hold while the disk is slow, and how often it is
// looked at.
const (
	tapBuffer = 5 * time.Second
	tapWake   = 100 * time.Millisecond
)

// Start begins to record a channel. The error is of kind fault.Conflict (no media yet,
// or the file is being recorded), fault.Unsupported (the format), fault.Invalid,
// fault.Gone, or the disk's.
func (r *Registry) Start(ctx context.Context, c *signaling.Channel, opts Options) (*Recording, error) {
	file, err := record.Create(record.FileConfig{
		Path: opts.Path, Format: opts.Format, Stereo: opts.Content == record.Stereo, Append: opts.Append, Codecs: r.cfg.Codecs,
	})
	if err != nil {
		return nil, err
	}
	tap, err := c.Tap(ctx, mixer.TapConfig{
		In: opts.Content != record.Heard, Out: opts.Content != record.Said,
		SampleRate: opts.Format.SampleRate, Buffer: tapBuffer, Wake: tapWake,
	})
	if err != nil {
		return nil, r.discard(file, err)
	}
	rec := newRecording(r, tap, record.NewRecorder(file, record.RecorderConfig{
		Content: opts.Content, SaidShift: opts.SaidShift, HeardShift: opts.HeardShift, Limits: opts.Limits,
	}), opts)
	rec.channel, rec.log = c, c.Log()
	if !r.add(rec) {
		tap.Close()
		return nil, r.discard(file, errClosed)
	}
	if opts.With != nil {
		opts.With.accompany(rec)
	}
	c.Tell(event.RecordingStarted, rec.Snapshot())
	go rec.run() // owned by the registry, which waits for it in Close
	return rec, nil
}

var errClosed = fault.New(fault.Gone, "recordings are closed")

// StartBridge begins to record all that is said in a bridge, which mixes its members for that
// from now on. The recording ends with the last of them. Of the options those that are about
// one party are left aside: the content is one track, and no digit ends it. The errors are those
// of Start; it is fault.Conflict while nobody is there.
func (r *Registry) StartBridge(b *signaling.Bridge, opts Options) (*Recording, error) {
	opts.Content, opts.Terminators, opts.WhileBridged, opts.With = record.Said, "", false, nil
	file, err := record.Create(record.FileConfig{Path: opts.Path, Format: opts.Format, Append: opts.Append, Codecs: r.cfg.Codecs})
	if err != nil {
		return nil, err
	}
	tap, err := b.Tap(mixer.TapConfig{SampleRate: opts.Format.SampleRate, Buffer: tapBuffer, Wake: tapWake})
	if err != nil {
		return nil, r.discard(file, err)
	}
	rec := newRecording(r, tap, record.NewRecorder(file, record.RecorderConfig{Content: opts.Content, Limits: opts.Limits}), opts)
	rec.bridge, rec.log = b, r.cfg.Log.With("bridge", string(b.ID()))
	if !r.add(rec) {
		tap.Close()
		return nil, r.discard(file, errClosed)
	}
	rec.tell(event.RecordingStarted)
	go rec.run() // owned by the registry, which waits for it in Close
	return rec, nil
}

// discard gives up a file that nothing was written to.
func (r *Registry) discard(file *record.File, err error) error {
	if derr := file.Discard(); derr != nil {
		r.cfg.Log.Warn("recording not removed", "err", derr)
	}
	return err
}

func (r *Registry) add(rec *Recording) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.live = append(r.live, rec)
	r.all.Add(1)
	return true
}

func (r *Registry) remove(rec *Recording) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.live = slices.DeleteFunc(r.live, func(x *Recording) bool { return x == rec })
}

// Live are the recordings under way, oldest first; with a channel, those of it.
func (r *Registry) Live(c *signaling.Channel) []*Recording {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c == nil {
		return slices.Clone(r.live)
	}
	var out []*Recording
	for _, rec := range r.live {
		if rec.channel == c {
			out = append(out, rec)
		}
	}
	return out
}

// Find gives the oldest recording of a name. The error is of kind fault.NotFound.
func (r *Registry) Find(name string) (*Recording, error) {
	for _, rec := range r.Live(nil) {
		if rec.opts.Name == name {
			return rec, nil
		}
	}
	return nil, fault.New(fault.NotFound, "no recording %q is under way", name)
}

// patience is what Close leaves to what follows recordings.
const patience = 10 * time.Second

// Close stops every recording, waits until their files are finished, and gives what
// follows them ten seconds.
func (r *Registry) Close() error {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	live := r.Live(nil)
	for _, rec := range live {
		rec.Stop()
	}
	for _, rec := range live {
		<-rec.done
	}
	late := time.AfterFunc(patience, r.cancel)
	r.all.Wait()
	late.Stop()
	r.cancel()
	return nil
}
