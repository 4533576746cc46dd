package storetest

import (
	"errors"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A server comes back from each of its ends with what it held, and leaves nothing behind.
func TestPostgres(t *testing.T) {
	p, err := NewPostgres(t.Context())
	if errors.Is(err, ErrNone) {
		t.Skip(err)
	}
	must(t, err)
	must(t, p.run(t.Context(), `CREATE TABLE kept (n INTEGER)`))
	for _, end := range []func() error{p.Kill, p.Stop} {
		must(t, end())
		must(t, end()) // there is none now
		if err := p.run(t.Context(), `SELECT 1`); err == nil {
			t.Error("a server that has ended answers")
		}
		must(t, p.Start(t.Context()))
		must(t, p.run(t.Context(), `INSERT INTO kept VALUES (1)`))
	}
	must(t, p.Stop())
	if err := p.Start(t.Context(), "port=none"); err == nil {
		t.Error("started with a setting that is none")
	}
	must(t, p.Close())
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
