package turn

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/pion/logging"
)

// linesPerSecond bounds what the log has of pion: most of it is about packets that anyone
// may send us.
const linesPerSecond = 5

// pionLog gives pion's warnings and errors to ours, at debug level. What it says below
// that level has user names, and is left out.
type pionLog struct {
	log     *slog.Logger
	bucket  bucket
	omitted atomic.Uint64
	now     func() time.Time
}

// NewLogger makes the logger of one part of pion.
func (l *pionLog) NewLogger(string) logging.LeveledLogger { return l }

func (l *pionLog) print(text func() string) {
	if !l.log.Enabled(context.Background(), slog.LevelDebug) {
		return
	}
	if !l.bucket.take(1, linesPerSecond, l.now()) {
		l.omitted.Add(1)
		return
	}
	const longest = 300
	msg := text()
	l.log.Debug("turn: "+msg[:min(len(msg), longest)], "omitted", l.omitted.Swap(0))
}

// Trace, Debug and Info are dropped.
func (l *pionLog) Trace(string)          {}
func (l *pionLog) Tracef(string, ...any) {}
func (l *pionLog) Debug(string)          {}
func (l *pionLog) Debugf(string, ...any) {}
func (l *pionLog) Info(string)           {}
func (l *pionLog) Infof(string, ...any)  {}

// Warn and Error are our debug level.
func (l *pionLog) Warn(msg string)  { l.print(func() string { return msg }) }
func (l *pionLog) Error(msg string) { l.print(func() string { return msg }) }
func (l *pionLog) Warnf(format string, args ...any) {
	l.print(func() string { return fmt.Sprintf(format, args...) })
}

func (l *pionLog) Errorf(format string, args ...any) {
	l.print(func() string { return fmt.Sprintf(format, args...) })
}
