package store

import (
	"context"
	"fmt"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// IdempotencyLife is how long the answer to a request with an Idempotency-Key is kept.
const IdempotencyLife = 24 * time.Hour

// What one principal may keep: keys within IdempotencyLife, bytes of a key, of an answer and of
// all answers.
const (
	MaxIdempotencyKeys   = 100_000
	MaxIdempotencyKey    = 255
	MaxIdempotentBody    = 1 << 20
	MaxIdempotencyBytes  = 64 << 20
	SmallIdempotentBytes = 512 // an answer of no more is kept beyond MaxIdempotencyBytes too
)

// The codes of fault.Conflict and fault.Invalid that Begin fails with, and of Finish.
const (
	// CodeKeyReused: the key was used for another request.
	CodeKeyReused = "idempotency_key_reused"
	// CodeInProgress: the first request with the key is still being done.
	CodeInProgress = "request_in_progress"
	// CodeInterrupted: the server stopped while it did the first request with the key.
	// Nobody knows what was done of it, so it is not done again.
	CodeInterrupted = "request_interrupted"
	// CodeAnswersFull: so much is kept of the principal's answers that this one is not.
	CodeAnswersFull = "idempotency_full"
)

// IdempotentRequest is a request that is done once.
type IdempotentRequest struct {
	Principal string // whose key it is
	Key       string // 1 to MaxIdempotencyKey bytes
	// Digest is of all that makes the request what it is: method, path and body.
	Digest string
}

// IdempotentAnswer is what the first request with a key was answered with.
type IdempotentAnswer struct {
	Status  int
	Headers map[string]string // those that belong to the answer: Content-Type, Location
	Body    []byte            // at most MaxIdempotentBody bytes
}

// Idempotency keeps the answers to requests with an Idempotency-Key. A key is taken, on
// disk, before its request is done, and holds the answer from before that is sent: a crash
// in between leaves a key that is refused (CodeInterrupted) rather than a request that is
// done twice.
type Idempotency struct {
	s   *Store
	run string
}

const (
	idempotencyPending = "pending"
	idempotencyDone    = "done"
)

// Begin takes a key for a request, or gives the answer of the one that had it before; nil
// is for the caller to do the request, and then to call Finish or Forget. It fails with
// fault.Conflict (CodeInProgress, CodeInterrupted) while there is no answer, with
// fault.Invalid (CodeKeyReused) where the key was another request's or is too long, and
// with fault.TooMany where the principal has MaxIdempotencyKeys. What has expired is
// forgotten on the way.
func (i *Idempotency) Begin(ctx context.Context, r IdempotentRequest, now time.Time) (before *IdempotentAnswer, err error) {
	if r.Principal == "" || r.Key == "" || len(r.Key) > MaxIdempotencyKey {
		return nil, fault.New(fault.Invalid, "store: an idempotency key of %d bytes, 1 to %d, of a principal with a name",
			len(r.Key), MaxIdempotencyKey)
	}
	err = i.s.writer.write(ctx, func(t *tx) (err error) {
		before, err = i.begin(t, r, now)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: idempotency key: %w", err)
	}
	return before, nil
}

func (i *Idempotency) begin(t *tx, r IdempotentRequest, now time.Time) (*IdempotentAnswer, error) {
	if err := t.exec(`DELETE FROM idempotency WHERE expires <= $1`, micros(now)); err != nil {
		return nil, err
	}
	var digest, state, run string
	var a IdempotentAnswer
	err := t.get(`SELECT digest, state, run, status, headers, body FROM idempotency WHERE principal = $1 AND request_key = $2`,
		[]any{r.Principal, r.Key}, &digest, &state, &run, &a.Status, document{&a.Headers}, &a.Body)
	switch {
	case err != nil && fault.Of(err) == fault.NotFound:
		return nil, i.take(t, r, now)
	case err != nil:
		return nil, err
	case digest != r.Digest:
		return nil, fault.WithCode(fault.Invalid, CodeKeyReused, "the key was used for another request")
	case state == idempotencyDone:
		if len(a.Body) == 0 {
			a.Body = nil
		}
		return &a, nil
	case run == i.run:
		return nil, fault.WithCode(fault.Conflict, CodeInProgress, "the first request with this key is still being done")
	}
	return nil, fault.WithCode(fault.Conflict, CodeInterrupted,
		"the server stopped while it did the first request with this key: see what was done of it, and use a new key")
}

func (i *Idempotency) take(t *tx, r IdempotentRequest, now time.Time) error {
	var newest, oldest int64
	err := t.get(`SELECT COALESCE((SELECT MAX(n) FROM idempotency WHERE principal = $1), 0),
		COALESCE((SELECT MIN(n) FROM idempotency WHERE principal = $1), 1)`, []any{r.Principal}, &newest, &oldest)
	if err != nil {
		return err
	}
	if newest-oldest+1 >= MaxIdempotencyKeys {
		return fault.New(fault.TooMany, "more than %d keys within %v", MaxIdempotencyKeys, IdempotencyLife)
	}
	return t.exec(`INSERT INTO idempotency (principal, request_key, digest, state, run, status, headers, body, n, created, expires)
		VALUES ($1, $2, $3, $4, $5, 0, '{}', $6, $7, $8, $9)`,
		r.Principal, r.Key, r.Digest, idempotencyPending, i.run, []byte{}, newest+1, micros(now), micros(now.Add(IdempotencyLife)))
}

// Finish keeps the answer to a request whose key Begin has taken: it is to be sent after
// Finish has returned. It fails with fault.TooLarge for a body that is too long, with
// fault.NotFound where this run has not taken the key, or has finished it, and with
// fault.TooMany (CodeAnswersFull) where the principal's answers would be more than
// MaxIdempotencyBytes: a smaller one can be kept then.
func (i *Idempotency) Finish(ctx context.Context, principal, key string, a IdempotentAnswer) error {
	if len(a.Body) > MaxIdempotentBody {
		return fault.New(fault.TooLarge, "store: an answer of %d bytes, at most %d", len(a.Body), MaxIdempotentBody)
	}
	if a.Headers == nil {
		a.Headers = map[string]string{}
	}
	headers, err := encode(a.Headers)
	if err != nil {
		return err
	}
	err = i.s.writer.write(ctx, func(t *tx) error {
		var before, newest int64
		err := t.get(`SELECT COALESCE((SELECT total - LENGTH(body) FROM idempotency WHERE principal = $1 AND total > 0 ORDER BY total LIMIT 1), 0),
			COALESCE((SELECT MAX(total) FROM idempotency WHERE principal = $1 AND total > 0), 0)`, []any{principal}, &before, &newest)
		if err != nil {
			return err
		}
		total := newest + int64(len(a.Body))
		if total-before > MaxIdempotencyBytes && len(a.Body) > SmallIdempotentBytes {
			return fault.WithCode(fault.TooMany, CodeAnswersFull, "answers of more than %d bytes within %v", MaxIdempotencyBytes, IdempotencyLife)
		}
		return i.close(t, `UPDATE idempotency SET state = $4, status = $5, headers = $6, body = $7, total = $8
			WHERE principal = $1 AND request_key = $2 AND run = $3 AND state = '`+idempotencyPending+`'`,
			principal, key, i.run, idempotencyDone, a.Status, headers, append([]byte{}, a.Body...), total)
	})
	if err != nil {
		return fmt.Errorf("store: idempotency key: %w", err)
	}
	return nil
}

// Forget gives a key back whose request came to nothing and may be tried again. It fails
// with fault.NotFound where this run has not taken the key, or has finished it.
func (i *Idempotency) Forget(ctx context.Context, principal, key string) error {
	err := i.s.writer.write(ctx, func(t *tx) error {
		return i.close(t, `DELETE FROM idempotency WHERE principal = $1 AND request_key = $2 AND run = $3
			AND state = '`+idempotencyPending+`'`, principal, key, i.run)
	})
	if err != nil {
		return fmt.Errorf("store: idempotency key: %w", err)
	}
	return nil
}

// close ends what is pending; the other arguments of the query begin with the three that
// name it.
func (*Idempotency) close(t *tx, query string, args ...any) error {
	n, err := t.change(query, args...)
	if err == nil && n == 0 {
		return fault.New(fault.NotFound, "not taken, or ended before")
	}
	return err
}
