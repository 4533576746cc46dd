package store

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if path := os.Getenv("SKYBRIDGE_STORE_CRASH"); path != "" {
		writeUntilKilled(path)
	}
	goleak.VerifyTestMain(m)
}

// onBoth runs a test on a database in memory and on one in a file.
func onBoth(t *testing.T, f func(*testing.T, *Store)) {
	t.Helper()
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

func openTest(t testing.TB, path string) *Store {
	t.Helper()
	cfg := Default()
	cfg.Path = path
	s, err := Open(context.Background(), cfg, slog.New(slog.DiscardHandler))
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
