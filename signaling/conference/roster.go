package conference

import "github.com/skygenesisenterprise/skybridge/signaling"

// Roster is who is in a room, or waits to be, at one moment: for those who ask often, as before
// each frame that a subscriber is told.
type Roster struct{ users, endpoints map[string]struct{} }

// HasUser reports whether somebody is there by a user's name.
func (r *Roster) HasUser(name string) bool {
	_, ok := r.users[name]
	return ok && name != ""
}

// HasEndpoint reports whether an endpoint is there, with its technology: PJSIP/1001.
func (r *Roster) HasEndpoint(endpoint string) bool {
	_, ok := r.endpoints[endpoint]
	return ok
}

// Roster is who is there now. It is made anew when somebody has come or gone, not for each who asks.
func (r *Room) Roster() *Roster {
	if now := r.roster.Load(); now != nil {
		return now
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := &Roster{users: make(map[string]struct{}), endpoints: make(map[string]struct{})}
	for i := range r.members {
		now.add(&r.members[i])
	}
	for i := range r.waiting {
		now.add(&r.waiting[i].Participant)
	}
	r.roster.Store(now)
	return now
}

func (r *Roster) add(p *Participant) {
	r.users[p.User] = struct{}{}
	r.endpoints[p.Endpoint] = struct{}{}
}

func endpointOf(c *signaling.Channel) string {
	s := c.Snapshot()
	return s.Tech + "/" + s.Endpoint
}
