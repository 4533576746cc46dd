package voip

import "github.com/skygenesisenterprise/skybridge/api/voip/endpoints"

// touch has those who may know of the call told how it is. It does not wait.
func (c *Call) touch() { c.service.changes.Touch(c) }

// tell tells of a call as it is now.
func (s *Service) tell(c *Call) {
	body := c.body()
	c.mu.Lock()
	users, rung := c.users(), c.rung()
	c.mu.Unlock()
	s.feed.Tell(&c.told, body, users, rung)
}

// rung are the users who are called and have not answered, by browser or by the phone that is
// theirs. The lock is held.
func (c *Call) rung() map[string]bool {
	out := make(map[string]bool)
	if c.status == StatusEnded {
		return out
	}
	for _, pt := range c.parties {
		if pt.role != roleCallee || pt.state != StateRinging {
			continue
		}
		if pt.user != "" {
			out[pt.user] = true
			continue
		}
		if number, ok := endpoints.PhoneNumber(pt.endpoint); ok {
			if user, ok := c.service.Reach(number); ok && user != number {
				out[user] = true
			}
		}
	}
	return out
}
