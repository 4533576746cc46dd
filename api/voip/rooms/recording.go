package rooms

import (
	"github.com/skygenesisenterprise/skybridge/api/voip/recordings"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
)

// Recordable is a room as a recording has it, for its moderators.
func (s *Service) Recordable(p auth.Principal, id string) (recordings.Subject, error) {
	room, err := s.Moderated(p, id)
	if err != nil {
		return recordings.Subject{}, err
	}
	rs := room.Settings()
	of := recordings.Subject{
		Room: rs.ID, State: State(room), Refused: !s.settingsOf(rs.ID).AllowRecording, Bridge: room.Bridge(), By: p.User, Users: []string{rs.Creator},
	}
	for _, m := range room.Participants() { // without who waits outside
		of.Users = append(of.Users, m.User)
	}
	return of, nil
}

// State is a room's, for errors (409).
func State(room *conference.Room) string {
	rs := room.Settings()
	switch all := room.Everybody(); {
	case rs.Locked:
		return "locked"
	case len(all) == 0:
		return "empty"
	case rs.Max > 0 && len(all) >= rs.Max:
		return "full"
	}
	return "open"
}
