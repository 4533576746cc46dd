// Package pionlog gives the logs of pion's parts to ours. It starts no goroutine.
package pionlog

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// Factory gives pion's logs to ours, all of them at debug level: most are about
// packets that anyone may send us, and what ends a peer is told by its state. Its
// own debug level tells ICE passwords and is left out.
type Factory struct{ Log *slog.Logger }

// NewLogger makes the logger of one part of pion ("ice", "dtls").
func (l Factory) NewLogger(scope string) logging.LeveledLogger {
	return scopedLog{l.Log.With("scope", scope)}
}

type scopedLog struct{ log *slog.Logger }

func (l scopedLog) enabled() bool { return l.log.Enabled(context.Background(), slog.LevelDebug) }

func (l scopedLog) print(msg string) {
	if l.enabled() {
		const longest = 80
		if len(msg) > longest {
			msg = msg[:longest] + "…"
		}
		l.log.Debug(msg)
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
