package rooms

import (
	"slices"

	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Members are the users in a room that a principal may see and send messages to. It fails with
// fault.NotFound for another room, and with fault.Conflict for who waits to come in: nothing passes
// between them and those inside.
func (s *Service) Members(p auth.Principal, id string) ([]string, error) {
	room, err := s.Own(p, id)
	if err != nil {
		return nil, err
	}
	var users []string
	waits := false
	for _, m := range room.Everybody() {
		switch {
		case m.Waiting:
			waits = waits || is(p, m)
		case m.User != "" && !slices.Contains(users, m.User):
			users = append(users, m.User)
		}
	}
	if waits && !slices.Contains(users, p.User) {
		return nil, fault.New(fault.Conflict, "you wait outside the room")
	}
	return users, nil
}
