package api

import (
	"crypto/sha256"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// keyHeader marks a POST that a client may send again without its being done again.
const keyHeader = "Idempotency-Key"

const (
	maxKey       = 255
	maxReplays   = 4096     // answers remembered
	maxReplay    = 16 << 10 // bytes; longer answers are not remembered
	replayedLife = 24 * time.Hour
)

// replays remembers the answers to POSTs with an Idempotency-Key, per user and
// path. Only successes are remembered: what failed may be tried again.
type replays struct {
	mu    sync.Mutex
	known map[replayKey]*replay
	order []replayKey // oldest first
}

type replayKey struct{ user, path, key string }

type replay struct {
	request  [sha256.Size]byte // the body's hash
	at       time.Time
	done     bool
	status   int
	kind     string
	location string
	body     []byte
}

func newReplays() *replays { return &replays{known: make(map[replayKey]*replay)} }

// handle answers a repeated request as it was answered before.
func (r *replays) handle(c *fiber.Ctx) error {
	key := c.Get(keyHeader)
	if key == "" || c.Method() != fiber.MethodPost {
		return c.Next()
	}
	if len(key) > maxKey {
		return fault.New(fault.Invalid, "%s of %d characters, at most %d", keyHeader, len(key), maxKey)
	}
	k := replayKey{rest.PrincipalOf(c.UserContext()).User, c.Path(), key}
	mine, before, err := r.begin(k, sha256.Sum256(c.Body()))
	if err != nil {
		return err
	}
	if mine == nil {
		return before.answer(c)
	}
	kept := false
	defer func() {
		if !kept { // it failed, or panicked: the next one tries again
			r.forget(k, mine)
		}
	}()
	if err := c.Next(); err != nil {
		return err
	}
	res := c.Response()
	secret := string(res.Header.Peek(fiber.HeaderCacheControl)) == "no-store" // nobody is to keep it
	if status := res.StatusCode(); status >= 300 || len(res.Body()) > maxReplay || secret {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	kept = true
	mine.done, mine.status, mine.kind = true, res.StatusCode(), string(res.Header.ContentType())
	mine.location = string(res.Header.Peek(fiber.HeaderLocation))
	mine.body = append([]byte(nil), res.Body()...)
	return nil
}

// begin takes a key for a request that is to be done, or gives the answer of the one
// that had it before.
func (r *replays) begin(k replayKey, request [sha256.Size]byte) (mine *replay, before replay, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	for len(r.order) > 0 {
		if len(r.order) < maxReplays && now.Sub(r.known[r.order[0]].at) < replayedLife {
			break
		}
		delete(r.known, r.order[0])
		r.order = r.order[1:]
	}
	switch old, ok := r.known[k]; {
	case !ok:
		mine = &replay{request: request, at: now}
		r.known[k] = mine
		r.order = append(r.order, k)
		return mine, replay{}, nil
	case old.request != request:
		return nil, replay{}, fault.WithCode(fault.Invalid, "idempotency_key_reused",
			"this %s was used for another request", keyHeader)
	case !old.done:
		return nil, replay{}, fault.WithCode(fault.Conflict, "request_in_progress",
			"the first request with this %s is still being done", keyHeader)
	default:
		return nil, *old, nil
	}
}

// forget gives a key back whose request had no success.
func (r *replays) forget(k replayKey, mine *replay) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known[k] != mine {
		return // so long ago that it had to make room
	}
	delete(r.known, k)
	for i := len(r.order) - 1; i >= 0; i-- {
		if r.order[i] == k {
			r.order = slices.Delete(r.order, i, i+1)
			return
		}
	}
}

func (a replay) answer(c *fiber.Ctx) error {
	if a.location != "" {
		c.Set(fiber.HeaderLocation, a.location)
	}
	if a.status == http.StatusNoContent {
		return c.SendStatus(a.status)
	}
	c.Set(fiber.HeaderContentType, a.kind)
	return c.Status(a.status).Send(a.body)
}
