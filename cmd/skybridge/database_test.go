package main

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/store/storetest"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// postgres starts a server with a database.
func postgres(t *testing.T) (p *storetest.Postgres, url string) {
	t.Helper()
	p, err := storetest.NewPostgres(t.Context())
	if errors.Is(err, storetest.ErrNone) {
		t.Skip(err)
	}
	must(t, err)
	t.Cleanup(func() { must(t, p.Close()) })
	url, err = p.Database(t.Context())
	must(t, err)
	return p, url
}

// While PostgreSQL is away phones and the API's clients are told to come again, and when it is
// back they are served, by the same server.
func TestServerOutlivesItsDatabase(t *testing.T) {
	p, url := postgres(t)
	srv, _ := started(t, "database.url="+url)
	admin := as(t, srv, auth.Principal{User: "root", Roles: []auth.Role{auth.RoleAdmin}})
	admin.do("POST", "/extensions", `{"number":"2001","password":"correct horse"}`, 201)
	phone := siptest.UDP(t, srv.sip.Addr("udp"))
	if got := registers(t, phone, srv, "2001", "correct horse"); got != 200 {
		t.Fatalf("registered: %d", got)
	}
	must(t, p.Kill())
	if got := registers(t, phone, srv, "2001", "correct horse"); got != 503 {
		t.Errorf("without a database: %d", got)
	}
	if refused := admin.do("GET", "/extensions", "", 503); refused["code"] != "unavailable" {
		t.Errorf("refused with %v", refused)
	}
	admin.do("POST", "/extensions", `{"number":"2002"}`, 503)
	if err := srv.ready(); err == nil {
		t.Error("ready without a database")
	}
	must(t, p.Start(t.Context()))
	must(t, srv.ready())
	if got := registers(t, phone, srv, "2001", "correct horse"); got != 200 {
		t.Errorf("with it again: %d", got)
	}
	admin.do("GET", "/extensions/2002", "", 404)
	admin.do("POST", "/extensions", `{"number":"2002"}`, 201)
}

// With database.url nothing is kept in data_dir, and the password is not told.
func TestDatabaseURL(t *testing.T) {
	p, url := postgres(t)
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
