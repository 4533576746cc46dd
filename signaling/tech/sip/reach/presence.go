package reach

import "sync"

// Presence remembers which endpoints can be rung, so that only a change is told. Its zero
// value knows none that can.
type Presence struct {
	mu     sync.Mutex // orders what is told of one endpoint
	online map[string]bool
}

// Keep forgets the endpoints that are no more.
func (p *Presence) Keep(there func(name string) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name := range p.online {
		if !there(name) {
			delete(p.online, name)
		}
	}
}

// Tell tells when it has changed whether an endpoint can be rung.
func (p *Presence) Tell(name string, online func() bool, tell func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := online()
	if now == p.online[name] {
		return
	}
	if p.online == nil {
		p.online = make(map[string]bool)
	}
	p.online[name] = now
	tell()
}
