package vault_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"
	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/internal/logtest"
	"github.com/skygenesisenterprise/skybridge/internal/vault"
	"github.com/skygenesisenterprise/skybridge/internal/vault/vaulttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const path, secretText = "secret/data/skybridge", "nobody may read this"

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// served is a Vault, and how to ask it. The environment says nothing of another one.
func served(t *testing.T, s *vaulttest.Server) (vault.Config, *logtest.Log) {
	t.Helper()
	for _, name := range []string{api.EnvVaultAddress, api.EnvVaultToken, api.EnvVaultNamespace, api.EnvVaultCACert} {
		t.Setenv(name, "")
	}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	log := &logtest.Log{}
	return vault.Config{
		Address: srv.URL, AppRolePath: "approle", Timeout: 10 * time.Second, Retry: 10 * time.Millisecond,
		Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}, log
}

func open(t *testing.T, cfg vault.Config) *vault.Client {
	t.Helper()
	c, err := vault.Open(t.Context(), cfg)
	must(t, err)
	t.Cleanup(func() { must(t, c.Close()) })
	return c
}

func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(name, []byte(text), 0o600))
	return name
}

func has(t *testing.T, c *vault.Client) {
	t.Helper()
	fields, err := c.Read(t.Context(), path)
	if err != nil || fields["jwt_secret"] != secretText {
		t.Fatalf("%d fields, %v", len(fields), err)
	}
}

// until waits for something that the other side does.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(2 * time.Minute)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("never: " + what)
		}
	}
}

// What is and what is not a secret, and what is said of it.
func TestRead(t *testing.T) {
	var s vaulttest.Server
	s.Put(path, map[string]any{"jwt_secret": secretText})
	s.Put("secret/data/gone", nil)
	s.Put("kv1/skybridge", map[string]any{"jwt_secret": secretText})
	cfg, log := served(t, &s)
	cfg.TokenFile = file(t, s.Token(0, false)+"\n")
	c := open(t, cfg)
	has(t, c)
	for at, want := range map[string]string{
		"secret/data/other": "there is no such secret", "secret/data/gone": "is deleted", "kv1/skybridge": "no secret of a KV store, version 2",
	} {
		if _, err := c.Read(t.Context(), at); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", at, err)
		}
	}
	s.Seal(true)
	if _, err := c.Read(t.Context(), path); err == nil || !strings.Contains(err.Error(), "Vault is sealed") {
		t.Error(err)
	}
	s.Seal(false)
	has(t, c)
	if text := log.String(); strings.Contains(text, secretText) || strings.Contains(text, "hvs.") {
		t.Error(text)
	}
}

// What keeps a client from logging in is said in one line, without a secret.
func TestNoWayIn(t *testing.T) {
	s := vaulttest.Server{RoleID: "role", SecretID: "id", TTL: time.Hour}
	good, _ := served(t, &s)
	closed := httptest.NewServer(nil)
	closed.Close()
	for name, tc := range map[string]struct {
		change func(*vault.Config)
		want   string
	}{
		"nothing":           {func(*vault.Config) {}, "no token: set VAULT_TOKEN"},
		"no file":           {func(c *vault.Config) { c.TokenFile = "/nowhere" }, "open /nowhere"},
		"an empty file":     {func(c *vault.Config) { c.TokenFile = file(t, "\n") }, "has none"},
		"two lines":         {func(c *vault.Config) { c.TokenFile = file(t, "hvs.SECRET\nhvs.SECRET") }, "has none"},
		"an unknown token":  {func(c *vault.Config) { c.TokenFile = file(t, "hvs.SECRET") }, "look up the token: Forbidden permission denied"},
		"a wrong secret ID": {func(c *vault.Config) { c.RoleID, c.SecretIDFile = "role", file(t, "hvs.SECRET") }, "log in by AppRole: Bad Request invalid role or secret ID"},
		"no secret ID":      {func(c *vault.Config) { c.RoleID, c.SecretIDFile = "role", "/nowhere" }, "/nowhere"},
		"nobody there":      {func(c *vault.Config) { c.Address, c.TokenFile = closed.URL, file(t, "hvs.SECRET") }, "refused"},
		"no such authority": {func(c *vault.Config) { c.CAFile, c.TokenFile = "/nowhere.pem", file(t, "hvs.SECRET") }, "/nowhere.pem"},
	} {
		cfg := good
		tc.change(&cfg)
		c, err := vault.Open(t.Context(), cfg)
		if err == nil {
			t.Errorf("%s: it opens", name)
			must(t, c.Close())
			continue
		}
		if text := err.Error(); !strings.Contains(text, tc.want) || strings.Contains(text, "hvs.") || strings.Contains(text, "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A token is renewed for as long as that can be done, then the AppRole gets another one. The
// seconds are those of Vault, which counts in whole ones.
func TestTheTokenIsKeptAlive(t *testing.T) {
	s := vaulttest.Server{RoleID: "role", SecretID: "id", TTL: 2 * time.Second, MaxTTL: 5 * time.Second}
	s.Put(path, map[string]any{"jwt_secret": secretText})
	cfg, log := served(t, &s)
	cfg.RoleID, cfg.SecretIDFile = "role", file(t, "id\n")
	c := open(t, cfg)
	until(t, "renewed twice", func() bool { return s.Count("renew") > 1 })
	until(t, "logged in again", func() bool { return s.Count("login") > 1 })
	has(t, c)
	if s.Count("refused") > 0 {
		t.Error("a token had ended before the next one was there")
	}
	s.Seal(true) // away when the token ends
	until(t, "said", func() bool { return log.Count("no new token of Vault") > 0 })
	s.Seal(false)
	until(t, "logged in once more", func() bool { return log.Count("logged in at Vault again") > 1 })
	has(t, c)
}

// A token that was taken away is replaced where another can be had, at the next read.
func TestATokenIsTakenAway(t *testing.T) {
	s := vaulttest.Server{RoleID: "role", SecretID: "id", TTL: time.Hour}
	s.Put(path, map[string]any{"jwt_secret": secretText})
	cfg, _ := served(t, &s)
	byFile, byRole := cfg, cfg
	byFile.TokenFile = file(t, s.Token(0, false))
	byRole.RoleID, byRole.SecretIDFile = "role", file(t, "id")
	one, two := open(t, byFile), open(t, byRole)
	s.Revoke()
	has(t, two)
	if _, err := one.Read(t.Context(), path); err == nil || !strings.Contains(err.Error(), "permission denied") {
		t.Error(err)
	}
	must(t, os.WriteFile(byFile.TokenFile, []byte(s.Token(time.Hour, true)), 0o600))
	has(t, one)
	t.Setenv(api.EnvVaultToken, s.Token(0, false))
	has(t, open(t, cfg))
}

// Close does not wait for a Vault that does not answer.
func TestCloseWhileVaultIsSilent(t *testing.T) {
	asked, release := make(chan struct{}, 1), make(chan struct{})
	s := vaulttest.Server{TTL: time.Hour}
	s.Put(path, nil)
	front := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "renew-self") {
			select {
			case asked <- struct{}{}:
			default:
			}
			select {
			case <-release:
			case <-r.Context().Done():
			}
			return
		}
		s.ServeHTTP(w, r)
	})
	cfg, _ := served(t, &s)
	srv := httptest.NewServer(front)
	defer srv.Close()
	defer close(release)
	cfg.Address, cfg.TokenFile, cfg.Timeout = srv.URL, file(t, s.Token(time.Hour, true)), time.Hour
	c, err := vault.Open(context.Background(), cfg)
	must(t, err)
	<-asked
	must(t, c.Close())
}
