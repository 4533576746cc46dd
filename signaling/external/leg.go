package external

import (
	"context"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// closeTimeout bounds how long the end of a leg waits for its socket.
const closeTimeout = 10 * time.Second

// leg is an outside RTP address as a channel's party: it is there from the start, and nothing
// is asked of it.
type leg struct {
	cfg  *Config
	info signaling.LegInfo
	port *mixer.Port

	mu     sync.Mutex
	events signaling.LegEvents
	early  []mixer.Event // told before the leg had its channel
	ended  bool
}

var _ signaling.Leg = (*leg)(nil)

// maxEarly is how many events wait for the channel; more say nothing new.
const maxEarly = 16

func (l *leg) portEvent(ev mixer.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.events != nil:
		l.events.LegPort(ev)
	case len(l.early) < maxEarly:
		l.early = append(l.early, ev)
	}
}

// Start binds the leg to its channel.
func (l *leg) Start(events signaling.LegEvents) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = events
	for _, ev := range l.early {
		events.LegPort(ev)
	}
	l.early = nil
}

// Ring does nothing: nobody is told.
func (*leg) Ring() {}

// Progress does nothing: media flows from the start.
func (*leg) Progress() error { return nil }

// Answer reports the leg as answered.
func (l *leg) Answer() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.events != nil {
		l.events.LegAnswered()
	}
	return nil
}

// Hangup closes the socket; the other side learns nothing of it.
func (l *leg) Hangup(cause signaling.Cause) {
	l.mu.Lock()
	already := l.ended
	l.ended = true
	l.mu.Unlock()
	if already {
		return
	}
	l.port.Close()
	go l.goAway(cause) // owned by l, bounded by closeTimeout
}

// goAway waits until the socket is closed, and tells that the leg has ended, whatever goes
// wrong.
func (l *leg) goAway(cause signaling.Cause) {
	defer guard.Recover(l.cfg.Log, "the end of external media", func() { l.over(cause) })
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := l.port.Wait(ctx); err != nil {
		l.cfg.Log.Error("external media did not end in time", "peer", l.info.Remote, "err", err)
	}
	l.over(cause)
}

func (l *leg) over(cause signaling.Cause) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.events != nil {
		l.events.LegEnded(cause, false)
	}
}

// Port is the leg's media.
func (l *leg) Port() *mixer.Port { return l.port }

// Hold is not for an address.
func (*leg) Hold(bool) error {
	return fault.New(fault.Unsupported, "external media cannot be put on hold")
}

// Info describes the leg.
func (l *leg) Info() signaling.LegInfo { return l.info }
