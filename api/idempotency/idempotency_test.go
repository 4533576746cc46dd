package idempotency

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/logtest"
	"github.com/skygenesisenterprise/skybridge/internal/store"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, path string) *store.Store {
	t.Helper()
	cfg := store.Default()
	cfg.Path = path
	s, err := store.Open(t.Context(), cfg, slog.New(slog.DiscardHandler))
	must(t, err)
	return s
}

// desk is a server that counts what it does.
type desk struct {
	t    *testing.T
	app  *fiber.App
	log  logtest.Log
	done int
	act  func(*fiber.Ctx) error
}

func newDesk(t *testing.T, s *store.Store) *desk {
	d := &desk{t: t}
	d.app = fiber.New(fiber.Config{Immutable: true, DisableStartupMessage: true, ErrorHandler: func(c *fiber.Ctx, err error) error {
		return c.Status(fault.Of(err).HTTPStatus()).SendString(fault.CodeOf(err))
	}})
	d.app.Use(func(c *fiber.Ctx) error {
		c.SetUserContext(rest.WithPrincipal(context.Background(), auth.Principal{User: c.Get("X-User")}))
		return c.Next()
	}, New(s.Idempotency, slog.New(slog.NewTextHandler(&d.log, nil))))
	d.app.All("*", func(c *fiber.Ctx) error {
		d.done++
		if d.act != nil {
			return d.act(c)
		}
		c.Location("/calls/" + strconv.Itoa(d.done))
		return c.Status(201).JSON(fiber.Map{"n": d.done})
	})
	return d
}

// asks gives the answer to a request as "STATUS body".
func (d *desk) asks(method, path, user, key, body string) string {
	d.t.Helper()
	req := httptest.NewRequestWithContext(d.t.Context(), method, path, strings.NewReader(body))
	req.Header.Set("X-User", user)
	req.Header.Set(Header, key)
	res, err := d.app.Test(req, -1)
	must(d.t, err)
	text, err := io.ReadAll(res.Body)
	must(d.t, err)
	must(d.t, res.Body.Close())
	out := strconv.Itoa(res.StatusCode) + " " + string(text)
	if at := res.Header.Get("Location"); at != "" {
		out += " " + at + " " + res.Header.Get("Content-Type")
	}
	return out
}

func (d *desk) want(method, path, user, key, body, want string) {
	d.t.Helper()
	if got := d.asks(method, path, user, key, body); got != want {
		d.t.Errorf("%s %s of %s with %s: %s, want %s", method, path, user, key, got, want)
	}
}

// The same request is done once, over a restart; another one is another.
func TestDoneOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	s := open(t, path)
	d := newDesk(t, s)
	one := `201 {"n":1} /calls/1 application/json`
	d.want("POST", "/calls", "ana", "k", "{}", one)
	d.want("POST", "/calls", "ana", "k", "{}", one)
	d.want("POST", "/calls", "ana", "k", "{ }", "422 idempotency_key_reused")
	d.want("POST", "/rooms", "ana", "k", "{}", `201 {"n":2} /calls/2 application/json`)
	d.want("POST", "/calls", "bo", "k", "{}", `201 {"n":3} /calls/3 application/json`)
	d.want("POST", "/calls", "ana", "l", "{}", `201 {"n":4} /calls/4 application/json`)
	d.want("POST", "/calls", "ana", "", "{}", `201 {"n":5} /calls/5 application/json`)
	d.want("POST", "/calls?pin=1", "ana", "k", "{}", "422 idempotency_key_reused")
	d.want("POST", "/calls?pin=1", "ana", "m", "{}", `201 {"n":6} /calls/6 application/json`)
	d.want("POST", "/calls?pin=1", "ana", "m", "{}", `201 {"n":6} /calls/6 application/json`)
	d.want("POST", "/calls?pin=2", "ana", "m", "{}", "422 idempotency_key_reused")
	d.want("POST", "/calls", "ana", "m", "{}", "422 idempotency_key_reused")
	d.want("PUT", "/calls", "ana", "k", "{}", `201 {"n":7} /calls/7 application/json`)
	d.want("POST", "/calls", "ana", strings.Repeat("k", 256), "{}", "413 too_large")
	must(t, s.Close())

	s = open(t, path)
	defer func() { must(t, s.Close()) }()
	d = newDesk(t, s)
	d.want("POST", "/calls", "ana", "k", "{}", one)
	if d.done != 0 {
		t.Error("done again after a restart")
	}
}

// What told a secret is done once, and the secret is told once.
func TestASecretIsToldOnce(t *testing.T) {
	s := open(t, store.Memory)
	defer func() { must(t, s.Close()) }()
	d := newDesk(t, s)
	d.act = func(c *fiber.Ctx) error {
		c.Set("Cache-Control", "no-store")
		c.Location("/api-keys/1")
		return c.Status(201).SendString("the secret")
	}
	d.want("POST", "/api-keys", "ana", "k", "{}", "201 the secret /api-keys/1 text/plain; charset=utf-8")
	again := d.asks("POST", "/api-keys", "ana", "k", "{}")
	if d.done != 1 || !strings.HasPrefix(again, "409 ") || !strings.Contains(again, "secret_not_kept") || strings.Contains(again, "the secret") {
		t.Errorf("done %d times, then %s", d.done, again)
	}
}

// One user's answers do not fill the disk: of those beyond what is kept it is known that they were
// done, and where.
func TestAnswersAreBounded(t *testing.T) {
	s := open(t, store.Memory)
	defer func() { must(t, s.Close()) }()
	d := newDesk(t, s)
	long := strings.Repeat("x", store.MaxIdempotentBody)
	d.act = func(c *fiber.Ctx) error {
		c.Location("/calls/1")
		return c.Status(201).SendString(long)
	}
	const most = store.MaxIdempotencyBytes / store.MaxIdempotentBody
	for i := range most + 2 {
		if got := d.asks("POST", "/calls", "ana", strconv.Itoa(i), "{}"); !strings.HasPrefix(got, "201 "+long) {
			t.Fatalf("%d: %.80s", i, got)
		}
	}
	for i, want := range map[int]string{0: "201 " + long, most - 1: "201 " + long, most: "409 ", most + 1: "409 "} {
		got := d.asks("POST", "/calls", "ana", strconv.Itoa(i), "{}")
		if !strings.HasPrefix(got, want) || !strings.Contains(got, " /calls/1 ") {
			t.Errorf("%d: %.300s", i, got)
		}
		if want == "409 " && (!strings.Contains(got, `"code":"answer_not_kept"`) || !strings.HasSuffix(got, "application/problem+json")) {
			t.Errorf("%d: %.300s", i, got)
		}
	}
	if got := d.asks("POST", "/calls", "bo", "0", "{}"); got[:4] != "201 " || d.done != most+3 || d.log.String() != "" {
		t.Errorf("%.80s, done %d times, log %s", got, d.done, &d.log)
	}
}

// What had no success is done again.
func TestWhatIsNotKept(t *testing.T) {
	s := open(t, store.Memory)
	defer func() { must(t, s.Close()) }()
	d := newDesk(t, s)
	for name, act := range map[string]func(*fiber.Ctx) error{
		"an error":     func(*fiber.Ctx) error { return fault.New(fault.Conflict, "busy") },
		"an answer":    func(c *fiber.Ctx) error { return c.Status(409).SendString("busy") },
		"a redirect":   func(c *fiber.Ctx) error { return c.Redirect("/x") },
		"plain errors": func(*fiber.Ctx) error { return errors.New("bug") },
	} {
		d.done, d.act = 0, act
		d.asks("POST", "/calls", "ana", name, "{}")
		d.asks("POST", "/calls", "ana", name, "{}")
		if d.done != 2 {
			t.Errorf("%s: done %d times", name, d.done)
		}
	}
	d.act = func(c *fiber.Ctx) error { return c.SendStatus(204) }
	d.want("POST", "/calls", "ana", "nothing", "", "204 ")
	d.want("POST", "/calls", "ana", "nothing", "", "204 ")
}

// While the first is being done the second is told so.
func TestWhileItIsDone(t *testing.T) {
	s := open(t, store.Memory)
	defer func() { must(t, s.Close()) }()
	d := newDesk(t, s)
	second := ""
	d.act = func(c *fiber.Ctx) error {
		d.act = nil
		second = d.asks("POST", "/calls", "ana", "k", "{}")
		return c.SendString("first")
	}
	d.want("POST", "/calls", "ana", "k", "{}", "200 first")
	if second != "409 request_in_progress" || d.done != 1 {
		t.Errorf("%s, done %d times", second, d.done)
	}
}

// A server that stops between the act and its record does not do it again: it says that it
// does not know.
func TestStoppedInBetween(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	s := open(t, path)
	d := newDesk(t, s)
	d.act = func(c *fiber.Ctx) error {
		must(t, s.Close()) // what comes now is not on disk
		return c.SendString("done")
	}
	d.want("POST", "/calls", "ana", "k", "{}", "200 done")
	if !strings.Contains(d.log.String(), "is not kept") {
		t.Errorf("the log does not tell: %s", &d.log)
	}
	s = open(t, path)
	defer func() { must(t, s.Close()) }()
	d = newDesk(t, s)
	d.want("POST", "/calls", "ana", "k", "{}", "409 request_interrupted")
	d.want("POST", "/calls", "ana", "l", "{}", `201 {"n":1} /calls/1 application/json`)
}
