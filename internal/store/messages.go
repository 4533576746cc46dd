package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// The bounds of messages.
const (
	MaxMessageBody       = 16 << 10 // bytes
	MaxMessageRecipients = 1000     // of one message
	MaxWaiting           = 1000     // messages that wait for one user
	MaxWaitingOfOne      = 100      // of those by one author
	MaxMessagePage       = 1000     // messages that one List or Waiting gives

	purgedAtOnce = 500 // messages: others write in between
)

// Message is one chat message, to a user or to a room.
type Message struct {
	ID      string // UUID of version 7: of two, the later sorts behind
	From    string // user ID
	To      string // user ID; empty for a message to a room
	Room    string // room ID; empty for a message to a user
	Body    string
	Created time.Time
}

// Messages keeps chat messages until Purge, and who has had them: what comes for a user
// who is away waits for them.
type Messages struct{ s *Store }

const (
	messageColumns = `id, from_user, to_user, room_id, body, created`
	putParty       = `INSERT INTO message_parties (user_id, message_id, author, delivered) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`
	ofAll          = `user_id = $1 AND delivered = 0`
	ofOne          = `user_id = $1 AND author = $2 AND delivered = 0`
)

// Put keeps a message for those it is for: To, or the recipients that are named of a room;
// its author is none of them. For each of them MaxWaitingOfOne messages of one author wait at
// most, and MaxWaiting in all: beyond that the oldest of that author, or of who has the most
// waiting, waits no more; it stays in List. It fails with fault.Invalid for an ID that is no
// UUID of version 7, a message to nobody or to both, and too many recipients; fault.TooLarge
// for a body of more than MaxMessageBody; fault.Conflict for an ID that is known.
func (m *Messages) Put(ctx context.Context, v Message, recipients ...string) error {
	if id, err := uuid.Parse(v.ID); err != nil || id.Version() != 7 || id.String() != v.ID {
		return fault.New(fault.Invalid, "store: message ID %q is no UUID of version 7", v.ID)
	}
	if v.To != "" {
		recipients = append([]string{v.To}, recipients...)
	}
	switch {
	case v.From == "" || (v.To == "") == (v.Room == ""):
		return fault.New(fault.Invalid, "store: a message is from a user, to a user or to a room")
	case v.To != "" && len(recipients) > 1, len(recipients) > MaxMessageRecipients:
		return fault.New(fault.Invalid, "store: a message for %d users, 1 or at most %d of a room", len(recipients), MaxMessageRecipients)
	case len(v.Body) > MaxMessageBody:
		return fault.New(fault.TooLarge, "store: a message of %d bytes, at most %d", len(v.Body), MaxMessageBody)
	}
	if err := m.s.writer.write(ctx, func(t *tx) error { return v.put(t, recipients) }); err != nil {
		return fmt.Errorf("store: writing a message: %w", err)
	}
	return nil
}

func (v *Message) put(t *tx, recipients []string) error {
	err := t.exec(`INSERT INTO messages (`+messageColumns+`) VALUES ($1, $2, $3, $4, $5, $6)`,
		v.ID, v.From, v.To, v.Room, v.Body, micros(v.Created))
	if err != nil {
		return err
	}
	had := max(micros(v.Created), 1)
	if err := t.exec(putParty, v.From, v.ID, v.From, had); err != nil {
		return err
	}
	for _, user := range recipients {
		if user == v.From {
			continue
		}
		if err := t.exec(putParty, user, v.ID, v.From, 0); err != nil {
			return err
		}
		if err := v.makeRoom(t, user, had); err != nil {
			return err
		}
	}
	return nil
}

// makeRoom has no more wait for a user than may, now that the message does.
func (v *Message) makeRoom(t *tx, user string, now int64) error {
	full, err := t.more(MaxWaitingOfOne, ofOne, user, v.From)
	if err != nil {
		return err
	}
	author := v.From
	if !full {
		if full, err = t.more(MaxWaiting, ofAll, user); err != nil || !full {
			return err
		}
		err = t.get(`SELECT author FROM message_parties WHERE `+ofAll+` GROUP BY author ORDER BY COUNT(*) DESC, author LIMIT 1`, []any{user}, &author)
		if err != nil {
			return err
		}
	}
	return t.exec(`UPDATE message_parties SET delivered = $3 WHERE user_id = $1 AND message_id =
		(SELECT MIN(message_id) FROM message_parties WHERE `+ofOne+`)`, user, author, now)
}

// more reports whether more than so many parties of messages are as said.
func (t *tx) more(most int, where string, args ...any) (bool, error) {
	var n int
	err := t.get(fmt.Sprintf(`SELECT COUNT(*) FROM (SELECT 1 FROM message_parties WHERE %s LIMIT %d) AS waiting`, where, most+1), args, &n)
	return n > most, err
}

// Waiting gives messages that a user has not had, oldest first, from behind the ID after;
// limit is 1 to MaxMessagePage, else it fails with fault.Invalid.
func (m *Messages) Waiting(ctx context.Context, user, after string, limit int) ([]Message, error) {
	return m.page(ctx, limit, `SELECT `+messageColumns+` FROM messages JOIN message_parties ON message_id = id
		WHERE user_id = $1 AND delivered = 0 AND message_id > $2 ORDER BY message_id LIMIT $3`, user, after, limit)
}

// Delivered notes that a user has had messages; those that the user has had before, or that
// are not for the user, are passed over.
func (m *Messages) Delivered(ctx context.Context, user string, now time.Time, ids ...string) error {
	err := m.s.writer.write(ctx, func(t *tx) error {
		for _, id := range ids {
			err := t.exec(`UPDATE message_parties SET delivered = $3 WHERE user_id = $1 AND message_id = $2 AND delivered = 0`,
				user, id, micros(now))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store: noting messages as delivered: %w", err)
	}
	return nil
}

// MessageQuery chooses messages.
type MessageQuery struct {
	User   string // who asks: author or recipient of all that is given
	With   string // the other one; empty for anybody
	Room   string // to this room; empty for any, and none
	Limit  int    // 1..MaxMessagePage; 0 is 100
	Before string // an ID: older ones only; empty for the newest
}

// List gives messages, newest first; the last one's ID is the next page's Before. A bad
// limit fails with fault.Invalid.
func (m *Messages) List(ctx context.Context, q MessageQuery) ([]Message, error) {
	if q.Limit == 0 {
		q.Limit = 100
	}
	query, args := `SELECT `+messageColumns+` FROM messages JOIN message_parties ON message_id = id WHERE user_id = $1`, []any{q.User}
	add := func(condition string, v any) {
		args = append(args, v)
		query += fmt.Sprintf(condition, len(args))
	}
	if q.With != "" {
		add(` AND room_id = '' AND $%[1]d IN (from_user, to_user)`, q.With)
	}
	if q.Room != "" {
		add(` AND room_id = $%d`, q.Room)
	}
	if q.Before != "" {
		add(` AND message_id < $%d`, q.Before)
	}
	add(` ORDER BY message_id DESC LIMIT $%d`, q.Limit)
	return m.page(ctx, q.Limit, query, args...)
}

func (m *Messages) page(ctx context.Context, limit int, query string, args ...any) ([]Message, error) {
	if limit < 1 || limit > MaxMessagePage {
		return nil, fault.New(fault.Invalid, "store: %d messages, 1 to %d", limit, MaxMessagePage)
	}
	all, err := collect(ctx, m.s, scanMessage, query, args...)
	if err != nil {
		return nil, fmt.Errorf("store: reading messages: %w", err)
	}
	return all, nil
}

// Purge deletes what was written before a time, delivered or not, and gives the number of
// messages deleted, also of those before an error.
func (m *Messages) Purge(ctx context.Context, before time.Time) (n int64, err error) {
	for {
		var some int64
		err := m.s.writer.write(ctx, func(t *tx) (err error) {
			some, err = t.change(`DELETE FROM messages WHERE id IN (SELECT id FROM messages WHERE created < $1 ORDER BY created LIMIT $2)`,
				micros(before), purgedAtOnce)
			return err
		})
		if err != nil {
			return n, fmt.Errorf("store: purging messages: %w", err)
		}
		if n += some; some < purgedAtOnce {
			return n, nil
		}
	}
}

func scanMessage(v *Message, scan func(...any) error) error {
	return scan(&v.ID, &v.From, &v.To, &v.Room, &v.Body, instant{&v.Created})
}
