package voip

import (
	"github.com/skygenesisenterprise/skybridge/internal/auth"
)

// SeesCall reports whether a principal may know of a call.
func (s *Service) SeesCall(p auth.Principal, id string) bool {
	_, err := s.call(p, id)
	return err == nil
}

// SeesRoom reports whether a principal may know of a room.
func (s *Service) SeesRoom(p auth.Principal, id string) bool {
	_, err := s.rooms.Own(p, id)
	return err == nil
}

// ShowCall is a call as a principal who may see it does.
func (s *Service) ShowCall(p auth.Principal, id string) (any, error) {
	c, err := s.call(p, id)
	if err != nil {
		return nil, err
	}
	return c.shown(p), nil
}
