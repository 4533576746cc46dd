package webrtc

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// absence is what a leg knows of a browser that is away: its network is lost, or its page is
// being loaded again. The leg's lock guards it.
type absence struct {
	connected bool // it was, once
	away      bool
	cause     signaling.Cause    // of the end if it does not come back
	wait      int                // which of the waits for it counts
	stop      func() (soon bool) // ends the wait
	found     []rtc.Candidate    // of the connection to come
}

// maxFound bounds the candidates of a connection whose offer has not come.
const maxFound = 64

// stateChanged takes a state of the connection.
func (l *Leg) stateChanged(s rtc.State) {
	l.mu.Lock()
	if l.state < rtc.StateFailed || s == rtc.StateConnected { // the first end says why
		l.state = s
	}
	// Who says goodbye was connected, though it went before that was told.
	l.connected = l.connected || s == rtc.StateConnected || s == rtc.StateClosed && l.state != rtc.StateFailed
	started := l.events != nil
	l.mu.Unlock()
	if started {
		l.take(s)
	}
}

// take acts upon a state of the connection. One that is lost for good, or that the browser has
// closed, ends the leg: at once if it never was, or if nothing is waited for, else in a while.
func (l *Leg) take(s rtc.State) {
	switch s {
	case rtc.StateConnected:
		l.comesBack()
	case rtc.StateDisconnected:
		l.goesAway(signaling.CauseFailure, false)
	case rtc.StateFailed:
		l.goesAway(signaling.CauseFailure, true)
	case rtc.StateClosed: // by the browser: when we close, the leg has ended already
		l.goesAway(signaling.CauseNormal, true)
	}
}

// goesAway has the leg wait for its browser, if it does. lost says that the connection is.
func (l *Leg) goesAway(cause signaling.Cause, lost bool) {
	l.mu.Lock()
	switch {
	case l.cfg.Reconnect <= 0 || !l.connected:
		l.mu.Unlock()
		if lost {
			l.end(cause, true)
		}
		return
	case l.away || l.ended:
		l.mu.Unlock()
		return
	}
	l.away, l.cause = true, cause
	l.wait++
	n := l.wait
	l.stop = l.cfg.AfterFunc(l.cfg.Reconnect, func() { l.waited(n) })
	l.mu.Unlock()
	l.tellAway(true)
}

// waited ends a leg whose browser has not come back.
func (l *Leg) waited(n int) {
	l.mu.Lock()
	over, cause := l.away && l.wait == n, l.cause
	l.mu.Unlock()
	if over {
		l.cfg.Log.Info("browser did not come back", "endpoint", l.cfg.User, "after", l.cfg.Reconnect)
		l.end(cause, true)
	}
}

// comesBack is for a browser that is connected, again if it was away.
func (l *Leg) comesBack() {
	l.mu.Lock()
	back := l.away && !l.ended
	if back {
		l.stopWaiting()
		l.away = false
	}
	l.mu.Unlock()
	if !back {
		return
	}
	if err := l.session.apply(); err != nil { // its silence counts from now on
		l.cfg.Log.Warn("media of a browser that is back", "endpoint", l.cfg.User, "err", err)
	}
	l.tellAway(false)
}

// stopWaiting ends the wait. The lock is held.
func (l *Leg) stopWaiting() {
	if l.stop != nil {
		l.stop()
		l.stop = nil
	}
}

func (l *Leg) tellAway(on bool) {
	if l.cfg.Away != nil {
		l.cfg.Away(on)
	}
}

// replaceable reports whether an offer that gave an error is that of a browser that comes back
// with another connection.
func (l *Leg) replaceable(err error) bool {
	l.mu.Lock()
	ended := l.ended
	l.mu.Unlock()
	return !ended && (fault.CodeOf(err) == jsep.CodeAnother || fault.Of(err) == fault.Gone)
}

// replace takes the offer of another connection, and its candidates that came before.
func (l *Leg) replace(ctx context.Context, offer string) (string, error) {
	answer, err := l.session.Replace(ctx, offer, true)
	if err != nil {
		return "", err
	}
	l.mu.Lock()
	found := l.found
	l.found = nil
	l.mu.Unlock()
	for _, c := range found {
		if err := l.session.AddCandidate(c); err != nil {
			l.cfg.Log.Debug("early candidate not used", "endpoint", l.cfg.User, "err", err)
		}
	}
	return answer, nil
}

// keep keeps a candidate for the connection to come.
func (l *Leg) keep(c rtc.Candidate) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.found) >= maxFound {
		return fault.New(fault.TooMany, "%d candidates before the offer, the limit", maxFound)
	}
	l.found = append(l.found, c)
	return nil
}
