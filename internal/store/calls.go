package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Call is the record of one call.
type Call struct {
	ID           string
	CreatedBy    string // user ID
	Type         string // "audio", "video", "screen"
	Direction    string // "inbound", "outbound", "internal"
	Status       string // "initiated", "ringing", "active", "ended"
	Participants json.RawMessage
	Metadata     json.RawMessage
	// Parties are the users who may see the record; the creator is one of them
	// without being named. Reading gives none.
	Parties   []string
	BridgeID  string
	Cause     int // Q.850; 0 while not ended
	CauseText string
	SIPStatus int // of the final response of a call that failed; else 0
	Created   time.Time
	Answered  time.Time // zero: never
	Ended     time.Time // zero: not yet
}

// Calls keeps call records.
type Calls struct{ s *Store }

const callColumns = `id, created_by, call_type, direction, status, participants, metadata, bridge_id,
	cause, cause_text, sip_status, created, answered, ended`

// Put writes the record, replacing the one with this ID. Parties are added to
// those named before.
func (c *Calls) Put(ctx context.Context, v Call) error {
	participants, metadata := jsonOr(v.Participants, "[]"), jsonOr(v.Metadata, "{}")
	if !json.Valid([]byte(participants)) || !json.Valid([]byte(metadata)) {
		return fault.New(fault.Invalid, "store: call %s: participants or metadata are not JSON", v.ID)
	}
	err := c.s.writer.write(ctx, func(t *tx) error {
		err := t.exec(`INSERT INTO calls (`+callColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
			ON CONFLICT (id) DO UPDATE SET status = excluded.status, participants = excluded.participants,
				metadata = excluded.metadata, bridge_id = excluded.bridge_id, cause = excluded.cause,
				cause_text = excluded.cause_text, sip_status = excluded.sip_status,
				answered = excluded.answered, ended = excluded.ended`,
			v.ID, v.CreatedBy, v.Type, v.Direction, v.Status, participants, metadata, v.BridgeID,
			v.Cause, v.CauseText, v.SIPStatus, micros(v.Created), micros(v.Answered), micros(v.Ended))
		if err != nil {
			return err
		}
		for _, user := range append([]string{v.CreatedBy}, v.Parties...) {
			err := t.exec(`INSERT INTO call_parties (call_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`, v.ID, user)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store: writing call %s: %w", v.ID, err)
	}
	return nil
}

func jsonOr(v json.RawMessage, empty string) string {
	if v == nil {
		return empty
	}
	return string(v)
}

// ByID gives a record, or fault.NotFound.
func (c *Calls) ByID(ctx context.Context, id string) (v Call, err error) {
	err = scanCall(&v, func(dest ...any) error {
		return c.s.row(ctx, `SELECT `+callColumns+` FROM calls WHERE id = $1`, []any{id}, dest...)
	})
	if err != nil {
		return Call{}, fmt.Errorf("store: call %s: %w", id, err)
	}
	return v, nil
}

// SeenBy tells whether a user is a party of a call.
func (c *Calls) SeenBy(ctx context.Context, id, user string) (bool, error) {
	var n int
	err := c.s.row(ctx, `SELECT COUNT(*) FROM call_parties WHERE call_id = $1 AND user_id = $2`, []any{id, user}, &n)
	if err != nil {
		return false, fmt.Errorf("store: parties of call %s: %w", id, err)
	}
	return n > 0, nil
}

// MaxCallPage is the most records that one List gives.
const MaxCallPage = 1000

// CallQuery chooses records; empty fields choose all.
type CallQuery struct {
	Party  string // user ID
	Status string
	Since  time.Time // created at or after
	Until  time.Time // created before
	Limit  int       // 1..MaxCallPage; 0 is 100
	After  string    // the cursor of the page before
}

// List gives records, newest first, and the cursor of the next page, empty on
// the last one. A bad cursor or limit fails with fault.Invalid.
func (c *Calls) List(ctx context.Context, q CallQuery) (page []Call, next string, err error) {
	limit := q.Limit
	if limit == 0 {
		limit = 100
	}
	if limit < 1 || limit > MaxCallPage {
		return nil, "", fault.New(fault.Invalid, "store: limit %d is not 1..%d", limit, MaxCallPage)
	}
	where, args, err := q.where()
	if err != nil {
		return nil, "", err
	}
	args = append(args, limit+1) // one more tells whether there is a next page
	page, err = collect(ctx, c.s, scanCall, `SELECT `+callColumns+` FROM calls`+where+
		` ORDER BY created DESC, id DESC LIMIT $`+strconv.Itoa(len(args)), args...)
	if err != nil {
		return nil, "", fmt.Errorf("store: reading calls: %w", err)
	}
	if len(page) > limit {
		page = page[:limit]
		last := &page[limit-1]
		next = strconv.FormatInt(micros(last.Created), 10) + "." + last.ID
	}
	return page, next, nil
}

// where is the query's WHERE clause with its arguments.
func (q *CallQuery) where() (string, []any, error) {
	var terms []string
	var args []any
	add := func(format string, values ...any) {
		places := make([]any, len(values))
		for i, v := range values {
			args = append(args, v)
			places[i] = len(args)
		}
		terms = append(terms, fmt.Sprintf(format, places...))
	}
	if q.Party != "" {
		add(`id IN (SELECT call_id FROM call_parties WHERE user_id = $%d)`, q.Party)
	}
	if q.Status != "" {
		add(`status = $%d`, q.Status)
	}
	if !q.Since.IsZero() {
		add(`created >= $%d`, micros(q.Since))
	}
	if !q.Until.IsZero() {
		add(`created < $%d`, micros(q.Until))
	}
	if q.After != "" {
		at, id, ok := strings.Cut(q.After, ".")
		created, err := strconv.ParseInt(at, 10, 64)
		if !ok || err != nil {
			return "", nil, fault.New(fault.Invalid, "store: bad cursor")
		}
		add(`(created, id) < ($%d, $%d)`, created, id)
	}
	if terms == nil {
		return "", nil, nil
	}
	return " WHERE " + strings.Join(terms, " AND "), args, nil
}

func scanCall(v *Call, scan func(...any) error) error {
	return scan(&v.ID, &v.CreatedBy, &v.Type, &v.Direction, &v.Status, document{&v.Participants}, document{&v.Metadata},
		&v.BridgeID, &v.Cause, &v.CauseText, &v.SIPStatus, instant{&v.Created}, instant{&v.Answered}, instant{&v.Ended})
}
