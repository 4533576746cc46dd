package store

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

func TestIdempotency(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		ctx, in := t.Context(), s.Idempotency
		first := IdempotentRequest{Principal: "ana", Key: "k", Digest: "d"}
		answer := IdempotentAnswer{Status: 201, Headers: map[string]string{"Location": "/calls/1"}, Body: []byte("{\"a\":1}\x00\xff")}

		begin := func(r IdempotentRequest, now time.Time) *IdempotentAnswer {
			t.Helper()
			before, err := in.Begin(ctx, r, now)
			ok(t, err)
			return before
		}
		refused := func(r IdempotentRequest, want fault.Kind, code string) {
			t.Helper()
			_, err := in.Begin(ctx, r, noon)
			kind(t, err, want)
			same(t, fault.CodeOf(err), nil, code)
		}

		same(t, begin(first, noon), nil, nil)
		refused(first, fault.Conflict, CodeInProgress)
		ok(t, in.Forget(ctx, "ana", "k")) // it came to nothing
		kind(t, in.Forget(ctx, "ana", "k"), fault.NotFound)
		same(t, begin(first, noon), nil, nil)
		kind(t, in.Finish(ctx, "bo", "k", answer), fault.NotFound)
		kind(t, in.Finish(ctx, "ana", "k", IdempotentAnswer{Body: make([]byte, MaxIdempotentBody+1)}), fault.TooLarge)
		ok(t, in.Finish(ctx, "ana", "k", answer))
		same(t, begin(first, noon), nil, &answer)
		kind(t, in.Finish(ctx, "ana", "k", answer), fault.NotFound)
		kind(t, in.Forget(ctx, "ana", "k"), fault.NotFound)
		other := first
		other.Digest = "another body"
		refused(other, fault.Invalid, CodeKeyReused)
		refused(IdempotentRequest{Principal: "ana", Key: strings.Repeat("k", MaxIdempotencyKey+1)}, fault.Invalid, "invalid")
		refused(IdempotentRequest{Principal: "ana"}, fault.Invalid, "invalid")
		other.Principal = "bo" // has keys of their own
		same(t, begin(other, noon), nil, nil)
		ok(t, in.Finish(ctx, "bo", "k", IdempotentAnswer{Status: 204}))
		same(t, begin(other, noon), nil, &IdempotentAnswer{Status: 204, Headers: map[string]string{}})

		same(t, begin(first, noon.Add(IdempotencyLife-time.Microsecond)), nil, &answer)
		same(t, begin(first, noon.Add(IdempotencyLife)), nil, nil) // forgotten
	})
}

// What a run had begun and not finished is refused by the next, not done again.
func TestInterruptedRequest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	cfg := Default()
	cfg.Path = path
	r := IdempotentRequest{Principal: "ana", Key: "k", Digest: "d"}
	done := IdempotentRequest{Principal: "ana", Key: "done", Digest: "d"}
	s, err := Open(t.Context(), cfg, slog.New(slog.DiscardHandler))
	ok(t, err)
	for _, r := range []IdempotentRequest{r, done} {
		_, err = s.Idempotency.Begin(t.Context(), r, noon)
		ok(t, err)
	}
	ok(t, s.Idempotency.Finish(t.Context(), "ana", "done", IdempotentAnswer{Status: 201}))
	ok(t, s.Close())

	s = openTest(t, path)
	_, err = s.Idempotency.Begin(t.Context(), r, noon)
	kind(t, err, fault.Conflict)
	same(t, fault.CodeOf(err), nil, CodeInterrupted)
	kind(t, s.Idempotency.Finish(t.Context(), "ana", "k", IdempotentAnswer{}), fault.NotFound)
	kind(t, s.Idempotency.Forget(t.Context(), "ana", "k"), fault.NotFound)
	before, err := s.Idempotency.Begin(t.Context(), done, noon)
	ok(t, err)
	same(t, before.Status, nil, 201)
	before, err = s.Idempotency.Begin(t.Context(), r, noon.Add(IdempotencyLife))
	same(t, before, err, nil)
}

// Of many requests with one key at once, one is done.
func TestIdempotencyKeyIsTakenOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		var wg sync.WaitGroup
		errs := make([]error, 32)
		for i := range errs {
			wg.Go(func() {
				_, errs[i] = s.Idempotency.Begin(t.Context(), IdempotentRequest{Principal: "ana", Key: "k"}, noon)
			})
		}
		wg.Wait()
		taken := 0
		for _, err := range errs {
			if err == nil {
				taken++
			} else if fault.CodeOf(err) != CodeInProgress {
				t.Error(err)
			}
		}
		same(t, taken, nil, 1)
	})
}

func TestIdempotencyKeysAreBounded(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		ask := func(key string, now time.Time) error {
			_, err := s.Idempotency.Begin(ctx, IdempotentRequest{Principal: "ana", Key: key}, now)
			return err
		}
		for i := range 3 {
			ok(t, ask(fmt.Sprint(i), noon))
		}
		// As if there had been many between the second and the third.
		ok(t, s.writer.write(ctx, func(t *tx) error {
			return t.exec(`UPDATE idempotency SET n = $1, expires = expires + 1 WHERE request_key = '2'`, MaxIdempotencyKeys)
		}))
		kind(t, ask("3", noon), fault.TooMany)
		_, err := s.Idempotency.Begin(ctx, IdempotentRequest{Principal: "bo", Key: "k"}, noon)
		ok(t, err)
		ok(t, ask("3", noon.Add(IdempotencyLife)))
	})
}

// Answers are kept up to so many bytes of a principal's, and small ones beyond that; there is room
// again for as much as has expired.
func TestIdempotentAnswersAreBounded(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		ctx, in := t.Context(), s.Idempotency
		answer := func(principal, key string, bytes int, now time.Time) error {
			t.Helper()
			_, err := in.Begin(ctx, IdempotentRequest{Principal: principal, Key: key}, now)
			ok(t, err)
			return in.Finish(ctx, principal, key, IdempotentAnswer{Status: 201, Body: make([]byte, bytes)})
		}
		later := noon.Add(time.Hour)
		ok(t, answer("ana", "first", 4096, noon))
		ok(t, answer("ana", "second", 4096, later))
		ok(t, answer("ana", "third", 4096, later))
		// As if there were, between the second and the third, all else that may be kept.
		ok(t, s.writer.write(ctx, func(t *tx) error {
			return t.exec(`UPDATE idempotency SET total = total + $1 WHERE request_key = 'third'`, MaxIdempotencyBytes-3*4096)
		}))
		err := answer("ana", "fourth", SmallIdempotentBytes+1, later)
		kind(t, err, fault.TooMany)
		same(t, fault.CodeOf(err), nil, CodeAnswersFull)
		ok(t, in.Finish(ctx, "ana", "fourth", IdempotentAnswer{Status: 409, Body: make([]byte, SmallIdempotentBytes)}))
		ok(t, answer("ana", "nothing", 0, later))
		ok(t, answer("bo", "k", MaxIdempotentBody, later))
		ok(t, answer("ana", "fifth", 2048, noon.Add(IdempotencyLife))) // the first is forgotten
		err = answer("ana", "sixth", 2048, noon.Add(IdempotencyLife))
		kind(t, err, fault.TooMany)
		ok(t, in.Forget(ctx, "ana", "sixth"))
		ok(t, answer("ana", "seventh", MaxIdempotentBody, later.Add(IdempotencyLife)))
	})
}
