package stasis

import (
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// Kind is a kind of thing that can be followed.
type Kind uint8

// The kinds.
const (
	OfChannel Kind = iota
	OfBridge
	OfEndpoint
	OfDevice
)

// Topic is something that can be followed: one of a kind, or with an empty ID all of it. Of
// endpoints it may also be a technology, "PJSIP".
type Topic struct {
	Kind Kind
	ID   string
}

// schemes are the kinds as event sources name them.
var schemes = map[string]Kind{"channel": OfChannel, "bridge": OfBridge, "endpoint": OfEndpoint, "deviceState": OfDevice}

// Every is everything there is.
var Every = []Topic{{Kind: OfChannel}, {Kind: OfBridge}, {Kind: OfEndpoint}, {Kind: OfDevice}}

// ErrScheme is that an event source is of no known kind.
var ErrScheme = fault.New(fault.Invalid, "an event source of no known kind")

// ParseSource is what an event source names: "channel:1763800000.7", "endpoint:PJSIP/1001". The error
// is ErrScheme.
func ParseSource(source string) (Topic, error) {
	scheme, id, found := strings.Cut(source, ":")
	kind, known := schemes[scheme]
	if !found || !known {
		return Topic{}, ErrScheme
	}
	return Topic{kind, id}, nil
}

// filter says which types of events an application wants.
type filter struct{ allowed, disallowed []string }

func (f *filter) takes(t event.Type) bool {
	if slices.Contains(f.disallowed, string(t)) {
		return false
	}
	return len(f.allowed) == 0 || slices.Contains(f.allowed, string(t))
}

// SetFilter says which types of events an application is told of: those allowed, or all where none
// is named, but never the disallowed. nil leaves one of the two as it is. The error is of kind
// fault.NotFound.
func (r *Registry) SetFilter(name string, allowed, disallowed []string) (Application, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, err := r.find(name)
	if err != nil {
		return Application{}, err
	}
	if allowed != nil {
		a.filter.allowed = slices.Clone(allowed)
	}
	if disallowed != nil {
		a.filter.disallowed = slices.Clone(disallowed)
	}
	return a.snapshot(), nil
}

// Follow has an application told of these from now on, once more where it follows them already. The
// error is of kind fault.NotFound without the application and fault.Invalid where one of the topics
// is not there; nothing is followed then.
func (r *Registry) Follow(name string, topics []Topic) (Application, error) {
	for _, t := range topics {
		if !r.exists(t) {
			return Application{}, fault.New(fault.Invalid, "nothing known as %.64q", t.ID)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	a, err := r.find(name)
	if err != nil {
		return Application{}, err
	}
	for _, t := range topics {
		r.follow(a, t)
	}
	return a.snapshot(), nil
}

// ErrNotFollowed is that an application does not follow what it was to leave.
var ErrNotFollowed = fault.New(fault.Conflict, "the application does not follow that")

// Unfollow takes one Follow of each back. The error is ErrNotFollowed or as for Follow.
func (r *Registry) Unfollow(name string, topics []Topic) (Application, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, err := r.find(name)
	if err != nil {
		return Application{}, err
	}
	for _, t := range topics {
		if a.wants[t] == 0 {
			return Application{}, ErrNotFollowed
		}
	}
	for _, t := range topics {
		r.unfollow(a, t, false)
	}
	s := a.snapshot()
	r.settle(a)
	return s, nil
}

// FollowChannel has an application told of a channel until that is gone, as of one that it has made.
// Without the application it does nothing.
func (r *Registry) FollowChannel(name string, id signaling.ChannelID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a, err := r.find(name); err == nil {
		r.follow(a, Topic{OfChannel, string(id)})
	}
}

// exists reports whether there is something to follow.
func (r *Registry) exists(t Topic) bool {
	var err error
	switch {
	case t.ID == "":
		return true
	case t.Kind == OfChannel:
		_, err = r.cfg.Engine.Channel(t.ID)
	case t.Kind == OfBridge:
		_, err = r.cfg.Engine.Bridge(signaling.BridgeID(t.ID))
	case t.Kind == OfEndpoint:
		return r.cfg.Endpoint == nil || r.cfg.Endpoint(t.ID)
	default:
		return r.cfg.Device == nil || r.cfg.Device(t.ID)
	}
	return err == nil
}

// follow and unfollow count. The lock is held.
func (r *Registry) follow(a *app, t Topic) {
	a.wants[t]++
	if r.followers[t] == nil {
		r.followers[t] = make(map[*app]struct{})
	}
	r.followers[t][a] = struct{}{}
}

func (r *Registry) unfollow(a *app, t Topic, entirely bool) {
	if a.wants[t]--; a.wants[t] > 0 && !entirely {
		return
	}
	delete(a.wants, t)
	delete(r.followers[t], a)
	if len(r.followers[t]) == 0 {
		delete(r.followers, t)
	}
}

// end is that something is gone: nobody follows it any more. The lock is held.
func (r *Registry) end(t Topic) {
	for a := range r.followers[t] {
		r.unfollow(a, t, true)
		r.settle(a)
	}
}
