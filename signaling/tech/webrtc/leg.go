package webrtc

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/media"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/webrtc/stage"
)

// closeTimeout bounds how long the end of a leg waits for its media to go.
const closeTimeout = 10 * time.Second

// LegConfig is what a leg is made of.
type LegConfig struct {
	User   string
	Mixer  *mixer.Engine
	API    *rtc.API
	Codecs []*media.Codec
	Log    *slog.Logger
	// Candidate is told our candidates; it must not block.
	Candidate func(rtc.Candidate)
	// MediaTimeout is how long a browser may send nothing that is neither muted nor held; 0 is
	// for ever.
	MediaTimeout time.Duration
	// Video, where set, is the browser's, which ends with the leg.
	Video *stage.Performer
	// Data, where set, carries the browser's data channels, as SessionConfig.Data.
	Data func(net.Conn)
	// HungUp is told that our side ended the leg; it must not block.
	HungUp func(signaling.Cause)
	// Reconnect is how long a browser may be away that was connected: its network lost, its page
	// loaded again. With 0 its part ends at once. Away is told that it is away, and that it is
	// back; it must not block.
	Reconnect time.Duration
	Away      func(bool)
	// AfterFunc is time.AfterFunc, which it is when nil, for Reconnect.
	AfterFunc func(d time.Duration, f func()) (stop func() bool)
}

// Leg is a browser in a call. It is made from the browser's offer, so it is
// answered from the start: what remains is to connect.
type Leg struct {
	cfg     LegConfig
	session *Session

	mu     sync.Mutex
	events signaling.LegEvents
	state  rtc.State // as told before the leg had its channel
	ended  bool
	early  []mixer.Event
	silent bool // the browser was never sent anything: it publishes
	absence
}

var _ signaling.Leg = (*Leg)(nil)

// NewLeg makes a leg from a browser's offer and gives the answer.
func NewLeg(ctx context.Context, cfg LegConfig, offer string) (*Leg, string, error) {
	if cfg.Video != nil {
		if err := cfg.Video.Allowed(offer); err != nil {
			cfg.Video.Close()
			return nil, "", err
		}
	}
	return newLeg(cfg, func(s *Session) (string, error) { return s.Answer(ctx, offer, trickles(offer)) })
}

// NewOffer makes a leg for a browser that is to answer: it gives our offer, with every candidate
// of ours. SetAnswer comes before the leg is a channel's.
func NewOffer(ctx context.Context, cfg LegConfig) (*Leg, string, error) {
	return newLeg(cfg, func(s *Session) (string, error) { return s.Offer(ctx, false) })
}

// newLeg makes a leg that begins with a description of ours.
func newLeg(cfg LegConfig, describe func(*Session) (string, error)) (*Leg, string, error) {
	if cfg.AfterFunc == nil {
		cfg.AfterFunc = func(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }
	}
	l := &Leg{cfg: cfg}
	session, err := NewSession(SessionConfig{
		Name: "WebRTC/" + cfg.User, Mixer: cfg.Mixer, API: cfg.API, Codecs: cfg.Codecs, Log: cfg.Log,
		Events: l.portEvent, MediaTimeout: cfg.MediaTimeout, Candidate: cfg.Candidate, State: l.stateChanged, Video: cfg.Video, Data: cfg.Data,
	})
	if err != nil {
		if cfg.Video != nil {
			cfg.Video.Close()
		}
		return nil, "", err
	}
	l.session = session
	text, err := describe(session)
	if err != nil {
		session.Close()
		return nil, "", err
	}
	l.silent = !session.Media().Direction.Sends()
	return l, text, nil
}

// SetAnswer takes the answer to an offer of ours: NewOffer's, or one that changes what a connected
// browser sees. An answer to the latter that is of no use leaves all as it was.
func (l *Leg) SetAnswer(answer string) error {
	l.mu.Lock()
	connected := l.events != nil
	l.mu.Unlock()
	if err := l.session.SetAnswer(answer); err != nil {
		if connected && l.cfg.Video != nil {
			l.cfg.Video.Refused()
		}
		return err
	}
	if connected {
		l.changed()
	}
	return nil
}

// changed tells the channel of media that was negotiated anew.
func (l *Leg) changed() {
	sent := l.session.Media().Direction.Sends()
	l.mu.Lock()
	l.silent = l.silent && !sent
	held := !sent && !l.silent
	l.mu.Unlock()
	l.tell(func(e signaling.LegEvents) {
		e.LegMedia()
		e.LegHeld(held)
	})
}

// Performer is the browser's video; nil where there is none.
func (l *Leg) Performer() *stage.Performer { return l.cfg.Video }

// Renegotiate takes a further offer: ICE restart, hold, a changed codec. One of another connection
// is of a browser that comes back, whose former connection it replaces, however that looks.
func (l *Leg) Renegotiate(ctx context.Context, offer string) (string, error) {
	if l.cfg.Video != nil {
		if err := l.cfg.Video.Allowed(offer); err != nil {
			return "", err
		}
	}
	answer, err := l.session.Answer(ctx, offer, trickles(offer))
	if l.replaceable(err) {
		answer, err = l.replace(ctx, offer)
	}
	if err != nil {
		return "", err
	}
	l.changed()
	return answer, nil
}

// AddCandidate takes a candidate of the browser's.
func (l *Leg) AddCandidate(c rtc.Candidate) error {
	if err := l.session.AddCandidate(c); !l.replaceable(err) {
		return err
	}
	return l.keep(c)
}

func (l *Leg) tell(f func(signaling.LegEvents)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.events != nil {
		f(l.events)
	}
}

func (l *Leg) portEvent(ev mixer.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.events == nil {
		l.early = append(l.early, ev)
		return
	}
	if ev.Kind == mixer.MediaTimeout && l.away { // which has a patience of its own
		return
	}
	l.events.LegPort(ev)
}

// Start binds the leg to its channel.
func (l *Leg) Start(events signaling.LegEvents) {
	l.mu.Lock()
	l.events = events
	state := l.state
	for _, ev := range l.early {
		events.LegPort(ev)
	}
	l.early = nil
	l.mu.Unlock()
	l.take(state)
}

// Ring does nothing: a browser that made an offer shows its own progress.
func (l *Leg) Ring() {}

// Progress does nothing: media flows from the offer on.
func (l *Leg) Progress() error { return nil }

// Answer reports the leg as answered: its SDP answer has been given already.
func (l *Leg) Answer() error {
	l.tell(func(e signaling.LegEvents) { e.LegAnswered() })
	return nil
}

// Hangup ends the leg.
func (l *Leg) Hangup(cause signaling.Cause) {
	if l.cfg.HungUp != nil {
		l.cfg.HungUp(cause)
	}
	l.end(cause, false)
}

func (l *Leg) end(cause signaling.Cause, peer bool) {
	l.mu.Lock()
	already := l.ended
	l.ended = true
	l.stopWaiting()
	l.mu.Unlock()
	if already {
		return
	}
	l.session.Close()
	go l.goAway(cause, peer) // owned by l, bounded by closeTimeout
}

// goAway waits until the leg's media is gone, and tells that the leg has ended,
// whatever goes wrong.
func (l *Leg) goAway(cause signaling.Cause, peer bool) {
	defer guard.Recover(l.cfg.Log, "the end of a browser's leg", func() { l.over(cause, peer) })
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := l.session.Wait(ctx); err != nil {
		l.cfg.Log.Error("media of a browser did not end in time", "endpoint", l.cfg.User, "err", err)
	}
	l.over(cause, peer)
}

func (l *Leg) over(cause signaling.Cause, peer bool) {
	l.tell(func(e signaling.LegEvents) { e.LegEnded(cause, peer) })
}

// Abort ends a leg that no channel was made for.
func (l *Leg) Abort() { l.session.Close() }

// Port is the leg's media.
func (l *Leg) Port() *mixer.Port { return l.session.Port() }

// Hold is not for browsers: the API mutes or moves them instead.
func (l *Leg) Hold(bool) error {
	return fault.New(fault.Unsupported, "a browser is held by its own offer")
}

// Info describes the leg.
func (l *Leg) Info() signaling.LegInfo {
	return signaling.LegInfo{Endpoint: l.cfg.User, Format: l.session.Media().Send, Secure: true}
}
