package recording

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/record"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// Options say what to record, and where to.
type Options struct {
	// ID is a UUID of the caller's; made when empty. Name is what the recording is known by.
	ID   string
	Name string
	// Path is the file's name, with its extension. Format is the file's.
	Path   string
	Format record.Format
	Append bool

	Content               record.Content
	SaidShift, HeardShift int // as in record.RecorderConfig
	Limits                record.Limits
	// SilenceKept is how much is left of the silence that ended the recording; 0 leaves
	// all of it.
	SilenceKept time.Duration
	// Terminators are the digits of the party that end the recording.
	Terminators string
	// WhileBridged leaves out what goes on while the channel is in no bridge.
	WhileBridged bool
	// Delay is left out at the beginning.
	Delay time.Duration

	// With, where set, is a recording that this one ends with; it is not done before.
	With *Recording

	// Finished, where set, is called on the recording's goroutine after Done is closed;
	// nobody waits for it but Registry.Close, which ends ctx after a while.
	Finished func(ctx context.Context, res Result)
}

// Reason is why a recording ended.
type Reason string

// The reasons.
const (
	Stopped  Reason = "stopped"  // by Stop, or the channel's end
	Duration Reason = "duration" // the limit
	Silence  Reason = "silence"  // the limit
	Digit    Reason = "digit"    // a terminator
	Failed   Reason = "failed"   // the disk
)

// Result is how a recording ended.
type Result struct {
	Reason Reason
	Ended  bool          // nobody stopped it: the channel's media ended, as the channel is about to
	Digit  byte          // that ended it
	Length time.Duration // of what was recorded
	Still  time.Duration // of silence, at the end
	Lost   time.Duration // that the disk was too slow for, and is silence
	Unmade time.Duration // that the mixer was too late for, and is silence
	Err    error
}

// Snapshot is a recording at one moment, the data of its events.
type Snapshot struct {
	ID      string
	Name    string
	Format  string
	Path    string
	State   string // recording, paused, muted, done, failed
	Channel signaling.ChannelID
	Bridge  signaling.BridgeID // of all that is said in a bridge
	Result  Result             // once it is done
}

// Recording is one file that is being written.
type Recording struct {
	id       string
	registry *Registry
	channel  *signaling.Channel // nil of a bridge
	bridge   *signaling.Bridge  // nil of a channel
	log      *slog.Logger
	tap      *mixer.Tap
	opts     Options
	recorder *record.Recorder
	done     chan struct{}

	mu     sync.Mutex
	trim   time.Duration
	drop   bool
	told   bool // to stop
	over   bool
	others []*Recording // that end with this one
	result Result
}

func newRecording(r *Registry, tap *mixer.Tap, recorder *record.Recorder, opts Options) *Recording {
	if opts.ID == "" {
		opts.ID = signaling.NewID()
	}
	return &Recording{id: opts.ID, registry: r, tap: tap, opts: opts, recorder: recorder, done: make(chan struct{})}
}

// of is what the recording is of, as events name it.
func (rec *Recording) of() (channel signaling.ChannelID, bridge signaling.BridgeID) {
	if rec.bridge != nil {
		return "", rec.bridge.ID()
	}
	return rec.channel.ID(), ""
}

// ID is the recording's UUID.
func (rec *Recording) ID() string { return rec.id }

// Done is closed when the file is finished.
func (rec *Recording) Done() <-chan struct{} { return rec.done }

// Result is how the recording ended; the zero Result before Done.
func (rec *Recording) Result() Result {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return rec.result
}

// Length is how much has been recorded.
func (rec *Recording) Length() time.Duration { return rec.recorder.Length() }

// Set pauses or mutes the recording, or lets it go on.
func (rec *Recording) Set(s record.State) { rec.recorder.Set(s) }

// Accompanies reports whether the recording is one With another.
func (rec *Recording) Accompanies() bool { return rec.opts.With != nil }

// accompany lets another recording end with this one.
func (rec *Recording) accompany(other *Recording) {
	rec.mu.Lock()
	rec.others = append(rec.others, other)
	over := rec.over
	rec.mu.Unlock()
	if over {
		other.Stop()
	}
}

// Stop ends the recording. It returns at once; Done tells when the file is there.
func (rec *Recording) Stop() {
	rec.mu.Lock()
	rec.told = true
	others := rec.others
	rec.mu.Unlock()
	rec.tap.Close()
	for _, other := range others {
		other.Stop()
	}
}

// StopTrimmed is Stop, and takes back so much of the end.
func (rec *Recording) StopTrimmed(d time.Duration) {
	rec.mu.Lock()
	rec.trim = d
	rec.mu.Unlock()
	rec.Stop()
}

// Cancel is Stop, and leaves no file.
func (rec *Recording) Cancel() {
	rec.mu.Lock()
	rec.drop = true
	rec.mu.Unlock()
	rec.Stop()
}

// Snapshot is the recording as it is now.
func (rec *Recording) Snapshot() Snapshot {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	channel, bridge := rec.of()
	s := Snapshot{
		ID: rec.id, Name: rec.opts.Name, Format: rec.opts.Format.Name, Path: rec.opts.Path,
		Channel: channel, Bridge: bridge, Result: rec.result,
		State: [...]string{"recording", "paused", "muted"}[rec.recorder.State()],
	}
	switch {
	case rec.over && rec.result.Reason == Failed:
		s.State = "failed"
	case rec.over:
		s.State = "done"
	}
	return s
}

// run is the recording's goroutine.
func (rec *Recording) run() {
	defer rec.registry.all.Done()
	defer guard.Recover(rec.log, "what follows a recording")
	if res, ok := rec.record(); ok && rec.opts.Finished != nil {
		rec.opts.Finished(rec.registry.ctx, res)
	}
}

// record records until the file is finished, and those With it. Not ok after a panic.
func (rec *Recording) record() (res Result, ok bool) {
	defer close(rec.done)
	defer rec.registry.remove(rec)
	defer guard.Recover(rec.log, "a recording")
	res = rec.follow()
	rec.finish(&res)
	rec.mu.Lock()
	rec.over, rec.result = true, res
	others := rec.others
	rec.mu.Unlock()
	rec.Stop()
	for _, other := range others {
		<-other.done
	}
	t := event.RecordingFinished
	if res.Reason == Failed {
		t = event.RecordingFailed
		rec.log.Error("recording failed", "file", rec.opts.Path, "err", res.Err)
	}
	rec.tell(t)
	if res.Lost > 0 {
		rec.log.Warn("recording has gaps: the disk is too slow", "file", rec.opts.Path, "lost", res.Lost)
	}
	if res.Unmade > tolerated {
		rec.log.Warn("recording has gaps: the server is too busy", "file", rec.opts.Path, "unmade", res.Unmade)
	}
	return res, true
}

// tell publishes an event of the recording.
func (rec *Recording) tell(t event.Type) {
	channel, bridge := rec.of()
	rec.registry.cfg.Engine.Bus().Publish(event.Event{Type: t, Channel: string(channel), Bridge: string(bridge), Data: rec.Snapshot()})
}

// tolerated is how much silence a recording has that nobody is warned of: a frame or two for
// each time that the channel came to another place.
const tolerated = 200 * time.Millisecond

// follow records until something ends that.
func (rec *Recording) follow() Result {
	digits := rec.digits()
	if digits != nil {
		defer digits.Close()
	}
	leave := int64(rec.opts.Delay) * int64(rec.opts.Format.SampleRate) / int64(time.Second)
	var b mixer.TapBlock
	for {
		err := rec.tap.Read(context.Background(), &b)
		switch {
		case errors.Is(err, io.EOF):
			return Result{Reason: Stopped, Ended: !rec.wasTold()}
		case err != nil:
			return Result{Reason: Failed, Err: err}
		case b.Start < leave, rec.opts.WhileBridged && rec.channel.Snapshot().Bridge == "":
			continue
		}
		over, err := rec.recorder.Take(b.Said, b.Heard)
		switch {
		case err != nil:
			return Result{Reason: Failed, Err: err}
		case over == record.OverDuration:
			return Result{Reason: Duration}
		case over == record.OverSilence:
			return Result{Reason: Silence}
		}
		if d, pressed := terminated(digits); pressed {
			return Result{Reason: Digit, Digit: d}
		}
	}
}

// wasTold reports whether somebody stopped it.
func (rec *Recording) wasTold() bool {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return rec.told
}

// digits are the terminators that are pressed from now on, nil without any.
func (rec *Recording) digits() *event.Subscription {
	if rec.opts.Terminators == "" {
		return nil
	}
	return rec.registry.cfg.Engine.Bus().Subscribe(1, func(e *event.Event) bool {
		if e.Type != event.ChannelDtmfReceived || e.Channel != string(rec.channel.ID()) {
			return false
		}
		d, ok := e.Data.(signaling.DigitEvent)
		return ok && strings.IndexByte(rec.opts.Terminators, d.Digit) >= 0
	})
}

// terminated takes a terminator, if one was pressed.
func terminated(digits *event.Subscription) (digit byte, pressed bool) {
	if digits == nil {
		return 0, false
	}
	select {
	case e := <-digits.Events():
		d, _ := e.Data.(signaling.DigitEvent) // the filter let nothing else in
		return d.Digit, true
	default:
		return 0, false
	}
}

// finish ends the file.
func (rec *Recording) finish(res *Result) {
	res.Length, res.Still = rec.recorder.Length(), rec.recorder.Silence()
	stats := rec.tap.Stats()
	res.Lost = time.Duration(stats.Lost) * media.FrameDuration
	res.Unmade = time.Duration(stats.Unmade) * media.FrameDuration
	rec.mu.Lock()
	trim, drop := rec.trim, rec.drop
	rec.mu.Unlock()
	if res.Reason == Silence && rec.opts.SilenceKept > 0 {
		trim = res.Still - rec.opts.SilenceKept
	}
	file := rec.recorder.File()
	var err error
	if drop {
		err = file.Discard()
	} else {
		if trim > 0 && res.Err == nil {
			err = file.Rewind(trim)
			res.Length = max(res.Length-trim, 0)
		}
		err = errors.Join(err, file.Finish())
	}
	if err != nil {
		res.Reason, res.Err = Failed, errors.Join(res.Err, err)
	}
}
