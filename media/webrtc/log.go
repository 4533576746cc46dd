package webrtc

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// pionLog gives pion's logs to ours, all of them at debug level: most are about
// packets that anyone may send us, and what ends a peer is told by its state. Its
// own debug level tells ICE passwords and is left out.
type pionLog struct{ log *slog.Logger }

// NewLogger makes the logger of one part of pion ("ice", "dtls").
func (l pionLog) NewLogger(scope string) logging.LeveledLogger {
	return scopedLog{l.log.With("scope", scope)}
}

type scopedLog struct{ log *slog.Logger }

func (l scopedLog) enabled() bool { return l.log.Enabled(context.Background(), slog.LevelDebug) }

func (l scopedLog) print(msg string) {
	if l.enabled() {
		l.log.Debug(clip(msg))
	}
}

func (l scopedLog) printf(format string, args ...any) {
	if l.enabled() {
		l.log.Debug(fmt.Sprintf(format, args...))
	}
}

// Trace and Debug are dropped.
func (l scopedLog) Trace(string)          {}
func (l scopedLog) Tracef(string, ...any) {}
func (l scopedLog) Debug(string)          {}
func (l scopedLog) Debugf(string, ...any) {}

// Info, Warn and Error are our debug level.
func (l scopedLog) Info(msg string)                   { l.print(msg) }
func (l scopedLog) Infof(format string, args ...any)  { l.printf(format, args...) }
func (l scopedLog) Warn(msg string)                   { l.print(msg) }
func (l scopedLog) Warnf(format string, args ...any)  { l.printf(format, args...) }
func (l scopedLog) Error(msg string)                  { l.print(msg) }
func (l scopedLog) Errorf(format string, args ...any) { l.printf(format, args...) }
