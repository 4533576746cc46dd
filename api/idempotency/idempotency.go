// Package idempotency answers a POST that comes again with the same Idempotency-Key as it was
// answered before, over a restart too, instead of doing it again.
//
// It starts no goroutine.
package idempotency

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
)

// Header marks a POST that a client may send again without its being done again.
const Header = "Idempotency-Key"

// Replayed is a local of requests that were answered as before.
const Replayed = "idempotency.replayed"

// keeping bounds how long an answer is written, after a request whose own time may be over.
const keeping = 10 * time.Second

// kept are the headers that belong to an answer.
var kept = []string{fiber.HeaderContentType, fiber.HeaderLocation, fiber.HeaderETag}

// keeper keeps answers in the store.
type keeper struct {
	store *store.Idempotency
	log   *slog.Logger
}

// New makes the handler that stands before the operations, behind who tells the principal.
// Only successes are kept, per user and path; another query or body is another request: what failed may be tried again. What was answered
// with Cache-Control: no-store tells a secret: the further answer is 409 (secret_not_kept), with
// the Location of what was made. So it is (answer_not_kept) where the answers of a user would be
// more than are kept.
//
// A key is taken on disk before its request is done. Its errors are fault.Conflict while that
// is being done (request_in_progress) and where a stop of the server has cut it short
// (request_interrupted), fault.Invalid for a key of another request
// (idempotency_key_reused), fault.TooLarge for a key that is too long, fault.TooMany for too many keys of a user.
func New(s *store.Idempotency, log *slog.Logger) fiber.Handler { return (&keeper{s, log}).handle }

func (k *keeper) handle(c *fiber.Ctx) error {
	key := c.Get(Header)
	if key == "" || c.Method() != fiber.MethodPost {
		return c.Next()
	}
	if len(key) > store.MaxIdempotencyKey {
		return rest.InField("header."+Header, fault.New(fault.TooLarge, "%s of %d characters, at most %d", Header, len(key), store.MaxIdempotencyKey))
	}
	user := rest.PrincipalOf(c.UserContext()).User
	// One key may stand for a request of each path.
	r := store.IdempotentRequest{Principal: user, Key: digest(c.Path(), key), Digest: digest(string(c.Body()))}
	if query := c.Request().URI().QueryString(); len(query) > 0 {
		r.Digest = digest(string(c.Body()), string(query))
	}
	before, err := k.store.Begin(c.UserContext(), r, time.Now())
	if err != nil {
		return err
	}
	if before != nil {
		c.Locals(Replayed, true)
		return answer(c, before)
	}
	ctx := context.WithoutCancel(c.UserContext())
	success := false
	defer func() {
		if !success { // it failed, or panicked: the next one tries again
			k.forget(ctx, r)
		}
	}()
	if err := c.Next(); err != nil {
		return err
	}
	res := c.Response()
	if res.StatusCode() >= fiber.StatusMultipleChoices {
		return nil
	}
	success = true
	a := store.IdempotentAnswer{Status: res.StatusCode(), Headers: make(map[string]string, len(kept)), Body: res.Body()}
	for _, name := range kept {
		if v := res.Header.Peek(name); len(v) > 0 {
			a.Headers[name] = string(v)
		}
	}
	if string(res.Header.Peek(fiber.HeaderCacheControl)) == "no-store" {
		a = done(a, "secret_not_kept", "that was done, and its answer told a secret, which is not kept")
	}
	k.keep(ctx, r, a)
	return nil
}

// done makes of an answer that is not kept the one to a request that comes again: it was done, at
// Location, and what was told of it then is told no more.
func done(a store.IdempotentAnswer, code, why string) store.IdempotentAnswer {
	out := store.IdempotentAnswer{Status: fiber.StatusConflict, Headers: maps.Clone(a.Headers)}
	out.Headers[fiber.HeaderContentType] = "application/problem+json"
	out.Body = []byte(fmt.Sprintf(`{"type":"about:blank","title":"Conflict","status":%d,"code":%q,"trace_id":%q,"detail":%q}`,
		out.Status, code, uuid.NewString(), why))
	return out
}

// keep keeps an answer before it is sent. It is sent also where that fails, as the request was
// done; a repeated one is not done again, and is told so.
func (k *keeper) keep(ctx context.Context, r store.IdempotentRequest, a store.IdempotentAnswer) {
	ctx, cancel := context.WithTimeout(ctx, keeping)
	defer cancel()
	err := k.store.Finish(ctx, r.Principal, r.Key, a)
	if err != nil && fault.CodeOf(err) == store.CodeAnswersFull {
		err = k.store.Finish(ctx, r.Principal, r.Key, done(a, "answer_not_kept", "that was done, and its answer is not kept: you have as many as may be"))
	}
	if err != nil {
		k.log.Error("the answer to a request with an idempotency key is not kept", "user", r.Principal, "err", err)
	}
}

// forget gives the key of a request that had no success back.
func (k *keeper) forget(ctx context.Context, r store.IdempotentRequest) {
	ctx, cancel := context.WithTimeout(ctx, keeping)
	defer cancel()
	if err := k.store.Forget(ctx, r.Principal, r.Key); err != nil && !errors.Is(err, store.ErrClosed) {
		k.log.Error("the idempotency key of a request that failed stays taken", "user", r.Principal, "err", err)
	}
}

func answer(c *fiber.Ctx, a *store.IdempotentAnswer) error {
	for name, value := range a.Headers {
		c.Set(name, value)
	}
	if a.Status == fiber.StatusNoContent {
		return c.SendStatus(a.Status)
	}
	return c.Status(a.Status).Send(a.Body)
}

// digest tells texts apart, however they are cut.
func digest(texts ...string) string {
	h := sha256.New()
	for _, t := range texts {
		part := sha256.Sum256([]byte(t))
		h.Write(part[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}
