package rooms

import (
	"slices"

	"github.com/skygenesisenterprise/skybridge/internal/auth"
)

// Members are the users in a room that a principal may see, those who wait to come in among them.
// It fails with fault.NotFound for another room.
func (s *Service) Members(p auth.Principal, id string) ([]string, error) {
	room, err := s.Own(p, id)
	if err != nil {
		return nil, err
	}
	var users []string
	for _, m := range room.Everybody() {
		if m.User != "" && !slices.Contains(users, m.User) {
			users = append(users, m.User)
		}
	}
	return users, nil
}
