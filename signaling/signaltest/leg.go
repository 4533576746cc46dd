package signaltest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

// Script is what a leg does when it is told something, instead of its defaults: it
// answers when it is asked to, and ends when it is hung up. Functions run on the
// channel's actor and must not wait for it.
type Script struct {
	Start  func(l *Leg)
	Answer func(l *Leg)
	Hangup func(l *Leg, cause signaling.Cause)
}

// Leg is a party without a protocol.
type Leg struct {
	Script Script
	// Request is what an outgoing leg was dialled with.
	Request signaling.DialRequest

	house   *House
	name    string
	hung    chan signaling.Cause
	started chan struct{}

	mu     sync.Mutex
	events signaling.LegEvents
	phone  *Phone
	hidden bool // the phone is not there yet
	calls  []string
	ended  bool
	music  string                     // that it suggests
	over   *func(signaling.LegEvents) // LegEnded, as long as there is nobody to tell
}

var _ signaling.Leg = (*Leg)(nil)

// Leg makes a leg of a name. Without a phone it has no media.
func (h *House) Leg(name string, phone *Phone, script Script) *Leg {
	l := &Leg{house: h, name: name, Script: script, hung: make(chan signaling.Cause, 1), started: make(chan struct{})}
	l.Give(phone)
	return l
}

// Call lets a leg call in, as tech "Test".
func (h *House) Call(l *Leg, vars ...dialplan.Variable) *signaling.Channel {
	h.T.Helper()
	c, err := h.Engine.Incoming(signaling.Incoming{
		Leg: l, Tech: "Test", Resource: l.name, Caller: signaling.CallerID{Name: "Caller " + l.name, Number: l.name},
		Context: "from-test", Exten: "s", Variables: vars,
	})
	if err != nil {
		h.T.Fatalf("%s cannot call: %v", l.name, err)
	}
	// The leg is started first of all; the error says that it ended at once.
	_ = c.Do(h.T.Context(), func() error { return nil })
	return c
}

// CallUp is Call with a party whose call is answered.
func (h *House) CallUp(name string, phone *Phone) (*signaling.Channel, *Leg) {
	h.T.Helper()
	l := h.Leg(name, phone, Script{})
	c := h.Call(l)
	if err := c.Answer(h.T.Context()); err != nil {
		h.T.Fatalf("%s is not answered: %v", name, err)
	}
	return c, l
}

// Give gives the leg its media; LegMedia is not told.
func (l *Leg) Give(phone *Phone) {
	l.mu.Lock()
	l.phone = phone
	l.mu.Unlock()
	if phone != nil {
		phone.tellTo(func(ev mixer.Event) { l.Tell(func(e signaling.LegEvents) { e.LegPort(ev) }) })
	}
}

// Hide makes the leg's media invisible, until Show.
func (l *Leg) Hide() { l.hide(true) }

// Show makes the leg's media visible.
func (l *Leg) Show() { l.hide(false) }

func (l *Leg) hide(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hidden = on
}

// Tell reports to the channel, if the leg has one.
func (l *Leg) Tell(f func(signaling.LegEvents)) {
	l.mu.Lock()
	events := l.events
	l.mu.Unlock()
	if events != nil {
		f(events)
	}
}

// Ringing tells that the party's phone rings.
func (l *Leg) Ringing() { l.Tell(signaling.LegEvents.LegRinging) }

// Early tells of early media.
func (l *Leg) Early() { l.Tell(signaling.LegEvents.LegProgress) }

// Answered tells of the answer.
func (l *Leg) Answered() { l.Tell(signaling.LegEvents.LegAnswered) }

// End ends the leg by itself, as a party that hangs up or refuses; once its media
// is gone it tells so. Further calls do nothing.
func (l *Leg) End(cause signaling.Cause, peer bool) {
	l.mu.Lock()
	already, phone := l.ended, l.phone
	l.ended = true
	l.mu.Unlock()
	if already {
		return
	}
	l.house.legs.Add(1)
	go func() { // owned by the house, bounded by patience
		defer l.house.legs.Done()
		if phone != nil {
			phone.close()
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			if err := phone.Port.Wait(ctx); err != nil {
				l.house.T.Errorf("port of %s does not close: %v", l.name, err)
			}
		}
		tell := func(e signaling.LegEvents) { e.LegEnded(cause, peer) }
		l.mu.Lock()
		events := l.events
		if events == nil {
			l.over = &tell // Start does
		}
		l.mu.Unlock()
		if events != nil {
			tell(events)
		}
	}()
}

// Hung gives the cause that the leg was hung up with.
func (l *Leg) Hung() <-chan signaling.Cause { return l.hung }

// Started is closed once the leg has its channel.
func (l *Leg) Started() <-chan struct{} { return l.started }

// Calls are the names of the methods called so far but for Port and Info.
func (l *Leg) Calls() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.calls)
}

func (l *Leg) note(call string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, call)
}

// Start takes the channel.
func (l *Leg) Start(events signaling.LegEvents) {
	l.note("Start")
	defer close(l.started)
	l.mu.Lock()
	l.events = events
	over := l.over
	l.mu.Unlock()
	if over != nil {
		(*over)(events)
	}
	if l.Script.Start != nil {
		l.Script.Start(l)
	}
}

// Ring is noted.
func (l *Leg) Ring() { l.note("Ring") }

// Progress is noted.
func (l *Leg) Progress() error {
	l.note("Progress")
	return nil
}

// Answer is noted, and answers.
func (l *Leg) Answer() error {
	l.note("Answer")
	if l.Script.Answer != nil {
		l.Script.Answer(l)
	} else {
		l.Answered()
	}
	return nil
}

// Hangup is noted, and ends the leg.
func (l *Leg) Hangup(cause signaling.Cause) {
	l.note("Hangup")
	select {
	case l.hung <- cause:
	default: // a second time
		l.house.T.Errorf("%s was hung up twice", l.name)
	}
	if l.Script.Hangup != nil {
		l.Script.Hangup(l, cause)
	} else {
		l.End(cause, false)
	}
}

// Phone is the leg's media, or nil.
func (l *Leg) Phone() *Phone {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.phone
}

// Port is the phone's.
func (l *Leg) Port() *mixer.Port {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phone == nil || l.hidden {
		return nil
	}
	return l.phone.Port
}

// Hold is noted.
func (l *Leg) Hold(on bool) error {
	l.note(map[bool]string{true: "Hold", false: "Unhold"}[on])
	return nil
}

// Suggest has others hear a class of music while the leg holds them.
func (l *Leg) Suggest(class string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.music = class
}

// Info names the leg and its format.
func (l *Leg) Info() signaling.LegInfo {
	l.mu.Lock()
	defer l.mu.Unlock()
	info := signaling.LegInfo{ProtocolID: "call-of-" + l.name, Endpoint: l.name, Music: l.music}
	if l.phone != nil && !l.hidden {
		info.Format = media.Format{Codec: l.phone.codec}
	}
	return info
}

// Digit sends a digit by signalling.
func (l *Leg) Digit(d byte) {
	l.Tell(func(e signaling.LegEvents) { e.LegDigit(d, 100*time.Millisecond) })
}
