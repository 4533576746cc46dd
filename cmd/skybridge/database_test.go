package main

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/store/storetest"
)

// With database.url nothing is kept in data_dir, and the password is not told.
func TestDatabaseURL(t *testing.T) {
	p, err := storetest.NewPostgres(t.Context())
	if errors.Is(err, storetest.ErrNone) {
		t.Skip(err)
	}
	must(t, err)
	t.Cleanup(func() { must(t, p.Close()) })
	url, err := p.Database(t.Context())
	must(t, err)
	dir := t.TempDir()
	t.Setenv("SKYBRIDGE_DATABASE__URL", url)
	if code, _, errs := command("skybridge", "apikey", "create", "--user", "machine", "--data-dir", dir); code != 0 {
		t.Fatalf("%d %s", code, errs)
	}
	if _, out, errs := command("skybridge", "apikey", "list", "--data-dir", dir); !strings.Contains(out, "machine") {
		t.Errorf("%s %s", out, errs)
	}
	files, err := os.ReadDir(dir)
	must(t, err)
	if len(files) > 0 {
		t.Errorf("in data_dir: %v", files)
	}
	must(t, p.Stop())
	t.Setenv("SKYBRIDGE_DATABASE__URL", strings.Replace(url, "skybridge@", "skybridge:hush@", 1))
	code, out, errs := command("skybridge", "apikey", "list", "--data-dir", dir)
	if code != 1 || strings.Contains(out+errs, "hush") {
		t.Errorf("%d %s %s", code, out, errs)
	}
}
