package dialplan

import "errors"

// End is how a run ended.
type End uint8

// The ends of a run.
const (
	// EndHangup: an application ended the call.
	EndHangup End = iota
	// EndFellThrough: the extension had no further priority. The cause is 17 after
	// a Dial that found the callee busy, 34 after one that found no way.
	EndFellThrough
	// EndGone: the context ended, the channel was hung up.
	EndGone
	// EndRedirected: the context ended with ErrRedirected. h has not run, HangUp has
	// not been called: Run the same Call again at the new position.
	EndRedirected
	// EndInvalid: there is no such extension, and no i.
	EndInvalid
	// EndTimeout: the absolute timeout was over and there is no T, or no digits came
	// and there is no t.
	EndTimeout
	// EndFailed: an application failed, is unknown or panicked, or the call ran in
	// circles. Err says which.
	EndFailed
)

// String is the end's name, for logs.
func (e End) String() string {
	return [...]string{"hangup", "fell through", "gone", "redirected", "invalid", "timeout", "failed"}[e]
}

// Outcome is the result of Run.
type Outcome struct {
	End End
	// At is the last step before the h extension.
	At Position
	// Cause is the channel's Q.850 cause after the run, 0 if nobody gave one.
	Cause int
	// Err is why, for EndFailed.
	Err error
}

// endOf is the end that an error from Collect means.
func endOf(err error) End {
	switch {
	case errors.Is(err, ErrHangup):
		return EndHangup
	case errors.Is(err, errNoDigits):
		return EndTimeout
	case errors.Is(err, errInvalidDigits):
		return EndInvalid
	}
	return EndFailed
}

func failureOf(err error) error {
	if endOf(err) == EndFailed {
		return err
	}
	return nil
}
