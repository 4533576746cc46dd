package rooms

import (
	"context"
	"encoding/json"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/conference/pin"
)

// CheckPIN fails with fault.Forbidden for a PIN that is not the room's, and with
// fault.TooMany after too many of those from the same user.
func (s *Service) CheckPIN(user string, room *conference.Room, said string) error {
	rs := room.Settings()
	if err := s.pins.Check(user, rs.ID, rs.PIN, said); err != nil {
		return rest.InField("body.pin", err)
	}
	return nil
}

// pinOf is the PIN that a client has chosen, none for "".
func pinOf(digits string) (pin.PIN, error) {
	if digits == "" {
		return pin.PIN{}, nil
	}
	return pin.Hash(digits)
}

// storedPIN is the PIN of a room that is stored. One that an earlier version has left in the
// clear is hashed, and written back.
func (s *Service) storedPIN(ctx context.Context, r store.Room, settings *keptSettings) (pin.PIN, error) {
	if settings.PIN == "" {
		p, err := pin.Stored(r.PINHash)
		if err != nil {
			return p, fault.New(fault.Internal, "PIN of room %s: %w", r.ID, err)
		}
		return p, nil
	}
	p, err := pin.Hash(settings.PIN)
	if err != nil {
		return p, err
	}
	settings.PIN = ""
	r.PINHash = p.Text()
	if r.Settings, err = json.Marshal(settings); err != nil {
		return p, err
	}
	return p, s.cfg.Store.Rooms.Put(ctx, r)
}
