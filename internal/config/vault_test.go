package config_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/config"
)

var references = map[string]bool{
	"vault:secret/data/skybridge#jwt_secret": true, "vault:kv/team/data/a/b#c": true, "vault:a/data/b#c d": true, "vault:a/data/data#x": true,
	"vault:a/data/b#c#d":      true, // the field is c#d
	"secret/data/skybridge#x": false,
	"vault:":                  false, "vault:#": false, "vault:secret/data/skybridge": false, "vault:secret/data/skybridge#": false, "vault:secret/skybridge#x": false,
	"vault:data/skybridge#x": false, "vault:secret/data#x": false, "vault:secret/data/#x": false, "vault:/secret/data/a#x": false, "vault:secret//data/a#x": false,
	"vault:secret/data/../../sys/mounts#x": false, "vault:secret/data/.#x": false, "vault:secret/data/a?version=2#x": false, "vault:secret/data/a\n#x": false,
	"vault:secret/data/" + strings.Repeat("a", 1100) + "#x": false,
}

func TestReferences(t *testing.T) {
	for text, good := range references {
		ref, err := config.ParseReference(text)
		if (err == nil) != good || good && ref.String() != text {
			t.Errorf("%q: %v, %v", text, ref, err)
		}
	}
}

// What is taken is printed as it was, and leads to nothing but a secret.
func FuzzParseReference(f *testing.F) {
	for text := range references {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ref, err := config.ParseReference(text)
		if err != nil {
			return
		}
		again, err := config.ParseReference(ref.String())
		if ref.String() != text || err != nil || again != ref || !strings.Contains(ref.Path, "/data/") || strings.Contains("/"+ref.Path+"/", "/../") {
			t.Errorf("%q: %+v, %+v, %v", text, ref, again, err)
		}
	})
}

const withReferences = `auth:
  jwt_secret: vault:secret/data/a#jwt
turn:
  secret: vault:secret/data/a#turn
database:
  url: vault:secret/data/b#url
tls:
  cert_file: vault:secret/data/b#cert
  key_file: vault:secret/data/b#key
sip:
  trunks:
    - {name: one, username: u, password: "vault:secret/data/a#one"}
    - {name: two, username: u, password: plain}
`

// Each reference is put in its place, each path read once; what was loaded stays as it was.
func TestResolve(t *testing.T) {
	cfg, err := config.Load(write(t, withReferences), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !cfg.References() || cfg.Unresolved() == nil {
		t.Error("the references are not seen")
	}
	reads := 0
	got, err := cfg.Resolve(t.Context(), func(_ context.Context, path string) (map[string]any, error) {
		reads++
		return map[string]map[string]any{
			"secret/data/a": {"jwt": "a secret of sixteen", "turn": "another secret of it", "one": "pass"},
			"secret/data/b": {"url": "postgres://u:p@h/n", "cert": "CERT", "key": "KEY"},
		}[path], nil
	})
	if err != nil || got.Unresolved() != nil || reads != 2 {
		t.Fatal(err, got.Unresolved(), reads)
	}
	if got.Auth.JWTSecret != "a secret of sixteen" || got.TURN.Secret != "another secret of it" || got.Database.URL != "postgres://u:p@h/n" ||
		got.SIP.Trunks[0].Password != "pass" || got.SIP.Trunks[1].Password != "plain" {
		t.Errorf("%+v", got)
	}
	if cert, key, err := got.TLS.Texts(); err != nil || string(cert) != "CERT" || string(key) != "KEY" {
		t.Error(string(cert), string(key), err)
	}
	if cfg.SIP.Trunks[0].Password != "vault:secret/data/a#one" || cfg.Auth.JWTSecret != "vault:secret/data/a#jwt" {
		t.Errorf("the configuration was changed: %+v", cfg.SIP.Trunks)
	}
	followed := config.Default().Reloaded(got)
	if followed.Auth.JWTSecret != got.Auth.JWTSecret || followed.SIP.Trunks[0].Password != "pass" {
		t.Error("a reload does not follow")
	}
}

// What is wrong names the place and the reference, and nothing of what is secret.
func TestWhatCannotBeResolved(t *testing.T) {
	const line = "auth:\n  jwt_secret: vault:secret/data/a#jwt\n"
	for name, tc := range map[string]struct {
		fields map[string]any
		err    error
		want   string
	}{
		"no field":      {map[string]any{"other": "hidden"}, nil, "no such field"},
		"no text":       {map[string]any{"jwt": 5}, nil, "is no text"},
		"empty":         {map[string]any{"jwt": ""}, nil, "an empty one"},
		"a reference":   {map[string]any{"jwt": "vault:secret/data/hidden#x"}, nil, "refers to Vault itself"},
		"too short":     {map[string]any{"jwt": "hidden"}, nil, "at least 16"},
		"Vault is away": {nil, errors.New("vault: sealed"), "vault: sealed"},
	} {
		file := write(t, line)
		cfg, err := config.Load(file, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = cfg.Resolve(t.Context(), func(context.Context, string) (map[string]any, error) { return tc.fields, tc.err })
		var wrong *config.Error
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), tc.want) || !strings.HasPrefix(err.Error(), file+":2: auth.jwt_secret") || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v", name, err)
		}
		if name != "too short" && !strings.Contains(fmt.Sprint(err), "vault:secret/data/a#jwt: ") {
			t.Errorf("%s: the reference is not named: %v", name, err)
		}
	}
}

// What is not right is seen before Vault is asked.
func TestSlipsInReferences(t *testing.T) {
	for text, want := range map[string]string{
		"auth:\n  jwt_secret: vault:secret/a#b\n":                       ":2: auth.jwt_secret: auth.jwt_secret: want data/",
		"sip:\n  realm: vault:secret/data/a#b\n":                        ":2: sip.realm: is no secret",
		"sip:\n  dns: ['vault:secret/data/a#b']\n":                      "sip.dns: is no secret",
		"tls:\n  cert_file: vault:secret/data/a#b\n  key_file: /a\n":    ":2: tls.cert_file: in Vault",
		"sip:\n  trunks:\n    - {name: one, password: 'vault:a'}\n":     "password of trunk one: want vault:",
		"vault:\n  address: http://vault.example.com:8200\n":            ":2: vault.address: want https",
		"vault:\n  address: https://user:pass@vault.example.com:8200\n": ":2: vault.address: want https://HOST",
		"vault:\n  role_id: a\n":                                        "wants a vault.secret_id_file",
		"vault:\n  role_id: a\n  secret_id_file: b\n  token_file: c\n":  "not both",
		"vault:\n  approle_path: /approle\n":                            "want the path of a mount",
	} {
		_, err := config.Load(write(t, text), nil, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
