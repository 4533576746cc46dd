package app

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/record"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/recording"
)

// maxRecordingName bounds the names of recordings, in bytes.
const maxRecordingName = 1024

// recordingFile is where a plan's name of a recording leads, and its format: in the
// folder unless the name is absolute. A name without an extension gets that of
// otherwise. The error is of kind fault.Invalid or fault.Unsupported.
func recordingFile(folder, name, otherwise string) (path string, f record.Format, err error) {
	base := filepath.Base(name)
	switch {
	case name == "" || base == "." || base == "/" || strings.HasSuffix(name, "/"):
		return "", f, fault.New(fault.Invalid, "a recording without a name")
	case len(name) > maxRecordingName, strings.ContainsRune(name, 0), slices.Contains(strings.Split(name, "/"), ".."):
		return "", f, fault.New(fault.Invalid, "%.80q is no name for a recording", name)
	}
	if filepath.Ext(base) == "" {
		if otherwise == "" {
			return "", f, fault.New(fault.Invalid, "%q names no format", base)
		}
		name += "." + otherwise
	}
	if f, err = record.FormatOfFile(name); err != nil {
		return "", f, err
	}
	if filepath.IsAbs(name) {
		return filepath.Clean(name), f, nil
	}
	if folder == "" {
		return "", f, fault.New(fault.Invalid, "no folder for recordings is set")
	}
	return filepath.Join(folder, filepath.Clean("/"+name)), f, nil
}

// RecordCall records what a channel says and hears while it is in a conversation, in a file of the
// folder of recordings. The errors are those of recordingFile and of recording.Registry.Start.
func (s *Services) RecordCall(ctx context.Context, ch *signaling.Channel, name string) (*recording.Recording, error) {
	if s.Recordings == nil {
		return nil, fault.New(fault.Unsupported, "there are no recordings")
	}
	opts := recording.Options{Name: name, Content: record.Mix, Append: true, WhileBridged: true}
	var err error
	if opts.Path, opts.Format, err = recordingFile(s.Recordings.Monitor(), name, ""); err != nil {
		return nil, err
	}
	return s.Recordings.Start(ctx, ch, opts)
}

// beep plays Asterisk's "beep" to its end; a call without it goes on.
func (s *Services) beep(ctx context.Context, ch *signaling.Channel) {
	if err := s.playFile(ctx, ch, "beep"); err != nil && ctx.Err() == nil {
		ch.Log().Warn("no beep", "err", err)
	}
}
