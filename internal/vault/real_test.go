package vault_test

import (
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"

	"github.com/skygenesisenterprise/skybridge/internal/vault"
)

// Against Vault itself, where VAULT_ADDR and VAULT_TOKEN are those of a development server: the
// same as against the stand-in.
func TestVaultItself(t *testing.T) {
	if os.Getenv(api.EnvVaultAddress) == "" || os.Getenv(api.EnvVaultToken) == "" {
		t.Skip("no VAULT_ADDR and VAULT_TOKEN")
	}
	root, err := api.NewClient(nil)
	must(t, err)
	do := func(path string, data map[string]any) *api.Secret {
		t.Helper()
		secret, err := root.Logical().WriteWithContext(t.Context(), path, data)
		must(t, err)
		return secret
	}
	do(path, map[string]any{"data": map[string]any{"jwt_secret": secretText}})
	if mounts, err := root.Sys().ListAuthWithContext(t.Context()); err != nil || mounts["approle/"] == nil {
		must(t, root.Sys().EnableAuthWithOptionsWithContext(t.Context(), "approle", &api.EnableAuthOptions{Type: "approle"}))
	}
	do("sys/policies/acl/skybridge", map[string]any{"policy": `path "secret/data/skybridge" { capabilities = ["read"] }`})
	do("auth/approle/role/skybridge", map[string]any{"token_policies": "skybridge", "token_ttl": "3s", "token_max_ttl": "8s"})
	role, err := root.Logical().ReadWithContext(t.Context(), "auth/approle/role/skybridge/role-id")
	must(t, err)
	id := do("auth/approle/role/skybridge/secret-id", nil)
	cfg := vault.Config{AppRolePath: "approle", Timeout: 10 * time.Second, Retry: 10 * time.Millisecond, Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))}
	has(t, open(t, cfg)) // the token of the environment
	cfg.RoleID = role.Data["role_id"].(string)
	cfg.SecretIDFile = file(t, id.Data["secret_id"].(string))
	c := open(t, cfg)
	until := time.Now().Add(12 * time.Second) // past the most that its first token can live
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for time.Now().Before(until) {
		<-tick.C
		has(t, c)
	}
	if _, err := c.Read(t.Context(), "secret/data/other"); err == nil {
		t.Error("what the policy does not let it read, it reads")
	}
	if _, err := root.KVv2("secret").Put(t.Context(), "skybridge", map[string]any{"jwt_secret": secretText}); err != nil {
		t.Error(err)
	}
	must(t, root.KVv2("secret").DeleteMetadata(t.Context(), "skybridge"))
	if _, err := c.Read(t.Context(), path); err == nil {
		t.Error("a secret that is deleted is read")
	}
}
