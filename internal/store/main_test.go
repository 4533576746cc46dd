package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/internal/store/postgres"
	"github.com/skygenesisenterprise/skybridge/internal/store/storetest"
)

func TestMain(m *testing.M) {
	if path := os.Getenv("SKYBRIDGE_STORE_CRASH"); path != "" {
		writeUntilKilled(path)
	}
	goleak.VerifyTestMain(serving{m})
}

// serving stops the server behind the tests.
type serving struct{ *testing.M }

func (s serving) Run() int {
	code := s.M.Run()
	if server != nil {
		if err := server.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	return code
}

// server is the PostgreSQL of all tests but those that stop it; made at the first use.
var (
	server    *storetest.Postgres
	errServer error
	serve     sync.Once
)

// newDatabase gives the URL of an empty PostgreSQL database.
func newDatabase(t testing.TB) string {
	t.Helper()
	serve.Do(func() { server, errServer = storetest.NewPostgres(context.Background()) })
	return databaseOf(t, server, errServer)
}

func databaseOf(t testing.TB, p *storetest.Postgres, err error) string {
	t.Helper()
	if errors.Is(err, storetest.ErrNone) {
		t.Skip(err)
	}
	ok(t, err)
	url, err := p.Database(context.Background())
	ok(t, err)
	return url
}

// everywhere runs a test on a database in memory, on one in a file and on PostgreSQL.
func everywhere(t *testing.T, f func(*testing.T, *Store)) {
	t.Helper()
	t.Run("postgres", func(t *testing.T) { f(t, openTest(t, newDatabase(t))) })
	for _, name := range []string{"memory", "file"} {
		t.Run(name, func(t *testing.T) {
			path := Memory
			if name == "file" {
				path = filepath.Join(t.TempDir(), "a folder%41?#", "skybridge.db")
			}
			f(t, openTest(t, path))
		})
	}
}

// configOf is the configuration of a file's path, or of a URL.
func configOf(place string) Config {
	cfg := Default()
	if postgres.IsURL(place) {
		cfg.URL = place
	} else {
		cfg.Path = place
	}
	return cfg
}

func openTest(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(context.Background(), configOf(path), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
