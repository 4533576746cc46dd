package rooms

import (
	"regexp"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/defaults"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// maxPerUser bounds the rooms of one user.
const maxPerUser = 100

// usersNumber are the numbers that users may give their rooms. Others are of the dialplan, whose
// conferences a user could otherwise take the place of; 9000 is the demo's.
var usersNumber = regexp.MustCompile(`^9[0-9]{3}$`)

// mayNumber fails with fault.Forbidden for a number that somebody may not give a room; "" is one
// that is chosen.
func (s *Service) mayNumber(p auth.Principal, number string) error {
	switch {
	case number == "" || !rest.Bounded(p):
		return nil
	case !usersNumber.MatchString(number) || number == defaults.Room:
		return rest.InField("body.number", fault.New(fault.Forbidden, "users' rooms have numbers from 9001 to 9999"))
	case s.cfg.Registry.Planned(number):
		return rest.InField("body.number", fault.New(fault.Forbidden, "%s is a conference of the dialplan's", number))
	}
	return nil
}

// mayMake fails with fault.TooMany for who has as many rooms as may be.
func (s *Service) mayMake(p auth.Principal) error {
	if !rest.Bounded(p) {
		return nil
	}
	n := 0
	for _, room := range s.cfg.Registry.Rooms() {
		if room.Settings().Creator == p.User {
			n++
		}
	}
	if n >= maxPerUser {
		return fault.New(fault.TooMany, "%d rooms of one user, the limit", maxPerUser)
	}
	return nil
}
