package app

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/record"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
	"github.com/skygenesisenterprise/skybridge/signaling/recording"
)

const (
	// keyTail is taken off a recording that a key ended: what may be heard of it.
	keyTail = 250 * time.Millisecond
	// silenceKept is what is left of the silence that ended a recording.
	silenceKept = time.Second
	// maxNumbered bounds the search for a number that is free.
	maxNumbered = 1 << 20
)

// recordArguments are those of Record.
type recordArguments struct {
	name    string // without the extension
	format  string
	limits  record.Limits
	letters string
}

func parseRecord(args string) (a recordArguments, err error) {
	parts := argument.Split(args, 4)
	name := strings.TrimSpace(argument.At(parts, 0))
	i := strings.LastIndexAny(name, ".:")
	if i < 0 || i+1 < len(name) && strings.Contains(name[i:], "/") {
		return a, fault.New(fault.Invalid, "Record: %q names no format", name)
	}
	a.name, a.format = name[:i], name[i+1:]
	a.limits.Silence, _ = argument.Seconds(argument.At(parts, 1))
	a.limits.Duration, _ = argument.Seconds(argument.At(parts, 2))
	a.letters = argument.At(parts, 3)
	return a, nil
}

func (a *recordArguments) has(letter byte) bool { return strings.IndexByte(a.letters, letter) >= 0 }

// judgeRecord warns of formats that cannot be recorded.
func judgeRecord(args string) (found []asterisk.Warning) {
	if a, err := parseRecord(args); err == nil && !strings.Contains(a.format, "$") {
		if _, err := record.FormatOf(a.format); err != nil {
			found = append(found, asterisk.Warning{Text: "Record: " + err.Error(), Here: "nothing is recorded"})
		}
	}
	return found
}

// record is Record(file.extension[,silence[,maxduration[,options]]]): it records what the
// caller says until a key, silence, the time or the caller's hangup ends it. A name
// that is not absolute is one in the folder of sounds, where Playback finds it.
// RECORDED_FILE and RECORD_STATUS tell of it.
func (s *Services) record(ctx context.Context, c *dialplan.Call, args string) error {
	c.Channel().SetVar("RECORD_STATUS", "ERROR") // until it is known better
	a, err := parseRecord(args)
	if err != nil {
		return err
	}
	if a.name, err = s.numbered(a.name, a.format); err != nil {
		return err
	}
	path, format, err := recordingFile(s.Recordings.Sounds(), a.name+"."+a.format, "")
	if err != nil {
		return err
	}
	c.Channel().SetVar("RECORDED_FILE", a.name)
	ch := channelOf(c)
	if ch.Snapshot().State != signaling.Up {
		switch {
		case a.has('s'):
			c.Channel().SetVar("RECORD_STATUS", "SKIP")
			return nil
		case a.has('n'):
			err = ch.Progress(ctx)
		default:
			err = ch.Answer(ctx)
		}
		if err != nil {
			return err
		}
	}
	if !a.has('q') {
		s.beep(ctx, ch)
	}
	opts := recording.Options{
		Name: a.name, Path: path, Format: format, Content: record.Said, Append: a.has('a'), Limits: a.limits,
	}
	if !a.has('u') {
		opts.SilenceKept = silenceKept
	}
	rec, err := s.Recordings.Start(ctx, ch, opts)
	switch {
	case fault.Of(err) == fault.Gone:
		c.Channel().SetVar("RECORD_STATUS", "HANGUP")
		return err
	case err != nil:
		c.Log().Warn("not recorded", "file", a.name, "err", err)
		return nil
	}
	status, err := a.await(ctx, ch, rec)
	c.Channel().SetVar("RECORD_STATUS", status)
	if status == "HANGUP" && !a.has('k') {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// await waits for what ends the recording, and for its file.
func (a *recordArguments) await(ctx context.Context, ch *signaling.Channel, rec *recording.Recording) (status string, err error) {
	for over := false; !over; {
		select {
		case d := <-ch.Digits():
			if status = a.ends(d); status != "" {
				rec.StopTrimmed(keyTail)
				over = true
			}
		case <-rec.Done():
			over = true
		case <-ctx.Done():
			status, err = "HANGUP", context.Cause(ctx)
			rec.Stop()
			over = true
		}
	}
	<-rec.Done() // which needs no network
	switch res := rec.Result(); {
	case res.Reason == recording.Failed:
		return "ERROR", err
	case status != "":
		return status, err
	case res.Reason == recording.Duration:
		return "TIMEOUT", nil
	case res.Reason == recording.Silence:
		return "SILENCE", nil
	case res.Ended:
		return "HANGUP", hungUp(ctx)
	}
	// Somebody else ended it, maybe as the channel ended, which the plan may not have heard of yet.
	err = ch.Do(ctx, func() error { return nil })
	if err == nil && ch.Snapshot().Ended {
		err = fault.New(fault.Gone, "the channel has hung up")
	}
	return "HANGUP", err
}

// hungUp waits for the end of a channel that has no media any more: what has ended its media
// tells it next. One that goes on nevertheless is not held up for long.
func hungUp(ctx context.Context) error {
	timer := time.NewTimer(hangupTold)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// hangupTold is how long the end of a channel may take after that of its media.
const hangupTold = 5 * time.Second

// ends is the status that a key ends the recording with, "" for one that does not.
func (a *recordArguments) ends(key byte) string {
	switch {
	case a.has('y'):
		return "DTMF"
	case a.has('o') && key == '0':
		return "OPERATOR"
	case a.has('x'):
		return ""
	case key == '*' && a.has('t'), key == '#' && !a.has('t'):
		return "DTMF"
	}
	return ""
}

// numbered puts the first number for which there is no file in the place of %d.
func (s *Services) numbered(name, format string) (string, error) {
	if !strings.Contains(name, "%d") {
		return name, nil
	}
	for i := range maxNumbered {
		next := strings.ReplaceAll(name, "%d", strconv.Itoa(i))
		path := next + "." + format
		if !filepath.IsAbs(path) {
			path = filepath.Join(s.Recordings.Sounds(), path)
		}
		for _, p := range []string{path, path + record.Part} {
			_, err := os.Stat(p)
			if err == nil {
				path = ""
			} else if !errors.Is(err, fs.ErrNotExist) {
				return "", err
			}
		}
		if path != "" {
			return next, nil
		}
	}
	return "", fault.New(fault.TooMany, "Record: there are %d files %s", maxNumbered, name)
}
