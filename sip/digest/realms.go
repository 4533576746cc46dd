package digest

import (
	"errors"
	"log/slog"
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// ErrElsewhere says that a challenge comes from a host that was not asked.
var ErrElsewhere error = &fault.Error{Kind: fault.Forbidden, Err: errors.New("digest: challenge is from another host than was asked")}

// Origin is who challenges.
type Origin uint8

// The origins of a challenge.
const (
	Asked     Origin = iota // the peer that a request outside of dialogs was sent to
	InDialog                // the other end of a dialog, wherever it said that it is
	Elsewhere               // an answer from another address than was asked
)

// maxRealm bounds what is remembered of a peer's words.
const maxRealm = 255

// maxServers bounds the servers that an account is remembered at: they are those of the settings,
// or of a plan that makes its addresses out of what callers say.
const maxServers = 64

// Realms remember, of accounts for which no realm is known, the one that each of their servers
// asks for first: one in the server's own name (401), and one as a proxy (407). Another one after
// that is somebody else's, whose challenge a server has let through to us, and who would have a
// digest of the password to try passwords on. A registrar's word counts more than what answers a call,
// which may come from who was called. It is safe for concurrent use.
type Realms struct {
	log   *slog.Logger
	mu    sync.Mutex
	known map[string]map[string]learnts // by account, then by server
}

// learnts are what one server has asked for, by kind of challenge.
type learnts [len(headerNames)]learnt

type learnt struct {
	realm      string
	registered bool // by a registrar
}

// NewRealms makes a memory with nothing in it. It tells the log what it learns and refuses.
func NewRealms(log *slog.Logger) *Realms {
	return &Realms{log: log, known: make(map[string]map[string]learnts)}
}

// Forget forgets all: what is asked for first from now on counts.
func (r *Realms) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.known)
}

// challenged is a challenge of a kind that a request of a method met, which was to a server.
type challenged struct {
	by     Origin
	kind   int
	method string
	server string
}

// admits tells whether an account's challenge may be for a realm.
func (r *Realms) admits(account string, c challenged, realm string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.room(account, c.server) && r.known[account][c.server][c.kind].admits(c, realm)
}

// room tells whether a server of an account is one of those that are remembered, or can be.
func (r *Realms) room(account, server string) bool {
	of := r.known[account]
	_, known := of[server]
	return known || len(of) < maxServers
}

func (l learnt) admits(c challenged, realm string) bool {
	if l.realm == realm && realm != "" {
		return true
	}
	return (l.realm == "" || c.method == "REGISTER" && !l.registered) && c.by == Asked && realm != "" && len(realm) <= maxRealm
}

// learn notes what is about to be answered, and tells whether it still may be.
func (r *Realms) learn(account string, c challenged, realm string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	of := r.known[account][c.server]
	l := &of[c.kind]
	if !r.room(account, c.server) || !l.admits(c, realm) {
		return false
	}
	if l.realm != realm {
		r.log.Info("realm learnt", "account", account, "server", c.server, "realm", realm, "was", l.realm)
	}
	l.realm, l.registered = realm, l.registered || c.method == "REGISTER"
	if r.known[account] == nil {
		r.known[account] = make(map[string]learnts)
	}
	r.known[account][c.server] = of
	return true
}

// refused tells the log of a challenge that is not answered.
func (r *Realms) refused(account string, c challenged, realm string) {
	r.mu.Lock()
	known := r.known[account][c.server][c.kind].realm
	r.mu.Unlock()
	r.log.Warn("challenge of another realm, or of another host, not answered; if it is the trunk's own, set its realm",
		"account", account, "server", c.server, "realm", realm[:min(len(realm), maxRealm)], "known", known, "elsewhere", c.by == Elsewhere)
}
