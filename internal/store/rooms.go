package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Room is a conference room that outlives its participants.
type Room struct {
	ID              string
	Name            string
	Number          string // what phones dial; empty, or unique
	CreatedBy       string
	MaxParticipants int
	PINHash         string          // empty: no PIN
	Settings        json.RawMessage // of the API; nil is {}
	Created         time.Time
}

// Rooms keeps rooms.
type Rooms struct{ s *Store }

const roomColumns = `id, name, COALESCE(number, ''), created_by, max_participants, pin_hash, settings, created`

// Put creates the room, or replaces the one with this ID. It fails with
// fault.Conflict when another has the number.
func (r *Rooms) Put(ctx context.Context, v Room) error {
	if v.Settings == nil {
		v.Settings = json.RawMessage("{}")
	}
	settings, err := encode(v.Settings)
	if err != nil {
		return err
	}
	err = r.s.writer.write(ctx, func(t *tx) error {
		return t.exec(`INSERT INTO rooms (id, name, number, created_by, max_participants, pin_hash, settings, created)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, number = excluded.number,
				max_participants = excluded.max_participants, pin_hash = excluded.pin_hash, settings = excluded.settings`,
			v.ID, v.Name, optional(v.Number), v.CreatedBy, v.MaxParticipants, v.PINHash, settings, micros(v.Created))
	})
	if err != nil {
		return fmt.Errorf("store: writing room %s: %w", v.ID, err)
	}
	return nil
}

// ByID gives a room, or fault.NotFound.
func (r *Rooms) ByID(ctx context.Context, id string) (Room, error) { return r.one(ctx, `id = $1`, id) }

// ByNumber gives the room that phones dial, or fault.NotFound.
func (r *Rooms) ByNumber(ctx context.Context, number string) (Room, error) {
	return r.one(ctx, `number = $1`, number)
}

func (r *Rooms) one(ctx context.Context, where, arg string) (v Room, err error) {
	err = scanRoom(&v, func(dest ...any) error {
		return r.s.row(ctx, `SELECT `+roomColumns+` FROM rooms WHERE `+where, []any{arg}, dest...)
	})
	if err != nil {
		return Room{}, fmt.Errorf("store: room %s: %w", arg, err)
	}
	return v, nil
}

// List gives every room in order of creation.
func (r *Rooms) List(ctx context.Context) ([]Room, error) {
	all, err := collect(ctx, r.s, scanRoom, `SELECT `+roomColumns+` FROM rooms ORDER BY created, id`)
	if err != nil {
		return nil, fmt.Errorf("store: reading rooms: %w", err)
	}
	return all, nil
}

// Delete removes a room, or fails with fault.NotFound.
func (r *Rooms) Delete(ctx context.Context, id string) error {
	return r.s.deleteOne(ctx, "room", `DELETE FROM rooms WHERE id = $1`, id)
}

func scanRoom(v *Room, scan func(...any) error) error {
	return scan(&v.ID, &v.Name, &v.Number, &v.CreatedBy, &v.MaxParticipants, &v.PINHash, document{&v.Settings}, instant{&v.Created})
}
