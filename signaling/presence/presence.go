// Package presence knows how users are: what they say of themselves, whether a client of theirs
// is there, whether their phone is registered, and whether they are in a call.
//
// Everybody may know how everybody is, unless somebody is invisible: who is that looks offline to
// the others. A user says it for themselves alone.
//
// Goroutines: one that follows the engine's events, ended by Close. Timers end what is offline.
package presence

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Status is how a user is.
type Status string

// The statuses. Invisible is what a user is to themselves alone.
const (
	Online       Status = "online"
	Away         Status = "away"
	Busy         Status = "busy"
	DoNotDisturb Status = "do_not_disturb"
	Invisible    Status = "invisible"
	Offline      Status = "offline"
)

// Statuses are those that there are.
var Statuses = []Status{Online, Away, Busy, DoNotDisturb, Invisible, Offline}

// MaxMessage bounds what a user says beside the status, in characters.
const MaxMessage = 256

// State is how a user is now.
type State struct {
	User    string
	Status  Status
	Message string
	// OnCall tells that the user, or the phone of theirs, is in a call.
	OnCall bool
	// Phone tells that the user's phone is registered.
	Phone bool
}

// Config is what a Registry is made of.
type Config struct {
	// Grace is how long a user whose last client is gone may take to come back.
	Grace time.Duration
	// Asked is for how long a client is there that has asked the API for something.
	Asked time.Duration
	// Most bounds the users that are known at one time.
	Most int
	// Changed is told of each change, in order of each user's. It does not wait.
	Changed func(State)
}

// Default are the bounds that the server uses, without a Changed.
func Default() Config { return Config{Grace: 30 * time.Second, Asked: time.Minute, Most: 100_000} }

// Registry knows the users.
type Registry struct {
	cfg Config

	mu     sync.Mutex // also orders what Changed is told
	users  map[string]*user
	phones map[string]*phone // by extension
	calls  map[string]string // channels that are up, with who is in them
	asking map[string]asker  // users without a client who ask the API, by name
	closed bool
}

// user is one whose client is there, or was a moment ago.
type user struct {
	name      string
	extension string
	status    Status
	message   string
	clients   int
	gone      *time.Timer // ends the user; nil while a client is there
	calls     int         // by browser
	told      State
}

// asker is a user who has asked the API for something: a client that only polls is there too,
// though its user is not online by that.
type asker struct {
	extension string
	at        time.Time
}

// phone is an endpoint of SIP.
type phone struct {
	registered bool
	calls      int
}

// New makes a registry that knows nobody.
func New(cfg Config) *Registry {
	return &Registry{cfg: cfg, users: make(map[string]*user), phones: make(map[string]*phone), calls: make(map[string]string), asking: make(map[string]asker)}
}

// Connected notes a client of a user's, whose phone has an extension, or none. It fails with
// fault.Unavailable when there are too many users.
func (r *Registry) Connected(name, extension string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	u := r.users[name]
	if u == nil {
		if len(r.users) >= r.cfg.Most {
			return fault.New(fault.Unavailable, "%d users, the limit", r.cfg.Most)
		}
		u = &user{name: name, status: Online, told: State{User: name, Status: Offline}}
		r.users[name] = u
	}
	if u.clients++; u.gone != nil {
		u.gone.Stop()
		u.gone = nil
	}
	u.extension = cmp.Or(extension, u.extension)
	u.calls = r.browserCalls(name)
	r.tell(u)
	return nil
}

// Here reports whether a client of a user's is connected now.
func (r *Registry) Here(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	u := r.users[name]
	return u != nil && u.clients > 0
}

// Disconnected notes that a client is gone.
func (r *Registry) Disconnected(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	u := r.users[name]
	if u == nil || u.clients == 0 {
		return
	}
	if u.clients--; u.clients > 0 || r.closed {
		return
	}
	u.gone = time.AfterFunc(r.cfg.Grace, func() { r.leave(u) })
}

// leave forgets a user whose clients have not come back.
func (r *Registry) leave(u *user) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if u.clients > 0 || r.users[u.name] != u || r.closed {
		return
	}
	delete(r.users, u.name)
	u.status, u.message = Offline, ""
	r.tell(u)
}

// Set is what a user says of themselves. It fails with fault.Invalid for what is no status, and
// fault.Conflict for a user without a client.
func (r *Registry) Set(name string, status Status, message string) (State, error) {
	switch {
	case !slices.Contains(Statuses, status):
		return State{}, fault.New(fault.Invalid, "no status %.64q", string(status))
	case utf8.RuneCountInString(message) > MaxMessage:
		return State{}, fault.New(fault.Invalid, "a status_message of more than %d characters", MaxMessage)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	u := r.users[name]
	if u == nil {
		return State{}, fault.New(fault.Conflict, "no client of yours is connected")
	}
	u.status, u.message = status, message
	r.tell(u)
	return r.state(u), nil
}

// Of is how a user is to others; to themselves, with own, also what they hide.
func (r *Registry) Of(name string, own bool) State {
	r.mu.Lock()
	defer r.mu.Unlock()
	u := r.users[name]
	if u == nil {
		u = &user{name: name, status: Offline}
	}
	if own {
		return r.state(u)
	}
	return shown(r.state(u))
}

// state is how a user is. The lock is held.
func (r *Registry) state(u *user) State {
	s := State{User: u.name, Status: u.status, Message: u.message, OnCall: u.calls > 0}
	if p := r.phones[u.extension]; p != nil && u.extension != "" {
		s.Phone, s.OnCall = p.registered, s.OnCall || p.calls > 0
	}
	return s
}

// shown is how a state looks to others.
func shown(s State) State {
	if s.Status == Invisible || s.Status == Offline {
		return State{User: s.User, Status: Offline}
	}
	return s
}

// tell tells of a change, if others see one. The lock is held.
func (r *Registry) tell(u *user) {
	s := shown(r.state(u))
	if s == u.told {
		return
	}
	u.told = s
	if r.cfg.Changed != nil {
		r.cfg.Changed(s)
	}
}

// Asks notes that a user has asked the API for something.
func (r *Registry) Asks(name, extension string, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.asking[name]; !known && len(r.asking) >= r.cfg.Most {
		for old, a := range r.asking {
			if now.Sub(a.at) > r.cfg.Asked {
				delete(r.asking, old)
			}
		}
		if len(r.asking) >= r.cfg.Most {
			return // whoever connects is reached nevertheless
		}
	}
	r.asking[name] = asker{extension, now}
}

// Reach is the user of a name, or of an extension, a client of whom is there or was a moment ago.
func (r *Registry) Reach(name string, now time.Time) (string, bool) {
	if name == "" {
		return "", false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	there := func(a asker) bool { return now.Sub(a.at) <= r.cfg.Asked }
	if a, asks := r.asking[name]; r.users[name] != nil || asks && there(a) {
		return name, true
	}
	for _, u := range r.users {
		if u.extension == name {
			return u.name, true
		}
	}
	for user, a := range r.asking {
		if a.extension == name && there(a) {
			return user, true
		}
	}
	return "", false
}

// browser is who is in a call by browser, as calls has them.
func browser(name string) string { return "WebRTC/" + name }

// endpoint is who is in a call by a technology; "" where that is nobody's.
func endpoint(tech, name string) string {
	switch {
	case name == "":
		return ""
	case strings.EqualFold(tech, "WebRTC"):
		return browser(name)
	case strings.EqualFold(tech, "PJSIP"), strings.EqualFold(tech, "SIP"):
		return "SIP/" + name
	default:
		return ""
	}
}

// browserCalls is how many calls a user is in by browser. The lock is held.
func (r *Registry) browserCalls(name string) (n int) {
	for _, who := range r.calls {
		if who == browser(name) {
			n++
		}
	}
	return n
}

// called notes that a channel of somebody's is up, or is no more.
func (r *Registry) called(channel, who string, up bool) {
	if who == "" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.calls[channel]; known == up {
		return
	}
	change := 1
	if up {
		r.calls[channel] = who
	} else {
		change = -1
		delete(r.calls, channel)
	}
	tech, name, _ := strings.Cut(who, "/")
	if tech == "SIP" {
		r.phone(name, func(p *phone) { p.calls += change })
		return
	}
	if u := r.users[name]; u != nil {
		u.calls += change
		r.tell(u)
	}
}

// registers notes that a phone is registered, or is no more.
func (r *Registry) registers(extension string, on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.phone(extension, func(p *phone) { p.registered = on })
}

// phone changes what is known of a phone. The lock is held.
func (r *Registry) phone(extension string, change func(*phone)) {
	p := r.phones[extension]
	if p == nil {
		p = &phone{}
		r.phones[extension] = p
	}
	if change(p); *p == (phone{}) {
		delete(r.phones, extension)
	}
	for _, u := range r.users {
		if u.extension == extension {
			r.tell(u)
		}
	}
}

// Close ends what waits.
func (r *Registry) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for _, u := range r.users {
		if u.gone != nil {
			u.gone.Stop()
		}
	}
}
