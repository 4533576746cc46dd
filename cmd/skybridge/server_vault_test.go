package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/cmd/skybridge/internal/secrets"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/certs/certtest"
	"github.com/skygenesisenterprise/skybridge/internal/config"
	"github.com/skygenesisenterprise/skybridge/internal/logtest"
	"github.com/skygenesisenterprise/skybridge/internal/vault/vaulttest"
)

// A server whose secrets are in Vault: at its start, after a reload, while Vault is away.
func TestSecretsOfVault(t *testing.T) {
	for _, name := range []string{"VAULT_ADDR", "VAULT_TOKEN", "VAULT_NAMESPACE", "VAULT_CACERT"} {
		t.Setenv(name, "")
	}
	authority := certtest.New(t)
	pair := func(name string) (cert, key string) {
		t.Helper()
		certFile, keyFile := authority.Write(t.TempDir(), authority.Issue(name))
		for file, to := range map[string]*string{certFile: &cert, keyFile: &key} {
			text, err := os.ReadFile(file)
			must(t, err)
			*to = string(text)
		}
		return cert, key
	}
	there := vaulttest.Server{RoleID: "skybridge", SecretID: "an id that nobody sees", TTL: time.Hour}
	const path, first, second = "secret/data/skybridge", "the first secret of it", "the second secret of it"
	put := func(secret, cn string) {
		cert, key := pair(cn)
		there.Put(path, map[string]any{"jwt_secret": secret, "turn": "a secret of turn's own", "cert": cert, "key": key, "trunk": "a trunk's password"})
	}
	put(first, "one")
	web := httptest.NewServer(&there)
	t.Cleanup(web.Close)
	dir := t.TempDir()
	id, file := filepath.Join(dir, "secret-id"), filepath.Join(dir, "skybridge.yaml")
	must(t, os.WriteFile(id, []byte(there.SecretID), 0o600))
	write := func(more string) {
		t.Helper()
		must(t, os.WriteFile(file, fmt.Appendf(nil, `vault: {address: %q, role_id: skybridge, secret_id_file: %s}
auth:
  jwt_secret: vault:%[3]s#jwt_secret
turn:
  secret: vault:%[3]s#turn
tls:
  cert_file: vault:%[3]s#cert
  key_file: vault:%[3]s#key
sip:
  trunks:
    - {name: carrier, hosts: ["127.0.0.1:9"], username: us, register: false, password: "vault:%[3]s#trunk"}
%[4]s`, web.URL, id, path, more), 0o600))
	}
	write("")
	s := settings{dataDir: t.TempDir(), file: file, set: loopback("api.tls=true", "log.level=debug")}
	raw, err := s.load()
	must(t, err)
	log := &logtest.Log{}
	if _, err := start(t.Context(), raw, manner{}, newLogger(raw.Log, log)); err == nil || !strings.Contains(err.Error(), "was not read") {
		t.Fatalf("it starts with references for secrets: %v", err)
	}
	keeper := secrets.New(newLogger(raw.Log, log))
	t.Cleanup(func() { must(t, keeper.Close()) })

	there.Seal(true)
	_, err = keeper.Resolve(t.Context(), raw)
	if want := file + ":3: auth.jwt_secret: vault:" + path + "#jwt_secret: vault: log in by AppRole: "; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("Vault is away: %v", err)
	}
	there.Seal(false)
	cfg, err := keeper.Resolve(t.Context(), raw)
	must(t, err)
	srv, err := start(t.Context(), cfg, manner{settings: func(ctx context.Context) (config.Config, error) {
		fresh, err := s.load()
		must(t, err)
		return keeper.Resolve(ctx, fresh)
	}}, newLogger(cfg.Log, log))
	must(t, err)
	t.Cleanup(func() { must(t, srv.stop(true)) })
	token := func(secret string) string {
		t.Helper()
		a, err := auth.New(auth.Config{Secret: []byte(secret)}, nil)
		must(t, err)
		text, err := a.Issue(auth.Principal{User: "alice", Roles: []auth.Role{auth.RoleUser}}, time.Hour)
		must(t, err)
		return text
	}
	is := func(secret, cn string) {
		t.Helper()
		for _, at := range []string{srv.api.Addr().String(), srv.sip.Addr("tls").String(), srv.sip.Addr("wss").String(), srv.turn.TLSAddr().String()} {
			c, err := tls.Dial("tcp", at, &tls.Config{RootCAs: authority.Pool(), ServerName: "localhost"})
			must(t, err)
			if got := c.ConnectionState().PeerCertificates[0].Subject.CommonName; got != cn {
				t.Errorf("%s: certificate %s, not %s", at, got, cn)
			}
			must(t, c.Close())
		}
		for _, one := range []string{first, second} {
			want := 401
			if one == secret {
				want = 200
			}
			if status, text := answer(t, srv, &tls.Config{RootCAs: authority.Pool(), ServerName: "localhost"}, callsPath, "Authorization", "Bearer "+token(one)); status != want {
				t.Errorf("%d %s", status, text)
			}
		}
	}
	is(first, "one")

	put(second, "two")
	is(first, "one")
	must(t, srv.reload(t.Context()))
	is(second, "two")

	put(first, "three")
	there.Seal(true)
	if err := srv.reload(t.Context()); err == nil || !strings.Contains(err.Error(), file+":3: auth.jwt_secret: vault:"+path) {
		t.Errorf("a reload without Vault: %v", err)
	}
	is(second, "two")
	there.Seal(false)
	write("database:\n  url: vault:" + path + "#nothing\n")
	if err := srv.reload(t.Context()); err == nil || !strings.Contains(err.Error(), "database.url: vault:"+path+"#nothing: the secret has no such field") {
		t.Errorf("a reload with a field that is not there: %v", err)
	}
	is(second, "two")
	there.Put(path, map[string]any{"jwt_secret": first, "turn": "a secret of turn's own", "cert": "none", "key": "none", "trunk": "p"})
	write("")
	if err := srv.reload(t.Context()); err == nil {
		t.Error("a certificate that is none is taken")
	}
	is(second, "two")
	there.Revoke() // the token that we have
	put(first, "three")
	must(t, srv.reload(t.Context()))
	is(first, "three")
	const later = "these settings change when the server is started again"
	if log.Count(later) != 0 {
		t.Error(log.String())
	}
	cert, key := pair("four")
	there.Put(path, map[string]any{"jwt_secret": first, "turn": "another secret of turn's", "cert": cert, "key": key, "trunk": "a trunk's password"})
	must(t, srv.reload(t.Context()))
	is(first, "four")
	if log.Count(later) != 1 || log.Count("turn.secret") != 1 {
		t.Error(log.String())
	}

	for _, hidden := range []string{first, second, there.SecretID, "hvs.", "trunk's password", "secret of turn"} {
		if strings.Contains(log.String(), hidden) {
			t.Errorf("the log has %q", hidden)
		}
	}
	// The commands read the same secrets.
	var out, errs strings.Builder
	if code := run([]string{"skybridge", "token", "--user", "bob", "--config", file, "--data-dir", s.dataDir}, &out, &errs); code != 0 {
		t.Fatal(code, errs.String())
	}
	if _, err := srv.auth.Token(strings.TrimSpace(out.String())); err != nil {
		t.Error(err)
	}
	there.Seal(true)
	if code := run([]string{"skybridge", "serve", "--config", file, "--data-dir", t.TempDir()}, &out, &errs); code != exitBadSettings || !strings.Contains(errs.String(), file+":3: auth.jwt_secret: vault:") {
		t.Error(code, errs.String())
	}
}
